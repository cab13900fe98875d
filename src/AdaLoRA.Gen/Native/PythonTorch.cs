using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace AdaLoRA.Gen.Native;

/// <summary>The libtorch inside a Python install of torch.</summary>
/// <param name="Folder">Its <c>torch/lib</c>.</param>
/// <param name="Version">What <c>torch/version.py</c> says, for example <c>2.10.0+cpu</c>.</param>
internal sealed record PythonTorch(string Folder, string Version)
{
    /// <summary>The versions on which the native library of this TorchSharp links and trains; on 2.13 it crashes in <c>set_requires_grad</c>.</summary>
    public const string Accepted = "2.10 or 2.11";

    /// <summary>Finds and checks the install that a user named.</summary>
    /// <exception cref="DllNotFoundException">It cannot be used; the message is one sentence.</exception>
    public static PythonTorch At(string path)
    {
        string torchCpu = NativeFiles.FileName(NativeFiles.TorchCpu);
        string start = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string[] candidates = [start, Path.Combine(start, "lib"), Path.Combine(start, "torch", "lib")];
        string folder = Array.Find(candidates, c => File.Exists(Path.Combine(c, torchCpu)))
            ?? throw new DllNotFoundException($"{NativeBackend.TorchVariable} is '{path}', but no {torchCpu} is there: name the torch/lib, the torch or the site-packages folder of a Python install of torch {Accepted}.");

        string versionFile = Path.Combine(Path.GetDirectoryName(folder) ?? folder, "version.py");
        string? text = ReadIfPossible(versionFile);
        if (text is null || !TryReadVersion(text, out string? version))
        {
            throw new DllNotFoundException($"{NativeBackend.TorchVariable} is '{path}', but '{versionFile}', which names the version of torch, {(text is null ? "cannot be read" : "holds no __version__")}: name a Python install of torch {Accepted}.");
        }
        if (!IsAccepted(version))
        {
            throw new DllNotFoundException($"{NativeBackend.TorchVariable} is '{path}', which holds torch {version}, but TorchSharp {NativeBackend.TorchSharpVersion} runs on torch {Accepted} only.");
        }
        return new PythonTorch(folder, version);
    }

    /// <summary>Reads <c>__version__ = '2.10.0+cpu'</c> from the text of a <c>version.py</c>.</summary>
    internal static bool TryReadVersion(string text, [NotNullWhen(true)] out string? version)
    {
        version = null;
        foreach (string line in text.Split('\n'))
        {
            if (!line.StartsWith("__version__", StringComparison.Ordinal)) continue;
            int open = line.AsSpan().IndexOfAny('\'', '"');
            int length = open < 0 ? -1 : line.AsSpan(open + 1).IndexOf(line[open]);
            if (length <= 0) return false;
            version = line.Substring(open + 1, length);
            return true;
        }
        return false;
    }

    /// <summary>Whether the major and minor number are among the accepted ones.</summary>
    internal static bool IsAccepted(string version)
    {
        string[] parts = version.Split('.', 3);
        return parts.Length >= 2 && IsAccepted(Number(parts[0]), Number(parts[1]));
        static int Number(string part) => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : -1;
    }

    /// <inheritdoc cref="IsAccepted(string)"/>
    internal static bool IsAccepted(int major, int minor) => (major, minor) is (2, 10 or 11);

    private static string? ReadIfPossible(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
