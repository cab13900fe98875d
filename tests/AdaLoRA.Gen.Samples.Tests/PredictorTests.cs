using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Testing;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Samples.Tests;

/// <summary>The web app as a user starts it.</summary>
public sealed partial class PredictorTests : IClassFixture<PredictorTests.Running>
{
    private readonly Running _app;

    public PredictorTests(Running app) => _app = app;

    [Fact]
    public async Task A_sentence_gets_its_intents_and_nonsense_a_reason()
    {
        var answer = await Json(await _app.Http.PostAsJsonAsync("/classify", new { text = "my card was stolen" }), HttpStatusCode.OK);
        Assert.False(string.IsNullOrEmpty(answer.GetProperty("intent").GetString()));
        double[] probabilities = [.. answer.GetProperty("candidates").EnumerateArray().Select(c => c.GetProperty("probability").GetDouble())];
        Assert.Equal(probabilities.OrderDescending(), probabilities);
        Assert.Equal(3, probabilities.Length);
        Assert.Equal(answer.GetProperty("probability").GetDouble(), probabilities[0]);
        Assert.Equal("'text' is empty; send a sentence.", (await Json(await _app.Http.PostAsJsonAsync("/classify", new { text = " " }), HttpStatusCode.BadRequest)).GetProperty("detail").GetString());
        using var huge = await _app.Http.PostAsJsonAsync("/classify", new { text = new string('x', 100_000) });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, huge.StatusCode);
        Assert.Equal("Healthy", await _app.Http.GetStringAsync("/health"));
    }

    [Fact]
    public async Task The_adapter_is_exchanged_by_who_has_the_token_for_one_below_the_root()
    {
        foreach (var wrong in (AuthenticationHeaderValue?[])[null, new("Bearer", "guess"), new("Basic", Running.Token)])
        {
            await Json(await Swap("out/blue", wrong), HttpStatusCode.Unauthorized);
        }
        var token = new AuthenticationHeaderValue("Bearer", Running.Token);
        var swapped = await Json(await Swap("out/blue", token), HttpStatusCode.OK);
        Assert.EndsWith("blue", swapped.GetProperty("folder").GetString());
        Assert.Contains("does not lie in 'out'", (await Json(await Swap("out/../../etc", token), HttpStatusCode.BadRequest)).GetProperty("detail").GetString());
        Assert.Contains("keeps its adapter", (await Json(await Swap("out/nowhere", token), HttpStatusCode.UnprocessableEntity)).GetProperty("detail").GetString());
        Assert.Equal("Degraded", await _app.Http.GetStringAsync("/health"));
        await Json(await Swap("out/red", token), HttpStatusCode.OK);
        Assert.Equal("Healthy", await _app.Http.GetStringAsync("/health"));
        var state = await Json(await _app.Http.GetAsync("/adapter"), HttpStatusCode.OK);
        Assert.EndsWith("red", state.GetProperty("adapter").GetProperty("folder").GetString());
    }

    [Fact]
    public void Swaps_under_load_cost_no_request()
    {
        var outcome = Sample.Run("Predictor", _app.Folder, "load", "--url", _app.Http.BaseAddress!.ToString(), "--token", Running.Token, "--seconds", "2", "--clients", "8", "--swap-every", "100ms", "--json");
        var report = JsonDocument.Parse(outcome.LastLine).RootElement;
        Assert.True(outcome.ExitCode == 0, outcome.Output + outcome.Error);
        Assert.Equal((0, 0), (report.GetProperty("errors").GetInt32(), report.GetProperty("swapErrors").GetInt32()));
        Assert.True(report.GetProperty("requests").GetInt32() > 0);
        Assert.True(report.GetProperty("swaps").GetInt32() > 1);
        Assert.True(report.GetProperty("adapterVersions").GetInt32() > 1);
        Assert.True(report.GetProperty("p50").GetDouble() <= report.GetProperty("p99").GetDouble());
    }

    [Fact]
    public void A_server_that_is_not_there_is_one_sentence_and_an_exit_code()
    {
        var outcome = Sample.Run("Predictor", _app.Folder, "load", "--url", "http://127.0.0.1:1", "--seconds", "60", "--swap-every", "1s");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal(("", "No server answers on http://127.0.0.1:1; start one with dotnet run -c Release --project samples/Predictor."), (outcome.Output, outcome.Error.TrimEnd()));
    }

    [Theory]
    [InlineData("--adapter nowhere", "AdapterFolder is 'nowhere', which holds no adapter_config.json")]
    [InlineData("--adapter out/red --max-batch 0", "--max-batch is '0'; it must be a whole number of at least 1.")]
    [InlineData("--max-batch x", "--max-batch is 'x'; it must be a whole number of at least 1.")]
    [InlineData("load --clients x", "--clients is 'x'; it must be a whole number from 1 to 1000.")]
    [InlineData("load --seconds x", "--seconds is 'x'; it must be a number above 0 and at most 3600.")]
    [InlineData("load --swap-every often", "--swap-every must be a time")]
    [InlineData("load --url here", "--url must be an address")]
    [InlineData("--port 70000", "--port is '70000'; it must be a whole number from 0 to 65535")]
    public void A_wrong_argument_is_one_sentence(string arguments, string expected)
    {
        var outcome = Sample.Run("Predictor", _app.Folder, arguments.Split(' '));
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains(expected, outcome.Error + outcome.Output);
        Assert.DoesNotContain("   at ", outcome.Error + outcome.Output);
    }

    private static async Task<JsonElement> Json(HttpResponseMessage response, HttpStatusCode status)
    {
        using (response)
        {
            string body = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == status, $"{response.StatusCode}: {body}");
            return JsonDocument.Parse(body).RootElement;
        }
    }

    private Task<HttpResponseMessage> Swap(string folder, AuthenticationHeaderValue? authorization)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/adapter/swap") { Content = JsonContent.Create(new { folder }) };
        request.Headers.Authorization = authorization;
        return _app.Http.SendAsync(request);
    }

    /// <summary>One server that the tests share, on a port of its own and with two adapters of drawn values.</summary>
    public sealed partial class Running : IDisposable
    {
        public const string Token = "token-of-the-tests";
        private readonly TemporaryFolder _folder = new();
        private readonly Process _process;

        public Running()
        {
            foreach (string name in (string[])["red", "blue"]) Make(name);
            var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Predictor.exe" : "Predictor"), ["--port", "0", "--adapter", "out/red", "--concurrency", "2"])
            {
                WorkingDirectory = Folder,
                RedirectStandardOutput = true,
            };
            start.Environment["PREDICTOR_TOKEN"] = Token;
            _process = Process.Start(start)!;
            string? line;
            Match match;
            do
            {
                line = _process.StandardOutput.ReadLine();
                match = Listening().Match(line ?? "");
            }
            while (line is not null && !match.Success);
            Assert.True(match.Success, "the server ended before it listened");
            _ = _process.StandardOutput.ReadToEndAsync();
            Http = new HttpClient { BaseAddress = new Uri(match.Groups[1].Value) };
        }

        public string Folder => _folder.Path;

        public HttpClient Http { get; }

        /// <summary>Stops it as a service manager does (a shell in the background makes its children deaf to Ctrl-C), which must end it well.</summary>
        public void Dispose()
        {
            Http.Dispose();
            if (OperatingSystem.IsWindows()) _process.Kill();
            else Process.Start("kill", ["-TERM", $"{_process.Id}"]).WaitForExit();
            bool ended = _process.WaitForExit(TimeSpan.FromSeconds(30));
            if (!ended) _process.Kill();
            _process.WaitForExit();
            int code = _process.ExitCode;
            _process.Dispose();
            _folder.Dispose();
            Assert.True(ended && (code == 0 || OperatingSystem.IsWindows()), $"ended in time: {ended}, exit code {code}");
        }

        private void Make(string name)
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            using var model = new IntentSample.IntentClassifier(BertModel.FromPretrained(Fixtures.MiniLM), 77);
            var set = model.AttachAdaLoRA();
            foreach (var adapter in set.Adapters) adapter.lora_E!.copy_(randn(adapter.lora_E.shape) * 0.01);
            set.Refold();
            set.Save(Path.Combine(Folder, "out", name));
        }

        [GeneratedRegex("answers on (http://127\\.0\\.0\\.1:[0-9]+) with ")]
        private static partial Regex Listening();
    }
}
