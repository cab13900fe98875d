namespace AdaLoRA.Gen.Benchmarks.Reporting;

/// <summary>Figures that no bar judges.</summary>
/// <param name="Title">What they are.</param>
/// <param name="Columns">One for each value of a row.</param>
/// <param name="Rows">Strings, integers and doubles.</param>
internal sealed record Table(string Title, IReadOnlyList<string> Columns, IReadOnlyList<object[]> Rows);
