using System.Text.Json;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Models.Tests.Text;

/// <summary>The ids of Hugging Face's tokenizer on BANKING77 and on hard Unicode; no case is excepted.</summary>
public sealed class WordPieceTokenizerTests : IDisposable
{
    private readonly WordPieceTokenizer _tokenizer = WordPieceTokenizer.FromFolder(Fixtures.MiniLM);
    private readonly JsonDocument _golden = Fixtures.Json("tokenizers", "wordpiece.json");

    public void Dispose() => _golden.Dispose();

    [Fact]
    public void Single_texts() => AssertAll("single", int.MaxValue);

    [Fact]
    public void Texts_cut_to_eight_tokens() => AssertAll("truncated8", 8);

    [Fact]
    public void Pairs_cut_longest_first()
    {
        foreach (JsonElement row in _golden.RootElement.GetProperty("pairs").EnumerateArray())
        {
            TokenSequence pair = _tokenizer.Encode(row.GetProperty("a").GetString()!, row.GetProperty("b").GetString()!, 24);
            Assert.Equal(Ids(row, "input_ids"), pair.Ids);
            if (row.TryGetProperty("token_type_ids", out _)) Assert.Equal(Ids(row, "token_type_ids"), pair.TypeIds);
        }
    }

    [Fact]
    public void Decoded_texts()
    {
        foreach (JsonElement row in _golden.RootElement.GetProperty("decoded").EnumerateArray())
        {
            Assert.Equal(row.GetProperty("text").GetString(), _tokenizer.Decode(Ids(row, "ids")));
        }
    }

    [Fact]
    public void A_batch_is_padded_to_its_longest()
    {
        using TokenBatch batch = _tokenizer.EncodeBatch(["card", "my card was stolen"]);
        Assert.Equal([2, 6], batch.InputIds.shape);
        Assert.Equal([1L, 1, 1, 0, 0, 0], batch.AttentionMask[0].data<long>().ToArray());
        Assert.Equal(_tokenizer.PadId, batch.InputIds[0, 5].item<long>());
        using TokenBatch pairs = _tokenizer.EncodeBatch([("card", "stolen"), ("card", "was stolen")]);
        Assert.Equal([0L, 0, 0, 1, 1, 0], pairs.TokenTypeIds[0].data<long>().ToArray());
    }

    [Fact]
    public void A_vocabulary_that_does_not_fit_is_a_sentence()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("needs the vocab.txt", Assert.Throws<AdaLoRAException>(() => WordPieceTokenizer.FromFolder(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllLines(folder.File("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "a"]);
        Assert.Contains("no '[SEP]'", Assert.Throws<AdaLoRAException>(() => WordPieceTokenizer.FromFolder(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllLines(folder.File("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "a"]);
        Assert.Contains("line 5 and again in line 6", Assert.Throws<AdaLoRAException>(() => WordPieceTokenizer.FromFolder(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllLines(folder.File("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"]);
        Assert.Equal([2, 4, 1, 3], WordPieceTokenizer.FromFolder(folder.Path).Encode("A b").Ids);
        Assert.Contains("5 words and the model embeds 4", Assert.Throws<AdaLoRAException>(() => WordPieceTokenizer.FromFolder(folder.Path, new BertConfig { VocabSize = 4 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Case_and_accents_are_kept_where_the_folder_says_so()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(folder.File("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "É", "e", "é"]);
        File.WriteAllText(folder.File("tokenizer_config.json"), """{"do_lower_case": false, "unk_token": {"content": "[UNK]"}}""");
        Assert.Equal([2, 4, 3], WordPieceTokenizer.FromFolder(folder.Path).Encode("É").Ids);
        File.WriteAllText(folder.File("tokenizer_config.json"), """{"do_lower_case": true, "strip_accents": false}""");
        Assert.Equal([2, 6, 3], WordPieceTokenizer.FromFolder(folder.Path).Encode("É").Ids);
        File.WriteAllText(folder.File("tokenizer_config.json"), """{"do_lower_case": true, "strip_accents": null}""");
        Assert.Equal([2, 5, 3], WordPieceTokenizer.FromFolder(folder.Path).Encode("É").Ids);
    }

    private void AssertAll(string group, int maxLength)
    {
        var different = new List<string>();
        foreach (JsonElement row in _golden.RootElement.GetProperty(group).EnumerateArray())
        {
            string text = row.GetProperty("text").GetString()!;
            int[] expected = Ids(row, "ids"), actual = [.. _tokenizer.Encode(text, maxLength).Ids];
            if (!expected.SequenceEqual(actual)) different.Add($"'{text}': [{string.Join(",", actual)}] instead of [{string.Join(",", expected)}]");
        }
        Assert.True(different.Count == 0, string.Join("\n", different));
    }

    private static int[] Ids(JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}
