using AdaLoRA.Gen;
using AdaLoRA.Gen.Hosting;
using AdaLoRAHost._1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

var builder = Host.CreateApplicationBuilder();
try
{
    builder.Configuration.AddTrainingArguments<WaveClassifier>(args);   // --steps 800 --learning-rate 5e-3 --budget 9
}
catch (AdaLoRAException e)                                              // an option that does not exist, say
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
builder.Services.AddAdaLoRA<WaveClassifier>()                           // "AdaLoRA:WaveClassifier" in appsettings.json
                .UseTask<WaveTask>();                                   // .UseModel(_ => …) makes a model that needs more than its constructor
return await builder.Build().RunTrainingAsync();                        // 0 done, 130 interrupted (Ctrl-C), 1 failed
