using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>Reading runs, and the buttons.</summary>
internal sealed class RunEndpoints(RunCatalog catalog, ControlAccess control, RefusalLog refusals, ILogger<RunEndpoints> logger)
{
    public const string NoSuchRun = "There is no run with this id.";

    /// <summary><c>GET api/runs</c>.</summary>
    public async Task ListAsync(HttpContext context) => await Answer.ContentAsync(context, await catalog.ListAsync(context.RequestAborted), Answer.JsonType);

    /// <summary><c>GET api/runs/{id}</c>.</summary>
    public async Task RunAsync(HttpContext context)
    {
        if (await catalog.RunAsync(Id(context), context.RequestAborted) is { } content) await Answer.ContentAsync(context, content, Answer.JsonType);
        else await Answer.ErrorAsync(context, StatusCodes.Status404NotFound, NoSuchRun);
    }

    /// <summary><c>GET api/session</c>.</summary>
    public async Task SessionAsync(HttpContext context)
    {
        string answer = await control.DecideAsync(context, isButton: false) switch
        {
            ControlDecision.Allowed => "allowed",
            ControlDecision.Token => "token",
            _ => "forbidden",
        };
        await Answer.JsonAsync(context, StatusCodes.Status200OK, new SessionBody(answer), DashboardJson.Default.SessionBody);
    }

    /// <summary><c>POST api/runs/{id}/BUTTON</c>.</summary>
    public async Task PressAsync(HttpContext context, string name, Action<TrainingRun> press)
    {
        if (await RefusalAsync(context) is { } refusal)
        {
            refusals.Add(context, refusal.Sentence);
            await Answer.ErrorAsync(context, refusal.Status, refusal.Sentence);
        }
        else if (catalog.FindLive(Id(context)) is { } live)
        {
            if (live.Run.HasEnded)
            {
                await Answer.ErrorAsync(context, StatusCodes.Status409Conflict, $"The run has ended ({live.Run.State}); there is nothing to {name}.");
                return;
            }
            press(live.Run);
            Log.Pressed(logger, name, live.Run.Name);
            await Answer.JsonAsync(context, StatusCodes.Status202Accepted, new StateBody(live.Run.State.ToString()), DashboardJson.Default.StateBody);
        }
        else if (catalog.FindPast(Id(context)) is not null)
        {
            await Answer.ErrorAsync(context, StatusCodes.Status409Conflict, $"The run is not one of this process; there is nothing to {name} here.");
        }
        else
        {
            await Answer.ErrorAsync(context, StatusCodes.Status404NotFound, NoSuchRun);
        }
    }

    private async Task<(int Status, string Sentence)?> RefusalAsync(HttpContext context)
    {
        if (ControlAccess.CrossSite(context) is { } sentence) return (StatusCodes.Status403Forbidden, sentence);
        switch (await control.DecideAsync(context, isButton: true))
        {
            case ControlDecision.Allowed:
                return null;
            case ControlDecision.Token:
                context.Response.Headers.WWWAuthenticate = "Bearer";
                return (StatusCodes.Status401Unauthorized, "Buttons need the dashboard's token, which the app printed with its address; it is sent as Authorization: Bearer TOKEN.");
            case ControlDecision.Header:
                return (StatusCodes.Status403Forbidden, $"A button is pressed with the header {ControlAccess.Header}: 1, which no other site can send.");
            default:
                return (StatusCodes.Status403Forbidden, "The app's policy does not let you press buttons.");
        }
    }

    private static string Id(HttpContext context) => (string)context.GetRouteValue("id")!;
}
