using System.Runtime.CompilerServices;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Generators.Tests.Harness;

/// <summary>
/// Expected texts in files, named as Verify names them: <c>Class.Test.verified.cs</c> beside the test. On a mismatch the text is written to <c>.received.cs</c>;
/// to accept it, rename that file.
/// </summary>
internal static class Golden
{
    public static void Verify(string text, [CallerFilePath] string file = "", [CallerMemberName] string test = "")
    {
        string stem = Path.Combine(Path.GetDirectoryName(OnDisk(file))!, $"{Path.GetFileNameWithoutExtension(file)}.{test}");
        string verified = stem + ".verified.cs", received = stem + ".received.cs";
        text = text.Replace(typeof(AdaLoRAGenerator).Assembly.GetName().Version!.ToString(), "<VERSION>", StringComparison.Ordinal);
        string expected = File.Exists(verified) ? File.ReadAllText(verified).Replace("\r\n", "\n", StringComparison.Ordinal) : "";
        if (expected == text)
        {
            File.Delete(received);
            return;
        }
        File.WriteAllText(received, text);
        Assert.Fail($"{Path.GetFileName(received)} differs from {Path.GetFileName(verified)} beside {Path.GetFileName(file)}; rename it to accept.\n{text}");
    }

    // A deterministic build (CI=true) writes /_/ for the repository into the paths that the compiler hands out.
    private static string OnDisk(string file)
    {
        const string Project = "AdaLoRA.Gen.Generators.Tests";
        string[] parts = file.Split('/', '\\');
        return RepositoryRoot.Combine(["tests", .. parts[Array.LastIndexOf(parts, Project)..]]);
    }
}
