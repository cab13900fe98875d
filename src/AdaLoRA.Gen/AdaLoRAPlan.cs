using System.Diagnostics.CodeAnalysis;

namespace AdaLoRA.Gen;

/// <summary>What the generator knows of an annotated model: the attribute's values and the layers that its patterns matched.</summary>
public sealed class AdaLoRAPlan
{
    /// <summary>
    /// What TorchSharp reads of a module class by reflection. A trimmer would take it away without a word, so generated code asks for it, for every module class
    /// of the model (<c>[DynamicDependency]</c>).
    /// </summary>
    public const DynamicallyAccessedMemberTypes ModuleMembers =
        DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields | DynamicallyAccessedMemberTypes.PublicProperties;

    private readonly Func<AdaLoRAOptions> _defaults;
    private readonly AdapterSlot[] _slots;
    private readonly string[] _residualPatterns;

    /// <summary>Called by generated code.</summary>
    /// <param name="modelName">Name of the annotated class, for messages.</param>
    /// <param name="defaults">Makes the options that the attribute states; a new object at every call, since callers change it.</param>
    /// <param name="slots">The layers resolved at compile time.</param>
    /// <param name="residualPatterns">Patterns (or the part of them) that reach into modules the compiler cannot see; matched at attach.</param>
    public AdaLoRAPlan(string modelName, Func<AdaLoRAOptions> defaults, AdapterSlot[] slots, string[] residualPatterns)
    {
        ArgumentNullException.ThrowIfNull(defaults);
        ModelName = modelName;
        _defaults = defaults;
        _slots = slots;
        _residualPatterns = residualPatterns;
    }

    /// <summary>Name of the annotated class.</summary>
    public string ModelName { get; }

    /// <summary>The layers resolved at compile time.</summary>
    public ReadOnlySpan<AdapterSlot> Slots => _slots;

    /// <summary>Patterns that are matched over <c>named_modules()</c> at attach; one that matches nothing is an error there.</summary>
    public ReadOnlySpan<string> ResidualPatterns => _residualPatterns;

    /// <summary>The attribute's values as options that the caller may change.</summary>
    public AdaLoRAOptions CreateOptions() => _defaults();
}
