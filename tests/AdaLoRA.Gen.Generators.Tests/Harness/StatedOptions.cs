using System.Reflection;
using AdaLoRA.Gen;
using Microsoft.CodeAnalysis.CSharp;
using TorchSharp;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Makes the class <c>M</c> of a source, whatever the analyzers say to it, and reads its attribute as the run time's options.</summary>
internal sealed record StatedOptions(torch.nn.Module Model, AdaLoRAOptions Options)
{
    public static StatedOptions Of(CSharpCompilation compilation)
    {
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.True(result.Success, string.Join("\n", result.Diagnostics));
        var type = Assembly.Load(image.ToArray()).GetType("M", throwOnError: true)!;
        var attribute = type.GetCustomAttributes().Single(a => a is AdaLoRAAttribute or LoRAAttribute);
        var options = new AdaLoRAOptions { Method = attribute is LoRAAttribute ? AdapterMethod.LoRA : AdapterMethod.AdaLoRA };
        foreach (var stated in attribute.GetType().GetProperties().Where(p => p.DeclaringType == attribute.GetType()))
        {
            // A null leaves the default, as generated code does.
            if (stated.GetValue(attribute) is { } value)
                typeof(AdaLoRAOptions).GetProperty(stated.Name == "Rank" ? "InitialRank" : stated.Name)!.SetValue(options, value is string[] texts ? texts.ToList() : value);
        }
        return new StatedOptions((torch.nn.Module)Activator.CreateInstance(type)!, options);
    }

    /// <summary>What the run time says to the options and the model together; null where it attaches.</summary>
    public string? Refusal()
    {
        try
        {
            AdapterSet.Attach(Model, Options);
            return null;
        }
        catch (AdaLoRAException e)
        {
            return e.Message;
        }
    }
}
