namespace AdaLoRA.Gen.Dashboard;

/// <summary>
/// What the dashboard shows, and to whom. Values come from the initialisers below, then from the configuration section <c>AdaLoRA:Dashboard</c>, then from delegates; all are checked together when the app starts.
/// </summary>
public sealed class DashboardOptions
{
    /// <summary>Folders whose past runs are shown: output folders, or folders that hold several, at any depth down to 8.</summary>
    /// <value>In configuration a list, or one value with semicolons. Empty (default): the output folders of the app's own runs.</value>
    public IList<string> LogFolders { get; set; } = [];

    /// <summary>The app's authorization policy that a caller must meet to press buttons (pause, checkpoint, stop).</summary>
    /// <value>Name of a policy that the app defines. Null (default): the <see cref="Token"/> decides.</value>
    public string? ControlPolicy { get; set; }

    /// <summary>The app's authorization policy that a caller must meet to see anything.</summary>
    /// <value>Name of a policy that the app defines. Null (default): whoever reaches the dashboard may read.</value>
    public string? ReadPolicy { get; set; }

    /// <summary>Secret that lets its bearer press buttons.</summary>
    /// <value>At least 22 visible ASCII characters (128 bits in base64url). Null (default): drawn anew at each start and printed with the dashboard's address; with a <see cref="ControlPolicy"/> there is none then.</value>
    public string? Token { get; set; }

    /// <summary>Answers requests from other machines, or that name the server by another name than that of its own loopback.</summary>
    /// <value>Default false.</value>
    public bool AllowRemote { get; set; }

    /// <summary>Open event streams at one moment, over all runs; the next is refused with 503.</summary>
    /// <value>1 to 100,000. Default 1,000.</value>
    public int MaxSubscribers { get; set; } = 1_000;

    /// <summary>A subscriber that takes nothing for so long is disconnected.</summary>
    /// <value>1 second to 1 hour. Default 30 seconds.</value>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Past runs that are listed, the newest first.</summary>
    /// <value>0 to 100,000. Default 500.</value>
    public int MaxPastRuns { get; set; } = 500;

    /// <summary>What configuration held and could not be read.</summary>
    internal List<string> Unreadable { get; } = [];
}
