using Microsoft.Extensions.DependencyInjection;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What every builder of a run has, whatever its model: packages extend it with methods that give back the builder's own type, so that calls chain.</summary>
public interface IAdaLoRABuilder
{
    /// <summary>The app's services.</summary>
    IServiceCollection Services { get; }

    /// <summary>Name of the run: key of its services, name of its options, and of its section below <c>AdaLoRA</c>.</summary>
    string Name { get; }
}
