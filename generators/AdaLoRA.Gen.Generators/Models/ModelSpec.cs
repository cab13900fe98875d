namespace AdaLoRA.Gen.Generators.Models;

/// <summary>All that is written for one annotated class: text and numbers only, so that equal models are equal values and nothing of the compiler is kept.</summary>
/// <param name="Type">The annotated class and what it stands in.</param>
/// <param name="HidesBaseMembers">A base class has members of the names that are written: it is annotated, too, or simply uses one.</param>
/// <param name="IsStub">A pattern is in error: the members are written, the plan is empty.</param>
/// <param name="Options">What the attribute states, as assignments.</param>
/// <param name="Slots">The layers that the patterns matched.</param>
/// <param name="ResidualPatterns">Patterns, or alternatives of them, that reach where the compiler cannot see.</param>
/// <param name="Collected">The part of the module tree that leads to a target by typed access.</param>
/// <param name="Viewed">The part of the module tree that leads to any target.</param>
/// <param name="Accessors">The private members that are read on the way.</param>
/// <param name="ModuleClasses">Every module class of the graph, which the trimmer has to keep whole.</param>
internal sealed record ModelSpec(
    TypeSpec Type,
    bool HidesBaseMembers,
    bool IsStub,
    EquatableArray<OptionSpec> Options,
    EquatableArray<SlotSpec> Slots,
    EquatableArray<string> ResidualPatterns,
    EquatableArray<NodeSpec> Collected,
    EquatableArray<NodeSpec> Viewed,
    EquatableArray<AccessorSpec> Accessors,
    EquatableArray<ModuleClassSpec> ModuleClasses);

/// <summary>One assignment in the options initialiser.</summary>
internal sealed record OptionSpec(string Name, string Value);

/// <summary>One <c>AdapterSlot</c>.</summary>
internal sealed record SlotSpec(string Path, int InFeatures, int OutFeatures);

/// <summary>A module class to keep: by <c>typeof</c>, or by name and assembly where the annotated class cannot name it.</summary>
/// <param name="TypeOf">Operand of <c>typeof</c>; the metadata name where <paramref name="Assembly"/> is given.</param>
/// <param name="Assembly">Assembly of a class that cannot be named here.</param>
internal sealed record ModuleClassSpec(string TypeOf, string? Assembly);
