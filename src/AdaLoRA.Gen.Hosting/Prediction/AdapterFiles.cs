using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The files of an adapter's folder that decide what it computes.</summary>
internal static class AdapterFiles
{
    private static readonly string[] Names = [PeftConfig.FileName, PeftKeys.TensorFile, PeftKeys.TrainableFile];

    /// <summary>Whether a folder looks like an adapter's.</summary>
    public static bool Exist(string folder) => File.Exists(Path.Combine(folder, PeftConfig.FileName)) && File.Exists(Path.Combine(folder, PeftKeys.TensorFile));

    /// <summary>SHA-256 of names, lengths and contents, in lower-case hexadecimal.</summary>
    /// <exception cref="AdaLoRAException">There is no adapter.</exception>
    public static string Digest(string folder)
    {
        if (!Exist(folder)) throw new AdaLoRAException($"'{folder}' is no adapter's folder: it lacks {(File.Exists(Path.Combine(folder, PeftConfig.FileName)) ? PeftKeys.TensorFile : PeftConfig.FileName)}.");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 16];
        foreach (string name in Names)
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path)) continue;
            using var file = File.OpenRead(path);
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name}\n{file.Length}\n")));
            for (int read; (read = file.Read(buffer)) > 0;) hash.AppendData(buffer, 0, read);
        }
        return Convert.ToHexString(hash.GetHashAndReset()).ToLowerInvariant();
    }

    /// <summary>Lengths and times of the files: changes when a folder does, and costs no reading.</summary>
    /// <returns>Null where there is no adapter (yet, or at this moment).</returns>
    public static string? Stamp(string folder)
    {
        if (!Exist(folder)) return null;
        return string.Join(';', Names.Select(name => new FileInfo(Path.Combine(folder, name))).Select(file =>
            file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.Length}@{file.LastWriteTimeUtc.Ticks}") : "-"));
    }
}
