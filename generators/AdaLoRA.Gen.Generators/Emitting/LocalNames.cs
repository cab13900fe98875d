using AdaLoRA.Gen.Generators.Reading;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary>Gives out identifiers, each once.</summary>
internal sealed class LocalNames(params string[] taken)
{
    private readonly HashSet<string> _taken = [.. taken];

    public string New(string wanted)
    {
        string name = Names.Identifier(wanted);
        string unique = name;
        for (int n = 2; !_taken.Add(unique); n++) unique = name + n;
        return Names.Escape(unique);
    }
}
