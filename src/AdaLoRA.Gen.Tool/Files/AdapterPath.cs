using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Tool.Files;

/// <summary>The adapter folder that a user means: the folder itself, or the adapter inside a checkpoint or the output of a run.</summary>
internal static class AdapterPath
{
    public static string Of(string path)
    {
        string inside = Path.Combine(path, "adapter");
        return !File.Exists(Path.Combine(path, PeftConfig.FileName)) && File.Exists(Path.Combine(inside, PeftConfig.FileName)) ? inside : path;
    }
}
