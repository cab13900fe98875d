using System.CommandLine;
using AdaLoRA.Gen.Native;
using SvdDemo;

var size = new Option<int>("--size") { Description = "Rows and columns of W (2 to 1000).", DefaultValueFactory = _ => 10 };
var rank = new Option<int>("--rank") { Description = "Rank of W (1 to --size).", DefaultValueFactory = _ => 2 };
var seed = new Option<int>("--seed") { Description = "Seed of the random numbers.", DefaultValueFactory = _ => 0 };
var command = new RootCommand("Shows on a random matrix of low rank why a low-rank pair of factors can stand for the whole matrix.") { size, rank, seed };
command.SetAction(arguments =>
{
    int n = arguments.GetValue(size), r = arguments.GetValue(rank);
    if (n is < 2 or > 1000) return Wrong($"--size is {n}, but must be 2 to 1000.");
    if (r < 1 || r > n) return Wrong($"--rank is {r}, but must be 1 to --size ({n}).");
    try
    {
        NativeBackend.Initialize();
        return Demonstration.Run(n, r, arguments.GetValue(seed), Console.Out) ? 0 : 1;
    }
    catch (DllNotFoundException e)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
});

var parsed = command.Parse(args);
return parsed.Errors.Count == 0 ? parsed.Invoke() : Wrong(string.Join(" ", parsed.Errors.Select(e => e.Message)));

static int Wrong(string sentence)
{
    Console.Error.WriteLine($"{sentence} See --help.");
    return 2;
}
