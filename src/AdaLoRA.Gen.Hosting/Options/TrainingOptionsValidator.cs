using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Reports everything that is wrong with one run's options at once.</summary>
/// <param name="run">Its name.</param>
/// <param name="folders">Who writes where.</param>
/// <param name="unread">Of sections that no run reads, told with the options of one run of the app.</param>
internal sealed class TrainingOptionsValidator(string run, OutputFolders folders, Func<IEnumerable<string>> unread) : IValidateOptions<TrainingOptions>
{
    public ValidateOptionsResult Validate(string? name, TrainingOptions options)
    {
        if (name != run) return ValidateOptionsResult.Skip;
        var broken = options.Unreadable.Concat(options.Validate()).ToList();
        if (broken.Count == 0 && folders.Claim(run, options.OutputFolder) is { } other) broken.Add($"OutputFolder is '{options.OutputFolder}', where the run '{other}' writes, too; give each run a folder of its own.");
        string[] failures = [.. options.WrongArguments, .. unread(), .. broken.Select(sentence => $"{options.Section ?? $"{AdaLoRAServiceCollectionExtensions.RootSection}:{run}"}:{sentence}")];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
