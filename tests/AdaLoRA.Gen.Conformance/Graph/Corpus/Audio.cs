using System.Linq;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Audio;

/// <summary>Dilated convolutions, a gate in each block, and a sum of what they skip.</summary>
[AdaLoRA(Budget = 10, Targets = ["start", "blocks.*.{filter,gate}", "blocks.*.{residual,skip}", "end.{1,3}"])]
public sealed partial class WaveNet : Module<Tensor, Tensor>
{
    private readonly Conv1d start;
    private readonly ModuleList<GatedBlock> blocks = new();
    private readonly Sequential end;

    public WaveNet(int layers = 3, int stacks = 2) : base("wavenet")
    {
        start = Conv1d(1, 4, 1);
        for (int s = 0; s < stacks; s++)
            for (int d = 1, i = 0; i < layers; i++, d *= 2)
                blocks.Add(new GatedBlock(4, d));
        end = Sequential(ReLU(), Conv1d(4, 4, 1), ReLU(), Conv1d(4, 8, 1));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = start.call(x);
        Tensor? sum = null;
        foreach (var block in blocks)
        {
            var (next, skip) = block.call(x);
            sum = sum is null ? skip : sum + skip;
            x = next;
        }
        return end.call(sum!);
    }

    public sealed class GatedBlock : Module<Tensor, (Tensor, Tensor)>
    {
        private readonly Conv1d filter, gate, residual, skip;

        public GatedBlock(int channels, int dilation) : base("gated")
        {
            filter = Conv1d(channels, channels, 3, padding: dilation, dilation: dilation);
            gate = Conv1d(channels, channels, 3, padding: dilation, dilation: dilation);
            residual = Conv1d(channels, channels, 1);
            skip = Conv1d(channels, channels, 1);
            RegisterComponents();
        }

        public override (Tensor, Tensor) forward(Tensor x)
        {
            var h = filter.call(x).tanh() * gate.call(x).sigmoid();
            return (residual.call(h) + x, skip.call(h));
        }
    }
}

/// <summary>Commands in speech: numbered convolutions and norms, each a field.</summary>
[AdaLoRA(Budget = 3, Targets = ["conv{1..2}", "fc1"])]
internal partial class SpeechCommands : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> conv1;
    private readonly Module<Tensor, Tensor> bn1;
    private readonly Module<Tensor, Tensor> pool1;
    private readonly Module<Tensor, Tensor> conv2;
    private readonly Module<Tensor, Tensor> bn2;
    private readonly Module<Tensor, Tensor> fc1;

    public SpeechCommands(string name = "M3", int n_input = 1, int n_output = 4, int n_channel = 4) : base(name)
    {
        conv1 = Conv1d(n_input, n_channel, kernel_size: 8, stride: 4);
        bn1 = BatchNorm1d(n_channel);
        pool1 = MaxPool1d(4);
        conv2 = Conv1d(n_channel, n_channel, kernel_size: 3);
        bn2 = BatchNorm1d(n_channel);
        fc1 = Linear(n_channel, n_output);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = pool1.call(functional.relu(bn1.call(conv1.call(x))));
        x = functional.relu(bn2.call(conv2.call(x)));
        return functional.log_softmax(fc1.call(x.mean([2])), dim: 1);
    }
}

/// <summary>Volumes.</summary>
[AdaLoRA(Budget = 3, Targets = ["net.{0,2}", "fc"])]
public sealed partial class VolumeNet : Module<Tensor, Tensor>
{
    private readonly Sequential net = Sequential(Conv3d(1, 2, 3), ReLU(), Conv3d(2, 4, 3));
    private readonly Linear fc = Linear(4, 2);

    public VolumeNet() : base("volume") { RegisterComponents(); }

    public override Tensor forward(Tensor x) => fc.call(net.call(x).mean([2, 3, 4]));
}
