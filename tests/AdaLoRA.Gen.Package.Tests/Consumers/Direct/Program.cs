using System;
using System.Globalization;
using System.IO;
using AdaLoRA.Gen;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Consumer
{
    internal static class Program
    {
        private const int Steps = 40;

        private static void Main()
        {
            manual_seed(1);
            using (var model = new Net())
            using (Tensor x = randn(64, 16), y = randint(3, new long[] { 64 }))
            {
                model.AttachAdaLoRA();
                using (var optimizer = model.CreateAdaLoRAOptimizer(Steps, 1e-2))
                {
                    for (int step = 0; step < Steps; step++)
                    {
                        using (NewDisposeScope())
                        {
                            var loss = functional.cross_entropy(model.call(x), y);
                            optimizer.zero_grad();
                            loss.backward();
                            optimizer.step();
                            // All bits of it.
                            Console.WriteLine(string.Format(CultureInfo.InvariantCulture, "loss {0:R}", loss.item<float>()));
                        }
                    }
                }
                Console.WriteLine("ranks {0} {1} {2}", model.AdaLoRA.layers[0].Rank, model.AdaLoRA.layers[1].Rank, model.AdaLoRA.block.hidden.Rank);
                string folder = Path.Combine(AppContext.BaseDirectory, "adapter");
                model.SaveAdapter(folder);
                model.DetachAdaLoRA();
                model.LoadAdapter(folder);
                Console.WriteLine("built for {0}", AppContext.TargetFrameworkName);
            }
        }
    }
}
