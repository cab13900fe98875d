using System.Collections.Frozen;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>The page and its files, which lie in the assembly. A name in a URL is looked up among them; nothing is read from a disk.</summary>
internal static class PageEndpoints
{
    private const string Prefix = "client/";
    private const string Page = "index.html";

    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".mjs"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".json"] = "application/json; charset=utf-8",
        [".map"] = "application/json; charset=utf-8",
        [".txt"] = "text/plain; charset=utf-8",
        [".md"] = "text/plain; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".ico"] = "image/x-icon",
        [".woff2"] = "font/woff2",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly Lazy<FrozenDictionary<string, Content>> Files = new(Read);

    /// <summary>All names of assets.</summary>
    internal static IEnumerable<string> Names => Files.Value.Keys;

    /// <summary><c>GET {prefix}/</c>.</summary>
    public static Task PageAsync(HttpContext context)
    {
        // The page's own addresses are relative, so its own must end in a slash.
        if (context.Request.Path.Value is { } path && !path.EndsWith('/'))
        {
            context.Response.Redirect(path[(path.LastIndexOf('/') + 1)..] + "/" + context.Request.QueryString);
            return Task.CompletedTask;
        }
        return SendAsync(context, Page);
    }

    /// <summary><c>GET {prefix}/assets/NAME</c>.</summary>
    public static Task AssetAsync(HttpContext context) => SendAsync(context, context.GetRouteValue("name") as string ?? "");

    private static Task SendAsync(HttpContext context, string name) => Files.Value.TryGetValue(name, out var file)
        ? Answer.ContentAsync(context, file, Types.GetValueOrDefault(Path.GetExtension(name), "application/octet-stream"))
        : Answer.ErrorAsync(context, StatusCodes.Status404NotFound, "The dashboard has no such file.");

    private static FrozenDictionary<string, Content> Read()
    {
        var assembly = typeof(PageEndpoints).Assembly;
        return assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).ToFrozenDictionary(n => n[Prefix.Length..], n =>
        {
            using var stream = assembly.GetManifestResourceStream(n)!;
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return new Content(bytes);
        }, StringComparer.Ordinal);
    }
}
