namespace AdaLoRA.Gen;

/// <summary>A model, its options or a run of it breaks a rule of AdaLoRA.Gen. The message names the thing and the remedy.</summary>
public class AdaLoRAException : InvalidOperationException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong with what, and what to do.</param>
    public AdaLoRAException(string message) : base(message) { }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong with what, and what to do.</param>
    /// <param name="inner">The cause.</param>
    public AdaLoRAException(string message, Exception? inner) : base(message, inner) { }

    internal static AdaLoRAException FromRules(string subject, IReadOnlyList<string> broken) => new(broken.Count == 1
        ? $"{subject}: {broken[0]}"
        : $"{subject}: {broken.Count} values are wrong:{Environment.NewLine}  - {string.Join($"{Environment.NewLine}  - ", broken)}");
}
