using System.Globalization;
using AdaLoRA.Gen;
using AdaLoRA.Gen.Hosting;
using Forms;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TorchSharp;
using static TorchSharp.torch;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
set_num_threads(1);
string folder = args[0];

manual_seed(1);
using var forms = new Outer<int>.@class();
Show("forms", forms);
var adapters = forms.AttachAdaLoRA();
foreach (var adapter in adapters.Adapters) Console.WriteLine($"adapter {adapter.Path} {adapter.InFeatures} -> {adapter.OutFeatures}");
Train(forms);
Console.WriteLine($"view {forms.AdaLoRA.block.inner.p.Path} {forms.AdaLoRA.list[1].q.Path}");
forms.SaveAdapter(Path.Combine(folder, "adapter"));

// An application that only predicts: nothing here collects targets.
manual_seed(1);
using var loaded = new Outer<int>.@class();
loaded.LoadAdapter(Path.Combine(folder, "adapter"));
using (no_grad()) Console.WriteLine($"loaded agrees: {loaded.call(ones(2, 8)).equal(forms.call(ones(2, 8))).all().ToBoolean()}");
loaded.to(ScalarType.Float64);
Console.WriteLine($"float64: {loaded.parameters().All(p => p.dtype == ScalarType.Float64)}");

using var encoder = new Encoder();
Show("encoder", encoder);
Console.WriteLine(string.Join(" ", encoder.AttachAdaLoRA().Adapters.Select(a => a.Path)));

var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
{
    ["AdaLoRA:Hosted:Steps"] = "40", ["AdaLoRA:Hosted:BatchSize"] = "8", ["AdaLoRA:Hosted:LearningRate"] = "0.01", ["AdaLoRA:Hosted:Threads"] = "1",
    ["AdaLoRA:Hosted:OutputFolder"] = Path.Combine(folder, "run"), ["AdaLoRA:Hosted:Adapter:InitialRank"] = "4", ["AdaLoRA:Hosted:Progress"] = "Off",
});
builder.Services.AddAdaLoRA<Hosted>().UseTask<HostedTask>();
builder.Services.AddAdaLoRA<Hosted>("again", o =>
{
    (o.Steps, o.BatchSize, o.LearningRate, o.Threads, o.Progress, o.Seed) = (20, 8, 0.01, 1, ProgressMode.Off, 5);
    o.OutputFolder = Path.Combine(folder, "again");
}).UseTask<HostedTask>();
using var host = builder.Build();
int exitCode = await host.RunTrainingAsync();
Console.WriteLine($"hosted: exit code {exitCode}");
foreach (string file in Directory.GetFiles(Path.Combine(folder, "run"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Where(f => !f.EndsWith("metrics.json", StringComparison.Ordinal)))
    if (file.EndsWith("adapter_model.safetensors", StringComparison.Ordinal)) Console.WriteLine($"{Path.GetRelativePath(folder, file)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))}");
foreach (string log in RunLog.Find(folder).Order(StringComparer.Ordinal))
{
    var run = RunHistory.Read(log);
    Console.WriteLine($"log of {run.Started!.Name}: {string.Join(" ", run.Events.GroupBy(e => e.GetType().Name).Select(g => $"{g.Key} {g.Count()}"))}, {run.Ended!.State}, last loss {run.Of<LossRead>()[^1].Loss:R}");
}
return exitCode;

static void Show(string name, nn.Module model)
{
    Console.WriteLine($"{name}: {model.parameters().Sum(p => p.numel())} parameters in {model.parameters().Count()}, {model.state_dict().Count} in the state");
    foreach (var (path, _) in model.named_parameters().OrderBy(p => p.name, StringComparer.Ordinal)) Console.WriteLine($"  {path}");
}

static void Train(Outer<int>.@class model)
{
    using var optimizer = model.CreateAdaLoRAOptimizer(totalSteps: 60, learningRate: 1e-2);
    using var x = randn([16, 8], generator: new Generator(3));
    for (int step = 1; step <= 60; step++)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var loss = nn.functional.mse_loss(model.call(x), x.cos());
        loss.backward();
        optimizer.step();
        if (step % 20 == 0) Console.WriteLine($"step {step} loss {BitConverter.SingleToUInt32Bits(loss.item<float>()):x8} {loss.item<float>():R}");
    }
}
