using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>ADALORA023: modules in arrays, collections, tuples and Lazy.</summary>
internal static class HeldModules
{
    public static void Check(ModuleClass read, Action<Diagnostic> report)
    {
        if (read.RegistersByHand) return;
        foreach (var (member, type) in ModuleClass.Fields(read.Symbol))
        {
            if (!HeldTypes.Holds(type)) continue;
            // A list that only refers to modules which other members hold is right; so only what is made for this list alone counts.
            var flow = MemberFlow.Of(member, read);
            if (flow.Escapes || !flow.Values.Exists(v => MemberFlow.IsOnlyHere(v, read))) continue;
            report(Diagnostic.Create(Rules.HeldButNotRegistered, member.Locations[0], member.Name, Shown(type), Remedy(type)));
        }
    }

    public static string Shown(ITypeSymbol type) => type.WithNullableAnnotation(NullableAnnotation.None).ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat);

    public static string Remedy(ITypeSymbol type) =>
        HeldTypes.ItemOfList(type) is { } item ? $"make it a ModuleList<{Shown(item)}>"
        : HeldTypes.IsDictionary(type) ? "register each with register_module in the constructor"
        : type is INamedTypeSymbol { IsTupleType: true } or { Name: "Lazy" or "Tuple" or "Nullable" } ? "hold each module in a field of its own"
        : "hold them in a ModuleList, or register each with register_module in the constructor";
}
