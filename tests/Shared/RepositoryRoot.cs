namespace AdaLoRA.Gen.Testing;

/// <summary>Finds the repository from wherever a test assembly was built to.</summary>
internal static class RepositoryRoot
{
    private const string Marker = "AdaLoRA.Gen.sln";

    internal static string Path { get; } = Find();

    internal static string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, Marker))) return folder.FullName;
        }
        throw new InvalidOperationException($"No folder above '{AppContext.BaseDirectory}' holds {Marker}: the tests read their fixtures from the repository.");
    }
}
