using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;
using static AdaLoRA.Gen.Generators.Tests.Harness.RegistrationModels;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A module is registered under the name of its member.</summary>
public sealed class ADALORA024Tests
{
    private const string Captured = "public sealed class Block(Linear {|ADALORA024:gate|}) : Module<Tensor, Tensor>(\"block\")\n{\n    public override Tensor forward(Tensor x) => gate.call(x);\n}\n";
    private const string Stored = "public sealed class Block(Linear gate) : Module<Tensor, Tensor>(\"block\")\n{\n    private readonly Linear gate = gate;\n    public override Tensor forward(Tensor x) => gate.call(x);\n}\n";
    private const string Holder = "private readonly Block block = new(Linear(2, 2));";

    private static string Says(string name) => $"'{name}' is registered as '<{name}>k__BackingField', which is its name in Targets and in saved weights, too; make it a field, or put [field: ComponentName(Name = \"{name}\")] on it";

    internal static RuleCase Case => new(Model("public Linear {|ADALORA024:Mix|} { get; } = Linear(2, 2);"), Says("Mix"));

    internal static FixCase[] Fixes =>
        [new(new NameComponentFix(), Model("public Linear Mix { get; } = Linear(2, 2);"), Model("[field: TorchSharp.Utils.ComponentName(Name = \"Mix\")] public Linear Mix { get; } = Linear(2, 2);"))];

    [Theory]
    [InlineData("public Linear {|ADALORA024:Mix|} { get; } = Linear(2, 2);")]
    [InlineData("public Linear? {|ADALORA024:Mix|} { get; private set; }")]
    [InlineData("internal virtual Linear {|ADALORA024:Mix|} { get; init; } = Linear(2, 2);")]
    [InlineData("internal Linear {|ADALORA024:Mix|} { get => field; } = Linear(2, 2);")]
    [InlineData("public ModuleList<Linear> {|ADALORA024:Mix|} { get; } = new(Linear(2, 2));")]
    [InlineData("public Parameter {|ADALORA024:Mix|} { get; } = new(zeros(2));")]
    public Task Auto_property(string member) => AnalyzerRun.Verify(Model(member), Says("Mix"));

    [Fact]
    public Task Captured_parameter() => AnalyzerRun.Verify(Captured + Model(Holder),
        "'gate' is registered as '<gate>P', which is its name in Targets and in saved weights, too; store it in a field");

    [Theory]
    [InlineData("[field: TorchSharp.Utils.ComponentName(Name = \"mix\")] public Linear Mix { get; } = Linear(2, 2);")]
    [InlineData("private readonly Linear mix = Linear(2, 2); public Linear Mix => mix; public Linear Same { get { return mix; } }")]
    [InlineData("public ReLU Act { get; } = ReLU();")]
    [InlineData("public static Linear Shared { get; } = Linear(2, 2); public int Width { get; } = 3; public Linear this[int i] => q;")]
    public Task Fine(string members) => AnalyzerRun.Verify(Model(members));

    [Fact]
    public Task Stored_parameter_is_fine() => AnalyzerRun.Verify(Stored + Model(Holder));

    [Fact]
    public Task Pragma_is_honoured() => AnalyzerRun.Verify("#pragma warning disable ADALORA024\n" + Model("public Linear Mix { get; } = Linear(2, 2);"));

    [Fact]
    public Task A_pattern_that_fails_for_it_is_told_so() => AnalyzerRun.Verify(
        SampleModels.Annotated("[LoRA(Rank = 1, Targets = [\"{|ADALORA003:Mix|}\", \"{|ADALORA003:*Mix|}\"])]", "public Linear {|ADALORA024:Mix|} { get; } = Linear(8, 8);"),
        "'Mix' matches no adaptable layer of M: 'Mix' is a property and is registered as '<Mix>k__BackingField'; write that, or put [field: ComponentName(Name = \"Mix\")] on it",
        "'*Mix' matches no adaptable layer of M: 'Mix' is a property and is registered as '<Mix>k__BackingField'; write that, or put [field: ComponentName(Name = \"Mix\")] on it",
        Says("Mix"));

    [Fact]
    public Task A_pattern_that_fails_for_a_parameter_is_told_so() => AnalyzerRun.Verify(
        Captured + Model(Holder).Replace("\"*q\"", "\"block.{|ADALORA003:gate|}\"", StringComparison.Ordinal),
        "'gate' is registered as '<gate>P', which is its name in Targets and in saved weights, too; store it in a field",
        "'block.gate' matches no adaptable layer of M: 'gate' is a captured parameter and is registered as '<gate>P'; write that, or store it in a field");

    [Theory]
    [InlineData("Mix", "<Mix>k__BackingField")]
    [InlineData("*Mix", "*<Mix>k__BackingField")]
    public Task Pattern_is_corrected(string pattern, string corrected) => FixRun.Verify(new CorrectPatternFix(),
        SampleModels.Annotated($"[LoRA(Rank = 1, Targets = [\"{pattern}\"])]", "public Linear Mix { get; } = Linear(8, 8);"),
        SampleModels.Annotated($"[LoRA(Rank = 1, Targets = [\"{corrected}\"])]", "public Linear Mix { get; } = Linear(8, 8);"));

    [Fact]
    public Task Fix_names_the_field() => FixRun.Verify(new NameComponentFix(),
        Model("public Linear Mix { get; } = Linear(2, 2);"), Model("[field: TorchSharp.Utils.ComponentName(Name = \"Mix\")] public Linear Mix { get; } = Linear(2, 2);"));

    [Fact]
    public Task Fix_uses_the_short_name_where_it_is_known() => FixRun.Verify(new NameComponentFix(),
        "using TorchSharp.Utils;\n" + Model("/// <summary>Mixes.</summary>\n    public Linear Mix { get; } = Linear(2, 2);"),
        "using TorchSharp.Utils;\n" + Model("/// <summary>Mixes.</summary>\n    [field: ComponentName(Name = \"Mix\")] public Linear Mix { get; } = Linear(2, 2);"));

    [Fact]
    public Task Fix_uses_the_global_name_where_another_one_hides_it() => FixRun.Verify(new NameComponentFix(),
        Model("public Linear Mix { get; } = Linear(2, 2); class TorchSharp { }"), Model("[field: global::TorchSharp.Utils.ComponentName(Name = \"Mix\")] public Linear Mix { get; } = Linear(2, 2); class TorchSharp { }"));

    [Fact]
    public Task Fix_for_all() => FixRun.VerifyAll(new NameComponentFix(),
        Model("public Linear A { get; } = Linear(2, 2);\n    public Linear B { get; } = Linear(2, 2);"),
        Model("[field: TorchSharp.Utils.ComponentName(Name = \"A\")] public Linear A { get; } = Linear(2, 2);\n    [field: TorchSharp.Utils.ComponentName(Name = \"B\")] public Linear B { get; } = Linear(2, 2);"));

    [Fact]
    public Task Fix_stores_the_parameter() => FixRun.Verify(new NameComponentFix(), Captured.Replace("{|ADALORA024:gate|}", "gate", StringComparison.Ordinal) + Model(Holder), Stored + Model(Holder));

    [Fact]
    public void Fixed_names_are_the_registered_ones()
    {
        var model = LoadedModel.From(Stored + Model("[field: TorchSharp.Utils.ComponentName(Name = \"Mix\")] public Linear Mix { get; } = Linear(2, 2); " + Holder));
        Assert.Equal(["Mix", "block.gate", "q"], model.RegisteredLayers.Order(StringComparer.Ordinal));
    }
}
