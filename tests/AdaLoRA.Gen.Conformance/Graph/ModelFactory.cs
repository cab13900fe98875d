using System.Reflection;
using AdaLoRA.Gen.Adapters;
using AdaLoRA.Gen.Generators.Reading;
using TorchSharp;

namespace AdaLoRA.Gen.Conformance.Graph;

/// <summary>Makes models of a compiled folder, and attaches their adapters.</summary>
internal static class ModelFactory
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>By a constructor whose parameters may all be left out, else by a static <c>Create()</c>.</summary>
    /// <exception cref="AdaLoRAException">There is neither.</exception>
    public static torch.nn.Module Make(Type type)
    {
        if (type.ContainsGenericParameters) throw new AdaLoRAException($"{type} is generic, so it cannot be made; derive a class with type arguments from it, or annotate that one");
        if (!type.IsAbstract && type.GetConstructors(Any | BindingFlags.Instance).Where(c => c.GetParameters().All(p => p.HasDefaultValue)).MinBy(c => c.GetParameters().Length) is { } constructor)
        {
            return (torch.nn.Module)constructor.Invoke([.. constructor.GetParameters().Select(p => p.DefaultValue)]);
        }
        return type.GetMethod("Create", Any | BindingFlags.Static, []) is { } create && type.IsAssignableFrom(create.ReturnType)
            ? (torch.nn.Module)create.Invoke(null, null)!
            : throw new AdaLoRAException($"{type} has neither a constructor whose parameters can all be left out nor a static Create(); add one");
    }

    /// <summary>Attaches as a user would: the adapted layers have to be those that the patterns match over <c>named_modules()</c>.</summary>
    public static IReadOnlyList<string> Attach(torch.nn.Module model, AdapterAttribute attribute, IReadOnlyList<GraphPath> paths)
    {
        var modules = model.named_modules().ToList();
        var patterns = attribute.Texts("Targets").OfType<string>().Select(Adapters.PathPattern.Parse).ToList();
        var expected = modules.Where(m => AdaptedLayer.Of(m.module) is not null && patterns.Exists(p => p.Matches(m.name))).ToList();
        IReadOnlyList<Adapter> adapters;
        try
        {
            adapters = ((AdapterSet)typeof(ModelFactory).GetMethod(nameof(AttachTo), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(model.GetType()).Invoke(null, [model])!).Adapters;
        }
        catch (TargetInvocationException e) when (e.InnerException is AdaLoRAException inner)
        {
            // What is never registered is refused, and so is a pattern that matches nothing in this instance.
            return paths.Any(p => p.Verdict is PathVerdict.Unregistered or PathVerdict.Null) ? [] : [$"attaching failed: {inner.Message}"];
        }
        var byPath = modules.ToDictionary(m => m.name, m => m.module, StringComparer.Ordinal);
        var adapted = adapters.Select(a => byPath[a.Path]).ToHashSet(ReferenceEqualityComparer.Instance);
        var wanted = expected.Select(m => m.module).ToHashSet(ReferenceEqualityComparer.Instance);
        return
        [
            .. expected.Where(m => !adapted.Contains(m.module)).Select(m => $"{m.name} is a target, and was not adapted"),
            .. adapters.Where(a => !wanted.Contains(byPath[a.Path])).Select(a => $"{a.Path} was adapted, and is no target"),
        ];
    }

    private static AdapterSet AttachTo<T>(T model)
        where T : torch.nn.Module, IAdaLoRAModel<T> => model.AttachAdaLoRA(T.Plan.CreateOptions());
}
