namespace AdaLoRA.Gen.Tool.Commands;

/// <summary>What the program returns; README.md and <c>--help</c> say the same.</summary>
internal static class ExitCodes
{
    /// <summary>Done; nothing wrong, nothing different.</summary>
    public const int Fine = 0;

    /// <summary>Done, and the answer is no: a problem was found, or a difference.</summary>
    public const int Found = 1;

    /// <summary>Not done: a wrong command line, a missing or damaged file. One sentence says which.</summary>
    public const int Failed = 2;

    /// <summary>Stopped by Ctrl-C or SIGTERM; nothing half-written is left.</summary>
    public const int Interrupted = 130;
}
