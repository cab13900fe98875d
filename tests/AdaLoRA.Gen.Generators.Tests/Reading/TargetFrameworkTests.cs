using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Tests.Reading;

/// <summary>On .NET 8 an accessor that has to do with a generic class compiles and throws where it is called, so the layer is left to the pattern.</summary>
public sealed class TargetFrameworkTests
{
    private const string Block = """
        public sealed class Block<T> : Module<Tensor, Tensor>
        {
            private readonly Linear hidden = Linear(2, 2);
            public readonly Linear shown = Linear(2, 2);
            public Block() : base("b") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }

        public sealed class Plain : Module<Tensor, Tensor>
        {
            private readonly Linear hidden = Linear(2, 2);
            public Plain() : base("p") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }

        """;

    private static string Model(string head) => Block + $$"""
        [AdaLoRA(Budget = 2, Targets = ["*"])]
        public partial class {{head}} : Module<Tensor, Tensor>
        {
            private readonly Block<int> block = new();
            private readonly Plain plain = new();
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """;

    /// <summary>The run time's assembly here is for a newer framework: its attributes stand in source. The result is read, not compiled.</summary>
    private static string OnNet8(string source)
    {
        var compilation = Compilations.Create(source, """
            namespace AdaLoRA.Gen
            {
                public sealed class AdaLoRAAttribute : Attribute { public int Budget { get; set; } public string[] Targets { get; set; } = []; }
                public sealed class LoRAAttribute : Attribute;
            }
            """);
        compilation = compilation.WithReferences([.. Basic.Reference.Assemblies.Net80.References.All, .. compilation.References.Where(r => Path.GetFileName(r.Display) is "TorchSharp.dll")]);
        var driver = CSharpGeneratorDriver.Create([new AdaLoRAGenerator().AsSourceGenerator()], parseOptions: Compilations.ParseOptions).RunGenerators(compilation);
        return driver.GetRunResult().Results.Single().GeneratedSources.Single(s => s.HintName.StartsWith('M')).SourceText.ToString();
    }

    private static string[] Accessors(string text) => [.. text.Split('\n').Where(line => line.Contains("static extern", StringComparison.Ordinal)).Select(line => line[(line.LastIndexOf('(') + 1)..line.LastIndexOf(' ')])];

    [Fact]
    public void Net8_reads_fields_of_plain_classes_by_accessor_and_leaves_those_of_generic_ones_to_the_run()
    {
        string text = OnNet8(Model("M"));
        Assert.Equal(["global::Plain"], Accessors(text));
        Assert.Contains("targets.Add(\"block.shown\", block.shown);", text, StringComparison.Ordinal);
        Assert.Contains("targets.Add(\"plain.hidden\", AdaLoRAAccessors.Plain_hidden(plain));", text, StringComparison.Ordinal);
        Assert.DoesNotContain("targets.Add(\"block.hidden\"", text, StringComparison.Ordinal);
        Assert.Matches("residualPatterns:\\s*\\[\\s*\"\\*\",\\s*\\]", text);
        // The view is typed all the same.
        Assert.Contains("hidden => _branch.Adapter(\"hidden\");", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Net8_has_no_accessors_inside_a_generic_class()
    {
        string text = OnNet8(Model("M<T>"));
        Assert.Empty(Accessors(text));
        Assert.Matches("residualPatterns:\\s*\\[\\s*\"\\*\",\\s*\\]", text);
    }

    [Fact]
    public void Net9_and_later_read_them_all()
    {
        var run = GeneratorRun.On(Model("M"));
        Assert.Equal(["global::Block<T>", "global::Plain"], Accessors(run.Model));
        Assert.Contains("residualPatterns: []", run.Model, StringComparison.Ordinal);
        Assert.Equal(["block.hidden", "block.shown", "plain.hidden"], AttachedModel.Paths(run, "M"));
        Assert.Equal(["block.hidden", "block.shown", "plain.hidden"], AttachedModel.Paths(GeneratorRun.On(Model("M<T>")), "M`1"));
    }

    [Fact]
    public void A_copy_of_the_attribute_in_source_is_not_taken_for_the_frameworks()
    {
        var compilation = Compilations.Create(Model("M"), "namespace System.Runtime.CompilerServices { internal sealed class UnsafeAccessorAttribute : Attribute { } }");
        var driver = CSharpGeneratorDriver.Create([new AdaLoRAGenerator().AsSourceGenerator()], parseOptions: Compilations.ParseOptions).RunGenerators(compilation);
        Assert.DoesNotContain("UnsafeAccessor", driver.GetRunResult().Results.Single().GeneratedSources.Single(s => s.HintName.StartsWith('M')).SourceText.ToString(), StringComparison.Ordinal);
    }
}
