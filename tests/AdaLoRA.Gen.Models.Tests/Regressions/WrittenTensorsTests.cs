using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Models.Tests.Regressions;

/// <summary>HuggingFaceFolder promises parameters and persistent buffers, each once, and files that hold no weights.</summary>
public sealed class WrittenTensorsTests
{
    private sealed class Net : Module<Tensor, Tensor>
    {
        private readonly Linear fc = Linear(3, 3);

        public Net() : base(nameof(Net))
        {
            register_buffer("scratch", zeros(5), persistent: false);
            register_buffer("kept", zeros(4));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => fc.call(x);
    }

    private sealed class Tied : Module<Tensor, Tensor>
    {
        private readonly Linear first = Linear(3, 3, hasBias: false);
        private readonly Linear second = Linear(3, 3, hasBias: false);

        public Tied() : base(nameof(Tied))
        {
            second.weight = first.weight;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => second.call(first.call(x));
    }

    [Fact]
    public void A_buffer_that_is_not_persistent_is_not_written()
    {
        using var folder = new TemporaryFolder();
        HuggingFaceFolder.Write(new Net(), folder.File("out"));
        using var file = SafetensorsFile.Open(folder.File("out/model.safetensors"));
        Assert.Equal(["fc.bias", "fc.weight", "kept"], file.Names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Old_weights_in_other_formats_are_not_copied_beside_the_new_ones()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("source/onnx"));
        File.WriteAllText(folder.File("source/64.tflite"), "weights");
        File.WriteAllText(folder.File("source/onnx/model.onnx_data"), "weights");
        File.WriteAllText(folder.File("source/tokenizer.json"), "{}");
        HuggingFaceFolder.Write(new Net(), folder.File("out"), folder.File("source"));
        Assert.Equal(["model.safetensors", "tokenizer.json"], Directory.GetFiles(folder.File("out"), "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_tensor_of_two_modules_is_written_once()
    {
        using var folder = new TemporaryFolder();
        HuggingFaceFolder.Write(new Tied(), folder.File("out"));
        using var file = SafetensorsFile.Open(folder.File("out/model.safetensors"));
        Assert.Single(file.Names);
    }
}
