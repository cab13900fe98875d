using System;
using System.Collections.Generic;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.functional;

namespace Corpus.Vision
{
    /// <summary>The digits net in the style of TorchSharp's examples: one member a layer, all of the base type, moved to a device.</summary>
    [AdaLoRA(Budget = 4, Targets = ["conv?", "fc?"])]
    internal partial class DigitsNet : Module<Tensor, Tensor>
    {
        private Module<Tensor, Tensor> conv1 = Conv2d(1, 4, 3);
        private Module<Tensor, Tensor> conv2 = Conv2d(4, 8, 3);
        private Module<Tensor, Tensor> fc1 = Linear(8 * 12 * 12, 16);
        private Module<Tensor, Tensor> fc2 = Linear(16, 10);

        private Module<Tensor, Tensor> pool1 = MaxPool2d(kernel_size: new long[] { 2, 2 });
        private Module<Tensor, Tensor> relu1 = ReLU();
        private Module<Tensor, Tensor> dropout1 = Dropout(0.25);
        private Module<Tensor, Tensor> flatten = Flatten();
        private Module<Tensor, Tensor> logsm = LogSoftmax(1);

        public DigitsNet(string name = "digits", Device? device = null) : base(name)
        {
            RegisterComponents();

            if (device is not null && device.type != DeviceType.CPU)
                this.to(device);
        }

        public override Tensor forward(Tensor input)
        {
            using (var _ = NewDisposeScope())
            {
                var l11 = conv1.call(input);
                var l12 = relu1.call(l11);
                var l21 = conv2.call(l12);
                var l22 = pool1.call(relu1.call(l21));
                var x = flatten.call(dropout1.call(l22));
                return logsm.call(fc2.call(relu1.call(fc1.call(x)))).MoveToOuterDisposeScope();
            }
        }
    }

    /// <summary>AlexNet's way: two Sequentials with named items.</summary>
    [AdaLoRA(Budget = 4, Targets = ["features.c{1..3}", "classifier.l*"])]
    internal partial class SmallAlexNet : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> features;
        private readonly Module<Tensor, Tensor> avgPool;
        private readonly Module<Tensor, Tensor> classifier;

        public SmallAlexNet(int numClasses = 10, Device? device = null) : base("alexnet")
        {
            features = Sequential(
                ("c1", Conv2d(3, 4, kernel_size: 3, stride: 2, padding: 1)),
                ("r1", ReLU(inplace: true)),
                ("mp1", MaxPool2d(kernel_size: new long[] { 2, 2 })),
                ("c2", Conv2d(4, 8, kernel_size: 3, padding: 1)),
                ("r2", ReLU(inplace: true)),
                ("c3", Conv2d(8, 8, kernel_size: 3, padding: 1)),
                ("r3", ReLU(inplace: true)));

            avgPool = AdaptiveAvgPool2d(new long[] { 2, 2 });

            classifier = Sequential(
                ("d1", Dropout()),
                ("l1", Linear(8 * 2 * 2, 16)),
                ("r1", ReLU(inplace: true)),
                ("d2", Dropout()),
                ("l2", Linear(16, numClasses)));

            RegisterComponents();

            if (device != null && device.type == DeviceType.CUDA)
                this.to(device);
        }

        public override Tensor forward(Tensor input)
        {
            var f = features.call(input);
            var avg = avgPool.call(f);
            var x = avg.view(new long[] { avg.shape[0], 8 * 2 * 2 });
            return classifier.call(x);
        }
    }

    /// <summary>VGG's way: a table of widths becomes a list of named modules, and the list a Sequential.</summary>
    [AdaLoRA(Budget = 4, Targets = ["layers.*", "classifier"])] // expect: ADALORA026
    internal partial class SmallVgg : Module<Tensor, Tensor>
    {
        private readonly Dictionary<string, long[]> _channels = new Dictionary<string, long[]>() {
            { "VGG5", new long[] { 4, 0, 8, 0 } },
            { "VGG8", new long[] { 4, 4, 0, 8, 8, 0 } } };

        private readonly Module<Tensor, Tensor> layers;
        private readonly Module<Tensor, Tensor> classifier;

        public SmallVgg(string name = "VGG5", int numClasses = 10, Device? device = null) : base(name)
        {
            var modules = new List<(string, Module<Tensor, Tensor>)>();
            var channels = _channels[name.ToUpperInvariant()];
            long in_channels = 3;

            for (var i = 0; i < channels.Length; i++)
            {
                if (channels[i] == 0)
                {
                    modules.Add(($"MaxPool2d-{i}a", MaxPool2d(kernel_size: 2, stride: 2)));
                }
                else
                {
                    modules.Add(($"conv2d-{i}a", Conv2d(in_channels, channels[i], kernel_size: 3, padding: 1)));
                    modules.Add(($"bnrm2d-{i}a", BatchNorm2d(channels[i])));
                    modules.Add(($"relu-{i}b", ReLU(inplace: true)));
                    in_channels = channels[i];
                }
            }

            layers = Sequential(modules);
            classifier = Linear(8, numClasses);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var l1 = layers.call(input);
            return classifier.call(l1.mean(new long[] { 2, 3 }));
        }
    }

    /// <summary>MobileNet's way: a method makes the array of blocks that the Sequential is given.</summary>
    [AdaLoRA(Budget = 4, Targets = ["*"])] // expect: ADALORA026
    internal partial class SmallMobileNet : Module<Tensor, Tensor>
    {
        private readonly long[] planes = new long[] { 8, 8, 16 };
        private readonly long[] strides = new long[] { 1, 2, 1 };

        private readonly Module<Tensor, Tensor> layers;

        public SmallMobileNet(int numClasses = 10) : base("mobilenet")
        {
            var modules = new List<(string, Module<Tensor, Tensor>)>();
            modules.Add(("conv2d-first", Conv2d(3, 4, kernel_size: 3, stride: 1, padding: 1, bias: false)));
            modules.Add(("bnrm2d-first", BatchNorm2d(4)));
            modules.Add(("relu-first", ReLU()));
            MakeLayers(modules, 4);
            modules.Add(("flatten", Flatten()));
            modules.Add(("linear", Linear(planes[^1] * 4, numClasses)));
            layers = Sequential(modules);
            RegisterComponents();
        }

        private void MakeLayers(List<(string, Module<Tensor, Tensor>)> modules, long in_planes)
        {
            for (var i = 0; i < strides.Length; i++)
            {
                modules.Add(($"conv2d-{i}a", Conv2d(in_planes, in_planes, kernel_size: 3, stride: strides[i], padding: 1, groups: in_planes, bias: false)));
                modules.Add(($"conv2d-{i}b", Conv2d(in_planes, planes[i], kernel_size: 1, bias: false)));
                in_planes = planes[i];
            }
        }

        public override Tensor forward(Tensor input) => layers.call(input);
    }

    /// <summary>The attacked net of the adversarial example: layers in fields, functions in forward.</summary>
    [LoRA(Rank = 2, Targets = ["conv1", "fc*"])]
    internal partial class AttackedNet : Module<Tensor, Tensor>
    {
        private readonly Conv2d conv1 = Conv2d(1, 4, kernel_size: (5L, 5L));
        private readonly Conv2d conv2 = Conv2d(4, 8, kernel_size: (5L, 5L));
        private readonly Dropout2d conv2_drop = Dropout2d();
        private readonly Linear fc1 = Linear(8 * 4 * 4, 16);
        private readonly Linear fc2 = Linear(16, 10);

        public AttackedNet() : base("attacked") { RegisterComponents(); }

        public override Tensor forward(Tensor x)
        {
            x = relu(max_pool2d(conv1.call(x), 2));
            x = relu(max_pool2d(conv2_drop.call(conv2.call(x)), 2));
            x = x.view(-1, 8 * 4 * 4);
            x = relu(fc1.call(x));
            return log_softmax(fc2.call(x), 1);
        }
    }

    /// <summary>An encoder and a decoder.</summary>
    [AdaLoRA(Budget = 4, Targets = ["{encoder,decoder}.{0,2}"])]
    public partial class AutoEncoder : Module<Tensor, (Tensor Code, Tensor Output)>
    {
        private readonly Sequential encoder, decoder;

        public AutoEncoder(int size = 16, int code = 2) : base(nameof(AutoEncoder))
        {
            encoder = Sequential(Linear(size, size / 2), ReLU(), Linear(size / 2, code));
            decoder = Sequential(Linear(code, size / 2), ReLU(), Linear(size / 2, size), Sigmoid());
            RegisterComponents();
        }

        public override (Tensor Code, Tensor Output) forward(Tensor input)
        {
            var code = encoder.call(input);
            return (code, decoder.call(code));
        }
    }
}
