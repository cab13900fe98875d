namespace AdaLoRA.Gen.Benchmarks.Compiling;

/// <summary>A project to measure: how many models, of how many targets, and what an edit may cost with the memo.</summary>
/// <param name="Name">As bars name it.</param>
/// <param name="Models">Annotated classes, one a file, each with blocks of its own.</param>
/// <param name="Blocks">Blocks of a model; each has twelve layers.</param>
/// <param name="Limit">Largest allowed cost of an unrelated edit ÷ that without the memo.</param>
internal sealed record CompileShape(string Name, int Models, int Blocks, double Limit)
{
    private const string Usings = """
        using AdaLoRA.Gen;
        using TorchSharp.Modules;
        using static TorchSharp.torch;
        using static TorchSharp.torch.nn;

        """;

    public const string Unrelated = "Unrelated.cs";

    public static IReadOnlyList<CompileShape> All { get; } = [new("20 models x 48 targets", 20, 4, 0.15), new("200 models x 12 targets", 200, 1, 0.10)];

    public int Targets => Blocks * 12;

    public IEnumerable<(string Name, string Text)> Files()
    {
        for (int i = 0; i < Models; i++) yield return ($"Model{i}.cs", Model(i));
        yield return ("Sizes.cs", "public static class Sizes { public const int Hidden = 64, Inner = 4 * Hidden; }");
        yield return (Unrelated, UnrelatedText(0, 0));
    }

    /// <summary>A file that no model uses.</summary>
    /// <param name="body">Changes with every keystroke in a body.</param>
    /// <param name="declaration">Changes with every keystroke in a declaration.</param>
    public static string UnrelatedText(int body, int declaration) => $$"""
        public static class Unrelated
        {
            public static int Count() => {{body}};

            public static int Other{{declaration}}(int x) => x;
        }
        """;

    /// <summary>A model of 12 × <see cref="Blocks"/> linear layers in classes of its own.</summary>
    public string Model(int index, int rows = 64)
    {
        string blocks = string.Concat(Enumerable.Range(0, Blocks).Select(b => $"    private readonly Block{index}_{b} block{b} = new();\n"));
        string classes = string.Concat(Enumerable.Range(0, Blocks).Select(b => $$"""

            public sealed class Block{{index}}_{{b}} : Module<Tensor, Tensor>
            {
                private readonly Linear q0 = Linear({{rows}}, Sizes.Hidden), q1 = Linear(64, Sizes.Hidden), q2 = Linear(64, 64), k0 = Linear(64, 64), k1 = Linear(64, 64), k2 = Linear(64, 64);
                private readonly Linear v0 = Linear(64, 64), v1 = Linear(64, 64), v2 = Linear(64, 64), up = Linear(Sizes.Hidden, Sizes.Inner), down = Linear(Sizes.Inner, Sizes.Hidden), last = Linear(64, 64);

                public Block{{index}}_{{b}}() : base("block") => RegisterComponents();

                public override Tensor forward(Tensor x) => last.call(down.call(up.call(v0.call(k0.call(q0.call(x))))));
            }

            """));
        return Usings + $$"""

            [AdaLoRA(Budget = {{Targets * 4}}, Targets = ["*.{q,k,v}?", "*.{up,down}", "block*.last"])]
            public sealed partial class Model{{index}} : Module<Tensor, Tensor>
            {
            {{blocks}}
                public Model{{index}}() : base("model") => RegisterComponents();

                public override Tensor forward(Tensor x) => block0.call(x);
            }
            {{classes}}
            """;
    }
}
