using System.Net;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Models;
using IntentSample;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace PredictorSample;

/// <summary>The web app.</summary>
internal static class Server
{
    private const int MostBytes = 16 * 1024;

    public static WebApplication Build(ServerSettings settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddJsonFile("predictor.json");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // Nothing is reachable from another host.
            kestrel.Listen(IPAddress.Loopback, settings.Port);
            kestrel.Limits.MaxRequestBodySize = MostBytes;
        });
        var encoder = BertConfig.FromFolder(Assets.Encoder);
        builder.Services.AddSingleton(settings)
            .AddSingleton(new IntentLabels(IntentData.Read(Assets.Data).Intents))
            .AddSingleton(WordPieceTokenizer.FromFolder(Assets.Encoder, encoder));
        builder.Services.AddAdaLoRAPredictor<IntentClassifier>(options =>
            {
                options.AdapterFolder = settings.Adapter;
                options.Merged |= settings.Merged;
                options.Watch |= settings.Watch;
                options.MaxBatch = settings.MaxBatch ?? options.MaxBatch;
                options.MaxConcurrency = settings.Concurrency ?? options.MaxConcurrency;
                options.Threads = settings.Threads ?? options.Threads;
            })
            .UseModel(provider => new IntentClassifier(BertModel.FromPretrained(Assets.Encoder), provider.GetRequiredService<IntentLabels>().Names.Count))
            .UseBatches<TokenSequence, Classification, Classifier>()
            // The first forward pays what later ones do not; a swap pays it before requests come.
            .CheckAdapter((provider, model, adapter) => ActivatorUtilities.CreateInstance<Classifier>(provider).Forward(model, adapter, [provider.GetRequiredService<WordPieceTokenizer>().Encode("hello")]));
        builder.Services.AddHealthChecks().AddAdaLoRAPredictor<IntentClassifier>(tags: ["ready"]);
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, SampleJson.Default));

        var app = builder.Build();
        app.MapHealthChecks("/health");
        app.MapClassifier();
        app.MapAdapter();
        return app;
    }

    /// <summary>Where the server listens, with the port that it was given.</summary>
    public static string Address(WebApplication app) => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Prints what one needs to ask it.</summary>
    public static void Tell(WebApplication app)
    {
        string address = Address(app);
        var predictor = app.Services.GetRequiredService<IAdapterPredictor<IntentClassifier>>();
        Console.WriteLine($"""
            {predictor.Name} answers on {address} with {predictor.Adapter.Folder}; Ctrl-C stops it.

            curl {address}/classify --json '{"{"}"text": "my card was stolen"{"}"}'
            curl {address}/adapter
            curl {address}/adapter/swap --json '{"{}"}' -H "Authorization: Bearer {app.Services.GetRequiredService<ServerSettings>().Token}"
            """);
    }
}
