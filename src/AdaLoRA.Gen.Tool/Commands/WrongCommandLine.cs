using System.CommandLine;
using AdaLoRA.Gen.Adapters;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary>What is wrong with a command line, in one sentence, and where to read on.</summary>
internal static class WrongCommandLine
{
    /// <summary>The first thing that is wrong.</summary>
    /// <param name="parsed">A command line with errors.</param>
    public static string Sentence(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        bool isRoot = command is RootCommand;
        string name = isRoot ? "adalora" : $"adalora {command.Name}";
        // "adalora --json" names no command; that its option belongs to commands is not what is wrong.
        string? unknown = parsed.UnmatchedTokens.FirstOrDefault(token => !isRoot || token != "--json");
        return $"{What()} See {name} --help.";

        string What()
        {
            if (unknown is null) return isRoot ? $"Name a command: {string.Join(", ", Commands(command))}." : parsed.Errors[0].Message;
            bool isOption = unknown.StartsWith('-');
            string what = isOption ? $"{name} has no option '{unknown}'" : isRoot ? $"adalora has no command '{unknown}'" : $"{name} takes no further argument '{unknown}'";
            string? nearest = isOption ? Nearest(unknown, command.Options.Where(o => !o.Hidden).Select(o => o.Name)) : isRoot ? Nearest(unknown, Commands(command)) : null;
            return nearest is null ? $"{what}." : $"{what}; did you mean {nearest}?";
        }
    }

    private static IEnumerable<string> Commands(Command command) => command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name);

    /// <summary>The name that is at most a third of its letters away; null where none is.</summary>
    private static string? Nearest(string text, IEnumerable<string> names)
    {
        string? nearest = names.MinBy(name => TargetResolver.EditDistance(text, name));
        return nearest is not null && TargetResolver.EditDistance(text, nearest) <= Math.Max(1, nearest.TrimStart('-').Length / 3) ? nearest : null;
    }
}
