using System.Reflection;
using TorchSharp;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Compiles a source with its generated part, makes an annotated class of it and puts its adapters on, as a user's program does.</summary>
internal static class AttachedModel
{
    /// <summary>Paths of the adapters, in order of name.</summary>
    public static IReadOnlyList<string> Paths(GeneratorRun run, string typeName) => Paths(Load(run), typeName);

    public static Assembly Load(GeneratorRun run)
    {
        using var image = new MemoryStream();
        var result = run.Updated.Emit(image);
        Assert.True(result.Success, string.Join("\n", result.Diagnostics));
        return Assembly.Load(image.ToArray());
    }

    public static IReadOnlyList<string> Paths(Assembly assembly, string typeName)
    {
        using var model = Create(assembly, typeName);
        var adapters = Attach(model);
        // The view is there and agrees: its root hands out the same set.
        Assert.NotNull(model.GetType().GetProperty("AdaLoRA", BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)!.GetValue(model));
        return [.. adapters.Adapters.Select(a => a.Path).Order(StringComparer.Ordinal)];
    }

    public static torch.nn.Module Create(Assembly assembly, string typeName)
    {
        var type = assembly.GetType(typeName, throwOnError: true)!;
        // Every type parameter takes int, string or a module; the first that its constraints allow.
        if (type.IsGenericTypeDefinition) type = type.MakeGenericType([.. type.GetGenericArguments().Select(Argument)]);
        return (torch.nn.Module)Activator.CreateInstance(type)!;
    }

    public static AdapterSet Attach(torch.nn.Module model)
    {
        var method = typeof(AdaLoRAModelExtensions).GetMethods().Single(m => m.Name == "AttachAdaLoRA" && m.GetParameters()[1].ParameterType == typeof(Action<AdaLoRAOptions>));
        return (AdapterSet)method.MakeGenericMethod(model.GetType()).Invoke(model, [model, null])!;
    }

    private static Type Argument(Type parameter)
    {
        if (parameter.GetGenericParameterConstraints().FirstOrDefault(c => typeof(torch.nn.Module).IsAssignableFrom(c)) is not null) return typeof(TorchSharp.Modules.ReLU);
        return parameter.GenericParameterAttributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint) ? typeof(int) : typeof(object);
    }
}
