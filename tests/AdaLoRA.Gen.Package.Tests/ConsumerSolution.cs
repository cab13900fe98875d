using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>The projects below Consumers/, copied out of the repository and built once.</summary>
public sealed class ConsumerSolution
{
    public ConsumerSolution(PackageFeed feed)
    {
        Folder = Path.Combine(feed.Folder, "consumer");
        string sources = RepositoryRoot.Combine("tests", "AdaLoRA.Gen.Package.Tests", "Consumers");
        foreach (string source in Directory.GetFiles(sources, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(Folder, Path.GetRelativePath(sources, source));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target);
        }
        WriteReadmeProgram();
        feed.Must("build", Path.Combine(Folder, "Consumer.slnx"), "-c", "Release");
    }

    public string Folder { get; }

    /// <summary>What the gallery shows of AdaLoRA.Gen.</summary>
    public string Readme { get; } = File.ReadAllText(RepositoryRoot.Combine("src", "AdaLoRA.Gen", "PACKAGE.md"));

    // Its first block of C# is a file; its second is a loop over a model and batches, which are given here.
    private void WriteReadmeProgram()
    {
        string[] blocks = [.. Readme.Split("```csharp\n").Skip(1).Select(b => b[..b.IndexOf("```", StringComparison.Ordinal)])];
        Assert.Equal(2, blocks.Length);
        string usings = blocks[0][..blocks[0].IndexOf("[AdaLoRA", StringComparison.Ordinal)];
        File.WriteAllText(Path.Combine(Folder, "Readme", "Net.cs"), blocks[0]);
        File.WriteAllText(Path.Combine(Folder, "Readme", "Program.cs"), $"""
            {usings}
            using var model = new Net();
            var batches = Enumerable.Range(0, 3).Select(_ => (X: randn(8, 32), Y: randint(4, [8])));
            {blocks[1]}
            """);
    }
}
