using AdaLoRA.Gen.Testing;
using IntentSample;

namespace AdaLoRA.Gen.Samples.Tests;

public sealed class IntentDataTests
{
    [Fact]
    public void The_shipped_data_are_whole()
    {
        var data = IntentData.Read(RepositoryRoot.Combine("samples", "IntentClassifier", "data", "banking77"));
        Assert.Equal((77, 10_003, 3_080), (data.Intents.Count, data.Train.Count, data.Test.Count));
        Assert.Equal("Refund_not_showing_up", data.Intents[0]);
        Assert.Contains(data.Train, e => e.Text.Contains('\n'));
    }

    [Fact]
    public void Clinc_is_read_without_its_out_of_scope_part()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("data_full.json"), """{"train": [["a b", "x"], ["c", "y"]], "test": [["d", "y"]], "oos_train": [["e", "oos"]], "val": []}""");
        var data = IntentData.Read(folder.Path);
        Assert.Equal(["x", "y"], data.Intents);
        Assert.Equal([new Example("d", 1)], data.Test);
    }

    [Theory]
    [InlineData("train.csv", "text,label\na,b\n", "text,category")]
    [InlineData("train.csv", "text,category\na,b,c\n", "row 2 has 3 fields")]
    [InlineData("data_full.json", "{", "[text, intent]")]
    [InlineData("other.txt", "", "holds neither")]
    public void Data_of_another_form_are_refused_with_the_place(string file, string content, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(file), content);
        if (file == "train.csv") File.WriteAllText(folder.File("test.csv"), "text,category\na,b\n");
        Assert.Contains(expected, Assert.Throws<AdaLoRAException>(() => IntentData.Read(folder.Path)).Message);
    }
}
