using System.Diagnostics.CodeAnalysis;
using System.Text;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Reports.Charts;
using AdaLoRA.Gen.Reports.Drawing;
using AdaLoRA.Gen.Reports.Facts;
using AdaLoRA.Gen.Reports.Page;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Reports;

/// <summary>The report of a run, live or past: one self-contained page, and its pictures as SVG and PNG. The same history gives the same bytes.</summary>
public static class RunReport
{
    /// <summary>Name of the page.</summary>
    public const string PageName = "report.html";

    /// <summary>Folder of the reports in the output folder; each run has one below it.</summary>
    public const string FolderName = "reports";

    // Every picture that any run has: one that this run has not is removed when its report is written anew.
    private static readonly string[] PictureNames = ["rank-map", "importance", "loss", "evaluation", "budget", "learning-rate", "gradient-norm", "throughput", "memory"];

    /// <summary>
    /// Writes <c>reports/RUN/</c> (page and pictures) and <c>report.html</c> into an output folder. No reader sees half of a file; the page holds its pictures itself, so it never shows those of another run. What fails leaves the
    /// report that was there.
    /// </summary>
    /// <param name="history">Of a live run, or <see cref="RunHistory.Read"/>.</param>
    /// <param name="outputFolder">Usually the run's <see cref="RunStarted.OutputFolder"/>; made when it is not there.</param>
    /// <exception cref="AdaLoRAException">The run has not started, or the folder cannot be written.</exception>
    public static ReportFiles Write(RunHistory history, string outputFolder)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentException.ThrowIfNullOrEmpty(outputFolder);
        var content = new Content(history);
        string folder = FolderOf(outputFolder, content.Run.Started.Run), page = PageOf(outputFolder);
        byte[] html = Encoding.UTF8.GetBytes(content.Html());
        string[] owned = [.. PictureNames.SelectMany(n => new[] { n + ".svg", n + ".png" }), PageName];
        var names = new List<string>();
        string? missing = null;
        try
        {
            AtomicFolder.Write(folder, owned, temporary =>
            {
                foreach (var picture in content.Pictures)
                {
                    Save(picture.Name + ".svg", Encoding.UTF8.GetBytes(SvgWriter.File(picture)));
                    if (missing is null && Png(picture, out missing) is { } png) Save(picture.Name + ".png", png);
                }
                File.WriteAllBytes(Path.Combine(temporary, PageName), html);

                void Save(string name, byte[] bytes)
                {
                    File.WriteAllBytes(Path.Combine(temporary, name), bytes);
                    names.Add(name);
                }
            });
            AtomicFile.Write(page, file => RandomAccess.Write(file, html, 0));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AdaLoRAException($"The report cannot be written to '{outputFolder}': {e.Message}", e);
        }
        return new ReportFiles { Page = page, Folder = folder, Pictures = names, Missing = missing };
    }

    /// <summary>The page alone.</summary>
    /// <param name="history">Of a live run, or <see cref="RunHistory.Read"/>.</param>
    /// <exception cref="AdaLoRAException">The run has not started.</exception>
    public static string ToHtml(RunHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        return new Content(history).Html();
    }

    /// <summary>Full path of the page in an output folder.</summary>
    /// <param name="outputFolder">The run's.</param>
    public static string PageOf(string outputFolder) => Path.Combine(Path.GetFullPath(outputFolder), PageName);

    /// <summary>Removes what a killed process left half-written. Nobody may be writing a report there meanwhile.</summary>
    internal static void RemoveLeftovers(string outputFolder, string run)
    {
        AtomicFolder.RemoveLeftovers(FolderOf(outputFolder, run));
        AtomicFile.RemoveLeftovers(PageOf(outputFolder));
    }

    private static string FolderOf(string outputFolder, string run) => Path.Combine(Path.GetFullPath(outputFolder), FolderName, FileName(run));

    // The name comes from a file that somebody may have handed over: it must not lead out of the folder.
    private static string FileName(string run)
    {
        string name = string.Concat(run.Take(100).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_'));
        return name.Length == 0 ? "_" : name;
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever ails Skia on a machine costs its pictures, not the page.")]
    private static byte[]? Png(Picture picture, out string? missing)
    {
        missing = null;
        try
        {
            return PngWriter.File(picture);
        }
        catch (Exception e)
        {
            var cause = e is TypeInitializationException { InnerException: { } inner } ? inner : e;
            missing = $"The PNG pictures were left out, since Skia cannot draw here: {cause.Message.Split('\n')[0].TrimEnd()}";
            return null;
        }
    }

    private sealed class Content
    {
        private readonly IReadOnlyList<Picture> _curves;
        private readonly Picture? _map, _spectrum;

        public Content(RunHistory history)
        {
            Run = new RunFacts(history);
            _curves = Curves.Of(Run);
            _map = Run.Started.Targets.Count == 0 ? null : RankMapPicture.Draw(Run, Run.FinalRanks);
            _spectrum = SpectrumPicture.Draw(Run);
        }

        public RunFacts Run { get; }

        public IEnumerable<Picture> Pictures => new[] { _map, _spectrum }.OfType<Picture>().Concat(_curves);

        public string Html() => ReportPage.Write(Run, _curves, _map, _spectrum);
    }
}
