using System.Security.Cryptography;
using System.Text;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>Names as parts of URLs.</summary>
internal static class Slug
{
    private const int Longest = 80;

    /// <summary>Letters and digits of ASCII, <c>_</c> and <c>.</c> within as they are, each run of anything else a hyphen.</summary>
    public static string Of(string name)
    {
        var text = new StringBuilder();
        foreach (char c in name)
        {
            if (text.Length == Longest) break;
            if (char.IsAsciiLetterOrDigit(c) || (c is '_' or '.' && text.Length > 0)) text.Append(c);
            else if (text.Length > 0 && text[^1] != '-') text.Append('-');
        }
        string slug = text.ToString().TrimEnd('-', '.');
        return slug.Length > 0 ? slug : "run";
    }

    /// <summary>Eight hexadecimal digits that tell texts apart.</summary>
    public static string Hash(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)), 0, 4).ToLowerInvariant();
}
