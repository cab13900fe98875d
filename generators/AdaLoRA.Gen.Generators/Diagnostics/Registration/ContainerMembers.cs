using System.Collections.Immutable;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>ADALORA029: modules that a class derived from a container has beside its items.</summary>
internal static class ContainerMembers
{
    public static void Check(ModuleClass read, Action<Diagnostic> report)
    {
        // A field may name an item, or be registered by hand; both need one of these calls or a constructor argument.
        if (read.OverridesRegistration || read.RegistersByHand || read.HasUnseenBase || Container(read.Symbol) is not { } container) return;
        bool isSequential = TorchSharpTypes.IsSequential(container);
        var lost = ModuleClass.Fields(read.Symbol).Where(f => ModuleClass.HoldsModule(f.Type) && IsOnlyCreated(read, f.Member)).Select(f => f.Member).ToList();
        // Of a Sequential not even register_module shows anything, so there is nothing that a fix could write.
        var properties = isSequential ? null : ImmutableDictionary<string, string?>.Empty.Add(FixProperties.Members, string.Join(",", lost.Select(m => m.Name)));
        foreach (var member in lost)
        {
            string remedy = isSequential
                ? $"derive '{read.Symbol.Name}' from Module<Tensor, Tensor> and hold the Sequential in a field"
                : $"call register_module(\"{member.Name}\", {member.Name}) in the constructor";
            report(Diagnostic.Create(Rules.OwnMemberOfContainer, member.Locations[0], properties, member.Name, read.Symbol.Name, container.Name, remedy));
        }
    }

    private static INamedTypeSymbol? Container(INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? t = type; t is not null; t = t.BaseType)
            if (TorchSharpTypes.IsFromTorchSharp(t)) return t.OriginalDefinition;
        return null;
    }

    /// <summary>The class makes the module for this member and gives it to nothing else that could hold it as an item.</summary>
    private static bool IsOnlyCreated(ModuleClass read, ISymbol member)
    {
        var flow = MemberFlow.Of(member, read);
        return flow.Values.Any(v => Creations.IsCreation(v, read)) && !flow.Escapes;
    }
}
