using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Reports everything that is wrong with one model's options at once.</summary>
internal sealed class TrainingOptionsValidator(string modelName) : IValidateOptions<TrainingOptions>
{
    public ValidateOptionsResult Validate(string? name, TrainingOptions options)
    {
        if (name != modelName) return ValidateOptionsResult.Skip;
        string section = $"{AdaLoRAServiceCollectionExtensions.RootSection}:{modelName}:";
        var broken = options.Unreadable.Concat(options.Validate()).Select(sentence => section + sentence).ToList();
        return broken.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(broken);
    }
}
