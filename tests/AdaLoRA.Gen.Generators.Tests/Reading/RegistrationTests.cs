using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Reading;

/// <summary>Models that are made and run: the paths that the generator reads are the ones that TorchSharp registers, and its code reaches the very layers.</summary>
public sealed class RegistrationTests
{
    private static string Model(string members, string types = "", string constructor = "") => types + "\n" + $$"""
        [LoRA(Rank = 1, Targets = ["*"])]
        public partial class M : Module<Tensor, Tensor>
        {
            {{members}}
            public M() : base("m") { {{constructor}} RegisterComponents(); }
            public override Tensor forward(Tensor x) => x;
        }
        """;

    private static string Block(string members, string head = "public sealed class Block : Module<Tensor, Tensor>", string constructor = "public Block() : base(\"block\") { RegisterComponents(); }") => $$"""
        {{head}}
        {
            {{members}}
            {{constructor}}
            public override Tensor forward(Tensor x) => x;
        }
        """;

    public static TheoryData<string, string> Models => new()
    {
        { "fields of any accessibility", Model("private Linear a = Linear(2, 2); internal Linear b = Linear(2, 2); protected readonly Linear c = Linear(2, 2); public Linear d = Linear(2, 2);") },
        { "auto-properties", Model("public Linear A { get; } = Linear(2, 2); private Linear B { get; set; } = Linear(2, 2);") },
        { "component names", Model("[TorchSharp.Utils.ComponentName(Name = \"query\")] private readonly Linear _q = Linear(2, 2); [field: TorchSharp.Utils.ComponentName(Name = \"key\")] public Linear K { get; } = Linear(2, 2);") },
        { "static and computed members", Model("public static Linear S = Linear(2, 2); public Linear Computed => S; private Linear own = Linear(2, 2);") },
        { "keywords", Model("private readonly Linear @class = Linear(2, 2), @event = Linear(2, 2);") },
        { "constructor", Model("private readonly Linear a, b, c;", "", "a = Linear(2, 2); (b, this.c) = (Linear(2, 2), Linear(2, 2));") },
        { "nested blocks", Model("private readonly Block block = new();", Block("private readonly Linear q = Linear(2, 2); private readonly Inner inner = new();") + Block("private readonly Linear p = Linear(2, 2);", "public sealed class Inner : Module<Tensor, Tensor>", "public Inner() : base(\"inner\") { RegisterComponents(); }")) },
        { "list of blocks, given", Model("private readonly ModuleList<Block> blocks = new(new Block(), new Block(), new Block());", Block("private readonly Linear q = Linear(2, 2);")) },
        { "list of blocks, filled in a loop", Model("private readonly ModuleList<Block> blocks = new();", Block("private readonly Linear q = Linear(2, 2);"), "for (int i = 0; i < 3; i++) blocks.Add(new Block());") },
        { "list of blocks, from a sequence", Model("private readonly ModuleList<Block> blocks = ModuleList(Enumerable.Range(0, 3).Select(_ => new Block()).ToArray());", Block("private readonly Linear q = Linear(2, 2);")) },
        { "list of layers of the base class", Model("private readonly ModuleList<Module<Tensor, Tensor>> layers = ModuleList<Module<Tensor, Tensor>>(Linear(2, 2), ReLU(), Linear(2, 3));") },
        { "list of lists", Model("private readonly ModuleList<ModuleList<Linear>> grid = new(new ModuleList<Linear>(Linear(2, 2), Linear(2, 2)), new ModuleList<Linear>(Linear(2, 2)));") },
        { "sequential", Model("private readonly Sequential net = Sequential(Linear(2, 2), ReLU(), Linear(2, 2));") },
        { "sequential with names", Model("private readonly Module<Tensor, Tensor> net = Sequential((\"up\", Linear(2, 2)), (\"act\", ReLU()), (\"down\", Sequential(Linear(2, 2))));") },
        { "field of a base class type", Model("private readonly Module<Tensor, Tensor> block = new Block();", Block("private readonly Linear q = Linear(2, 2);")) },
        { "private field of a base class", Model("private readonly Block block = new();", Block("private readonly Linear own = Linear(2, 2);", "public sealed class Block : Base") + Block("private readonly Linear hidden = Linear(2, 2);", "public abstract class Base : Module<Tensor, Tensor>", "protected Base(string name) : base(name) { }").Replace("public override Tensor forward(Tensor x) => x;", "", StringComparison.Ordinal)) },
        { "generic owner", Model("private readonly Block<Linear> a = new(Linear(2, 2)); private readonly Block<Inner> b = new(new Inner());", Block("private readonly T act;", "public sealed class Block<T> : Module<Tensor, Tensor> where T : Module<Tensor, Tensor>", "public Block(T inner) : base(\"block\") { act = inner; RegisterComponents(); }") + Block("private readonly Linear p = Linear(2, 2);", "public sealed class Inner : Module<Tensor, Tensor>", "public Inner() : base(\"inner\") { RegisterComponents(); }")) },
        { "null and conditional fields", Model("private readonly Linear? absent; private readonly Linear? present = DateTime.Now.Year > 1 ? Linear(2, 2) : null;", "", "absent = null;") },
        { "arrays, lists and dictionaries register nothing", Model("private readonly Linear[] array = [Linear(2, 2)]; private readonly List<Linear> list = [Linear(2, 2)]; private readonly (Linear, Linear) pair = (Linear(2, 2), Linear(2, 2)); private readonly Linear q = Linear(2, 2);") },
        { "primary constructor", Model("private readonly Block block = new(Linear(2, 2), Linear(2, 2));", """
            public sealed class Block(Linear captured, Linear stored) : Module<Tensor, Tensor>("block")
            {
                private readonly Linear kept = stored;
                public override Tensor forward(Tensor x) => captured.call(kept.call(x));
            }
            """) },
        { "every kind of layer", Model("private readonly Linear linear = Linear(2, 2); private readonly TransposedLinear transposed = new(2, 2); private readonly Conv1d one = Conv1d(2, 2, 1); private readonly Conv2d two = Conv2d(2, 2, 1); private readonly Conv3d three = Conv3d(2, 2, 1); private readonly Embedding tokens = Embedding(2, 2); private readonly QuantizableLinear bytes = new(2, 2, weights: BaseWeights.Int8Rows); private readonly QuantizableEmbedding table = new(2, 2);") },
        { "every kind of layer, as items of base classes", Model("private readonly Module<Tensor, Tensor> tokens = Embedding(2, 2); private readonly Sequential net = Sequential((\"a\", new TransposedLinear(2, 2)), (\"b\", Conv1d(2, 2, 1)), (\"bytes\", new QuantizableLinear(2, 2)), (\"c\", ReLU())); private readonly ModuleList<Module<Tensor, Tensor>> list = new(Conv2d(2, 2, 1), Conv3d(2, 2, 1), Linear(2, 2)); private readonly Convolution conv = Conv2d(2, 2, 1);") },
        { "list of convolutions", Model("private readonly ModuleList<Conv2d> list = new(Conv2d(2, 2, 1), Conv2d(2, 2, 1));") },
        { "dictionary with constant keys", Model("private const string B = \"b\"; private readonly ModuleDict<Module<Tensor, Tensor>> dict = ModuleDict<Module<Tensor, Tensor>>((\"a\", Linear(2, 2)), (B, Sequential(Linear(2, 2))), (\"c \\\"d\\\"\", ReLU()), (\"e-f\", Linear(2, 2)));") },
        { "dictionary that is added to", Model("private readonly ModuleDict<Linear> dict = new() { { \"a\", Linear(2, 2) }, (\"b\", Linear(2, 2)) };", "", "dict.Add(\"c\", Linear(2, 2)); dict.Add((\"d\", Linear(2, 2)));") },
        { "sequential that is appended to", Model("private readonly Sequential net = Sequential(), chained = Sequential(Linear(2, 2)).append(ReLU()).append(\"last\", Linear(2, 2));", "", "net.append(Linear(2, 2)).append(ReLU()); net.append(\"last\", Linear(2, 2));") },
        { "list that is appended to and extended", Model("private readonly ModuleList<Linear> list = new(Linear(2, 2));", "", "list.append(Linear(2, 2), Linear(2, 2)); list.extend(new[] { Linear(2, 3) });") },
        { "local that is added to", Model("private readonly ModuleList<Linear> list;", "", "var made = new ModuleList<Linear>(Linear(2, 2)); made.Add(Linear(2, 2)); list = made;") },
        { "list from a query, and one of a cast array", Model("private readonly ModuleList<Module<Tensor, Tensor>> list = new((from i in Enumerable.Range(0, 2) select Linear(2, 2)).ToArray()); private readonly Sequential net = Sequential((Module<Tensor, Tensor>[])[Linear(2, 2), Tanh()]);") },
        { "list that a method adds to", Model("private readonly ModuleList<Module<Tensor, Tensor>> list = new(Linear(2, 2)); private void Grow() => list.Add(Linear(2, 2));", "", "Grow();") },
        { "items added after registration", Model("private readonly ModuleList<Linear> list = new(Linear(2, 2)); private readonly Sequential net = Sequential(Linear(2, 2));", "", "RegisterComponents(); list.Add(Linear(2, 2)); net.append(Linear(2, 2));") },
        { "moved to a device", Model("private readonly Module<Tensor, Tensor> net = Sequential(Linear(2, 2), ReLU()).to(CPU);") },
        { "registered by hand, under the name of the member", Model("private readonly Module<Tensor, Tensor> a = Linear(2, 2);", "", "register_module(\"a\", a);") },
        { "registration that is extended", Model("private readonly Linear a = Linear(2, 2); protected override void RegisterComponents() { base.RegisterComponents(); }").Replace("[\"*\"]", "[\"a\"]", StringComparison.Ordinal) },
        { "the same name in a derived class", Model("private readonly Block block = new();", Block("private readonly Linear q = Linear(2, 3); private readonly int hidden = 1;", "public sealed class Block : Base", "public Block() : base(\"block\") { _ = hidden; RegisterComponents(); }") + Block("private readonly Module<Tensor, Tensor> q = ReLU(); private readonly Linear hidden = Linear(2, 2);", "public abstract class Base : Module<Tensor, Tensor>", "protected Base(string name) : base(name) { }").Replace("public override Tensor forward(Tensor x) => x;", "", StringComparison.Ordinal)) },
        { "private nested class of the annotated one", Model("private readonly Block block = new(); " + Block("private readonly Linear q = Linear(2, 2);", "private sealed class Block : Module<Tensor, Tensor>")) },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void Paths_are_those_of_named_modules(string style, string source)
    {
        Assert.NotEmpty(style);
        var loaded = LoadedModel.From(source);
        Assert.NotEmpty(loaded.RegisteredLayers);
        Assert.Equal(loaded.RegisteredLayers.Order(StringComparer.Ordinal), loaded.Collected.Select(c => c.Path).Order(StringComparer.Ordinal));
        var modules = loaded.Model.named_modules().ToDictionary(m => m.name, m => m.module);
        Assert.All(loaded.Collected, c => Assert.Same(modules[c.Path], c.Layer));
        Assert.Empty(loaded.Plan.ResidualPatterns.ToArray());
    }

    public static TheoryData<string, string> Hidden => new()
    {
        { "object field", Model("private readonly object any = Make(); static object Make() => Linear(2, 2);") },
        { "field of a base class type", Model("private readonly Module<Tensor, Tensor> any = Make(); static Module<Tensor, Tensor> Make() => Linear(2, 2);") },
        { "field of an abstract class of TorchSharp", Model("private readonly Convolution any = Make(); static Convolution Make() => Conv1d(2, 2, 1);") },
        { "registered by hand, of no member", Model("", "", "register_module(\"late\", Linear(2, 2));") },
        { "overridden registration", Model("private readonly Linear a = Linear(2, 2); protected override void RegisterComponents() => register_module(\"b\", a);") },
        { "sequential made elsewhere", Model("private readonly Sequential net = Make(); static Sequential Make() => Sequential(Linear(2, 2));") },
        { "dictionary with a key that is no constant", Model("private readonly ModuleDict<Linear> dict = ModuleDict((\"a\", Linear(2, 2)), (DateTime.Now.Year > 1 ? \"b\" : \"c\", Linear(2, 2)));") },
        { "dictionary with braces in a key", Model("private readonly ModuleDict<Linear> dict = ModuleDict((\"{a}\", Linear(2, 2)));") },
        { "dictionary filled in a loop", Model("private readonly ModuleDict<Linear> dict = new();", "", "foreach (string key in new[] { \"a\", \"b\" }) dict.Add(key, Linear(2, 2));") },
        { "sequential appended in a loop", Model("private readonly Sequential net = Sequential(Linear(2, 2));", "", "for (int i = 0; i < 2; i++) net.append(Linear(2, 2)).append(ReLU());") },
        { "sequential handed to a method", Model("private readonly Sequential net = Sequential(Linear(2, 2)); static void Fill(Sequential s) => s.append(Linear(2, 2));", "", "Fill(net);") },
        { "list with items of several classes, made elsewhere", Model("private readonly ModuleList<Module<Tensor, Tensor>> list = new([Linear(2, 2), .. Make()]); static Module<Tensor, Tensor>[] Make() => [Sequential(Linear(2, 2))];") },
        { "registered by hand in a loop", Model("", "", "for (int i = 0; i < 2; i++) register_module($\"late{i}\", Linear(2, 2));") },
        { "class that another one derives from, made elsewhere", Model("private readonly Block block = Make(); static Block Make() => new Derived();", Block("private readonly Linear q = Linear(2, 2);", "public class Block : Module<Tensor, Tensor>", "public Block() : base(\"block\") { RegisterComponents(); }") + "public sealed class Derived : Block { private readonly Linear more = Linear(2, 2); }") },
        { "subclass of Sequential", Model("private readonly Net net = new();", "public sealed class Net : Sequential { private readonly Linear own = Linear(2, 2); public Net() : base(Linear(2, 2)) { } public override Tensor forward(Tensor x) => own.call(x); }") },
        { "private nested class of another", Model("private readonly Block block = new();", Block("private readonly Inner inner = new(); " + Block("private readonly Linear p = Linear(2, 2);", "private sealed class Inner : Module<Tensor, Tensor>", "public Inner() : base(\"inner\") { RegisterComponents(); }"))) },
        { "class that holds itself", Model("private readonly Tree tree = new(new Tree(null));", Block("private readonly Linear q = Linear(2, 2); private readonly Tree? child;", "public sealed class Tree : Module<Tensor, Tensor>", "public Tree(Tree? child) : base(\"tree\") { this.child = child; RegisterComponents(); }")) },
    };

    [Theory]
    [MemberData(nameof(Hidden))]
    public void What_cannot_be_seen_is_left_to_the_run(string style, string source)
    {
        Assert.NotEmpty(style);
        var loaded = LoadedModel.From(source);
        Assert.Equal(["*"], loaded.Plan.ResidualPatterns.ToArray());
        Assert.True(loaded.Collected.Count < loaded.RegisteredLayers.Count);
    }
}
