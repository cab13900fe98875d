namespace AdaLoRA.Gen.Tests.Shared;

/// <summary>The folder of the solution, found upwards from where the tests run.</summary>
internal static class RepositoryRoot
{
    /// <summary>Its full path.</summary>
    public static string Folder { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "AdaLoRA.Gen.sln"))) return folder.FullName;
        }
        throw new InvalidOperationException($"No AdaLoRA.Gen.sln above '{AppContext.BaseDirectory}'.");
    }
}
