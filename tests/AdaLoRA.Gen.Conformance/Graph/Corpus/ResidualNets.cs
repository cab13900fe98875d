using System;
using System.Collections.Generic;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.ResidualNets;

/// <summary>Two convolutions and a way round them.</summary>
public class BasicBlock : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> conv1, bn1, conv2, bn2;
    private readonly Module<Tensor, Tensor>? downsample;

    public BasicBlock(int in_planes, int planes, int stride) : base("BasicBlock")
    {
        conv1 = Conv2d(in_planes, planes, kernel_size: 3, stride: stride, padding: 1, bias: false);
        bn1 = BatchNorm2d(planes);
        conv2 = Conv2d(planes, planes, kernel_size: 3, stride: 1, padding: 1, bias: false);
        bn2 = BatchNorm2d(planes);
        if (stride != 1 || in_planes != planes)
            downsample = Sequential(("conv", Conv2d(in_planes, planes, kernel_size: 1, stride: stride, bias: false)), ("norm", BatchNorm2d(planes)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        var x = bn1.call(conv1.call(input)).relu_();
        x = bn2.call(conv2.call(x));
        return x.add_(downsample is null ? input : downsample.call(input)).relu_();
    }
}

/// <summary>Three convolutions; the shortcut is a Sequential that may be empty.</summary>
public class BottleneckBlock : Module<Tensor, Tensor>
{
    internal const int Expansion = 4;

    private readonly Conv2d conv1;
    private readonly Conv2d conv2;
    private readonly Conv2d conv3;
    private readonly Sequential shortcut = Sequential();

    public BottleneckBlock(int in_planes, int planes, int stride) : base("Bottleneck")
    {
        conv1 = Conv2d(in_planes, planes, kernel_size: 1, bias: false);
        conv2 = Conv2d(planes, planes, kernel_size: 3, stride: stride, padding: 1, bias: false);
        conv3 = Conv2d(planes, Expansion * planes, kernel_size: 1, bias: false);
        if (stride != 1 || in_planes != Expansion * planes)
            shortcut.append(Conv2d(in_planes, Expansion * planes, kernel_size: 1, stride: stride, bias: false));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => (conv3.call(conv2.call(conv1.call(x).relu()).relu()) + shortcut.call(x)).relu();
}

/// <summary>Layers in lists of blocks, one list a stage.</summary>
[AdaLoRA(Budget = 12, InitialRank = 2, Targets = ["layer{1..2}.*.conv{1,2}", "layer2.0.downsample.conv", "fc"])]
public sealed partial class ResNetOfLists : Module<Tensor, Tensor>
{
    private readonly Conv2d conv1;
    private readonly BatchNorm2d bn1;
    private readonly ModuleList<BasicBlock> layer1, layer2;
    private readonly Linear fc;

    public ResNetOfLists(int numClasses = 4) : base("ResNet")
    {
        conv1 = Conv2d(3, 4, kernel_size: 3, padding: 1, bias: false);
        bn1 = BatchNorm2d(4);
        layer1 = new ModuleList<BasicBlock>(new BasicBlock(4, 4, 1), new BasicBlock(4, 4, 1));
        layer2 = new ModuleList<BasicBlock>(new BasicBlock(4, 8, 2), new BasicBlock(8, 8, 1));
        fc = Linear(8, numClasses);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = bn1.call(conv1.call(x)).relu();
        foreach (var block in layer1) x = block.call(x);
        foreach (var block in layer2) x = block.call(x);
        return fc.call(x.mean(new long[] { 2, 3 }));
    }
}

/// <summary>A function makes the blocks, a method fills the Sequentials: TorchVision's way.</summary>
[AdaLoRA(Budget = 12, Targets = ["*conv?"])] // expect: ADALORA026
public sealed partial class ResNetOfFunctions : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> conv1;
    private readonly Sequential layer1 = Sequential();
    private readonly Sequential layer2 = Sequential();
    private readonly Module<Tensor, Tensor> fc;
    private readonly Func<int, Module<Tensor, Tensor>> norm;
    private int in_planes = 4;

    public static ResNetOfFunctions Create() => new("ResNet-2-1", (from, to, stride) => new BottleneckBlock(from, to, stride), [2, 1]);

    public ResNetOfFunctions(string name, Func<int, int, int, Module<Tensor, Tensor>> block, IList<int> layers, int numClasses = 4) : base(name)
    {
        norm = planes => BatchNorm2d(planes);
        conv1 = Conv2d(3, in_planes, kernel_size: 3, padding: 1, bias: false);
        MakeLayer(layer1, block, 4, layers[0], 1);
        MakeLayer(layer2, block, 8, layers[1], 2);
        fc = Linear(8 * BottleneckBlock.Expansion, numClasses);
        RegisterComponents();
    }

    private void MakeLayer(Sequential modules, Func<int, int, int, Module<Tensor, Tensor>> block, int planes, int count, int stride)
    {
        for (int i = 0; i < count; i++)
        {
            modules.append(block(in_planes, planes, i == 0 ? stride : 1));
            in_planes = planes * BottleneckBlock.Expansion;
        }
    }

    public override Tensor forward(Tensor x) => fc.call(layer2.call(layer1.call(norm(4).call(conv1.call(x)))).mean(new long[] { 2, 3 }));
}

/// <summary>Blocks of which the first may be left out, in a list of the base class: MobileNetV2's inverted residuals.</summary>
[AdaLoRA(Budget = 6, Targets = ["features.*.expand", "features.*.project"])]
public sealed partial class InvertedResiduals : Module<Tensor, Tensor>
{
    private readonly ModuleList<InvertedResidual> features = new();
    private readonly Linear classifier;

    public InvertedResiduals() : base("inverted")
    {
        int width = 3;
        foreach (var (expand, channels, repeats) in new[] { (1, 4, 1), (2, 8, 2) })
        {
            for (int i = 0; i < repeats; i++)
            {
                features.append(new InvertedResidual(width, channels, expand));
                width = channels;
            }
        }
        classifier = Linear(width, 3);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var block in features) x = block.call(x);
        return classifier.call(x.mean(new long[] { 2, 3 }));
    }

    public sealed class InvertedResidual : Module<Tensor, Tensor>
    {
        private readonly Conv2d? expand;
        private readonly Conv2d depthwise;
        private readonly Conv2d project;

        public InvertedResidual(int from, int to, int ratio) : base("inverted")
        {
            expand = ratio == 1 ? null : Conv2d(from, from * ratio, 1);
            depthwise = Conv2d(from * ratio, from * ratio, 3, padding: 1, groups: from * ratio);
            project = Conv2d(from * ratio, to, 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => project.call(depthwise.call(expand?.call(x) ?? x));
    }
}

/// <summary>Down, across and up again, with what was seen on the way down.</summary>
[AdaLoRA(Budget = 8, Targets = ["{inc,down.*}.double.{0,2}", "up.*", "outc"])]
public sealed partial class UNet : Module<Tensor, Tensor>
{
    private readonly DoubleConv inc = new(1, 4);
    private readonly ModuleList<DoubleConv> down;
    private readonly ModuleList<ConvTranspose2d> rise = new();
    private readonly ModuleList<DoubleConv> up = new();
    private readonly Conv2d outc = Conv2d(4, 2, 1);

    public UNet() : base("UNet")
    {
        down = ModuleList(new DoubleConv(4, 8), new DoubleConv(8, 16));
        foreach (int width in new[] { 8, 4 })
        {
            rise.Add(ConvTranspose2d(2 * width, width, 2, stride: 2));
            up.Add(new DoubleConv(2 * width, width));
        }
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var seen = new List<Tensor> { inc.call(x) };
        foreach (var block in down) seen.Add(block.call(functional.max_pool2d(seen[^1], 2)));
        x = seen[^1];
        for (int i = 0; i < up.Count; i++) x = up[i].call(cat([rise[i].call(x), seen[seen.Count - 2 - i]], 1));
        return outc.call(x);
    }

    internal sealed class DoubleConv : Module<Tensor, Tensor>
    {
        private readonly Sequential @double;

        public DoubleConv(long from, long to) : base("double")
        {
            @double = Sequential(Conv2d(from, to, 3, padding: 1), ReLU(), Conv2d(to, to, 3, padding: 1), ReLU());
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => @double.call(x);
    }
}
