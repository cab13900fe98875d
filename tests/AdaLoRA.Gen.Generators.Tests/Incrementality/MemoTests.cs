using System.Runtime.CompilerServices;
using AdaLoRA.Gen.Generators.Reading;
using AdaLoRA.Gen.Generators.Tests.Harness;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Generators.Tests.Incrementality;

/// <summary>The memo gives what a reading from scratch gives, after every kind of edit, and keeps nothing alive.</summary>
public sealed class MemoTests
{
    private const string Model = """
        [LoRA(Rank = Ranks.R, Targets = ["*"])]
        public partial class M : Base
        {
            private readonly Linear q = Linear(8, Sizes.Out);
            private readonly Block block = new();
            private readonly Conv2d conv = Conv2d(8, 8, (Kernels.Side, 1));
            private readonly TransposedLinear transposed = new(Kernels.Side, 8);
            public M() : base("m") => RegisterComponents();
            public override Tensor forward(Tensor x) => x;
        }
        """;

    private static readonly string[] Sources =
    [
        Model,
        "public abstract class Base : Module<Tensor, Tensor> { private readonly Linear hidden = Linear(4, 4); protected Base(string name) : base(name) { } }",
        "public sealed class Block : Module<Tensor, Tensor> { private readonly Linear key = Linear(8, 8); public Block() : base(\"b\") => RegisterComponents(); public override Tensor forward(Tensor x) => x; }",
        "public static class Sizes { public const int Out = Deeper.Out; }",
        "public static class Deeper { public const int Out = 8; }",
        "public static class Ranks { public const int R = 2; }",
        "namespace Elsewhere { public class Block { public int F() => 1; } }",
        "public static class Kernels { public const int Side = 3; }",
    ];

    [Theory]
    [InlineData("File4.cs", "8", "16")]
    [InlineData("File3.cs", "Deeper.Out", "32")]
    [InlineData("File3.cs", "public const int Out = Deeper.Out", "public static readonly int Out = 3")]
    [InlineData("File5.cs", "2", "3")]
    [InlineData("File1.cs", "hidden", "seen")]
    [InlineData("File1.cs", "private readonly Linear hidden = Linear(4, 4);", "")]
    [InlineData("File2.cs", "Linear(8, 8)", "Linear(8, 9)")]
    [InlineData("File2.cs", "class Block : Module<Tensor, Tensor>", "class Block : Base")]
    [InlineData("File7.cs", "3", "5")]
    [InlineData("File7.cs", "const int Side = 3", "static readonly int Side = 3")]
    [InlineData("File6.cs", "=> 1", "=> 2")]
    [InlineData("File6.cs", "namespace Elsewhere { public class Block", "namespace Elsewhere { public class Blocked")]
    [InlineData("File6.cs", "namespace Elsewhere", "public partial class M { private readonly Linear added = Linear(2, 2); }\nnamespace Elsewhere")]
    [InlineData("File6.cs", "namespace Elsewhere", "public partial class M { public class Block { } }\nnamespace Elsewhere")]
    public void Agrees_with_a_reading_from_scratch_after(string file, string old, string with)
    {
        var before = Compilations.Create(Sources);
        var tree = before.SyntaxTrees.Single(t => t.FilePath == file);
        var after = before.ReplaceSyntaxTree(tree, Compilations.Parse(tree.ToString()[Compilations.Usings.Length..].Replace(old, with, StringComparison.Ordinal), file));
        var memo = new ReadMemo();
        Read(memo, before);
        Assert.Equal(Read(new ReadMemo(), after), Read(memo, after));
        Assert.Equal(Read(new ReadMemo(), before), Read(memo, before));
    }

    [Fact]
    public void Reads_again_only_after_an_edit_that_matters()
    {
        var before = Compilations.Create(Sources);
        var memo = new ReadMemo();
        var first = Read(memo, before);
        Assert.Same(first, Read(memo, Edit(before, "File6.cs", "=> 1", "=> 2")));
        Assert.NotSame(first, Read(memo, Edit(before, "File0.cs", "private", "/**/ private")));
    }

    [Fact]
    public void Other_references_are_another_compilation()
    {
        var before = Compilations.Create(Sources);
        var memo = new ReadMemo();
        var first = Read(memo, before);
        Assert.NotSame(first, Read(memo, before.AddReferences(Compilations.Library("public class L { }"))));
    }

    /// <summary>The command line compiler hands over options that throw when they are asked for a hash; the generator once did ask.</summary>
    [Fact]
    public void Options_without_a_hash_do_not_matter()
    {
        var compilation = Compilations.Create(Sources);
        Assert.NotNull(Read(new ReadMemo(), compilation.WithOptions(compilation.Options.WithSourceReferenceResolver(new NoHash()))));
    }

    [Fact]
    public void Keeps_no_compilation_and_no_tree_alive()
    {
        var memo = new ReadMemo();
        var (compilation, tree) = ReadAndForget(memo);
        for (int i = 0; i < 10 && (compilation.IsAlive || tree.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.False(compilation.IsAlive);
        Assert.False(tree.IsAlive);
        GC.KeepAlive(memo);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference Compilation, WeakReference Tree) ReadAndForget(ReadMemo memo)
    {
        var compilation = Compilations.Create(Sources);
        Read(memo, compilation);
        return (new WeakReference(compilation), new WeakReference(compilation.SyntaxTrees[0]));
    }

    private static CSharpCompilation Edit(CSharpCompilation compilation, string file, string old, string with)
    {
        var tree = compilation.SyntaxTrees.Single(t => t.FilePath == file);
        return compilation.ReplaceSyntaxTree(tree, Compilations.Parse(tree.ToString()[Compilations.Usings.Length..].Replace(old, with, StringComparison.Ordinal), file));
    }

    private static Generators.Models.ModelSpec? Read(ReadMemo memo, CSharpCompilation compilation) =>
        memo.Read(compilation.GetTypeByMetadataName("M")!, AdapterAttribute.LoRAName, compilation, CancellationToken.None);

    private sealed class NoHash : SourceReferenceResolver
    {
        public override bool Equals(object? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => throw new NotImplementedException();

        public override string? NormalizePath(string path, string? baseFilePath) => path;

        public override string? ResolveReference(string path, string? baseFilePath) => null;

        public override Stream OpenRead(string resolvedPath) => Stream.Null;
    }
}
