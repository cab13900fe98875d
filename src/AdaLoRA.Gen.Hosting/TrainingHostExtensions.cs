using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Runs a training app to its exit code.</summary>
public static class TrainingHostExtensions
{
    private const int WrongArguments = 2;

    /// <summary>As <c>host.RunAsync()</c>, but options that are wrong become lines on the error stream instead of a crash with a stack trace, and <c>--help</c> (of <see cref="TrainingArguments"/>) a table of all options.</summary>
    /// <param name="host">A host with <c>AddAdaLoRA</c>.</param>
    /// <param name="cancellationToken">Stops the host, as Ctrl-C does.</param>
    /// <returns>The app's exit code: 0 done, 130 interrupted, 1 failed, 2 wrong arguments.</returns>
    public static async Task<int> RunTrainingAsync(this IHost host, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        var arguments = host.Services.GetService<IConfiguration>()?.GetSection(AdaLoRAServiceCollectionExtensions.RootSection);
        if (arguments?[TrainingArguments.Help] is { } help)
        {
            await Console.Out.WriteLineAsync(help).ConfigureAwait(false);
            return 0;
        }
        try
        {
            // The host would do it, too, and log the exception with its trace.
            host.Services.GetService<IStartupValidator>()?.Validate();
            await host.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (Failures(e) is { } failures)
        {
            foreach (string failure in failures) await Console.Error.WriteLineAsync(failure).ConfigureAwait(false);
            Environment.ExitCode = arguments?.GetChildren().Any(run => run.GetSection(TrainingArguments.Wrong).Exists()) == true ? WrongArguments : 1;
        }
        return Environment.ExitCode;
    }

    // The host gathers the exceptions of several models into one.
    private static IEnumerable<string>? Failures(Exception e) => e switch
    {
        OptionsValidationException one => one.Failures,
        AggregateException many when many.InnerExceptions.All(i => i is OptionsValidationException) => many.InnerExceptions.SelectMany(i => ((OptionsValidationException)i).Failures),
        _ => null,
    };
}
