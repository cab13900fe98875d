using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;
using static AdaLoRA.Gen.Generators.Tests.Harness.RegistrationModels;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A derived constructor assigns nothing that the base class has registered without it.</summary>
public sealed class ADALORA030Tests
{
    private const string Early = "protected Base(string name) : base(name) { RegisterComponents(); }";
    private const string Message = "'k' is never registered: the constructor of 'Base' calls RegisterComponents() before this assignment, and later calls do nothing; give 'k' its value where it is declared";

    private static string Derived(string constructor, string members = "private readonly Linear k;", string baseConstructor = Early, string baseMembers = "") =>
        Model(members, constructor, "Base", Block(baseMembers, baseConstructor, "public abstract class Base : Module<Tensor, Tensor>"));

    internal static RuleCase Case => new(Derived("public M() : base(\"m\") { {|ADALORA030:k|} = Linear(2, 2); }"), Message);

    internal static FixCase[] Fixes =>
    [
        new(new ValueAtDeclarationFix(), Derived("public M() : base(\"m\")\n    {\n        k = Linear(2, 2);\n        RegisterComponents();\n    }"),
            Derived("public M() : base(\"m\")\n    {\n        RegisterComponents();\n    }", "private readonly Linear k = Linear(2, 2);")),
    ];

    [Theory]
    [InlineData("public M() : base(\"m\") { {|ADALORA030:k|} = Linear(2, 2); }", Early)]
    [InlineData("public M() : base(\"m\") { {|ADALORA030:k|} = Linear(2, 2); RegisterComponents(); }", Early)]
    [InlineData("public M(int n) : base(\"m\") => {|ADALORA030:k|} = Linear(n, n);", Early)]
    [InlineData("public M() { {|ADALORA030:this.k|} = Linear(2, 2); }", "protected Base() : this(\"b\") { } " + Early)]
    [InlineData("public M() { {|ADALORA030:k|} = Linear(2, 2); }", "protected Base() : base(\"b\") { Init(); } private void Init() => RegisterComponents();")]
    public Task Assigned_after_the_base_class_has_registered(string constructor, string baseConstructor) => AnalyzerRun.Verify(Derived(constructor, baseConstructor: baseConstructor), Message);

    [Theory]
    [InlineData("public M() : base(\"m\") { k = Linear(2, 2); RegisterComponents(); }", "protected Base(string name) : base(name) { }")]
    [InlineData("public M() : base(\"m\") { k = Linear(2, 2); RegisterComponents(); }", "protected Base(string name) : base(name) { } protected Base() : base(\"b\") { RegisterComponents(); }")]
    [InlineData("public M() : base(\"m\") { k = Linear(2, 2); register_module(\"k\", k); }", Early)]
    [InlineData("public M() : base(\"m\") { k = q; }", Early)]
    [InlineData("public M() : base(\"m\") { k = Linear(2, 2); Done(); }", "protected Base(string name) : base(name) { } protected void Done() => RegisterComponents();")]
    [InlineData("public M() : base(\"m\") { k = Linear(2, 2); RegisterComponents(); }", "protected Base(string name) : base(name) { if (GetType() == typeof(Base)) RegisterComponents(); }")]
    public Task Fine(string constructor, string baseConstructor) => AnalyzerRun.Verify(Derived(constructor, baseConstructor: baseConstructor));

    [Fact]
    public Task Initialiser_is_in_time() => AnalyzerRun.Verify(Derived("public M() : base(\"m\") { }", "private readonly Linear k = Linear(2, 2);"));

    [Fact]
    public Task Pragma_is_honoured() => AnalyzerRun.Verify("#pragma warning disable ADALORA030\n" + Derived("public M() : base(\"m\") { k = Linear(2, 2); }"));

    [Fact]
    public Task Fix_moves_the_value() => FixRun.Verify(new ValueAtDeclarationFix(),
        Derived("public M() : base(\"m\")\n    {\n        k = Linear(2, 2);\n        RegisterComponents();\n    }"),
        Derived("public M() : base(\"m\")\n    {\n        RegisterComponents();\n    }", "private readonly Linear k = Linear(2, 2);"));

    [Fact]
    public Task Fix_for_all() => FixRun.VerifyAll(new ValueAtDeclarationFix(),
        Derived("public M() : base(\"m\")\n    {\n        k = Linear(2, 2);\n        l = Linear(2, Width);\n        RegisterComponents();\n    }\n    const int Width = 3;", "private readonly Linear k;\n    private readonly Linear l;"),
        Derived("public M() : base(\"m\")\n    {\n        RegisterComponents();\n    }\n    const int Width = 3;", "private readonly Linear k = Linear(2, 2);\n    private readonly Linear l = Linear(2, Width);"));

    [Theory]
    [InlineData("public M(int n) : base(\"m\") { k = Linear(n, n); }")]
    [InlineData("public M() : base(\"m\") { if (q is not null) k = Linear(2, 2); else k = q!; }")]
    [InlineData("public M() : base(\"m\") { k = Linear(2, 2); } public M(int n) : base(\"m\") { k = Linear(2, 3); }")]
    public Task No_fix_where_the_value_cannot_move(string constructor) => FixRun.VerifyNone(new ValueAtDeclarationFix(), Derived(constructor));
}
