using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace AdaLoRA.Gen.Models;

/// <summary>BERT's split into words: at white space, with each punctuation character a word of its own. All ASCII symbols count as punctuation, as in the original.</summary>
internal sealed class BertPreTokenizer : PreTokenizer
{
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
    {
        int start = 0, at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool space = Rune.IsWhiteSpace(rune);
            if (space || IsPunctuation(rune))
            {
                if (at > start) yield return (start, at - start);
                if (!space) yield return (at, rune.Utf16SequenceLength);
                start = at + rune.Utf16SequenceLength;
            }
            at += rune.Utf16SequenceLength;
        }
        if (at > start) yield return (start, at - start);
    }

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    private static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? rune.Value is (> ' ' and < '0') or (> '9' and < 'A') or (> 'Z' and < 'a') or (> 'z' and < 0x7F)
        : Rune.GetUnicodeCategory(rune) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
            or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.OtherPunctuation;
}
