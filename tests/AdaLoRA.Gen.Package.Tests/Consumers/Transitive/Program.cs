using System.Globalization;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Models;
using Consumer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
builder.Services.AddAdaLoRA<Classifier>(options =>
{
    (options.Steps, options.BatchSize, options.Seed, options.Threads, options.Progress) = (30, 16, 1, 1, ProgressMode.Off);
    options.OutputFolder = Path.Combine(AppContext.BaseDirectory, "out");
}).UseTask<ParityTask>();
using var host = builder.Build();
var service = host.Services.GetRequiredService<TrainingService<Classifier>>();
int exitCode = await host.RunTrainingAsync();
if (exitCode != 0) return exitCode;
var result = service.Result!;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"steps {result.Steps} loss {result.LastLoss:R}"));
Console.WriteLine($"built for {AppContext.TargetFrameworkName}");
return 0;

internal sealed record Sentences(TokenBatch Tokens, Tensor Labels) : IDisposable
{
    public void Dispose()
    {
        Tokens.Dispose();
        Labels.Dispose();
    }
}

internal sealed class ParityTask : TrainingTask<Classifier, Sentences>
{
    public override int BatchesPerEpoch => 8;

    public override Sentences GetBatch(int epoch, int index)
    {
        using var random = new Generator((ulong)index);
        var ids = randint(1, 50, [16, 8], generator: random);
        return new(new TokenBatch(ids, ones_like(ids), zeros_like(ids)), ids.select(1, 0).remainder(2));
    }

    public override Tensor Loss(Classifier model, Sentences batch) => nn.functional.cross_entropy(model.call(batch.Tokens), batch.Labels);

    public override Evaluation Evaluate(Classifier model, CancellationToken cancellationToken) => new("none", 0);
}
