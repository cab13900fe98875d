namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Small models that many tests share.</summary>
internal static class SampleModels
{
    /// <summary>A block with q (8 × 8), k (8 × 4) and a convolution.</summary>
    public const string Block = """
        public sealed class Block : Module<Tensor, Tensor>
        {
            internal readonly Linear query = Linear(8, 8), key = Linear(8, 4);
            internal readonly Conv1d conv = Conv1d(8, 8, 1);
            public Block() : base("block") => RegisterComponents();
            public override Tensor forward(Tensor x) => key.call(query.call(x));
        }

        """;

    /// <summary>A model over <see cref="Block"/> with the attribute given.</summary>
    public static string Annotated(string attribute, string members = "private readonly ModuleList<Block> blocks = new(new Block(), new Block());") => Block + attribute + $$"""

        public partial class M : Module<Tensor, Tensor>
        {
            {{members}}
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """;
}
