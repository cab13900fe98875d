namespace AdaLoRA.Gen;

/// <summary>
/// A model that uses a parameter in more than one place by a plain function call, which nobody can see from outside: GPT-2's head is its word embedding. An adapter changes one of the places; a merge
/// would change all of them, so it is refused.
/// </summary>
public interface ITiedWeights
{
    /// <summary>Names of those parameters, relative to this module.</summary>
    IEnumerable<string> TiedParameters { get; }
}
