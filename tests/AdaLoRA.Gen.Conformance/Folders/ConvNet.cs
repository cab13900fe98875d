using AdaLoRA.Gen.Serialization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Folders;

/// <summary>The plain CNN of <c>fixtures/make/models.py</c>: conv1 (padding 1), conv2 (stride 2), fc, with ReLU between; channels and kernels come from the weights.</summary>
internal sealed class ConvNet : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d conv1;
    private readonly Conv2d conv2;
    private readonly Linear fc;

    private ConvNet(SafetensorsFile file) : base(nameof(ConvNet))
    {
        long[] first = Shape(file, "conv1.weight", 4), second = Shape(file, "conv2.weight", 4), last = Shape(file, "fc.weight", 2);
        conv1 = nn.Conv2d(first[1], first[0], (first[2], first[3]), padding: (1L, 1L));
        conv2 = nn.Conv2d(second[1], second[0], (second[2], second[3]), stride: (2L, 2L));
        fc = nn.Linear(last[1], last[0]);
        RegisterComponents();
        using var _ = no_grad();
        foreach (var (name, parameter) in named_parameters())
        {
            using var value = file.Read(name);
            parameter.copy_(value);
        }
    }

    /// <summary>Opens a folder with model.safetensors and no config.json.</summary>
    /// <exception cref="AdaLoRAException">The weights are of another network.</exception>
    /// <exception cref="SafetensorsException">The file is missing or damaged.</exception>
    public static ConvNet Open(string folder)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        return new ConvNet(file);
    }

    public override Tensor forward(Tensor x) => fc.call(nn.functional.relu(conv2.call(nn.functional.relu(conv1.call(x)))).flatten(1));

    private static long[] Shape(SafetensorsFile file, string name, int dimensions) => file.Entries.TryGetValue(name, out var entry) && entry.Shape.Count == dimensions
        ? [.. entry.Shape]
        : throw new AdaLoRAException($"'{file.Path}' has no {name} of {dimensions} dimensions: a folder without config.json is the CNN of conv1, conv2 and fc.");
}
