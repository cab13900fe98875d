using System.Text.RegularExpressions;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>The sentence that refuses a fresh run names one checkpoint to delete; by default two are kept, and the next one refuses again.</summary>
public class DeletingWhatTheSentenceNamesTests
{
    [Fact]
    public void A_fresh_run_starts_after_what_it_names_was_deleted()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(25, Runs.Options(folder.Path, o => o.CheckpointEvery = 10));
        var refused = Assert.Throws<AdaLoRAException>(() => Runs.Run(Runs.Options(folder.Path, o => (o.CheckpointEvery, o.Resume) = (10, false))));
        string named = Regex.Match(refused.Message, "delete '([^']+)' to start again").Groups[1].Value;
        Directory.Delete(named, recursive: true);
        Assert.Equal(40, Runs.Run(Runs.Options(folder.Path, o => (o.CheckpointEvery, o.Resume) = (10, false))).Steps);
    }
}
