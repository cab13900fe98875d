using System.Security.Cryptography;
using System.Text;
using AdaLoRA.Gen;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Models;
using IntentSample;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace PredictorSample;

/// <summary>What the app answers to.</summary>
internal static class Endpoints
{
    public static void MapClassifier(this IEndpointRouteBuilder app) => app.MapPost("/classify", Classify);

    public static void MapAdapter(this IEndpointRouteBuilder app)
    {
        app.MapGet("/adapter", (IAdapterPredictor<IntentClassifier> predictor) => new AdapterState(predictor.Adapter, predictor.Load, predictor.LastSwapFailure));
        // In an app that has users: .RequireAuthorization("a policy of its own") instead.
        app.MapPost("/adapter/swap", Swap).AddEndpointFilter(RequireToken);
    }

    private static async Task<Results<Ok<ClassifyAnswer>, ProblemHttpResult>> Classify(
        ClassifyRequest request, WordPieceTokenizer tokenizer, IBatchPredictor<IntentClassifier, TokenSequence, Classification> predictor, HttpResponse response, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(request.Text)) return Problem(400, "'text' is empty; send a sentence.");
        try
        {
            // What needs no model is done on the request's thread.
            var answer = await predictor.PredictAsync(tokenizer.Encode(request.Text, IntentTask.MaxLength), cancellationToken);
            return TypedResults.Ok(new ClassifyAnswer(answer.Candidates[0].Intent, answer.Candidates[0].Probability, answer.Candidates, answer.AdapterVersion));
        }
        catch (PredictorUnavailableException e)
        {
            response.Headers.RetryAfter = "1";
            return Problem(503, e.Message);
        }
    }

    private static async Task<Results<Ok<AdapterInfo>, ProblemHttpResult>> Swap(SwapRequest request, IAdapterPredictor<IntentClassifier> predictor, CancellationToken cancellationToken)
    {
        string? folder = request.Folder is null ? predictor.Adapter.Folder : Below(FirstAdapter.Root, request.Folder);
        if (folder is null) return Problem(400, $"'{request.Folder}' does not lie in '{FirstAdapter.Root}', where this app looks for adapters.");
        try
        {
            return TypedResults.Ok(await predictor.SwapAsync(folder, cancellationToken));
        }
        catch (PredictorUnavailableException e)
        {
            return Problem(503, e.Message);
        }
        catch (AdaLoRAException e)
        {
            return Problem(422, e.Message);
        }
    }

    /// <summary>The full path of a folder below another one; null where it leads out of it.</summary>
    internal static string? Below(string root, string folder)
    {
        string full = Path.GetFullPath(folder);
        return full.StartsWith(Path.GetFullPath(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? full : null;
    }

    private static async ValueTask<object?> RequireToken(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        const string Scheme = "Bearer ";
        string sent = context.HttpContext.Request.Headers.Authorization.ToString(), token = context.HttpContext.RequestServices.GetRequiredService<ServerSettings>().Token;
        bool right = sent.StartsWith(Scheme, StringComparison.Ordinal) && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent[Scheme.Length..]), Encoding.UTF8.GetBytes(token));
        return right ? await next(context) : Problem(401, "Exchanging the adapter needs the token that the app printed when it started: Authorization: Bearer TOKEN.");
    }

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(new ProblemDetails { Status = status, Detail = detail });
}
