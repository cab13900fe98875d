using System.CommandLine;
using System.Globalization;
using AdaLoRA.Gen;

namespace IntentSample.Commands;

/// <summary>The command line. Without a command the program trains.</summary>
internal static class CommandLine
{
    public static RootCommand Build()
    {
        var output = new Option<string?>("--output", "-o") { Description = $"Folder of the run. Default: {Assets.Output}." };
        var json = new Option<bool>("--json") { Description = "The last line of the output is one JSON object." };
        var data = new Option<string>("--data") { Description = "Folder with train.csv and test.csv (text,category) or CLINC150's data_full.json. Default: BANKING77, which ships with the sample.", DefaultValueFactory = _ => Assets.Data, HelpName = "folder" };
        var training = new TrainOptions(output, json, data);

        var root = new RootCommand("Fine-tunes a sentence encoder (MiniLM-L6) on 77 banking intents with AdaLoRA, and answers with it. Without a command it trains.");
        training.AddTo(root);
        root.SetAction(training.RunAsync);
        var train = new Command("train", "Trains and saves an adapter that Hugging Face PEFT reads. Ctrl-C saves what there is; the next start goes on.");
        training.AddTo(train);
        train.SetAction(training.RunAsync);

        var evaluate = new Command("evaluate", "Measures a trained adapter on the test sentences.") { output, json, data };
        evaluate.SetAction((arguments, cancellation) => Task.FromResult(AskCommands.Evaluate(arguments.GetValue(data)!, arguments.GetValue(output) ?? Assets.Output, arguments.GetValue(json), cancellation)));

        var text = new Argument<string>("text") { Description = "A sentence, as a customer would write it." };
        var predict = new Command("predict", "Names the intent of a sentence.") { text, output, json };
        predict.SetAction(arguments => AskCommands.Predict(arguments.GetValue(text)!, arguments.GetValue(output) ?? Assets.Output, arguments.GetValue(json)));

        root.Subcommands.Add(train);
        root.Subcommands.Add(evaluate);
        root.Subcommands.Add(predict);
        return root;
    }

    private sealed class TrainOptions(Option<string?> output, Option<bool> json, Option<string> data)
    {
        private readonly Option<AdapterMethod> _method = new("--method") { Description = "adalora, or plain lora of the same mean rank.", DefaultValueFactory = _ => AdapterMethod.AdaLoRA, HelpName = "adalora|lora", CustomParser = Method };
        private readonly Option<int?> _steps = Whole("--steps", "Optimizer steps. Default 200, a short run; 600 is the full one.", 1);
        private readonly Option<int?> _rank = Whole("--rank", "Mean final rank: the budget is this times the targets. Default 2.", 1);
        private readonly Option<int?> _budget = Whole("--budget", "Triplets kept over all targets; may be fewer than the targets.", 1);
        private readonly Option<int?> _initialRank = Whole("--initial-rank", "Rank that every target starts with (adalora only). Default: 4 × the mean final rank.", 1);
        private readonly Option<double?> _alpha = Positive("--alpha", "Scale of the adapters times their rank. Default: 4 × initial rank; for lora, the rank.");
        private readonly Option<string[]> _targets = new("--targets") { Description = "Patterns of the adapted layers, such as \"*.query\". Default: the six matrices of every layer.", AllowMultipleArgumentsPerToken = true, HelpName = "pattern" };
        private readonly Option<int?> _seed = Whole("--seed", "Seed of everything that is drawn. Default 1.", 0);
        private readonly Option<double?> _lr = Positive("--lr", "Peak learning rate of the adapters. Default 4e-3.");
        private readonly Option<double?> _headLr = Positive("--head-lr", "Peak learning rate of the head. Default 3e-3.");
        private readonly Option<int?> _batchSize = Whole("--batch-size", "Sentences of a step. Default 32.", 1);
        private readonly Option<int?> _threads = Whole("--threads", "Intra-op threads. Default: what runs one batch faster.", 1);
        private readonly Option<string?> _device = new("--device") { Description = "cpu, cuda, cuda:1, or auto: cuda where it is found. Default cpu." };
        private readonly Option<bool> _resume = new("--resume") { Description = "Go on from the newest checkpoint of the output folder also when its run is complete, which trains nothing." };

        public void AddTo(Command command)
        {
            foreach (var option in new Option[] { _method, _steps, _rank, _budget, _initialRank, _alpha, _targets, _seed, _lr, _headLr, _batchSize, _threads, _device, _resume, data, output, json }) command.Options.Add(option);
            command.Validators.Add(result =>
            {
                if (result.GetResult(_rank) is { Implicit: false } && result.GetResult(_budget) is { Implicit: false }) result.AddError("--rank and --budget say the same thing; give one of them.");
            });
        }

        public Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken) => TrainCommand.RunAsync(
            new TrainSettings
            {
                Data = arguments.GetValue(data)!,
                Method = arguments.GetValue(_method),
                Steps = arguments.GetValue(_steps),
                Rank = arguments.GetValue(_rank),
                Budget = arguments.GetValue(_budget),
                InitialRank = arguments.GetValue(_initialRank),
                Alpha = arguments.GetValue(_alpha),
                Targets = arguments.GetValue(_targets) ?? [],
                Seed = arguments.GetValue(_seed),
                LearningRate = arguments.GetValue(_lr),
                HeadLearningRate = arguments.GetValue(_headLr),
                BatchSize = arguments.GetValue(_batchSize),
                Threads = arguments.GetValue(_threads),
                Device = arguments.GetValue(_device),
                Resume = arguments.GetValue(_resume),
                Output = arguments.GetValue(output),
                Json = arguments.GetValue(json),
            },
            cancellationToken);

        private static AdapterMethod Method(System.CommandLine.Parsing.ArgumentResult argument)
        {
            if (Enum.TryParse(argument.Tokens[0].Value, ignoreCase: true, out AdapterMethod method) && Enum.IsDefined(method)) return method;
            argument.AddError($"--method is '{argument.Tokens[0].Value}'; it must be adalora or lora.");
            return default;
        }

        private static Option<int?> Whole(string name, string description, int least) => Checked(new Option<int?>(name) { Description = description, HelpName = "n" }, v => v >= least, $"{name} must be a whole number of at least {least}.");

        private static Option<double?> Positive(string name, string description) => Checked(new Option<double?>(name) { Description = description, HelpName = "x" }, v => v > 0 && double.IsFinite(v), $"{name} must be a positive number.");

        private static Option<T?> Checked<T>(Option<T?> option, Predicate<T> holds, string sentence)
            where T : struct, IParsable<T>
        {
            // A parser of our own: the default one follows the machine's culture, and its message does not say what would be right.
            option.CustomParser = argument =>
            {
                if (T.TryParse(argument.Tokens[0].Value, CultureInfo.InvariantCulture, out var value) && holds(value)) return value;
                argument.AddError(sentence);
                return null;
            };
            return option;
        }
    }
}
