using AdaLoRA.Gen.Native;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>Where libtorch would come from, and whether its files are whole: told from the files alone, nothing is loaded.</summary>
internal sealed class LibraryChecks(Application application, string? python, string? searchPath)
{
    private const string Restore = "Restore the packages again (dotnet nuget locals all --clear, then dotnet restore) and build or publish the application again.";

    /// <summary>Libraries that are there and whole, with what they ask for; for the checks of versions.</summary>
    public Dictionary<string, ElfFile> Images { get; } = [];

    /// <summary>Whether trying to load makes sense.</summary>
    public bool CanLoad { get; private set; }

    /// <summary>Whether libtorch has its CUDA half.</summary>
    public bool HasCuda { get; private set; }

    public IEnumerable<Check> Run()
    {
        if (NativeFiles.Package is null)
        {
            yield return Check.Problem("platform", NativeLoad.Missing(), "Use another machine or base image.");
            yield break;
        }
        yield return Check.Ok("platform", $"{System.Runtime.InteropServices.RuntimeInformation.OSDescription}, {NativeFiles.Platform}.");
        if (!Directory.Exists(application.Folder))
        {
            yield return File.Exists(application.Folder)
                ? Check.Problem("application", $"'{application.Folder}' is a file.", "Name the folder that holds the application's .dll.")
                : Check.Problem("application", $"There is no folder '{application.Folder}'.", "Name the folder that a build or publish wrote, such as bin/Release/net10.0.");
            yield break;
        }
        if (WhyUnreadable(application.Folder) is { } closed)
        {
            yield return Check.Problem("application", $"'{application.Folder}' cannot be read: {closed}", "Check the permissions of the folder.");
            yield break;
        }
        foreach (var check in Packages()) yield return check;
        var (source, folder) = Source();
        yield return source;
        if (source.Status == CheckStatus.Problem) yield break;
        foreach (var check in Others(folder)) yield return check;
        bool whole = true;
        foreach (var check in Files(folder))
        {
            whole &= check.Status != CheckStatus.Problem;
            yield return check;
        }
        CanLoad = whole;
    }

    private IEnumerable<Check> Packages()
    {
        var packages = application.Packages();
        if (packages.TryGetValue("TorchSharp", out string? version))
        {
            yield return version.StartsWith(NativeBackend.TorchSharpVersion + ".", StringComparison.Ordinal)
                ? Check.Ok("torchsharp", $"Built with TorchSharp {version}.")
                : Check.Problem("torchsharp", $"Built with TorchSharp {version}, but AdaLoRA.Gen is made for {NativeBackend.TorchSharpVersion}.", $"Reference TorchSharp {NativeBackend.TorchSharpVersion}.0 in the application's project.");
        }
        else if (application.PlaceOf(NativeFiles.Binding) is null && !File.Exists(Path.Combine(application.Folder, "TorchSharp.dll")))
        {
            yield return Check.Problem("torchsharp", $"'{application.Folder}' holds no application with TorchSharp: neither TorchSharp.dll nor {NativeFiles.FileName(NativeFiles.Binding)} is there.", "Name the folder that a build or publish of the application wrote with --app.");
        }
        foreach (var (name, libtorch) in packages.Where(p => p.Key.StartsWith("libtorch-", StringComparison.OrdinalIgnoreCase) && !p.Key.Contains("-part", StringComparison.OrdinalIgnoreCase)))
        {
            if (PythonTorch.IsAccepted(libtorch)) yield return Check.Ok("libtorch-package", $"Built with {name} {libtorch}.");
            else yield return Check.Problem("libtorch-package", $"Built with {name} {libtorch}, but TorchSharp {NativeBackend.TorchSharpVersion} runs on libtorch {PythonTorch.Accepted} only.", $"Reference version 2.10.0 of {name}, or TorchSharp-cpu {NativeBackend.TorchSharpVersion}.0.");
        }
    }

    /// <summary>As the run time decides, in its words; a link that leads nowhere is told apart from a file that is not there.</summary>
    private (Check Check, string? Folder) Source()
    {
        string? bundled = application.PlaceOf(NativeFiles.TorchCpu);
        if (!string.IsNullOrEmpty(python))
        {
            if (bundled is not null) return (Check.Problem("libtorch", NativeLoad.TwoCopies(Path.GetDirectoryName(bundled)!)), null);
            try
            {
                var torch = PythonTorch.At(python);
                return (Check.Ok("libtorch", $"From a Python install: torch {torch.Version} in '{torch.Folder}'."), torch.Folder);
            }
            catch (Exception e) when (e is DllNotFoundException or ArgumentException or IOException)
            {
                return (Check.Problem("libtorch", e.Message, "python -c \"import torch; print(torch.__path__[0])\" prints the right folder."), null);
            }
        }
        if (bundled is not null) return (Check.Ok("libtorch", $"Bundled with the application, in '{Path.GetDirectoryName(bundled)}'."), Path.GetDirectoryName(bundled));
        string? system = SearchPath().FirstOrDefault(folder => File.Exists(Path.Combine(folder, NativeFiles.FileName(NativeFiles.TorchCpu))));
        if (system is not null) return (Check.Ok("libtorch", $"On the loader's search path, in '{system}'."), system);
        return (Check.Problem("libtorch", NativeLoad.Missing()), null);
    }

    private IEnumerable<Check> Others(string? folder)
    {
        string[] places = application.PlacesOf(NativeFiles.TorchCpu);
        if (places.Length > 1) yield return Check.Warning("copies", $"The application has two libtorches, '{places[0]}' and '{places[1]}'; the first is taken.", "Delete the bin folder and build again.");
        string? other = SearchPath().FirstOrDefault(path => path != folder && File.Exists(Path.Combine(path, NativeFiles.FileName(NativeFiles.TorchCpu))));
        if (other is not null) yield return Check.Warning("copies", $"Another libtorch lies on the loader's search path, in '{other}'; two in one process abort.", $"Take it off {(OperatingSystem.IsWindows() ? "PATH" : OperatingSystem.IsMacOS() ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH")}.");
    }

    private IEnumerable<Check> Files(string? folder)
    {
        foreach (string library in NativeFiles.Libtorch)
        {
            string path = Path.Combine(folder!, NativeFiles.FileName(library));
            bool optional = library.EndsWith("_cuda", StringComparison.Ordinal), there = File.Exists(path);
            if (optional && !there) continue;
            if (library == NativeFiles.TorchCuda) HasCuda = true;
            yield return there ? One(library, path) : Check.Problem(library, $"'{path}' is missing, though other parts of libtorch are there.", Restore);
        }
        string? binding = application.PlaceOf(NativeFiles.Binding);
        yield return binding is null ? Check.Problem(NativeFiles.Binding, NativeLoad.BindingMissing()) : One(NativeFiles.Binding, binding);
    }

    private Check One(string library, string path)
    {
        var info = new FileInfo(path);
        try
        {
            // A link exists in .NET's eyes wherever it leads.
            if (info.LinkTarget is { } target && info.ResolveLinkTarget(returnFinalTarget: true) is not FileInfo { Exists: true }) return Check.Problem(library, $"'{path}' is a link to '{target}', which is not there or may not be reached.", "Restore the packages again (dotnet restore), which the link leads into, or publish the application, which copies them.");
            using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
            {
                if (stream.Length == 0) return Check.Problem(library, $"'{path}' is damaged: it is empty.", Restore);
            }
            if (OperatingSystem.IsLinux()) Images[library] = ElfFile.Open(path);
            long bytes = info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo real ? real.Length : info.Length;
            return Check.Ok(library, $"'{path}' is whole ({Output.Text.Bytes(bytes)}).");
        }
        catch (BadImageFormatException e)
        {
            return Check.Problem(library, $"'{path}' is damaged: {e.Message}.", e.Message.Contains("built for", StringComparison.Ordinal) ? $"Publish the application for {NativeFiles.Platform} (-r {NativeFiles.Platform})." : Restore);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Check.Problem(library, $"'{path}' cannot be read: {e.Message}", "Check the permissions of the file and of the folders above it.");
        }
    }

    private string[] SearchPath() => (searchPath ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string? WhyUnreadable(string folder)
    {
        try
        {
            _ = Directory.GetFileSystemEntries(folder);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }
}
