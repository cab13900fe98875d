namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>Annotated models whose members and constructors the tests of the rules on registration fill in.</summary>
internal static class RegistrationModels
{
    /// <summary>The class <c>M</c> with a target <c>q</c> and these members; it registers unless a constructor is given.</summary>
    public static string Model(string members, string constructor = "public M() : base(\"m\") { RegisterComponents(); }", string head = "Module<Tensor, Tensor>", string types = "") => types + $$"""

        #pragma warning disable ADALORA026 // That a pattern is left to the run where the registration cannot be read is another rule's.
        [LoRA(Rank = 1, Targets = ["*q"])]
        public partial class M : {{head}}
        {
            private readonly Linear q = Linear(8, 8);
            {{members}}
            {{constructor}}
            public override Tensor forward(Tensor x) => x;
        }
        """;

    /// <summary>A class <c>Block</c> that <see cref="Model"/> may hold.</summary>
    public static string Block(string members, string constructor = "public Block() : base(\"block\") { RegisterComponents(); }", string head = "public sealed class Block : Module<Tensor, Tensor>") => $$"""
        {{head}}
        {
            {{members}}
            {{constructor}}
            public override Tensor forward(Tensor x) => x;
        }

        """;
}
