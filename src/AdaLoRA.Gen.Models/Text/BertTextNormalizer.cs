using System.Globalization;
using System.Text;

namespace AdaLoRA.Gen.Models;

/// <summary>
/// BERT's clean-up of text before word pieces (google-research/bert, tokenization.py, as Hugging Face's BertNormalizer does it): drop control characters, put spaces
/// round Chinese characters, decompose and drop accents, lower-case. The result does not depend on the machine's globalization data.
/// </summary>
internal sealed class BertTextNormalizer(bool lowerCase, bool stripAccents, bool spaceChinese)
{
    private const int HangulFirst = 0xAC00, HangulLast = 0xD7A3, LeadingFirst = 0x1100, VowelFirst = 0x1161, TrailingFirst = 0x11A7, Vowels = 21, Trailings = 28;

    private static readonly Lazy<Dictionary<int, string>> Decompositions = new(ReadDecompositions);

    internal string Normalize(string text)
    {
        var result = new StringBuilder(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value is 0 or 0xFFFD || IsControl(rune)) continue;
            if (Rune.IsWhiteSpace(rune)) result.Append(' ');
            else if (spaceChinese && IsChinese(rune.Value)) Append(result.Append(' '), rune).Append(' ');
            else Append(result, rune);
        }
        return result.ToString();
    }

    private StringBuilder Append(StringBuilder result, Rune rune)
    {
        if (!stripAccents || rune.IsAscii) return AppendCased(result, rune);
        if (rune.Value is >= HangulFirst and <= HangulLast) return AppendHangul(result, rune.Value - HangulFirst);
        if (Decompositions.Value.TryGetValue(rune.Value, out string? rest))
        {
            foreach (Rune part in rest.EnumerateRunes()) AppendCased(result, part);
            return result;
        }
        return Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark ? result : AppendCased(result, rune);
    }

    private StringBuilder AppendCased(StringBuilder result, Rune rune)
    {
        // The one character whose lower case is two.
        if (lowerCase && rune.Value == 0x130) return result.Append("i\u0307");
        return result.Append((lowerCase ? Rune.ToLowerInvariant(rune) : rune).ToString());
    }

    /// <summary>A syllable is arithmetic over its letters (Unicode Standard, section 3.12).</summary>
    private static StringBuilder AppendHangul(StringBuilder result, int syllable)
    {
        result.Append((char)(LeadingFirst + syllable / (Vowels * Trailings))).Append((char)(VowelFirst + syllable % (Vowels * Trailings) / Trailings));
        return syllable % Trailings == 0 ? result : result.Append((char)(TrailingFirst + syllable % Trailings));
    }

    private static bool IsControl(Rune rune) => rune.Value is not ('\t' or '\n' or '\r')
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    private static bool IsChinese(int c) => c is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
        or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    private static Dictionary<int, string> ReadDecompositions()
    {
        var table = new Dictionary<int, string>();
        Rune[] single = [.. UnicodeDecompositions.Single.EnumerateRunes()];
        for (int i = 0; i < single.Length; i += 2) table[single[i].Value] = single[i + 1].ToString();
        foreach (string entry in UnicodeDecompositions.Multiple.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            Rune from = entry.EnumerateRunes().First();
            table[from.Value] = entry[from.Utf16SequenceLength..];
        }
        return table;
    }
}
