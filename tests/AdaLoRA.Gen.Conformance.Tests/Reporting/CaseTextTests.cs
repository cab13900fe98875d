namespace AdaLoRA.Gen.Conformance.Tests.Reporting;

public sealed class CaseTextTests
{
    [Fact]
    public void A_line_names_case_verdict_error_and_place() =>
        Assert.Equal("peft_adamw f64                        ok    3.1e-15  step40.blocks.0.q.lora_A", CaseText.Line(new CaseResult("peft_adamw f64", true, 3.1e-15, "step40.blocks.0.q.lora_A")));

    [Fact]
    public void What_is_not_built_is_named_and_does_not_fail()
    {
        var result = new CaseResult("t5", true, 0, "", "T5ForConditionalGeneration") { Unsupported = true };
        Assert.Equal("t5                                    unsupported  T5ForConditionalGeneration", CaseText.Line(result));
        Assert.Contains("\"ok\":true,\"unsupported\":true", CaseText.Json(result));
    }

    [Fact]
    public void An_error_that_is_no_number_is_null_for_machines() =>
        Assert.Equal("""{"name":"a","ok":false,"largest_error":null,"at":"","detail":"it said \u0022no\u0022"}""", CaseText.Json(new CaseResult("a", false, double.NaN, "", "it said \"no\"")));
}
