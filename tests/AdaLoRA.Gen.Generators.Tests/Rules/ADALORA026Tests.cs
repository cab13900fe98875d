using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A target that only the run can tell is told of.</summary>
public sealed class ADALORA026Tests
{
    private const string End = "; it is resolved when adapters are attached";
    private const string Made = "private readonly Sequential net = Make(); private readonly Linear q = Linear(8, 8); static Sequential Make() => Sequential(Linear(8, 8));";

    internal static RuleCase Case => new(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["q", "{|ADALORA026:net.0|}"])]""", Made),
        $"'net.0' may match a module below 'net' that the compiler cannot see{End}");

    [Fact]
    public Task The_member_itself() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{|ADALORA026:net*|}", "q"])]""", Made),
        $"'net*' may match 'net', or a module below it, which the compiler cannot see{End}");

    [Fact]
    public Task One_alternative() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{q,{|ADALORA026:net.0|}}"])]""", Made),
        $"'net.0' may match a module below 'net' that the compiler cannot see{End}");

    [Fact]
    public Task Several_places() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{|ADALORA026:*|}"])]""", Made + " private readonly object any = Make(); private readonly ModuleDict<Linear> dict = new();"),
        $"'*' may match 'net', or a module below it (or of 2 other modules), which the compiler cannot see{End}");

    [Fact]
    public Task The_model_itself() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["q", "{|ADALORA026:late|}"])]""", "private readonly Linear q = Linear(8, 8); public void Late() => register_module(\"late\", Linear(8, 8));"),
        $"'late' may match a module below 'M' that the compiler cannot see{End}");

    [Fact]
    public Task What_cannot_be_named() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["{|ADALORA026:outer.inner.q|}"])]""", "private readonly Outer outer = new();") + """

        public sealed class Outer : Module<Tensor, Tensor>
        {
            private readonly Inner inner = new();
            public Outer() : base("outer") { RegisterComponents(); }
            public override Tensor forward(Tensor x) => x;
            private sealed class Inner : Module<Tensor, Tensor>
            {
                private readonly Linear q = Linear(8, 8);
                public Inner() : base("inner") { RegisterComponents(); }
                public override Tensor forward(Tensor x) => x;
            }
        }
        """,
        $"'outer.inner.q' matches 'outer.inner.q', which generated code cannot name{End}");

    [Fact]
    public Task Where_everything_is_seen_nothing_is_said() => AnalyzerRun.Verify(
        SampleModels.Annotated("""[AdaLoRA(Budget = 2, Targets = ["*"])]""", "private readonly Sequential net = Sequential(Linear(8, 8)); private readonly ModuleDict<Linear> dict = ModuleDict((\"a\", Linear(8, 8)));"));
}
