namespace AdaLoRA.Gen.Models;

/// <summary>The words of a <c>vocab.txt</c> and BERT's special tokens among them.</summary>
internal sealed class WordPieceVocabulary
{
    private readonly string[] _words;
    private readonly Dictionary<string, int> _ids;

    private WordPieceVocabulary(string path, string[] words, Dictionary<string, int> ids) => (Path, _words, _ids) = (path, words, ids);

    internal string Path { get; }

    internal int Count => _words.Length;

    internal string this[int id] => id >= 0 && id < _words.Length ? _words[id]
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"'{Path}' has the ids 0 to {_words.Length - 1}.");

    internal int IdOf(string special) => _ids.TryGetValue(special, out int id) ? id
        : throw new AdaLoRAException($"'{Path}' has no '{special}', which BERT needs: it is not the vocabulary of a BERT model, or was cut short.");

    internal bool Has(string word) => _ids.ContainsKey(word);

    internal static WordPieceVocabulary Read(string path)
    {
        string[] words;
        try
        {
            words = File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AdaLoRAException($"The vocabulary '{path}' cannot be read ({error.Message}): a WordPiece tokenizer needs the vocab.txt of its model.", error);
        }
        var ids = new Dictionary<string, int>(words.Length, StringComparer.Ordinal);
        for (int id = 0; id < words.Length; id++)
        {
            if (!ids.TryAdd(words[id], id)) throw new AdaLoRAException($"The vocabulary '{path}' has '{words[id]}' in line {ids[words[id]] + 1} and again in line {id + 1}.");
        }
        return new WordPieceVocabulary(path, words, ids);
    }
}
