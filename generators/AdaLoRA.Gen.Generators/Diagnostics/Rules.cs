using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>
/// Every rule; the other files of this class hold them by subject. An id is never given twice; its page is <c>generators/rules/&lt;id&gt;.md</c>.
/// </summary>
internal static partial class Rules
{
    private const string Category = "AdaLoRA";
    private const string Pages = "https://github.com/adalora-gen/AdaLoRA.Gen/blob/main/generators/rules/";

    private static DiagnosticDescriptor Error(string id, string title, string message, string description) => Rule(id, DiagnosticSeverity.Error, title, message, description);

    private static DiagnosticDescriptor Warning(string id, string title, string message, string description) => Rule(id, DiagnosticSeverity.Warning, title, message, description);

    private static DiagnosticDescriptor Information(string id, string title, string message, string description, bool enabled = true) =>
        Rule(id, DiagnosticSeverity.Info, title, message, description, enabled);

    private static DiagnosticDescriptor Rule(string id, DiagnosticSeverity severity, string title, string message, string description, bool enabled = true) =>
        new(id, title, message, Category, severity, enabled, description, Pages + id + ".md");
}
