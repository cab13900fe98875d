using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Tests.Emitting;

/// <summary>Ways of writing an annotated class: the generated part compiles without a warning, as C# 12 and in every nullable context, and in the running model the adapters sit where the patterns say.</summary>
public sealed class FormsTests
{
    private const string Layer = "private readonly Linear q = Linear(2, 2);";

    private static string Module(string head, string name, string members) => $$"""
        {{head}} : Module<Tensor, Tensor>
        {
            {{members}}
            public {{name}}() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }

        """;

    private static string Block(string name, string members) => Module("public sealed class " + name, name, members);

    private static string Model(string head, string members, string name = "M") => """[AdaLoRA(Budget = 2, Targets = ["*"])] """ + Module(head, name, members);

    /// <summary>Name of the form, class to make, paths of its adapters, source.</summary>
    public static TheoryData<string, string, string, string> Forms => new()
    {
        { "nested in a class, a struct, a record and an interface", "Demo.A+B+C+D+M", "q",
            $"namespace Demo; public partial class A {{ public partial struct B {{ public partial record C {{ public partial interface D {{ {Model("public partial class M", Layer)} }} }} }} }}" },
        { "private, in a record struct of a generic class", "A`1+B+M", "q",
            $"public partial class A<T> {{ public partial record struct B(int N) {{ {Model("private sealed partial class M", Layer)} }} }}" },
        { "generic", "Demo.M`2", "block.q",
            "namespace Demo; " + Block("Block", Layer) + Model("public partial class M<T, @class>", "private readonly Block block = new();").Replace(": Module<Tensor, Tensor>\n{\n    private readonly Block", ": Module<Tensor, Tensor> where T : class, new() where @class : struct\n{\n    private readonly Block", StringComparison.Ordinal) },
        { "generic owner", "M", "block.inner.q,block.q",
            Block("Inner", Layer) + Block("Block<T>", "private readonly T inner = new(); " + Layer).Replace("public Block<T>()", "public Block()", StringComparison.Ordinal).Replace(": Module<Tensor, Tensor>", ": Module<Tensor, Tensor> where T : Module<Tensor, Tensor>, new()", StringComparison.Ordinal)
            + Model("public partial class M", "private readonly Block<Inner> block = new();") },
        { "generic owner in a generic class", "M`1", "block.inner.q,block.q",
            Block("Inner", Layer) + Block("Block<T>", "private readonly T inner = new(); " + Layer).Replace("public Block<T>()", "public Block()", StringComparison.Ordinal).Replace(": Module<Tensor, Tensor>", ": Module<Tensor, Tensor> where T : Module<Tensor, Tensor>, new()", StringComparison.Ordinal)
            + Model("public partial class M<U>", "private readonly Block<Inner> block = new();") },
        { "required members", "M", "block.Key,block.q,q", """
            public sealed class Block : Module<Tensor, Tensor>
            {
                public required Linear q;
                [field: TorchSharp.Utils.ComponentName(Name = "Key")] public required Linear Key { get; init; }
                public Block() : base("block") { }
                public override Tensor forward(Tensor x) => x;
            }

            [AdaLoRA(Budget = 2, Targets = ["*"])]
            public partial class M : Module<Tensor, Tensor>
            {
                public required Linear q;
                public required string Title { get; init; }
                private readonly Block block = new() { q = Linear(2, 2), Key = Linear(2, 2) };
                [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
                public M() : base("m") { q = Linear(2, 2); Title = ""; RegisterComponents(); }
                public override Tensor forward(Tensor x) => x;
            }
            """ },
        { "keywords", "namespace.class.record", "event.await,event.required,field,global,var",
            "namespace @namespace.@class; " + Block("@event", "private readonly Linear await = Linear(2, 2), required = Linear(2, 2);") + Model("public partial class @record", "private readonly Linear field = Linear(2, 2), var = Linear(2, 2), global = Linear(2, 2); private readonly @event @event = new();", "record") },
        { "underscores", "M", "_._,_.__,__", Block("B", "private readonly Linear _ = Linear(2, 2), __ = Linear(2, 2);") + Model("public partial class M", "private readonly B _ = new(); private readonly Linear __ = Linear(2, 2);") },
        { "names that generated code uses", "M", "b.AdaLoRAAccessors.AdaLoRAView,b._branch,b.targets,model.AdaLoRAPlanHolder,model.index,model.item",
            Block("A", "private readonly Linear AdaLoRAPlanHolder = Linear(2, 2), item = Linear(2, 2), index = Linear(2, 2);") + Block("C", "private readonly Linear AdaLoRAView = Linear(2, 2);") + Block("B", "private readonly Linear targets = Linear(2, 2), _branch = Linear(2, 2); private readonly C AdaLoRAAccessors = new();")
            + Model("public partial class M", "private readonly A model = new(); private readonly B b = new();") },
        { "namespaces that capture names", "Demo.torch.System.TorchSharp.AdaLoRA.M", "block.q",
            "namespace Demo.torch.System.TorchSharp.AdaLoRA; " + Block("Block", Layer) + Model("public partial class M", "private readonly Block block = new(); public static class Gen { }") },
        { "in the namespace of the run time", "AdaLoRA.Gen.Mine.M", "block.q", "namespace AdaLoRA.Gen.Mine; " + Block("Block", Layer) + Model("public partial class M", "private readonly Block block = new();") },
        { "file-local blocks", "M", "block.q", Module("file sealed class Block", "Block", "internal readonly Linear q = Linear(2, 2);") + Model("public partial class M", "private readonly object block = new Block();") },
        { "obsolete blocks and layers", "M", "block.q,old",
            Block("Block", Layer).Replace("public sealed", "[Obsolete(\"use another\")] public sealed", StringComparison.Ordinal) + "#pragma warning disable\n" + Model("public partial class M", "private readonly Block block = new(); [Obsolete] private readonly Linear old = Linear(2, 2);") },
        { "a base class that is annotated, too", "M", "own,q", Model("public partial class Base", Layer, "Base") + """
            [AdaLoRA(Budget = 2, Targets = ["*"])]
            public partial class M : Base
            {
                private readonly Linear own = Linear(2, 2);
            }
            """ },
        { "a base class that uses a generated name", "M", "q", "public abstract class Base : Module<Tensor, Tensor> { protected Base() : base(\"m\") { } public string AdaLoRA => \"\"; }\n"
            + Model("public partial class M", Layer).Replace(": Module<Tensor, Tensor>", ": Base", StringComparison.Ordinal).Replace(": base(\"m\")", "", StringComparison.Ordinal) },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Compiles_everywhere_and_adapts_what_the_patterns_say(string form, string typeName, string paths, string source)
    {
        Assert.NotEmpty(form);
        foreach (var context in new[] { NullableContextOptions.Disable, NullableContextOptions.Warnings, NullableContextOptions.Annotations }) GeneratorRun.On(Compilations.Create(context, source));
        var run = GeneratorRun.On(source).AssertCompilesAs(LanguageVersion.CSharp12);
        Assert.Equal(paths.Split(','), AttachedModel.Paths(run, typeName));
    }

    /// <summary>Type arguments that are annotated otherwise than the accessor's owner say nothing of the layers.</summary>
    [Fact]
    public void Nullable_type_arguments_and_contexts_of_parts()
    {
        var run = GeneratorRun.On("""
            #nullable enable
            public sealed class Holder<T> : Module<Tensor, Tensor> where T : Module<Tensor, Tensor>?
            {
                private readonly T? inner;
                public Holder(T? inner) : base("h") { this.inner = inner; RegisterComponents(); }
                public override Tensor forward(Tensor x) => x;
            }
            #nullable disable
            [LoRA(Rank = 1, Targets = ["*"])]
            public partial class M : Module<Tensor, Tensor>
            {
            #nullable enable
                private readonly Holder<Linear?> a = new(Linear(2, 2));
            #nullable disable
                private readonly Holder<Linear> b = new(Linear(2, 2));
                public M() : base("m") { RegisterComponents(); }
                public override Tensor forward(Tensor x) => x;
            }
            """);
        Assert.Equal(["a.inner", "b.inner"], AttachedModel.Paths(run.AssertCompilesAs(LanguageVersion.CSharp12), "M"));
    }
}
