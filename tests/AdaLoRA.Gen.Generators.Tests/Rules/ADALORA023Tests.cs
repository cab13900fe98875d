using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;
using static AdaLoRA.Gen.Generators.Tests.Harness.RegistrationModels;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>Modules are held where TorchSharp registers them.</summary>
public sealed class ADALORA023Tests
{
    private static string Says(string type, string remedy) => $"TorchSharp registers nothing of 'a', which is of type {type}, so its modules are not adapted, moved or saved; {remedy}";

    private const string ByHand = "register each with register_module in the constructor";
    private const string Field = "hold each module in a field of its own";

    internal static RuleCase Case => new(Model("private readonly Linear[] {|ADALORA023:a|} = [Linear(2, 2)];"), Says("Linear[]", "make it a ModuleList<Linear>"));

    internal static FixCase[] Fixes => [new(new UseModuleListFix(), Model("private readonly Linear[] a = [Linear(2, 2)];"), Model("private readonly ModuleList<Linear> a = [Linear(2, 2)];"))];

    [Theory]
    [InlineData("Linear[] {|ADALORA023:a|} = [Linear(2, 2)];", "Linear[]", "make it a ModuleList<Linear>")]
    [InlineData("private readonly Linear[] {|ADALORA023:a|} = new[] { Linear(2, 2), Linear(2, 2) };", "Linear[]", "make it a ModuleList<Linear>")]
    [InlineData("private readonly List<Linear> {|ADALORA023:a|} = new() { Linear(2, 2) };", "List<Linear>", "make it a ModuleList<Linear>")]
    [InlineData("private readonly IReadOnlyList<Module<Tensor, Tensor>> {|ADALORA023:a|} = [ReLU(), Linear(2, 2)];", "IReadOnlyList<Module<Tensor, Tensor>>", "make it a ModuleList<Module<Tensor, Tensor>>")]
    [InlineData("private readonly IEnumerable<Linear> {|ADALORA023:a|} = Enumerable.Range(0, 3).Select(_ => Linear(2, 2)).ToList();", "IEnumerable<Linear>", "make it a ModuleList<Linear>")]
    [InlineData("public Linear[] {|ADALORA023:a|} { get; } = [Linear(2, 2)];", "Linear[]", "make it a ModuleList<Linear>")]
    [InlineData("private readonly Dictionary<string, Linear> {|ADALORA023:a|} = new() { [\"x\"] = Linear(2, 2) };", "Dictionary<string, Linear>", ByHand)]
    [InlineData("private readonly (Linear, int) {|ADALORA023:a|} = (Linear(2, 2), 1);", "(Linear, int)", Field)]
    [InlineData("private readonly Lazy<Linear> {|ADALORA023:a|} = new(() => Linear(2, 2));", "Lazy<Linear>", Field)]
    [InlineData("private readonly List<(string, Linear)> {|ADALORA023:a|} = [(\"x\", Linear(2, 2))];", "List<(string, Linear)>", "hold them in a ModuleList, or " + ByHand)]
    [InlineData("private readonly Linear[][] {|ADALORA023:a|} = [[Linear(2, 2)]];", "Linear[][]", "hold them in a ModuleList, or " + ByHand)]
    [InlineData("private readonly Module<Tensor, Tensor>[] {|ADALORA023:a|} = [ReLU(), Dropout(0.1)];", "Module<Tensor, Tensor>[]", "make it a ModuleList<Module<Tensor, Tensor>>")]
    [InlineData("private readonly List<Linear> {|ADALORA023:a|} = Make(2); static List<Linear> Make(int n) { var made = new List<Linear>(); for (int i = 0; i < n; i++) made.Add(Linear(n, n)); return made; }", "List<Linear>", "make it a ModuleList<Linear>")]
    [InlineData("private readonly Linear[] {|ADALORA023:a|} = Make(2); static Linear[] Make(int n) => [Linear(n, n)];", "Linear[]", "make it a ModuleList<Linear>")]
    public Task Modules_made_for_a_collection(string member, string type, string remedy) => AnalyzerRun.Verify(Model(member), Says(type, remedy));

    [Theory]
    [InlineData("a = new Linear[3]; for (int i = 0; i < 3; i++) a[i] = Linear(2, 2);", "Linear[]")]
    [InlineData("a = [Linear(2, 2)];", "Linear[]")]
    [InlineData("var made = new List<Linear>(); for (int i = 0; i < 3; i++) made.Add(Linear(2, 2)); a = made.ToArray();", "Linear[]")]
    [InlineData("a = new(); for (int i = 0; i < 3; i++) a.Add(Linear(2, 2));", "List<Linear>")]
    [InlineData("a = new(); var one = Linear(2, 2); a.Add(one);", "List<Linear>")]
    [InlineData("a = [Linear(2, 2)]; foreach (var l in a) init.zeros_(l.weight);", "List<Linear>")]
    [InlineData("a = [q, Linear(2, 2)];", "List<Linear>")]
    public Task Filled_in_the_constructor(string body, string type) => AnalyzerRun.Verify(
        Model($"private readonly {type} {{|ADALORA023:a|}};", $"public M() : base(\"m\") {{ {body} RegisterComponents(); }}"), Says(type, "make it a ModuleList<Linear>"));

    [Fact]
    public Task Once_where_two_models_share_the_class() => AnalyzerRun.Verify(
        Block("private readonly Linear q = Linear(8, 8); private readonly Linear[] {|ADALORA023:a|} = [Linear(2, 2)];") + Model("private readonly Block block = new();")
        + Model("private readonly Block block = new();").Replace("class M", "class N", StringComparison.Ordinal).Replace("M()", "N()", StringComparison.Ordinal), Says("Linear[]", "make it a ModuleList<Linear>"));

    [Theory]
    [InlineData("a = [q, k]; RegisterComponents();")]
    [InlineData("a = new List<Linear>(); a.Add(q); a.Add(k); RegisterComponents();")]
    [InlineData("a = [Linear(2, 2)]; list = new ModuleList<Linear>([.. a]); RegisterComponents();")]
    [InlineData("a = [Linear(2, 2)]; list = ModuleList(a.ToArray()); RegisterComponents();")]
    [InlineData("a = [Linear(2, 2)]; foreach (var l in a) list.Add(l); RegisterComponents();")]
    [InlineData("a = [Linear(2, 2)]; for (int i = 0; i < 1; i++) list.Add(a[i]); RegisterComponents();")]
    [InlineData("a = [Linear(2, 2)]; list.extend(a); RegisterComponents();")]
    [InlineData("a = [Linear(2, 2)]; k = a[0]; RegisterComponents();")]
    [InlineData("a = [Linear(2, 2)]; Collect(); RegisterComponents();")]
    [InlineData("a = [Linear(2, 2)]; for (int i = 0; i < 1; i++) register_module($\"a{i}\", a[i]); RegisterComponents();")]
    [InlineData("var made = new List<Linear>(); made.Add(Linear(2, 2)); a = made; list = ModuleList(made.ToArray()); RegisterComponents();")]
    [InlineData("var one = Linear(2, 2); k = one; a = [one]; RegisterComponents();")]
    [InlineData("a = [Track(Linear(2, 2))]; RegisterComponents();")]
    [InlineData("a = []; RegisterComponents();")]
    public Task Modules_that_are_registered_elsewhere_are_fine(string body) => AnalyzerRun.Verify(Model(
        "private readonly List<Linear> a; private readonly Linear k = Linear(2, 2); private readonly ModuleList<Linear> list = new(); void Collect() { foreach (var l in a) list.Add(l); } Linear Track(Linear l) { list.Add(l); return l; }",
        $"public M() : base(\"m\") {{ {body} }}"));

    [Theory]
    [InlineData("private readonly List<Linear> a = []; private readonly float[] rates = [1f]; private readonly Dictionary<string, int> ids = new();")]
    [InlineData("private readonly Func<Linear> make = () => Linear(2, 2); private static readonly Linear[] Shared = [Linear(2, 2)];")]
    [InlineData("private IEnumerable<Linear> Computed => [q]; private readonly WeakReference<Linear> weak = new(Linear(2, 2));")]
    [InlineData("private readonly Module<Tensor, Tensor>[] a = [ReLU(), Tanh(), Flatten(), new Square()]; private readonly Dictionary<string, Module<Tensor, Tensor>> b = new() { [\"relu\"] = ReLU() }; private sealed class Square : Module<Tensor, Tensor> { public Square() : base(\"s\") { } public override Tensor forward(Tensor x) => x * x; }")]
    [InlineData("private readonly Linear[] a = Shared(); private static readonly Linear Only = Linear(2, 2); private static Linear[] Shared() => [Only];")]
    [InlineData("private readonly ModuleList<Linear> a = [Linear(2, 2)]; private readonly Sequential s = Sequential(new Module<Tensor, Tensor>[] { Linear(2, 2) });")]
    public Task Fine(string members) => AnalyzerRun.Verify(Model(members));

    [Theory]
    [InlineData("public static class Other { public static ModuleList<Linear> Of(M m) => new(m.a); }\n")]
    [InlineData("public sealed class Other : M { private readonly ModuleList<Linear> own; public Other() { own = new(a); } }\n")]
    public Task Modules_that_another_class_may_register_are_fine(string other) => AnalyzerRun.Verify(Model("internal readonly Linear[] a = [Linear(2, 2)];", types: other));

    [Theory]
    [InlineData("public static class Other { public static int Of(M m) { foreach (var l in m.a) l.eval(); return m.a.Length; } }\n")]
    public Task Other_uses_elsewhere_do_not_register(string other) => AnalyzerRun.Verify(Model("internal readonly Linear[] {|ADALORA023:a|} = [Linear(2, 2)];", types: other), Says("Linear[]", "make it a ModuleList<Linear>"));

    /// <summary>What reaches the calls, only the run knows.</summary>
    [Fact]
    public Task Class_that_registers_by_hand_is_left_alone() => AnalyzerRun.Verify(Model(
        "private readonly Linear[] a = [Linear(2, 2)]; private IEnumerable<Linear> Items() { foreach (var l in a) yield return l; }",
        "public M() : base(\"m\") { int i = 0; foreach (var item in Items()) register_module($\"a{i++}\", item); RegisterComponents(); }"));

    [Fact]
    public Task Class_that_no_model_holds_is_not_looked_at() => AnalyzerRun.Verify(Model("") + Block("private readonly Linear[] a = [Linear(2, 2)];"));

    [Fact]
    public Task Overridden_registration_is_left_alone() => AnalyzerRun.Verify(Model(
        "private readonly Linear[] a = [Linear(2, 2)]; protected override void RegisterComponents() { base.RegisterComponents(); Extra(a); } static void Extra(Linear[] l) { }"));

    [Fact]
    public Task Pragma_is_honoured() => AnalyzerRun.Verify("#pragma warning disable ADALORA023\n" + Model("private readonly Linear[] a = [Linear(2, 2)];"));

    [Theory]
    [InlineData("private readonly Linear[] a = [Linear(2, 2)]; int N => a.Length;", "private readonly ModuleList<Linear> a = [Linear(2, 2)]; int N => a.Count;")]
    [InlineData("private readonly Linear[] a = { Linear(2, 2), Linear(2, 3) };", "private readonly ModuleList<Linear> a = new(Linear(2, 2), Linear(2, 3));")]
    [InlineData("private readonly Linear[] a = new[] { Linear(2, 2) };", "private readonly ModuleList<Linear> a = new ModuleList<Linear>(Linear(2, 2));")]
    [InlineData("private readonly Linear[] a = new Linear[] { Linear(2, 2) };", "private readonly ModuleList<Linear> a = new ModuleList<Linear>(Linear(2, 2));")]
    [InlineData("private readonly List<Linear> a = new() { Linear(2, 2) };", "private readonly ModuleList<Linear> a = new() { Linear(2, 2) };")]
    [InlineData("private readonly List<Linear> a = new List<Linear> { Linear(2, 2) };", "private readonly ModuleList<Linear> a = new ModuleList<Linear> { Linear(2, 2) };")]
    [InlineData("private readonly List<Linear>? a = new(4) { Linear(2, 2) };", "private readonly ModuleList<Linear>? a = new() { Linear(2, 2) };")]
    [InlineData("private readonly IReadOnlyList<Module<Tensor, Tensor>> a = [Linear(2, 2)];", "private readonly ModuleList<Module<Tensor, Tensor>> a = [Linear(2, 2)];")]
    [InlineData("private readonly IEnumerable<Linear> a = Enumerable.Range(0, 3).Select(_ => Linear(2, 2)).ToList();", "private readonly ModuleList<Linear> a = new ModuleList<Linear>(Enumerable.Range(0, 3).Select(_ => Linear(2, 2)).ToArray());")]
    public Task Fix_makes_it_a_ModuleList(string member, string corrected) => FixRun.Verify(new UseModuleListFix(), Model(member), Model(corrected));

    [Fact]
    public Task Fix_rewrites_the_constructor() => FixRun.Verify(new UseModuleListFix(),
        Model("private readonly List<Linear> a;", "public M() : base(\"m\") { a = new List<Linear>(); a.AddRange([Linear(2, 2)]); RegisterComponents(); }"),
        Model("private readonly ModuleList<Linear> a;", "public M() : base(\"m\") { a = new ModuleList<Linear>(); a.extend([Linear(2, 2)]); RegisterComponents(); }"));

    [Fact]
    public Task Fix_for_all() => FixRun.VerifyAll(new UseModuleListFix(),
        Model("private readonly Linear[] a = [Linear(2, 2)];\n    private readonly List<Linear> b = [Linear(2, 2)];"),
        Model("private readonly ModuleList<Linear> a = [Linear(2, 2)];\n    private readonly ModuleList<Linear> b = [Linear(2, 2)];"));

    [Theory]
    [InlineData("private readonly Dictionary<string, Linear> a = new() { [\"x\"] = Linear(2, 2) };")]
    [InlineData("private readonly (Linear, int) a = (Linear(2, 2), 1);")]
    [InlineData("private readonly Linear[] a = [Linear(2, 2)]; Linear[] Copy() => (Linear[])a.Clone();")]
    [InlineData("private readonly List<Linear> a = [Linear(2, 2)]; public IReadOnlyList<int> Sizes() => a.ConvertAll(l => 1);")]
    [InlineData("private readonly Linear[] a = new Linear[1], b = [Linear(2, 2)];")]
    public Task No_fix_where_the_result_would_not_be_the_same(string member) => FixRun.VerifyNone(new UseModuleListFix(), Model(member));

    [Fact]
    public Task No_fix_for_an_array_that_is_filled_by_index() => FixRun.VerifyNone(new UseModuleListFix(),
        Model("private readonly Linear[] a;", "public M() : base(\"m\") { a = new Linear[1]; a[0] = Linear(2, 2); RegisterComponents(); }"));
}
