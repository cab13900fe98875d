using AdaLoRA.Gen.Native;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Tool.Tests.Doctor;

/// <summary>An application's folder with links to the real libtorch, which a test breaks in one place. No byte of libtorch is copied or written.</summary>
internal sealed class AppFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public AppFolder(bool withLibtorch = true)
    {
        Directory.CreateDirectory(Natives);
        File.WriteAllText(Path.Combine(_folder.Path, "TorchSharp.dll"), "");
        WriteDeps("0.107.0", "2.10.0");
        foreach (string file in Directory.GetFiles(NativeFiles.FolderOf(NativeFiles.Binding)!))
        {
            string name = Path.GetFileName(file);
            if (withLibtorch || name == NativeFiles.FileName(NativeFiles.Binding)) File.CreateSymbolicLink(Path.Combine(Natives, name), new FileInfo(file).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file);
        }
    }

    public string Root => _folder.Path;

    public string Natives => Path.Combine(_folder.Path, "runtimes", NativeFiles.Platform, "native");

    public string Library(string name) => Path.Combine(Natives, NativeFiles.FileName(name));

    public void WriteDeps(string torchSharp, string libtorch) =>
        File.WriteAllText(Path.Combine(_folder.Path, "App.deps.json"), "{\"libraries\":{\"App/1.0.0\":{},\"TorchSharp/" + torchSharp + "\":{},\"libtorch-cpu-linux-x64/" + libtorch + "\":{}}}");

    /// <summary>Puts a file of its own in the link's place.</summary>
    public void Replace(string library, byte[] bytes)
    {
        File.Delete(Library(library));
        File.WriteAllBytes(Library(library), bytes);
    }

    /// <summary>The first bytes of the real one.</summary>
    public byte[] Start(string library, int length)
    {
        using var stream = File.OpenRead(Library(library));
        byte[] bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public void Dispose() => _folder.Dispose();
}
