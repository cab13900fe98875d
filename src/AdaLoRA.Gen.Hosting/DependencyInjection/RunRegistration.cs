namespace AdaLoRA.Gen.Hosting;

/// <summary>Notes that a run was added.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Model">Type of its model.</param>
internal sealed record RunRegistration(string Name, Type Model)
{
    /// <summary>Whether a name can be a folder, a key of configuration and a part of a URL.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= 100 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
