using System.Collections;
using System.Reflection;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Compiles a source with its generated part, loads it and makes the class <c>M</c>.</summary>
internal sealed class LoadedModel
{
    private LoadedModel(torch.nn.Module model, IReadOnlyList<CollectedLayer> collected, AdaLoRAPlan plan)
    {
        Model = model;
        Collected = collected;
        Plan = plan;
    }

    public torch.nn.Module Model { get; }

    /// <summary>What generated code hands over.</summary>
    public IReadOnlyList<CollectedLayer> Collected { get; }

    public AdaLoRAPlan Plan { get; }

    /// <summary>What TorchSharp itself registers.</summary>
    public IReadOnlyList<string> RegisteredLayers =>
        [.. Model.named_modules().Where(m => m.module is Linear or TransposedLinear or QuantizableLayer or Conv1d or Conv2d or Conv3d or Embedding).Select(m => m.name)];

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

    /// <summary>The plan of the class <c>M</c> as it was generated.</summary>
    public static AdaLoRAPlan PlanOf(GeneratorRun run)
    {
        using var image = new MemoryStream();
        var result = run.Updated.Emit(image);
        Assert.True(result.Success, string.Join("\n", result.Diagnostics));
        var type = Assembly.Load(image.ToArray()).GetType("M", throwOnError: true)!;
        return (AdaLoRAPlan)typeof(LoadedModel).GetMethod(nameof(StatedPlan), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type).Invoke(null, [])!;
    }

    private static AdaLoRAPlan StatedPlan<T>()
        where T : torch.nn.Module, IAdaLoRAModel<T> => T.Plan;

    private static LoadedModel Collect<T>(T model)
        where T : torch.nn.Module, IAdaLoRAModel<T>
    {
        var collector = new AdapterTargetCollector();
        T.CollectTargets(model, collector);
        var targets = (IEnumerable)typeof(AdapterTargetCollector).GetProperty("Targets", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)!.GetValue(collector)!;
        return new LoadedModel(model, [.. targets.Cast<object>().Select(Layer)], T.Plan);
    }

    private static CollectedLayer Layer(object target)
    {
        object layer = Value(target, "Layer");
        return new CollectedLayer((string)Value(target, "Path"), (torch.nn.Module)Value(layer, "Module"), (int)Value(layer, "InFeatures"), (int)Value(layer, "OutFeatures"));
    }

    private static object Value(object target, string property) => target.GetType().GetProperty(property)!.GetValue(target)!;
}

/// <summary>A layer that generated code handed over, with the sizes that the run time reads off its weight.</summary>
internal sealed record CollectedLayer(string Path, torch.nn.Module Layer, int InFeatures, int OutFeatures);
