using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;
using static AdaLoRA.Gen.Generators.Tests.Harness.RegistrationModels;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>A constructor ends with RegisterComponents().</summary>
public sealed class ADALORA025Tests
{
    private const string Missing = "The constructor of 'M' does not call RegisterComponents(), so TorchSharp registers nothing of it and no adapter can be attached; call it at the end of the constructor";
    private const string MissingInSequential = "The constructor of 'Block' does not call RegisterComponents(), nor does the Sequential that it is in, so nothing in it is registered; call it at the end of the constructor";
    private const string Late = "'k' is assigned when RegisterComponents() has been called, so it is never registered; move the call to the end of the constructor";
    private const string LateItem = "'list' gets an item when RegisterComponents() has been called, so the item is never registered; move the call to the end of the constructor";
    private const string Members = "private Linear k; private readonly ModuleList<Linear> list = new(); private Linear? other;";

    internal static RuleCase Case => new(Model("", "public {|ADALORA025:M|}() : base(\"m\") { }"), Missing);

    internal static FixCase[] Fixes =>
        [new(new RegisterAtTheEndFix(), Model("// None.", "public M() : base(\"m\") { }"), Model("// None.", "public M() : base(\"m\") { RegisterComponents(); }"))];

    [Theory]
    [InlineData("public {|ADALORA025:M|}() : base(\"m\") { }")]
    [InlineData("public {|ADALORA025:M|}(int n) : base(\"m\") => n.ToString();")]
    [InlineData("public {|ADALORA025:M|}(int n) : base(\"m\") { } public M() : this(3) { }")]
    [InlineData("public {|ADALORA025:M|}(int n) : base(\"m\") { } public M() : base(\"m\") { RegisterComponents(); }")]
    public Task Annotated_class_that_never_registers(string constructors) => AnalyzerRun.Verify(Model("", constructors), Missing);

    [Fact]
    public Task Primary_constructor() => AnalyzerRun.Verify(Model("", "").Replace("class M :", "class {|ADALORA025:M|}(int n) :", StringComparison.Ordinal).Replace("Module<Tensor, Tensor>\n", "Module<Tensor, Tensor>(n.ToString())\n", StringComparison.Ordinal), Missing);

    [Fact]
    public Task No_constructor_at_all() => AnalyzerRun.Verify(
        Model("", "", "Base", Block("", "protected Base() : base(\"b\") { }", "public abstract class Base : Module<Tensor, Tensor>")).Replace("partial class M", "partial class {|ADALORA025:M|}", StringComparison.Ordinal), Missing);

    [Theory]
    [InlineData("private readonly Sequential s = Sequential(new Block(), ReLU());")]
    [InlineData("private readonly Sequential s = Sequential((\"a\", new Block()), (\"b\", new Block()));")]
    public Task Item_of_a_Sequential_that_never_registers(string member) => AnalyzerRun.Verify(
        Block("private readonly Linear q = Linear(8, 8);", "public {|ADALORA025:Block|}() : base(\"block\") { }") + Model(member), MissingInSequential);

    [Theory]
    [InlineData("public M() : base(\"m\") { Init(); } void Init() => RegisterComponents();")]
    [InlineData("public M() : base(\"m\") { } public void Done() { RegisterComponents(); }")]
    [InlineData("public M() : base(\"m\") { } public static M Create() { var m = new M(); m.RegisterComponents(); return m; }")]
    [InlineData("public M() : this(3) { } public M(int n) : base(\"m\") { this.RegisterComponents(); }")]
    [InlineData("public M() : this(3) => RegisterComponents(); protected M(int n) : base(\"m\") { }")]
    [InlineData("public M() : this(3) => RegisterComponents(); private M(int n) : base(\"m\") { }")]
    [InlineData("public M() : base(\"m\") { RegisterComponents(); } protected M(string name) : base(name) { }")]
    [InlineData("public M() : base(\"m\") { if (DateTime.Now.Year > 1) { base.RegisterComponents(); } }")]
    [InlineData("public M() : base(\"m\") { register_module(\"q\", q); }")]
    [InlineData("public M() : base(\"m\") { } protected override void RegisterComponents() { register_module(\"q\", q); }")]
    [InlineData("public M() : base(\"m\") { Action done = RegisterComponents; done(); }")]
    public Task Every_way_of_registering_is_fine(string constructors) => AnalyzerRun.Verify(Model("", constructors));

    [Fact]
    public Task Base_class_that_registers_is_fine() => AnalyzerRun.Verify(
        Model("", "public M() : base(\"m\") { }", "Base", Block("", "protected Base(string n) : base(n) => RegisterComponents();", "public abstract class Base : Module<Tensor, Tensor>")));

    [Theory]
    [InlineData("private readonly Block block = new();")]
    [InlineData("private readonly ModuleList<Block> blocks = new(new Block());")]
    public Task Child_of_a_parent_that_registers_is_fine(string member) => AnalyzerRun.Verify(
        Block("private readonly Linear q = Linear(8, 8);", "public Block() : base(\"block\") { }") + Model(member));

    [Fact]
    public Task Item_of_a_Sequential_without_modules_is_fine() => AnalyzerRun.Verify(
        Block("private readonly int width = 3;", "public Block() : base(\"block\") { }") + Model("private readonly Sequential s = Sequential(new Block(), ReLU());"));

    [Fact]
    public Task Item_of_a_Sequential_that_only_activates_is_fine() => AnalyzerRun.Verify(
        Block("private readonly ReLU act = ReLU();", "public Block() : base(\"block\") { }") + Model("private readonly Sequential s = Sequential(new Block(), ReLU());"));

    [Fact]
    public Task Item_of_a_Sequential_that_a_field_holds_is_fine() => AnalyzerRun.Verify(
        Block("private readonly Linear q = Linear(8, 8);", "public Block() : base(\"block\") { }") + Model("private readonly Block b = new(); private readonly Sequential s;", "public M() : base(\"m\") { s = Sequential(b, ReLU()); RegisterComponents(); }"));

    [Fact]
    public Task Item_of_a_Sequential_that_is_another_than_the_field_is_not() => AnalyzerRun.Verify(
        Block("private readonly Linear q = Linear(8, 8);", "public {|ADALORA025:Block|}() : base(\"block\") { }") + Model("private readonly Block b = new(); private readonly Sequential s = Sequential((\"x\", new Block()));"), MissingInSequential);

    [Fact]
    public Task Derived_class_that_overrides_the_registration_may_know_better() => AnalyzerRun.Verify(
        Model("", "public M() { } protected override void RegisterComponents() { }", "Base", Block("protected Linear k;", "protected Base() : base(\"b\") { RegisterComponents(); k = Linear(2, 2); }", "public abstract class Base : Module<Tensor, Tensor>")));

    [Fact]
    public Task Annotated_base_of_an_annotated_class_may_leave_it_to_that() => AnalyzerRun.Verify(
        "[LoRA(Rank = 1, Targets = [\"k\"])]\n" + Block("protected Linear k = Linear(8, 8);", "public Base() : base(\"b\") { }", "public partial class Base : Module<Tensor, Tensor>") + Model("", "public M() { RegisterComponents(); }", "Base"));

    [Fact]
    public Task Annotated_class_in_an_annotated_class_is_registered_by_it() => AnalyzerRun.Verify(
        "[LoRA(Rank = 1, Targets = [\"q\"])]\n" + Block("private readonly Linear q = Linear(8, 8);", "public Block() : base(\"block\") { }", "public sealed partial class Block : Module<Tensor, Tensor>")
        + Model("private readonly Block block = new();"));

    [Theory]
    [InlineData("RegisterComponents(); {|ADALORA025:k|} = Linear(2, 2);", Late)]
    [InlineData("RegisterComponents(); {|ADALORA025:this.k|} = Linear(2, 2).to(CPU);", Late)]
    [InlineData("RegisterComponents(); {|ADALORA025:k|} = Make(2);", Late)]
    [InlineData("RegisterComponents(); if (list.Count == 0) { {|ADALORA025:k|} = Linear(2, 2); } else { k = null!; }", Late)]
    [InlineData("RegisterComponents(); (other, {|ADALORA025:k|}) = (null, Linear(2, 2));", Late)]
    [InlineData("k = Linear(2, 2); Init(); {|ADALORA025:k|} = Linear(2, 2);", Late)]
    [InlineData("k = Linear(2, 2); RegisterComponents(); for (int i = 0; i < 3; i++) {|ADALORA025:list.Add|}(Linear(2, 2));", LateItem)]
    [InlineData("k = Linear(2, 2); RegisterComponents(); {|ADALORA025:list.extend|}([Linear(2, 2)]);", LateItem)]
    public Task Too_early(string body, string message) => AnalyzerRun.Verify(Model(Members + " private void Init() { RegisterComponents(); } private static Linear Make(int n) { return Linear(n, n); }", $"public M() : base(\"m\") {{ {body} }}"), message);

    [Fact]
    public Task Too_early_in_the_constructor_called_first() => AnalyzerRun.Verify(Model(Members, "public M() : this(3) { {|ADALORA025:k|} = Linear(2, 2); } private M(int n) : base(\"m\") { k = Linear(n, n); RegisterComponents(); }"), Late);

    [Theory]
    [InlineData("k = Linear(2, 2); list.Add(Linear(2, 2)); RegisterComponents();")]
    [InlineData("k = Linear(2, 2); RegisterComponents(); other = k;")]
    [InlineData("k = Linear(2, 2); RegisterComponents(); other = null; k = (Linear)k.to(CPU);")]
    [InlineData("RegisterComponents(); k = Linear(2, 2); register_module(\"k\", k);")]
    [InlineData("if (list.Count > 3) { RegisterComponents(); return; } k = Linear(2, 2); RegisterComponents();")]
    [InlineData("Action late = () => RegisterComponents(); k = Linear(2, 2); late();")]
    [InlineData("k = q; RegisterComponents(); act = ReLU();")]
    [InlineData("k = q; RegisterComponents(); k = Get();")]
    [InlineData("k = q; RegisterComponents(); k = Shared();")]
    [InlineData("k = q; RegisterComponents(); Action reset = () => k = Linear(2, 2);")]
    [InlineData("k = q; RegisterComponents(); net.append(Linear(2, 2));")]
    [InlineData("RegisterComponents(); k = Linear(2, 2); net.append(k);")]
    [InlineData("RegisterComponents(); net.append(k = Linear(2, 2));")]
    public Task In_time_is_fine(string body) => AnalyzerRun.Verify(Model(Members + " private readonly Sequential net = Sequential(Linear(2, 2)); private ReLU? act; private Linear Get() => q; private static readonly Linear Only = Linear(2, 2); private static Linear Shared() => Only;", $"public M() : base(\"m\") {{ {body} }}"));

    [Fact]
    public Task Overridden_registration_is_left_alone() => AnalyzerRun.Verify(Model(Members + " protected override void RegisterComponents() { }", "public M() : base(\"m\") { RegisterComponents(); k = Linear(2, 2); }"));

    [Fact]
    public Task Pragma_is_honoured() => AnalyzerRun.Verify("#pragma warning disable ADALORA025\n" + Model("", "public M() : base(\"m\") { }"));

    [Theory]
    [InlineData("public M() : base(\"m\") { }", "public M() : base(\"m\") { RegisterComponents(); }")]
    [InlineData("public M(int n) : base(\"m\") => n.ToString();", "public M(int n) : base(\"m\")\n    {\n        n.ToString();\n        RegisterComponents();\n    }")]
    [InlineData("public M(int n) : base(\"m\")\n    {\n        n.ToString();\n    }", "public M(int n) : base(\"m\")\n    {\n        n.ToString();\n        RegisterComponents();\n    }")]
    public Task Fix_calls_it(string constructor, string corrected) => FixRun.Verify(new RegisterAtTheEndFix(), Model("// None.", constructor), Model("// None.", corrected));

    [Fact]
    public Task Fix_moves_it() => FixRun.Verify(new RegisterAtTheEndFix(),
        Model("private Linear k;", "public M() : base(\"m\")\n    {\n        RegisterComponents();\n        k = Linear(2, 2);\n    }"),
        Model("private Linear k;", "public M() : base(\"m\")\n    {\n        k = Linear(2, 2);\n        RegisterComponents();\n    }"));

    [Fact]
    public Task Fix_for_all() => FixRun.VerifyAll(new RegisterAtTheEndFix(),
        Model("private Linear k, l;", "public M() : base(\"m\")\n    {\n        RegisterComponents();\n        k = Linear(2, 2);\n        l = Linear(2, 2);\n    }\n    public M(int n) : base(\"m\") { k = l = Linear(n, n); }"),
        Model("private Linear k, l;", "public M() : base(\"m\")\n    {\n        k = Linear(2, 2);\n        l = Linear(2, 2);\n        RegisterComponents();\n    }\n    public M(int n) : base(\"m\") { k = l = Linear(n, n); RegisterComponents(); }"));

    [Theory]
    [InlineData("public M() : this(3) { k = Linear(2, 2); } private M(int n) : base(\"m\") { k = Linear(n, n); RegisterComponents(); }")]
    [InlineData("public M(int n) : base(\"m\") { k = Linear(n, n); if (n > 3) return; }")]
    public Task No_fix_where_the_call_has_no_place(string constructor) => FixRun.VerifyNone(new RegisterAtTheEndFix(), Model("private Linear k;", constructor));
}
