using System.CommandLine;
using System.Runtime.Loader;

namespace AdaLoRA.Gen.Conformance.Graph;

/// <summary><c>graph FOLDER</c>: what the compiler sees of each annotated model, against what TorchSharp registers.</summary>
internal static class GraphCommand
{
    public static Command Create(ReportFormat format, TextWriter output)
    {
        var folder = new Argument<string>("FOLDER") { Description = "C# files with annotated models; they are compiled together against TorchSharp and AdaLoRA.Gen." };
        var command = new Command("graph", "Compiles every .cs of a folder with the generator and its analyzers; prints each annotated model's diagnostics, and the adaptable paths of the compiler against named_modules(). Exit code 1: they differ, or a comment '// expect: ID' does not hold; 2: the folder cannot be compiled.") { folder };
        command.SetAction(arguments => Run(arguments.GetValue(folder)!, arguments.GetValue(format.Json), output));
        return command;
    }

    /// <summary>Checks a folder.</summary>
    /// <returns>0: the same at compile time and at run time. 1: a difference. 2: the folder holds no sources, no annotated model, or does not compile.</returns>
    public static int Run(string folder, bool json, TextWriter output)
    {
        try
        {
            var source = SourceFolder.Open(folder);
            var types = GraphModel.In(source).ToList();
            if (types.Count == 0) throw new UnusableFolderException($"'{folder}' holds no class with [AdaLoRA] or [LoRA]; annotate one.");
            System.Reflection.Assembly assembly;
            try
            {
                assembly = source.Load(new AssemblyLoadContext(folder));
            }
            catch (UnusableFolderException)
            {
                foreach (var type in types) Print(GraphModel.Describe(source, type));
                throw;
            }
            var models = new List<GraphModel>();
            foreach (var type in types)
            {
                models.Add(GraphModel.Check(source, type, assembly));
                Print(models[^1]);
            }
            var unmet = ExpectedDiagnostics.Compare(source);
            if (!json) Conclude(source, models, unmet, output);
            foreach (string line in unmet) Console.Error.WriteLine(line);
            return unmet.Count == 0 && models.TrueForAll(m => m.Failures.Count == 0) ? 0 : 1;
        }
        catch (UnusableFolderException e)
        {
            Console.Error.WriteLine(e.Message);
            return 2;
        }

        void Print(GraphModel model)
        {
            output.WriteLine(json ? GraphReport.Json(model) : GraphReport.Text(model));
            output.Flush();
        }
    }

    private static void Conclude(SourceFolder source, List<GraphModel> models, IReadOnlyList<string> unmet, TextWriter output)
    {
        var shown = models.SelectMany(m => m.Diagnostics).ToHashSet();
        foreach (var other in source.Diagnostics.Where(d => !shown.Contains(d))) output.WriteLine($"{other.Location.SourceTree?.FilePath}: {GraphReport.Line(other)}");
        var paths = models.SelectMany(m => m.Paths).ToList();
        output.WriteLine($"{models.Count} models, {models.Count(m => m.Failures.Count > 0)} that fail; {string.Join(", ", Enum.GetValues<PathVerdict>().Select(v => $"{paths.Count(p => p.Verdict == v)} {v.ToString().ToLowerInvariant()}"))}; {unmet.Count} expectations not met");
    }
}
