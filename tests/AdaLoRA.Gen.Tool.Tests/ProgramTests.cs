using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tool.Commands;

namespace AdaLoRA.Gen.Tool.Tests;

/// <summary>The program itself, in a process that has no libtorch: exit codes, completion, interruption, output that is redirected.</summary>
public sealed class ProgramTests
{
    [Fact]
    public void EverythingButDoctorsSelfTestWorksWithoutLibtorch()
    {
        using var folder = new TemporaryFolder();
        string adapter = Fixtures.Path("peft", "llama_adalora_pruned"), model = Fixtures.Path("hf", "llama");
        Adalora.Apart(["inspect", adapter]).Done();
        Adalora.Apart(["inspect", model]).Done();
        Adalora.Apart(["merge", adapter, "--base", model, "-o", folder.File("merged")]).Done();
        Adalora.Apart(["export", adapter, "--to", "lora", "-o", folder.File("lora")]).Done();
        Adalora.Apart(["export", adapter, "--to", "gguf", "--base", model, "-o", folder.File("x.gguf")]).Done();
        Assert.Equal(ExitCodes.Found, Adalora.Apart(["diff", adapter, folder.File("lora")]).ExitCode);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(Adalora.Assembly)!, "*.so", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("", ExitCodes.Failed)]
    [InlineData("--help", ExitCodes.Fine)]
    [InlineData("merge", ExitCodes.Failed)]
    [InlineData("frobnicate", ExitCodes.Failed)]
    [InlineData("export x --to nothing -o y", ExitCodes.Failed)]
    [InlineData("export x --to merged -o y", ExitCodes.Failed)]
    [InlineData("diff a b --tolerance -1", ExitCodes.Failed)]
    [InlineData("doctor --timeout 0", ExitCodes.Failed)]
    public async Task A_wrong_command_line_returns_2(string arguments, int expected)
    {
        var said = await Adalora.Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(expected, said.ExitCode);
        if (expected != ExitCodes.Fine) Assert.NotEqual("", said.Error);
    }

    [Theory]
    [InlineData("", "Name a command: doctor, inspect, diff, merge, export, runs, dashboard, completion. See adalora --help.")]
    [InlineData("--json", "Name a command: doctor, inspect, diff, merge, export, runs, dashboard, completion. See adalora --help.")]
    [InlineData("inspct x", "adalora has no command 'inspct'; did you mean inspect? See adalora --help.")]
    [InlineData("frobnicate", "adalora has no command 'frobnicate'. See adalora --help.")]
    [InlineData("h", "adalora has no command 'h'. See adalora --help.")]
    [InlineData("merge a --bas b -o c", "adalora merge has no option '--bas'; did you mean --base? See adalora merge --help.")]
    [InlineData("inspect a -x", "adalora inspect has no option '-x'. See adalora inspect --help.")]
    [InlineData("runs . y", "adalora runs takes no further argument 'y'. See adalora runs --help.")]
    [InlineData("merge a -o c", "Option '--base' is required. See adalora merge --help.")]
    [InlineData("dashboard --port x", "--port is 'x'; it must be a whole number from 0 to 65535. See adalora dashboard --help.")]
    [InlineData("dashboard --port -1", "--port is '-1'; it must be a whole number from 0 to 65535. See adalora dashboard --help.")]
    [InlineData("dashboard --port 65536", "--port is '65536'; it must be a whole number from 0 to 65535. See adalora dashboard --help.")]
    [InlineData("doctor --timeout x", "--timeout is 'x'; it must be a number of seconds above 0 and at most 86400. See adalora doctor --help.")]
    public async Task A_wrong_command_line_is_one_sentence_and_nothing_on_standard_output(string arguments, string expected)
    {
        string[] all = arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (!all.Contains("--json"))
        {
            var said = await Adalora.Run(all);
            Assert.Equal((ExitCodes.Failed, "", expected + "\n"), (said.ExitCode, said.Output, said.Error));
            all = [.. all, "--json"];
        }
        var json = await Adalora.Run(all);
        Assert.Equal((ExitCodes.Failed, expected, ""), (json.ExitCode, json.Json["error"]!.GetValue<string>(), json.Error));
    }

    [Theory]
    [InlineData("dashboard")]
    [InlineData("runs")]
    [InlineData("doctor")]
    public async Task Help_says_a_default_once(string command)
    {
        foreach (string line in (await Adalora.Run(command, "--help")).Done().Output.Split('\n').Where(l => l.Contains("[default:", StringComparison.Ordinal))) Assert.DoesNotContain("Default", line, StringComparison.Ordinal);
    }

    /// <summary>What a script leaves of a variable that is not set.</summary>
    [Theory]
    [InlineData("inspect", "")]
    [InlineData("dashboard", "")]
    [InlineData("merge", "a", "--base", "b", "-o", "")]
    [InlineData("export", "a", "--to", "lora", "-o", "")]
    [InlineData("doctor", "--app", "")]
    public async Task An_empty_path_is_a_wrong_command_line(params string[] arguments)
    {
        var said = await Adalora.Run(arguments);
        Assert.Equal(ExitCodes.Failed, said.ExitCode);
        Assert.Contains(" is empty; ", said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_command_line_is_JSON_where_that_was_asked_for()
    {
        var said = await Adalora.Run("diff", "a", "b", "--tolerance", "-1", "--json");
        Assert.Equal(ExitCodes.Failed, said.ExitCode);
        Assert.Contains("--tolerance", said.Json["error"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_and_README_say_the_exit_codes_and_name_every_command()
    {
        string help = (await Adalora.Run("--help")).Output, readme = File.ReadAllText(RepositoryRoot.Combine("src", "AdaLoRA.Gen.Tool", "README.md"));
        Assert.Contains("Exit codes: 0 done; 1 done, and the answer is no", help, StringComparison.Ordinal);
        Assert.DoesNotContain("self-test  ", help, StringComparison.Ordinal);
        foreach (var command in CommandLine.Build(Terminal.OfProcess()).Subcommands.Where(c => !c.Hidden)) Assert.Contains($"adalora {command.Name}", readme, StringComparison.Ordinal);
        foreach (string code in (string[])["| 0 |", "| 1 |", "| 2 |", "| 130 |"]) Assert.Contains(code, readme, StringComparison.Ordinal);
    }

    [LinuxFact]
    [SupportedOSPlatform("linux")]
    public void Bash_completes_by_the_script_that_the_program_prints()
    {
        using var folder = new TemporaryFolder();
        string program = folder.File("adalora");
        File.WriteAllText(program, $"#!/bin/bash\nexec dotnet exec '{Adalora.Assembly}' \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Equal(["merge"], Complete("adalora me"));
        Assert.Equal(["gguf"], Complete("adalora export --to g"));
        Assert.Equal(["--dtype"], Complete("adalora merge --d"));

        string[] Complete(string line)
        {
            string script = $"source <(adalora completion bash); COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=($COMP_LINE); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _adalora_complete; printf '%s\\n' \"${{COMPREPLY[@]}}\"";
            var start = new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true };
            start.Environment["PATH"] = folder.Path + ":" + start.Environment["PATH"];
            using var process = Process.Start(start)!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }

    /// <summary>A model of zeros, large enough to be caught in the middle.</summary>
    [Doctor.LinuxTheory]
    [InlineData(2)]
    [InlineData(15)]
    public void An_interrupted_merge_returns_130_and_leaves_nothing(int signal)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var folder = new TemporaryFolder();
        string model = Directory.CreateDirectory(folder.File("base")).FullName, outputs = Directory.CreateDirectory(folder.File("outputs")).FullName;
        const long rows = 1 << 20, bytes = rows * 1024 * 4;
        string header = $$$"""{"layer.weight":{"dtype":"F32","shape":[1024,1024],"data_offsets":[0,{{{1 << 22}}}]},"big":{"dtype":"F32","shape":[{{{rows}}},1024],"data_offsets":[{{{1 << 22}}},{{{bytes + (1 << 22)}}}]}}""";
        using (var file = File.Create(Path.Combine(model, "model.safetensors")))
        {
            file.Write(BitConverter.GetBytes((long)header.Length));
            file.Write(System.Text.Encoding.ASCII.GetBytes(header));
            // Sparse: four gigabytes that take no room.
            file.SetLength(8 + header.Length + bytes + (1 << 22));
        }
        PlainFolder.Write(folder.File("adapter"), "layer", 1024, 1024, embedding: false);
        using var process = Adalora.Start(["merge", folder.File("adapter"), "--base", model, "-o", Path.Combine(outputs, "merged")]);
        var clock = Stopwatch.StartNew();
        while (!Directory.EnumerateFiles(outputs, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).Any())
        {
            Assert.False(process.HasExited, process.HasExited ? process.StandardError.ReadToEnd() : "");
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60));
            Thread.Sleep(5);
        }
        Assert.Equal(0, Kill(process.Id, signal));
        Assert.True(process.WaitForExit(30_000));
        Assert.Equal((ExitCodes.Interrupted, "Interrupted; nothing was written.\n"), (process.ExitCode, process.StandardError.ReadToEnd()));
        Assert.Empty(Directory.GetFileSystemEntries(outputs));
    }

    [Fact]
    public async Task A_cancelled_command_returns_130_as_json_too()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        var said = await Adalora.Run(stop.Token, "merge", Fixtures.Path("peft", "llama_lora_rslora"), "--base", Fixtures.Path("hf", "llama"), "-o", folder.File("x"), "--json");
        Assert.Equal((ExitCodes.Interrupted, "Interrupted; nothing was written."), (said.ExitCode, said.Json["error"]!.GetValue<string>()));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
