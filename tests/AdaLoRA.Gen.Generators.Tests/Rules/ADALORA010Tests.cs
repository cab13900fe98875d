using AdaLoRA.Gen.CodeFixes;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Rules;

/// <summary>The annotated class can be given a generated part.</summary>
public sealed class ADALORA010Tests
{
    internal static RuleCase Case => new(Model(Attribute, "file partial class {|ADALORA010:M|}", "public M() : base(\"m\") { }"),
        "Adapters cannot be wired into 'M': a file-local type has no part in another file; remove 'file'");

    private static string Model(string attributes, string declaration, string members = "") => $$"""
        {{attributes}}
        {{declaration}} : Module<Tensor, Tensor>
        {
            private readonly Linear q = Linear(8, 8);
            public override Tensor forward(Tensor x) => q.call(x);
            {{members}}
        }
        """;

    private const string Attribute = """[AdaLoRA(Budget = 2, Targets = ["q"])]""";

    internal static FixCase[] Fixes =>
    [
        new(new MakeInternalFix(), Model("// kept\n" + Attribute, "file partial class M", "public M() : base(\"m\") { }"), Model("// kept\n" + Attribute, "internal partial class M", "public M() : base(\"m\") { }")),
        new(new RemoveSecondAttributeFix(), Model(Attribute + "\n[LoRA(Rank = 2, Targets = [\"q\"])]", "public partial class M", "public M() : base(\"m\") { }"), Model(Attribute, "public partial class M", "public M() : base(\"m\") { }")),
    ];

    [Fact]
    public Task Fix_of_two_attributes_in_one_list() => FixRun.Verify(new RemoveSecondAttributeFix(),
        Model("[LoRA(Rank = 2, Targets = [\"q\"]), AdaLoRA(Budget = 2, Targets = [\"q\"])]", "public partial class M", "public M() : base(\"m\") { }"), Model(Attribute, "public partial class M", "public M() : base(\"m\") { }"));

    [Fact]
    public async Task No_fix_where_a_member_is_in_the_way()
    {
        string source = Model(Attribute, "public partial class M", "public M() : base(\"m\") { } public int AdaLoRA => 1;");
        await FixRun.VerifyNone(new MakeInternalFix(), source);
        await FixRun.VerifyNone(new RemoveSecondAttributeFix(), source);
    }

    [Fact]
    public Task File_local() => AnalyzerRun.Verify(Model(Attribute, "file partial class {|ADALORA010:M|}", "public M() : base(\"m\") { }"),
        "Adapters cannot be wired into 'M': a file-local type has no part in another file; remove 'file'");

    [Fact]
    public Task Both_attributes() => AnalyzerRun.Verify(Model(Attribute + """[{|ADALORA010:LoRA(Rank = 2, Targets = ["q"])|}]""", "public partial class M", "public M() : base(\"m\") { }"),
        "Adapters cannot be wired into 'M': it carries both [AdaLoRA] and [LoRA]; remove one");

    [Fact]
    public Task Member_with_a_generated_name() => AnalyzerRun.Verify(Model(Attribute, "public partial class {|ADALORA010:M|}", "public M() : base(\"m\") { } public int AdaLoRA => 1;"),
        "Adapters cannot be wired into 'M': it declares 'AdaLoRA', which the generated part needs; rename that member");

    [Theory]
    [InlineData("AdaLoRAPlanHolder")]
    [InlineData("AdaLoRAView")]
    public Task Class_with_a_generated_name(string name) => AnalyzerRun.Verify(Model(Attribute, $"public partial class {{|ADALORA010:{name}|}}", $"public {name}() : base(\"m\") {{ }}"),
        $"Adapters cannot be wired into '{name}': a generated member has the same name; rename the class");

    [Fact]
    public Task Type_parameter_with_a_generated_name() => AnalyzerRun.Verify(Model(Attribute, "public partial class {|ADALORA010:M|}<AdaLoRAAccessors>", "public M() : base(\"m\") { }"),
        "Adapters cannot be wired into 'M': a generated member has the name of its type parameter 'AdaLoRAAccessors'; rename that");
}
