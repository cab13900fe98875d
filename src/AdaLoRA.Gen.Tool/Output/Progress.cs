using System.Diagnostics;

namespace AdaLoRA.Gen.Tool.Output;

/// <summary>Says how far a long command is, on standard error: nothing in the first two seconds; then a line that is written over on a terminal, and a line every ten seconds elsewhere.</summary>
internal sealed class Progress(Terminal terminal, string what, long total, bool quiet) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2), Often = TimeSpan.FromMilliseconds(200), Seldom = TimeSpan.FromSeconds(10);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _next = Patience;
    private int _width;

    /// <summary>Tells what is done of the total.</summary>
    public void Report(long done)
    {
        if (quiet || _clock.Elapsed < _next) return;
        _next = _clock.Elapsed + (terminal.ShowsProgress ? Often : Seldom);
        double share = total == 0 ? 1 : (double)done / total;
        string rest = share > 0 ? $", {_clock.Elapsed.TotalSeconds * (1 - share) / share:0} s left" : "";
        string line = $"{what} {Text.Bytes(done)} of {Text.Bytes(total)}, {share:0 %}{rest}";
        if (!terminal.ShowsProgress)
        {
            terminal.Error.WriteLine(line);
            return;
        }
        terminal.Error.Write("\r" + line.PadRight(_width));
        _width = line.Length;
    }

    /// <summary>Wipes the line.</summary>
    public void Dispose()
    {
        if (_width > 0) terminal.Error.Write("\r" + new string(' ', _width) + "\r");
    }
}
