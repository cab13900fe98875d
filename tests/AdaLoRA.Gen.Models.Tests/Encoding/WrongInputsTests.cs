using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Encoding;

/// <summary>Inputs that no model can take are one sentence, not libtorch's page.</summary>
public sealed class WrongInputsTests
{
    public static TheoryData<string, string> Cases => new()
    {
        { "ids of one dimension", "The token ids are Int64 [4]; they must be" },
        { "ids of floats", "The token ids are Float32 [1, 4]" },
        { "mask of another shape", "The attention mask is [1, 3] and the token ids [1, 4]" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void They_are_named(string what, string expected)
    {
        using var scope = NewDisposeScope();
        Tensor ids = ones(1, 4, dtype: ScalarType.Int64), mask = ones(1, 4, dtype: ScalarType.Int64);
        switch (what)
        {
            case "ids of one dimension": ids = ids.reshape(4); break;
            case "ids of floats": ids = ids.to(ScalarType.Float32); break;
            default: mask = ones(1, 3, dtype: ScalarType.Int64); break;
        }
        using var llama = LlamaForCausalLM.FromPretrained(Fixtures.Path("hf", "llama"));
        using var bert = BertForSequenceClassification.FromPretrained(Fixtures.Path("hf", "bert"));
        Assert.Contains(expected, Assert.Throws<AdaLoRAException>(() => llama.call(ids, mask)).Message);
        Assert.Contains(expected, Assert.Throws<AdaLoRAException>(() => bert.call(ids, mask, null)).Message);
    }
}
