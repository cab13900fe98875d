using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;
using static AdaLoRA.Gen.Generators.Tests.Harness.RegistrationModels;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A class derived from a container has no modules beside its items.</summary>
public sealed class ADALORA029Tests
{
    private static string List(string members, string constructor = "public Blocks() { Add(Linear(2, 2)); }", string container = "ModuleList<Linear>", string held = "new()") =>
        $"public sealed class Blocks : {container}\n{{\n    {members}\n    {constructor}\n}}\n" + Model($"private readonly Blocks blocks = {held};");

    internal static RuleCase Case => new(List("private readonly Linear {|ADALORA029:own|} = Linear(2, 2);"),
        "'own' is never registered: 'Blocks' is a ModuleList, which registers its items only; call register_module(\"own\", own) in the constructor");

    internal static FixCase[] Fixes =>
        [new(new RegisterByHandFix(), List("private readonly Linear own = Linear(2, 2);", "public Blocks() { }"), List("private readonly Linear own = Linear(2, 2);", "public Blocks() { register_module(\"own\", own); }"))];

    [Fact]
    public Task In_a_list() => AnalyzerRun.Verify(List("private readonly Linear {|ADALORA029:own|} = Linear(2, 2);"),
        "'own' is never registered: 'Blocks' is a ModuleList, which registers its items only; call register_module(\"own\", own) in the constructor");

    [Fact]
    public Task In_a_dictionary() => AnalyzerRun.Verify(List("private readonly Linear {|ADALORA029:own|};", "public Blocks() { Add(\"a\", Linear(2, 2)); own = Linear(2, 2); }", "ModuleDict<Linear>"),
        "'own' is never registered: 'Blocks' is a ModuleDict, which registers its items only; call register_module(\"own\", own) in the constructor");

    [Fact]
    public Task In_a_sequential() => AnalyzerRun.Verify(List("private readonly Linear {|ADALORA029:own|} = Linear(2, 2);", "public Blocks() : base((\"a\", Linear(2, 2))) { }", "Sequential"),
        "'own' is never registered: 'Blocks' is a Sequential, which registers its items only; derive 'Blocks' from Module<Tensor, Tensor> and hold the Sequential in a field");

    [Theory]
    [InlineData("private readonly Linear own = Linear(2, 2);", "public Blocks() { register_module(\"own\", own); }")]
    [InlineData("private readonly Linear own = Linear(2, 2);", "public Blocks() { Add(own); }")]
    [InlineData("private readonly Linear own;", "public Blocks() { Add(own = Linear(2, 2)); }")]
    [InlineData("private readonly Linear own;", "public Blocks() { Add(Linear(2, 2)); own = this[0]; }")]
    [InlineData("private readonly Linear own;", "public Blocks(Linear item) : base(item) { own = item; }", "new(Linear(2, 2))")]
    [InlineData("private readonly int width = 3; private static readonly Linear shared = Linear(2, 2);", "public Blocks() { Add(Linear(2, 2)); }")]
    public Task Fine(string members, string constructor, string held = "new()") => AnalyzerRun.Verify(List(members, constructor, held: held));

    [Fact]
    public Task Pragma_is_honoured() => AnalyzerRun.Verify("#pragma warning disable ADALORA029\n" + List("private readonly Linear own = Linear(2, 2);"));

    [Fact]
    public Task Fix_registers_it() => FixRun.Verify(new RegisterByHandFix(),
        List("private readonly Linear own = Linear(2, 2);", "public Blocks()\n    {\n        Add(Linear(2, 2));\n    }"),
        List("private readonly Linear own = Linear(2, 2);", "public Blocks()\n    {\n        Add(Linear(2, 2));\n        register_module(\"own\", own);\n    }"));

    [Fact]
    public Task Fix_for_all() => FixRun.VerifyAll(new RegisterByHandFix(),
        List("private readonly Linear own = Linear(2, 2), more = Linear(2, 2);", "public Blocks() { }"),
        List("private readonly Linear own = Linear(2, 2), more = Linear(2, 2);", "public Blocks() { register_module(\"own\", own); register_module(\"more\", more); }"));

    [Fact]
    public Task No_fix_for_a_sequential() => FixRun.VerifyNone(new RegisterByHandFix(), List("private readonly Linear own = Linear(2, 2);", "public Blocks() : base((\"a\", Linear(2, 2))) { }", "Sequential"));
}
