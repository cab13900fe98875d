using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Bert;

/// <summary>Computing on real tokens only changes the cost and nothing else.</summary>
public sealed class BertPackingTests
{
    private static readonly BertConfig Small = new() { VocabSize = 50, HiddenSize = 24, LayerCount = 2, HeadCount = 3, IntermediateSize = 40, MaxPositions = 16, HiddenDropout = 0, AttentionDropout = 0 };

    [Fact]
    public void A_sequence_gives_the_same_alone_and_in_a_padded_batch()
    {
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(1);
        using var model = new BertModel(Small);
        Tensor ids = torch.randint(1, 50, [3, 9], dtype: ScalarType.Int64);
        Tensor mask = torch.ones(3, 9, dtype: ScalarType.Int64);
        mask[1, 5..] = 0;
        mask[2, 2..] = 0;
        EncoderOutput together = model.call(ids, mask, null);
        Assert.Equal([16, 24], together.Rows.shape);
        foreach ((int row, int length) in ((int, int)[])[(0, 9), (1, 5), (2, 2)])
        {
            EncoderOutput alone = model.call(ids.narrow(0, row, 1).narrow(1, 0, length), null, null);
            TensorAssert.Close(alone.ToPadded(), together.ToPadded().narrow(0, row, 1).narrow(1, 0, length), 1e-5, $"sequence {row}");
            TensorAssert.Close(alone.MeanPool(), together.MeanPool().narrow(0, row, 1), 1e-5, $"mean of sequence {row}");
            TensorAssert.Close(alone.FirstToken(), together.FirstToken().narrow(0, row, 1), 1e-5, $"first token of sequence {row}");
        }
    }

    [Fact]
    public void Padding_may_stand_on_the_left_or_inside()
    {
        using var scope = torch.NewDisposeScope();
        using TokenLayout layout = TokenLayout.Of(torch.tensor(new long[,] { { 0, 1, 1, 0, 1 }, { 1, 1, 1, 1, 1 } }));
        Assert.Equal([3L, 5L], layout.Lengths);
        Assert.Equal([1L, 2, 4, 0, 1, 2, 3, 4], layout.Positions.data<long>().ToArray());
        Tensor padded = torch.rand(2, 5, 3);
        Tensor back = layout.Unpack(layout.Pack(padded));
        Assert.Equal(0, back[0, 0].abs().sum().item<float>());
        TensorAssert.Close(padded[1], back[1], 0);
        TensorAssert.Close(padded[0, 1], layout.FirstToken(layout.Pack(padded))[0], 0);
    }

    [Fact]
    public void Gradients_are_those_of_the_sequences_alone()
    {
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(2);
        using var model = new BertModel(Small);
        Tensor ids = torch.randint(1, 50, [2, 7], dtype: ScalarType.Int64);
        Tensor mask = torch.ones(2, 7, dtype: ScalarType.Int64);
        mask[1, 3..] = 0;
        Dictionary<string, Tensor> packed = Gradients(model, () => model.call(ids, mask, null).MeanPool().pow(2).sum());
        Dictionary<string, Tensor> alone = Gradients(model, () => model.call(ids.narrow(0, 0, 1), null, null).MeanPool().pow(2).sum()
            + model.call(ids.narrow(0, 1, 1).narrow(1, 0, 3), null, null).MeanPool().pow(2).sum());
        Assert.Equal(alone.Count, packed.Count);
        foreach ((string name, Tensor gradient) in alone) TensorAssert.Close(gradient, packed[name], 1e-4, name);
    }

    [Fact]
    public void Blocks_of_one_length_and_padded_attention_agree()
    {
        using var scope = torch.NewDisposeScope();
        torch.manual_seed(3);
        using var model = new BertModel(Small);
        Tensor ids = torch.randint(1, 50, [5, 8], dtype: ScalarType.Int64);
        Tensor mask = torch.ones(5, 8, dtype: ScalarType.Int64);
        mask[0, 4..] = 0;
        mask[2, 4..] = 0;
        mask[3, ..2] = 0;
        Tensor[] outputs = [.. ((bool[])[true, false]).Select(inBlocks =>
        {
            TokenLayout layout = TokenLayout.Of(mask, torch.CPU, inBlocks);
            Assert.Equal(inBlocks ? 3 : null, layout.Blocks?.Count);
            Tensor rows = model.encoder.call(model.embeddings.call(ids, layout, null), layout);
            return torch.cat([layout.Unpack(rows).view(-1), layout.MeanPool(rows).view(-1), layout.FirstToken(rows).view(-1)]);
        })];
        TensorAssert.Close(outputs[0], outputs[1], 1e-5);
    }

    [Fact]
    public void An_empty_sequence_and_a_batch_that_is_too_long_are_sentences()
    {
        using var scope = torch.NewDisposeScope();
        using var model = new BertModel(Small);
        Tensor ids = torch.ones(2, 4, dtype: ScalarType.Int64);
        Assert.Contains("Sequence 1 of the batch", Assert.Throws<AdaLoRAException>(() => model.call(ids, torch.tensor(new long[,] { { 1, 1, 0, 0 }, { 0, 0, 0, 0 } }), null)).Message, StringComparison.Ordinal);
        Assert.Contains("17 positions and the model 16", Assert.Throws<AdaLoRAException>(() => model.call(torch.ones(1, 17, dtype: ScalarType.Int64), null, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dropout_acts_in_training_mode_only()
    {
        using var scope = torch.NewDisposeScope();
        using var model = new BertModel(Small with { HiddenDropout = 0.5, AttentionDropout = 0.5 });
        Tensor ids = torch.ones(2, 6, dtype: ScalarType.Int64);
        model.eval();
        TensorAssert.Close(model.call(ids, null, null).Rows, model.call(ids, null, null).Rows, 0);
        model.train();
        Assert.NotEqual(0, (model.call(ids, null, null).Rows - model.call(ids, null, null).Rows).abs().max().item<float>());
    }

    [Fact]
    public void A_forward_pass_leaves_nothing_but_its_result_behind()
    {
        using var model = new BertModel(Small);
        using Tensor ids = torch.ones(2, 6, dtype: ScalarType.Int64);
        using Tensor mask = torch.tensor(new long[,] { { 1, 1, 1, 0, 0, 0 }, { 1, 1, 1, 1, 1, 1 } });
        using var scope = torch.NewDisposeScope();
        using EncoderOutput output = model.call(ids, mask, null);
        // Rows, and three index tensors of the layout: rows, first, positions.
        Assert.Equal(4, scope.DisposablesCount);
    }

    private static Dictionary<string, Tensor> Gradients(BertModel model, Func<Tensor> loss)
    {
        model.zero_grad();
        loss().backward();
        return model.named_parameters().ToDictionary(named => named.name, named => named.parameter.grad!.clone());
    }
}
