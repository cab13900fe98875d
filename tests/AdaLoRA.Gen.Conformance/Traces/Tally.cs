namespace AdaLoRA.Gen.Conformance.Traces;

/// <summary>Keeps the largest error and the first failure.</summary>
/// <param name="tolerance">Errors above it fail, and so do those that are no number.</param>
internal sealed class Tally(double tolerance)
{
    private double _largest;
    private string _at = "";
    private string _detail = "";

    /// <summary>Where the first failure was; null while there is none.</summary>
    public string? Failure { get; private set; }

    /// <summary>Comparisons so far.</summary>
    public int Compared { get; private set; }

    public void Note(double error, string at)
    {
        Compared++;
        if (Failure is not null) return;
        if (!(error <= tolerance)) (Failure, _largest, _at, _detail) = (at, error, at, $"more than {tolerance:0e-0}");
        else if (error > _largest || _at.Length == 0) (_largest, _at) = (error, at);
    }

    /// <summary>A difference that has no size.</summary>
    public void Fail(string at, string detail)
    {
        if (Failure is null) (Failure, _at, _detail) = (at, at, detail);
    }

    public CaseResult Result(string name) => new(name, Failure is null, _largest, _at, _detail);
}
