using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Runs a training app to its exit code.</summary>
public static class TrainingHostExtensions
{
    /// <summary>As <c>host.RunAsync()</c>, but options that are wrong become lines on the error stream instead of a crash with a stack trace.</summary>
    /// <param name="host">A host with <c>AddAdaLoRA</c>.</param>
    /// <param name="cancellationToken">Stops the host, as Ctrl-C does.</param>
    /// <returns>The app's exit code: 0 done, 130 interrupted, 1 failed.</returns>
    public static async Task<int> RunTrainingAsync(this IHost host, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        try
        {
            await host.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OptionsValidationException e)
        {
            foreach (string failure in e.Failures) await Console.Error.WriteLineAsync(failure).ConfigureAwait(false);
            Environment.ExitCode = 1;
        }
        return Environment.ExitCode;
    }
}
