using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

// What an annotated class has to be.
internal static partial class Rules
{
    public static readonly DiagnosticDescriptor NotPartial = Error("ADALORA001",
        "An annotated class is partial",
        "'{0}' is not partial, so the adapters of '{1}' cannot be wired into it; add 'partial'",
        "The generator adds a part to the annotated class, hence it and every type around it have to be partial.");

    public static readonly DiagnosticDescriptor NotAModule = Error("ADALORA002",
        "An annotated class is a torch.nn.Module",
        "'{0}' does not derive from torch.nn.Module, so it has no layers to adapt; derive it from Module<Tensor, Tensor> or remove [{1}]",
        "Adapters go on the layers of a TorchSharp module.");

    public static readonly DiagnosticDescriptor CannotEmit = Error("ADALORA010",
        "An annotated class can be extended",
        "Adapters cannot be wired into '{0}': {1}",
        "Some declarations cannot be given a generated part.");

    public static ImmutableArray<DiagnosticDescriptor> OfClass => ImmutableArray.Create(
        NotPartial, NotAModule, CannotEmit);
}
