using System.Diagnostics.CodeAnalysis;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Generators.Tests.Reading;

/// <summary>What TorchSharp does at run time, wherever a rule on registration relies on it.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Models are made by the tests.")]
public sealed class RegistrationFactsTests
{
    static RegistrationFactsTests() => Native.NativeBackend.Initialize();

    private static string[] Names(nn.Module module) => [.. module.named_modules().Select(m => m.name)];

    private abstract class Net(string name) : Module<Tensor, Tensor>(name)
    {
        public override Tensor forward(Tensor x) => x;
    }

    private sealed class Held : Net
    {
        public Linear[] Array = [Linear(2, 2)];
        public List<Linear> List = [Linear(2, 2)];
        public Dictionary<string, Linear> Dictionary = new() { ["a"] = Linear(2, 2) };
        public (Linear, int) Pair = (Linear(2, 2), 1);
        public Lazy<Linear> Lazy = new(() => Linear(2, 2));
        public Held() : base("m") { _ = Lazy.Value; RegisterComponents(); }
    }

    [Fact]
    public void Nothing_in_an_array_or_collection_is_registered()
    {
        using var model = new Held();
        Assert.Empty(Names(model));
        Assert.Empty(model.parameters());
    }

    private sealed class Properties(Linear captured) : Net("m")
    {
        public Linear Auto { get; } = Linear(2, 2);
        [field: ComponentName(Name = "Named")]
        public Linear Named { get; } = Linear(2, 2);
        public void Register() => RegisterComponents();
        public override Tensor forward(Tensor x) => captured.call(x);
    }

    [Fact]
    public void Backing_fields_give_the_names()
    {
        using var model = new Properties(Linear(2, 2));
        Assert.Empty(Names(model));
        model.Register();
        Assert.Equal(["<Auto>k__BackingField", "<captured>P", "Named"], Names(model).Order(StringComparer.Ordinal));
    }

    private sealed class NeverRegisters : Net
    {
        public Linear Inner = Linear(2, 2);
        public NeverRegisters() : base("never") { }
    }

    private sealed class Parent : Net
    {
        public NeverRegisters Child = new();
        public ModuleList<NeverRegisters> List = new(new NeverRegisters());
        public ModuleDict<NeverRegisters> Dict = ModuleDict(("k", new NeverRegisters()));
        public Sequential Net = Sequential(new NeverRegisters());
        public Parent() : base("parent") => RegisterComponents();
    }

    [Fact]
    public void Class_without_RegisterComponents()
    {
        using var top = new NeverRegisters();
        Assert.Empty(Names(top));
        using var parent = new Parent();
        Assert.Equal(["Child", "Child.Inner", "Dict", "Dict.k", "Dict.k.Inner", "List", "List.0", "List.0.Inner", "Net", "Net.0"], Names(parent).Order(StringComparer.Ordinal));
    }

    private sealed class Late : Net
    {
        public Linear Absent;
        public Linear Replaced = Linear(2, 2);
        public ModuleList<Linear> List = new();
        public ModuleDict<Linear> Dict = new();
        public Sequential Net = Sequential(Linear(2, 2));
        public readonly Linear Old;
        public Late() : base("late")
        {
            Old = Replaced;
            Absent = null!;
            RegisterComponents();
            Absent = Linear(2, 2);
            Replaced = Linear(2, 2);
            List.Add(Linear(2, 2));
            Dict.Add("k", Linear(2, 2));
            Net.append(Linear(2, 2));
            RegisterComponents();
        }
    }

    [Fact]
    public void What_comes_after_RegisterComponents_is_lost()
    {
        using var model = new Late();
        Assert.Equal(["Dict", "List", "Net", "Net.0", "Net.1", "Old", "Replaced"], Names(model).Order(StringComparer.Ordinal));
        Assert.Same(model.Old, model.named_modules().Single(m => m.name == "Replaced").module);
    }

    private abstract class Early : Net
    {
        protected Early() : base("early") => RegisterComponents();
    }

    private sealed class Derived : Early
    {
        public Linear Initialised = Linear(2, 2), Assigned;
        public Derived() { Assigned = Linear(2, 2); RegisterComponents(); }
    }

    [Fact]
    public void Base_constructor_that_registers_sees_initialisers_only()
    {
        using var model = new Derived();
        Assert.Equal(["Initialised"], Names(model));
    }

    private sealed class Blocks : ModuleList<Linear>
    {
        public Linear Own = Linear(2, 2);
        public Parameter Weight = new(zeros(2));
        public Blocks() { Add(Linear(2, 2)); RegisterComponents(); }
    }

    private sealed class Chain : Sequential
    {
        public Linear Own = Linear(2, 2);
        public Parameter Weight = new(zeros(2));
        public Chain() : base(("a", Linear(2, 2))) => RegisterComponents();
    }

    private sealed class Dict : ModuleDict<Linear>
    {
        public Linear Own = Linear(2, 2);
        public Parameter Weight = new(zeros(2));
        public Dict() { Add("a", Linear(2, 2)); RegisterComponents(); }
    }

    private sealed class ByHand : ModuleList<Linear>
    {
        public Linear Own = Linear(2, 2);
        public ByHand() { Add(Linear(2, 2)); register_module("Own", Own); RegisterComponents(); }
    }

    private sealed class SequentialByHand : Sequential
    {
        public Linear Own = Linear(2, 2);
        public SequentialByHand() : base(("a", Linear(2, 2))) => register_module("Own", Own);
    }

    [Fact]
    public void Own_members_of_a_container_are_lost()
    {
        using var list = new Blocks();
        Assert.Equal(["0"], Names(list));
        using var chain = new Chain();
        Assert.Equal(["a"], Names(chain));
        using var dict = new Dict();
        Assert.Equal(["a"], Names(dict));
        Assert.Equal(2, chain.parameters().Count());
        Assert.Equal(2, list.parameters().Count());
        Assert.Equal(2, dict.parameters().Count());
        using var hand = new ByHand();
        Assert.Equal(["0", "Own"], Names(hand).Order(StringComparer.Ordinal));
        using var sequential = new SequentialByHand();
        Assert.Equal(["a"], Names(sequential));
    }

    private sealed class WithDict : Net
    {
        public ModuleDict<Linear> Dict = ModuleDict(("k", Linear(2, 2)));
        public WithDict() : base("dict") => RegisterComponents();
    }

    /// <summary>Why no fix writes a ModuleDict: its two indexers are one too many for <c>to()</c>.</summary>
    [Fact]
    public void ModuleDict_cannot_be_moved()
    {
        using var model = new WithDict();
        Assert.Equal(["Dict", "Dict.k"], Names(model));
        Assert.Contains("Key: Item", Assert.Throws<ArgumentException>(() => model.to(ScalarType.Float64)).Message, StringComparison.Ordinal);
    }
}
