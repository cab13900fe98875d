using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Reports everything that is wrong with one run's options at once.</summary>
internal sealed class TrainingOptionsValidator(string run, OutputFolders folders) : IValidateOptions<TrainingOptions>
{
    public ValidateOptionsResult Validate(string? name, TrainingOptions options)
    {
        if (name != run) return ValidateOptionsResult.Skip;
        string section = $"{AdaLoRAServiceCollectionExtensions.RootSection}:{run}: ";
        var broken = options.Unreadable.Concat(options.Validate()).ToList();
        if (broken.Count == 0 && folders.Claim(run, options.OutputFolder) is { } other) broken.Add($"OutputFolder is '{options.OutputFolder}', where the run '{other}' writes, too; give each run a folder of its own.");
        return broken.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(broken.Select(sentence => section + sentence));
    }
}
