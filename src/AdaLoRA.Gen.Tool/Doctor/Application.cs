using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Native;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>The application whose native libraries are looked at.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Chosen">How it was found, for people.</param>
internal sealed record Application(string Folder, string Chosen)
{
    /// <summary>The folder that is named; else the newest output of the project here or above; else this folder.</summary>
    public static Application Find(string? named, string here)
    {
        if (named is not null) return new Application(Path.GetFullPath(named), "named with --app");
        for (DirectoryInfo? folder = new(here); folder is not null; folder = folder.Parent)
        {
            FileInfo[] projects = folder.GetFiles("*.csproj");
            if (projects.Length == 0) continue;
            string bin = Path.Combine(folder.FullName, "bin");
            var outputs = !Directory.Exists(bin) ? [] : Directory.GetFiles(bin, "*.deps.json", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 4, IgnoreInaccessible = true });
            string? newest = outputs.MaxBy(File.GetLastWriteTimeUtc);
            return newest is null
                ? new Application(folder.FullName, $"the folder of {projects[0].Name}, which was not built yet: build it first, or name a folder with --app")
                : new Application(Path.GetDirectoryName(newest)!, $"the newest output of {projects[0].Name}");
        }
        return new Application(here, "the current folder, as no project is here or above; name another with --app");
    }

    /// <summary>The first place that holds a library, or a link that bears its name; null for none.</summary>
    public string? PlaceOf(string library)
    {
        string file = NativeFiles.FileName(library);
        return NativeFiles.FoldersOf(Folder).Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }

    /// <summary>All places that hold it.</summary>
    public string[] PlacesOf(string library) => [.. NativeFiles.FoldersOf(Folder).Select(folder => Path.Combine(folder, NativeFiles.FileName(library))).Where(File.Exists)];

    /// <summary>Versions of the packages that the application was built with, by lower-case name; empty where no .deps.json says (a single file, NativeAOT).</summary>
    public Dictionary<string, string> Packages()
    {
        var packages = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        try
        {
            foreach (string path in Directory.GetFiles(Folder, "*.deps.json"))
            {
                if (StrictJson.ReadObject(path)?["libraries"] is not JsonObject libraries) continue;
                foreach (string[] parts in libraries.Select(library => library.Key.Split('/')).Where(parts => parts.Length == 2)) packages.TryAdd(parts[0], parts[1]);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // What the packages were is a comfort, not a need: the libraries speak for themselves.
        }
        return packages;
    }
}
