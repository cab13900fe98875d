using System.CommandLine;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary><c>adalora completion bash|zsh|fish|pwsh</c>: a script that asks the program itself what fits, with System.CommandLine's <c>[suggest:N]</c>; dotnet-suggest is not needed.</summary>
internal static class CompletionCommand
{
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = """
            # adalora completion for bash: source <(adalora completion bash)
            _adalora_complete() {
                local word="${COMP_WORDS[COMP_CWORD]}" found
                found="$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" || found=""
                local IFS=$'\n'
                COMPREPLY=( $(compgen -W "${found}" -- "${word}") )
            }
            complete -o default -F _adalora_complete adalora
            """,
        ["zsh"] = """
            # adalora completion for zsh: source <(adalora completion zsh), after compinit
            _adalora() {
                local -a found
                found=( "${(@f)$("${words[1]}" "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}" )
                found=( ${found:#} )
                if (( ${#found} )); then compadd -a found; else _files; fi
            }
            compdef _adalora adalora
            """,
        ["fish"] = """
            # adalora completion for fish: adalora completion fish | source
            function __adalora_complete
                set -l line (commandline -p)
                adalora "[suggest:"(commandline -C)"]" "$line" 2>/dev/null
            end
            complete -c adalora -a '(__adalora_complete)'
            """,
        ["pwsh"] = """
            # adalora completion for PowerShell: adalora completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName adalora -ScriptBlock {
                param($wordToComplete, $commandAst, $cursorPosition)
                adalora "[suggest:$cursorPosition]" "$commandAst" 2>$null | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
                }
            }
            """,
    };

    public static Command Build(Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh, fish or pwsh." };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        var json = SharedOptions.Json();
        return new Command("completion", "Prints the script that completes adalora in a shell: put source <(adalora completion bash) into ~/.bashrc.") { shell, json }
            .Runs(terminal, json, (parsed, _) =>
            {
                string name = parsed.GetValue(shell)!, script = Scripts[name].ReplaceLineEndings("\n");
                if (parsed.GetValue(json)) terminal.WriteJson(new CompletionReport("adalora.completion/1", name, script), ToolJson.Default.CompletionReport);
                else terminal.Out.Write(script + "\n");
                return ExitCodes.Fine;
            });
    }
}
