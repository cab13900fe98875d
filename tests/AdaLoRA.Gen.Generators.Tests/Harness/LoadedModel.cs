using System.Collections;
using System.Reflection;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Compiles a source with its generated part, loads it and makes the class <c>M</c>.</summary>
internal sealed class LoadedModel
{
    private LoadedModel(torch.nn.Module model, IReadOnlyList<(string Path, Linear Layer)> collected, AdaLoRAPlan plan)
    {
        Model = model;
        Collected = collected;
        Plan = plan;
    }

    public torch.nn.Module Model { get; }

    /// <summary>What generated code hands over.</summary>
    public IReadOnlyList<(string Path, Linear Layer)> Collected { get; }

    public AdaLoRAPlan Plan { get; }

    /// <summary>What TorchSharp itself registers.</summary>
    public IReadOnlyList<string> RegisteredLinears => [.. Model.named_modules().Where(m => m.module is Linear).Select(m => m.name)];

    public static LoadedModel From(string source, string typeName = "M")
    {
        var run = GeneratorRun.On(source);
        using var image = new MemoryStream();
        var result = run.Updated.Emit(image);
        Assert.True(result.Success, string.Join("\n", result.Diagnostics));
        var type = Assembly.Load(image.ToArray()).GetType(typeName, throwOnError: true)!;
        var model = (torch.nn.Module)Activator.CreateInstance(type)!;
        return (LoadedModel)typeof(LoadedModel).GetMethod(nameof(Collect), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type).Invoke(null, [model])!;
    }

    private static LoadedModel Collect<T>(T model)
        where T : torch.nn.Module, IAdaLoRAModel<T>
    {
        var collector = new AdapterTargetCollector();
        T.CollectTargets(model, collector);
        var targets = (IEnumerable)typeof(AdapterTargetCollector).GetProperty("Targets", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)!.GetValue(collector)!;
        return new LoadedModel(model, [.. targets.Cast<object>().Select(t => ((string)Value(t, "Path"), (Linear)Value(t, "Layer")))], T.Plan);
    }

    private static object Value(object target, string property) => target.GetType().GetProperty(property)!.GetValue(target)!;
}
