using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Bert;

/// <summary>The same numbers as Hugging Face's BERT.</summary>
public sealed class BertGoldenTests
{
    private const double Tolerance = 1e-5;

    [Fact]
    public void Tiny_BERT_gives_the_hidden_states_of_Hugging_Face()
    {
        using var scope = torch.NewDisposeScope();
        Dictionary<string, Tensor> io = Fixtures.Tensors("hf", "bert", "io.safetensors");
        using BertModel model = BertModel.FromPretrained(Fixtures.Path("hf", "bert"));
        TokenLayout layout = TokenLayout.Of(io["in.attention_mask"]);

        Tensor state = model.embeddings.call(io["in.input_ids"], layout, io["in.token_type_ids"]);
        TensorAssert.Close(layout.Pack(io["out.hidden.0"]), state, Tolerance, "embeddings");
        for (int i = 0; i < model.Config.LayerCount; i++)
        {
            state = model.encoder.layer[i].call(state, layout);
            TensorAssert.Close(layout.Pack(io[$"out.hidden.{i + 1}"]), state, Tolerance, $"layer {i}");
        }
        Tensor whole = model.call(io["in.input_ids"], io["in.attention_mask"], io["in.token_type_ids"]).ToPadded();
        Tensor real = io["in.attention_mask"].unsqueeze(-1);
        TensorAssert.Close(io["out.hidden.2"] * real, whole, Tolerance, "padded output");
    }

    [Fact]
    public void Tiny_BERT_gives_logits_loss_and_gradient_of_Hugging_Face()
    {
        using var scope = torch.NewDisposeScope();
        Dictionary<string, Tensor> io = Fixtures.Tensors("hf", "bert", "io.safetensors");
        using BertForSequenceClassification model = BertForSequenceClassification.FromPretrained(Fixtures.Path("hf", "bert"));
        Tensor logits = model.call(io["in.input_ids"], io["in.attention_mask"], io["in.token_type_ids"]);
        TensorAssert.Close(io["out.logits"], logits, Tolerance, "logits");
        Tensor loss = nn.functional.cross_entropy(logits, io["in.labels"]);
        TensorAssert.Close(io["out.loss"], loss.view(1), Tolerance, "loss");
        loss.backward();
        const string name = "bert.encoder.layer.0.attention.self.query.weight";
        TensorAssert.Close(io["out.grad." + name], model.get_parameter(name)!.grad!, Tolerance, name);
    }

    [Fact]
    public void MiniLM_in_int8_gives_the_embeddings_of_sentence_transformers()
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        Dictionary<string, Tensor> io = Fixtures.Tensors("minilm", "io.safetensors");
        using BertModel model = BertModel.FromPretrained(Fixtures.MiniLM);
        EncoderOutput encoded = model.call(io["ids"], io["mask"], null);
        Tensor embedding = nn.functional.normalize(encoded.MeanPool(), dim: 1);
        TensorAssert.Close(io["embedding"], embedding, 2e-5, "embeddings");
        Tensor real = io["mask"].narrow(0, 0, 4).unsqueeze(-1);
        TensorAssert.Close(io["hidden"] * real, encoded.ToPadded().narrow(0, 0, 4), 2e-5, "hidden states");
    }

    [Fact]
    public void MiniLM_embeds_sentences_from_their_text()
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        Dictionary<string, Tensor> io = Fixtures.Tensors("minilm", "io.safetensors");
        using var json = Fixtures.Json("minilm", "sentences.json");
        string[] sentences = [.. json.RootElement.EnumerateArray().Select(s => s.GetString()!)];
        using BertModel model = BertModel.FromPretrained(Fixtures.MiniLM);
        TokenBatch batch = WordPieceTokenizer.FromFolder(Fixtures.MiniLM, model.Config).EncodeBatch(sentences);
        Assert.True(batch.InputIds.eq(io["ids"]).all().item<bool>());
        TensorAssert.Close(io["embedding"], nn.functional.normalize(model.Encode(batch).MeanPool(), dim: 1), 2e-5, "embeddings");
    }
}
