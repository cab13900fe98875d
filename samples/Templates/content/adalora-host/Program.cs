using AdaLoRA.Gen.Hosting;
using AdaLoRAHost._1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

var builder = Host.CreateApplicationBuilder();
builder.Configuration.AddTrainingArguments<WaveClassifier>(args);       // --steps 800 --learning-rate 5e-3 --budget 9; --dry-run; --help
builder.Services.AddAdaLoRA<WaveClassifier>()                           // "AdaLoRA:WaveClassifier" in appsettings.json
                .UseTask<WaveTask>();                                   // .UseModel(_ => …) makes a model that needs more than its constructor
return await builder.Build().RunTrainingAsync();                        // 0 done, 130 interrupted (Ctrl-C, SIGTERM), 1 failed, 2 wrong arguments
