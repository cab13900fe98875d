using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>ADALORA024: auto-properties and captured parameters, whose fields the compiler names.</summary>
internal static class SurprisingNames
{
    public static void Check(ModuleClass read, Action<Diagnostic> report)
    {
        foreach (var member in ClassMembers.Of(read.Symbol, read.Context))
        {
            if (!ModuleClass.HoldsModule(member.Type) && !TorchSharpTypes.IsParameter(member.Type)) continue;
            // An activation has no weights whose name could matter.
            if (StatelessModules.Is(member.Type, read)) continue;
            if (!member.RegisteredName.StartsWith("<", StringComparison.Ordinal) || !IsDeclaredIn(member.Symbol, read.Symbol)) continue;
            string remedy = member.Symbol is IPropertySymbol
                ? $"make it a field, or put [field: ComponentName(Name = \"{member.Symbol.Name}\")] on it"
                : "store it in a field";
            foreach (var location in member.Symbol.Locations.Take(1))
                report(Diagnostic.Create(Rules.SurprisingName, location, member.Symbol.Name, member.RegisteredName, remedy));
        }
    }

    private static bool IsDeclaredIn(ISymbol member, INamedTypeSymbol type) => SymbolEqualityComparer.Default.Equals(member.ContainingType, type);
}
