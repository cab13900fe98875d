using System.Text;
using Microsoft.ML.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;
using Pieces = Microsoft.ML.Tokenizers.WordPieceTokenizer;

namespace AdaLoRA.Gen.Models;

/// <summary>
/// BERT's WordPiece tokenizer: Microsoft.ML.Tokenizers' word pieces behind BERT's own normalisation and split, with the ids of Hugging Face's tokenizer. Safe to use from
/// several threads.
/// </summary>
public sealed class WordPieceTokenizer
{
    private readonly WordPieceVocabulary _vocabulary;
    private readonly Pieces _pieces;
    private readonly BertTextNormalizer _normalizer;
    private readonly string[] _special;
    private readonly HashSet<int> _specialIds;

    private WordPieceTokenizer(WordPieceVocabulary vocabulary, BertTextNormalizer normalizer, string pad, string unknown, string cls, string sep, string mask, int maxLength)
    {
        (_vocabulary, _normalizer, MaxLength) = (vocabulary, normalizer, maxLength);
        (PadId, UnknownId, ClsId, SepId) = (vocabulary.IdOf(pad), vocabulary.IdOf(unknown), vocabulary.IdOf(cls), vocabulary.IdOf(sep));
        _special = [.. ((string[])[pad, unknown, cls, sep, mask]).Where(vocabulary.Has)];
        _specialIds = [.. _special.Select(vocabulary.IdOf)];
        _pieces = Pieces.Create(vocabulary.Path, new WordPieceOptions { PreTokenizer = new BertPreTokenizer(), UnknownToken = unknown });
    }

    /// <summary>Words of the vocabulary.</summary>
    public int VocabularySize => _vocabulary.Count;

    /// <summary>Id of [PAD].</summary>
    public int PadId { get; }

    /// <summary>Id of [UNK].</summary>
    public int UnknownId { get; }

    /// <summary>Id of [CLS], the first token of every sequence.</summary>
    public int ClsId { get; }

    /// <summary>Id of [SEP], the last token of every text.</summary>
    public int SepId { get; }

    /// <summary>Longest sequence of the model, in tokens: what <c>model_max_length</c> says, or 512.</summary>
    public int MaxLength { get; }

    /// <summary>Opens the tokenizer of a Hugging Face folder.</summary>
    /// <param name="folder">A folder with vocab.txt; tokenizer_config.json is read where it is there (do_lower_case, strip_accents, tokenize_chinese_chars, special tokens).</param>
    /// <param name="model">The model that it is for: a vocabulary that does not fit is refused. Default: not checked.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="AdaLoRAException">The vocabulary is missing, damaged, lacks a special token, or has more words than the model.</exception>
    public static WordPieceTokenizer FromFolder(string folder, BertConfig? model = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        WordPieceVocabulary vocabulary = WordPieceVocabulary.Read(Path.Combine(folder, "vocab.txt"));
        if (model is not null && vocabulary.Count > model.VocabSize)
        {
            throw new AdaLoRAException($"'{vocabulary.Path}' has {vocabulary.Count} words and the model embeds {model.VocabSize}: they are not of the same model.");
        }
        const string configName = "tokenizer_config.json";
        using ConfigFile? config = File.Exists(Path.Combine(folder, configName)) ? ConfigFile.Open(folder, configName) : null;
        bool lower = config?.Boolean("do_lower_case", true) ?? true;
        string Special(string key, string otherwise) => config?.TokenText(key, otherwise) ?? otherwise;
        // An absent or null strip_accents follows do_lower_case, as in BERT.
        var normalizer = new BertTextNormalizer(lower, config?.Boolean("strip_accents", lower) ?? lower, config?.Boolean("tokenize_chinese_chars", true) ?? true);
        int maxLength = (int)Math.Min(config?.OptionalNumber("model_max_length") ?? 512, model?.MaxPositions ?? int.MaxValue);
        return new WordPieceTokenizer(vocabulary, normalizer, Special("pad_token", "[PAD]"), Special("unk_token", "[UNK]"), Special("cls_token", "[CLS]"),
            Special("sep_token", "[SEP]"), Special("mask_token", "[MASK]"), maxLength);
    }

    /// <summary>Tokenises a text: [CLS] text [SEP].</summary>
    /// <param name="text">The text. Special tokens written in it become themselves, as in Hugging Face.</param>
    /// <param name="maxLength">Longest result in tokens, at least 2; the text's end is cut. Default: no limit.</param>
    /// <returns>Ids and segments.</returns>
    public TokenSequence Encode(string text, int maxLength = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        List<int> ids = Words(text);
        ids = [ClsId, .. ids.Take(maxLength - 2), SepId];
        return new TokenSequence(ids, new int[ids.Count]);
    }

    /// <summary>Tokenises a pair: [CLS] first [SEP] second [SEP]. What is too long is cut at the end of the longer text first (<c>longest_first</c>).</summary>
    /// <param name="first">First text, segment 0.</param>
    /// <param name="second">Second text, segment 1.</param>
    /// <param name="maxLength">Longest result in tokens, at least 3. Default: no limit.</param>
    /// <returns>Ids and segments.</returns>
    public TokenSequence Encode(string first, string second, int maxLength = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 3);
        List<int> a = Words(first), b = Words(second);
        (int keepA, int keepB) = LongestFirst(a.Count, b.Count, maxLength - 3);
        List<int> ids = [ClsId, .. a.Take(keepA), SepId, .. b.Take(keepB), SepId];
        int[] types = new int[ids.Count];
        types.AsSpan(keepA + 2).Fill(1);
        return new TokenSequence(ids, types);
    }

    /// <summary>Tokenises texts and pads them to the longest.</summary>
    /// <param name="texts">The texts, at least one.</param>
    /// <param name="maxLength">Longest sequence in tokens. Default: no limit.</param>
    /// <param name="device">Where ids and segments go; the mask stays on the CPU. Default: the CPU.</param>
    /// <returns>int64 tensors [B, T].</returns>
    public TokenBatch EncodeBatch(IReadOnlyList<string> texts, int maxLength = int.MaxValue, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Pad([.. texts.Select(text => Encode(text, maxLength))], device);
    }

    /// <summary>Tokenises pairs and pads them to the longest.</summary>
    /// <param name="pairs">The pairs, at least one.</param>
    /// <param name="maxLength">Longest sequence in tokens. Default: no limit.</param>
    /// <param name="device">Where ids and segments go; the mask stays on the CPU. Default: the CPU.</param>
    /// <returns>int64 tensors [B, T].</returns>
    public TokenBatch EncodeBatch(IReadOnlyList<(string First, string Second)> pairs, int maxLength = int.MaxValue, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        return Pad([.. pairs.Select(pair => Encode(pair.First, pair.Second, maxLength))], device);
    }

    /// <summary>Pads sequences to the longest.</summary>
    /// <param name="sequences">Tokenised texts, at least one.</param>
    /// <param name="device">Where ids and segments go; the mask stays on the CPU. Default: the CPU.</param>
    /// <returns>int64 tensors [B, T].</returns>
    public TokenBatch Pad(IReadOnlyList<TokenSequence> sequences, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        if (sequences.Count == 0) throw new ArgumentException("A batch needs at least one text.", nameof(sequences));
        int longest = sequences.Max(sequence => sequence.Ids.Count);
        long[,] ids = new long[sequences.Count, longest], mask = new long[sequences.Count, longest], types = new long[sequences.Count, longest];
        for (int b = 0; b < sequences.Count; b++)
        {
            for (int t = 0; t < longest; t++)
            {
                bool real = t < sequences[b].Ids.Count;
                (ids[b, t], mask[b, t], types[b, t]) = real ? (sequences[b].Ids[t], 1, sequences[b].TypeIds[t]) : (PadId, 0, 0);
            }
        }
        return new TokenBatch(torch.tensor(ids, device: device), torch.tensor(mask), torch.tensor(types, device: device));
    }

    /// <summary>Turns ids back into text, with no space before . ? ! and , as Hugging Face does.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecialTokens">Whether to leave out [CLS], [SEP] and the like. Default: true.</param>
    /// <returns>The text.</returns>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var text = new StringBuilder();
        foreach (int id in ids)
        {
            if (skipSpecialTokens && _specialIds.Contains(id)) continue;
            string word = _vocabulary[id];
            if (word.Length == 0) continue;
            bool continues = word.StartsWith("##", StringComparison.Ordinal);
            // Hugging Face cleans up token by token: closing punctuation joins the word before it, an apostrophe stays apart.
            bool joins = text.Length == 0 || continues || word[0] is '.' or '?' or '!' or ',';
            text.Append(joins ? "" : " ").Append(continues && text.Length > 0 ? word[2..] : word);
        }
        return text.ToString();
    }

    private List<int> Words(string text)
    {
        var ids = new List<int>();
        int start = 0;
        while (start <= text.Length)
        {
            (int at, string special) = NextSpecial(text, start);
            string plain = text[start..at];
            if (plain.Length > 0) ids.AddRange(_pieces.EncodeToIds(_normalizer.Normalize(plain), considerPreTokenization: true, considerNormalization: false));
            if (special.Length == 0) break;
            ids.Add(_vocabulary.IdOf(special));
            start = at + special.Length;
        }
        return ids;
    }

    private (int At, string Special) NextSpecial(string text, int start)
    {
        (int at, string found) = (text.Length, "");
        foreach (string special in _special)
        {
            int index = text.IndexOf(special, start, StringComparison.Ordinal);
            if (index >= 0 && (index < at || (index == at && special.Length > found.Length))) (at, found) = (index, special);
        }
        return (at, found);
    }

    /// <summary>Tokens kept of two texts for a room, as Hugging Face's tokenizers computes it.</summary>
    private static (int First, int Second) LongestFirst(int first, int second, int room)
    {
        if (first + second <= room) return (first, second);
        int shorter = Math.Min(first, second);
        int longer = shorter > room ? shorter : Math.Max(shorter, room - shorter);
        if (shorter + longer > room) (shorter, longer) = (room / 2, room / 2 + room % 2);
        return first > second ? (longer, shorter) : (shorter, longer);
    }
}
