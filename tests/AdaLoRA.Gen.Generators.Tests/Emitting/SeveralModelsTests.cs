using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Tests.Emitting;

/// <summary>More than one annotated class: in one file, under names that are nearly the same, inside one another, in several assemblies.</summary>
public sealed class SeveralModelsTests
{
    private static string Model(string name, string members = "private readonly Linear q = Linear(2, 2);", string targets = "\"*\"", string constructor = "") => $$"""
        [AdaLoRA(Budget = 2, Targets = [{{targets}}])]
        public partial class {{name}} : Module<Tensor, Tensor>
        {
            {{members}}
            public {{name.Split('<')[0]}}() : base("m") { {{constructor}} RegisterComponents(); }
            public override Tensor forward(Tensor x) => x;
        }

        """;

    /// <summary>The compiler holds names of generated files against each other without regard to case, and drops all that the generator wrote when two are equal.</summary>
    [Theory]
    [InlineData("classes that differ in case", "Net", "net", "NET")]
    [InlineData("with type parameters and without", "M", "M<T>", "M<A, B>", "M_1")]
    [InlineData("with characters that a file name may not have", "Mo\u0308", "Mo")]
    public void Names_that_are_nearly_the_same(string what, params string[] names)
    {
        Assert.NotEmpty(what);
        var run = GeneratorRun.On(names.Select(n => Model(n)).Aggregate("", (all, one) => all + one));
        Assert.Equal(names.Length, run.ModelSources.Select(s => s.HintName).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        // What every compiler takes.
        Assert.All(run.Sources, s => Assert.Matches("^[\\p{L}\\p{Nd}.,{}_-]+$", s.HintName));
        foreach (string name in names.Where(n => !n.Contains('<', StringComparison.Ordinal))) Assert.Equal(["q"], AttachedModel.Paths(run, name));
    }

    [Fact]
    public void Namespaces_that_differ_in_case_and_nested_classes()
    {
        var run = GeneratorRun.On($$"""namespace Space { {{Model("M")}} } namespace space { {{Model("M")}} public partial class Outer { {{Model("M")}} public partial class Inner<T> { {{Model("M")}} } } }""");
        Assert.Equal(["space.Outer.Inner{T}.M-", "space.Outer.M-", "space.M-", "Space.M-"], run.ModelSources.Select(s => s.HintName[..(s.HintName.LastIndexOf('-') + 1)]).OrderByDescending(n => n, StringComparer.Ordinal).Order(Comparer<string>.Create((a, b) => b.Length - a.Length)));
    }

    [Fact]
    public void A_name_that_is_the_types_alone_is_the_files()
    {
        string name = GeneratorRun.On("namespace Demo; public partial class Outer<T> { " + Model("M") + " }").ModelSources.Single().HintName;
        Assert.Equal("Demo.Outer{T}.M.AdaLoRA.g.cs", name);
    }

    [Fact]
    public void A_model_that_holds_an_annotated_model()
    {
        var run = GeneratorRun.On(Model("Child", "private readonly Linear q = Linear(2, 2), k = Linear(2, 2);", "\"q\"") + Model("Parent", "private readonly Child child = new(); private readonly Linear head = Linear(2, 2);", "\"child.k\", \"head\""));
        var assembly = AttachedModel.Load(run);
        Assert.Equal(["child.k", "head"], AttachedModel.Paths(assembly, "Parent"));
        Assert.Equal(["q"], AttachedModel.Paths(assembly, "Child"));
    }

    [Fact]
    public void A_derived_model_leaves_its_base_as_it_is()
    {
        var run = GeneratorRun.On(Model("Base", "private readonly Linear q = Linear(2, 2); protected readonly Linear k = Linear(2, 2);", "\"q\"") + """
            [LoRA(Rank = 1, Targets = ["k", "own"])]
            public partial class Derived : Base
            {
                private readonly Linear own = Linear(2, 2);
            }
            """);
        var assembly = AttachedModel.Load(run);
        Assert.Equal(["q"], AttachedModel.Paths(assembly, "Base"));
        Assert.Equal(["k", "own"], AttachedModel.Paths(assembly, "Derived"));
    }

    /// <summary>Each assembly has its own module initializer, even where it sees the internals of the other.</summary>
    [Fact]
    public void Models_in_two_assemblies_that_share_their_internals()
    {
        var library = GeneratorRun.On(Compilations.Create("[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"Demo\")]\n" + Model("Child") + Model("Annotated", "internal readonly Linear own = Linear(2, 2);")).WithAssemblyName("Library"));
        using var image = new MemoryStream();
        Assert.True(library.Updated.Emit(image).Success);
        var app = GeneratorRun.On(Compilations.Create(Model("Parent", "internal readonly Annotated child = new(); public readonly Linear head = Linear(2, 2);", "\"child.own\", \"head\"") + """
            [AdaLoRA(Budget = 2, Targets = ["own", "more"])]
            public partial class Derived : Annotated
            {
                private readonly Linear more = Linear(2, 2);
            }
            """).AddReferences(MetadataReference.CreateFromImage(image.ToArray())));
        Assert.Contains(app.Sources, s => s.HintName == "AdaLoRA.NativeBackend.g.cs");
        Assert.Contains("targets.Add(\"child.own\", child.own);", app.ModelSources.Single(s => s.HintName == "Parent.AdaLoRA.g.cs").SourceText.ToString(), StringComparison.Ordinal);
        string derived = app.ModelSources.Single(s => s.HintName == "Derived.AdaLoRA.g.cs").SourceText.ToString();
        Assert.Contains("CS0108", derived, StringComparison.Ordinal);
        Assert.Contains("targets.Add(\"own\", model.own);", derived, StringComparison.Ordinal);
    }
}
