using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Adds TensorBoard's event files to a run.</summary>
public static class TensorBoardBuilderExtensions
{
    /// <summary>Writes the run as event files below <c>tensorboard/</c> in its output folder, see <see cref="TensorBoardLog"/>. Training does not wait for the disk; a disk that fails costs the files, with a warning, not the run.</summary>
    /// <param name="builder">The run.</param>
    public static TBuilder AddTensorBoard<TBuilder>(this TBuilder builder)
        where TBuilder : IAdaLoRABuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(new TensorBoardRun(builder.Name));
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, TensorBoardService>());
        return builder;
    }
}

/// <summary>Notes that a run wants event files.</summary>
/// <param name="Name">Its name.</param>
internal sealed record TensorBoardRun(string Name);
