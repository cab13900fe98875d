using AdaLoRA.Gen;
using AdaLoRAConsole._1;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

const int steps = 500, batchSize = 64;
const string folder = "out";

manual_seed(3);
using var model = new Net();                      // your model: load its pretrained weights here
using var task = new ShiftedTask(model);          // your data
Console.WriteLine($"error before  {task.Error(model):0.0000}");

var adapters = model.AttachAdaLoRA();             // freezes the model and puts an adapter on every target
using (var optimizer = model.CreateAdaLoRAOptimizer(steps, learningRate: 1e-2))
{
    for (int step = 1; step <= steps; step++)
    {
        using var scope = NewDisposeScope();
        var (x, y) = task.Batch(batchSize);
        var loss = functional.mse_loss(model.call(x), y);
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();                         // update, orthogonality, importance, allocation, masking: all of it
        if (step % 100 == 0) Console.WriteLine($"  step {step,4}  loss {loss.item<float>():0.0000}");
    }
}

Console.WriteLine($"error after   {task.Error(model):0.0000}");
foreach (var adapter in adapters.Adapters) Console.WriteLine($"  {adapter.Path}: rank {adapter.Rank}");

model.SaveAdapter(folder);                        // a folder that Hugging Face PEFT reads
model.DetachAdaLoRA();                            // the model is what it was
model.LoadAdapter(folder);                        // and has the adapter again
Console.WriteLine($"error loaded  {task.Error(model):0.0000}, from {Path.GetFullPath(folder)}");
