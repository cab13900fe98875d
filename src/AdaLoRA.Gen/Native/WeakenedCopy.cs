using System.Security.Cryptography;

namespace AdaLoRA.Gen.Native;

/// <summary>A copy of a shared object in a per-user cache, whose need for a newer libstdc++ is marked weak.</summary>
internal static class WeakenedCopy
{
    // Only std::ios_base_library_init stands behind this version, and the library never needs it: a weak need lets older systems load it.
    private const string Version = "GLIBCXX_3.4.32";

    public static string Of(string original)
    {
        byte[] image = File.ReadAllBytes(original);
        string name = $"{Convert.ToHexStringLower(SHA256.HashData(image))[..16]}-{Path.GetFileName(original)}";
        string folder = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "AdaLoRA.Gen");
        string target = Path.Combine(folder, name);
        if (File.Exists(target)) return target;
        ElfVersionNeeds.Weaken(image, Version);
        Directory.CreateDirectory(folder);
        string temporary = Path.Combine(folder, $"{name}.{Environment.ProcessId}.tmp");
        File.WriteAllBytes(temporary, image);
        File.Move(temporary, target, overwrite: true);
        return target;
    }
}
