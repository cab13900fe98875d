using System.Text.Json;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Tests.Serialization;

/// <summary>The official library's verdicts on 194 whole files, sound, hostile and mutated.</summary>
public sealed class SafetensorsVerdictTests
{
    /// <summary>What this reader refuses although the official one accepts it, and why.</summary>
    private static readonly Dictionary<string, string> StricterOnPurpose = new()
    {
        ["header starts with space"] = "the format's text says that a header must begin with '{'",
        ["extra field"] = "an entry with an unknown field is from a newer format or a forger; half-understood files are refused",
        ["duplicate key"] = "readers that keep the first and readers that keep the last would see different tensors",
    };

    public static TheoryData<string> Cases()
    {
        var names = new TheoryData<string>();
        using JsonDocument verdicts = Fixtures.Json("formats", "safetensors-verdicts.json");
        foreach (JsonElement row in verdicts.RootElement.GetProperty("cases").EnumerateArray()) names.Add(row.GetProperty("case").GetString()!);
        return names;
    }

    [Fact]
    public void All_cases_of_the_fixture_are_judged() => Assert.Equal(194, Cases().Count);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Verdict_is_the_official_one_or_stricter(string name)
    {
        using JsonDocument verdicts = Fixtures.Json("formats", "safetensors-verdicts.json");
        JsonElement row = verdicts.RootElement.GetProperty("cases").EnumerateArray().Single(r => r.GetProperty("case").GetString() == name);
        using var folder = new TemporaryFolder();
        string path = folder.File("case.safetensors");
        File.WriteAllBytes(path, row.GetProperty("file").GetBytesFromBase64());

        if (!row.GetProperty("ok").GetBoolean() || StricterOnPurpose.ContainsKey(name))
        {
            SafetensorsException refusal = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path));
            Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
            return;
        }
        using SafetensorsFile file = SafetensorsFile.Open(path);
        JsonElement tensors = row.GetProperty("tensors");
        Assert.Equal(tensors.EnumerateObject().Select(t => t.Name).Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
        foreach (JsonProperty expected in tensors.EnumerateObject())
        {
            SafetensorsEntry entry = file.Entries[expected.Name];
            Assert.Equal(expected.Value[1].EnumerateArray().Select(size => size.GetInt64()), entry.Shape);
            if (expected.Value[0].GetString()!.StartsWith("float8", StringComparison.Ordinal))
            {
                Assert.Contains(entry.DType, Assert.Throws<SafetensorsException>(() => file.Read(entry.Name)).Message, StringComparison.Ordinal);
                continue;
            }
            using TorchSharp.torch.Tensor tensor = file.Read(entry.Name);
            Assert.Equal(entry.Shape, tensor.shape);
            Assert.Equal(TorchName(tensor.dtype), expected.Value[0].GetString());
        }
    }

    private static string TorchName(TorchSharp.torch.ScalarType type) => type switch
    {
        TorchSharp.torch.ScalarType.Byte => "uint8",
        _ => type.ToString().ToLowerInvariant(),
    };
}
