using System.Diagnostics.CodeAnalysis;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>An app that trains nothing and shows past runs: one that really trained to its end, one in which every text is hostile, one of a large model.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class PastRunsFixture : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private DashboardApp? _app;

    /// <summary>The page.</summary>
    public string Url => _app!.Url;

    /// <summary>Address of a run.</summary>
    /// <param name="id">Its run's.</param>
    public string UrlOf(string id) => $"{Url}#run={id}";

    /// <summary>Id of the run that really trained.</summary>
    public string Trained { get; private set; } = "";

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        await DashboardApp.TrainUndisturbedAsync(_folder.File("trained"));
        Trained = Path.GetFileNameWithoutExtension(Hosting.RunLog.Find(_folder.File("trained"))[0]);
        RecordedRuns.WriteHostile(_folder.File("hostile"));
        RecordedRuns.WriteLarge(_folder.File("large"), layers: 160, kinds: 7);
        RecordedRuns.WriteEarly(_folder.File("early"));
        _app = await DashboardApp.StartAsync([_folder.Path]);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
        _folder.Dispose();
    }
}
