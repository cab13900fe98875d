using System.Buffers.Binary;
using System.Text;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Conformance.Fuzzing.Targets;

/// <summary>The header's judgement, and every tensor that it lets through.</summary>
internal sealed class SafetensorsTarget : IFuzzTarget
{
    private const int Prefix = sizeof(ulong);
    private static readonly IReadOnlyList<byte[]> Tokens =
    [
        .. JsonDamage.Tokens,
        .. new[] { "\"BOOL\"", "\"F4\"", "\"F6_E2M3\"", "\"U8\"", "\"F8_E4M3\"", "\"BF16\"", "\"C64\"", "\"U64\"", "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "[0]", "[1,1,1,1]",
            "[0,4611686018427387904]", "[4611686018427387904,0]", "[9223372036854775807,0,2]", "[0,0]", "[0,8]" }.Select(Encoding.UTF8.GetBytes),
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("adalora-fuzz-");
    private readonly string _path;
    private readonly JsonDamage[] _damages;

    public SafetensorsTarget()
    {
        _path = Path.Combine(_folder.FullName, "input.safetensors");
        string[] headers =
        [
            """{"__metadata__":{"format":"pt","step":"12"},"base_model.model.first.lora_A":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]},"b":{"dtype":"F16","shape":[3],"data_offsets":[32,38]},"c":{"dtype":"BOOL","shape":[2,1],"data_offsets":[38,40]}}""",
            """{"empty":{"dtype":"I64","shape":[0,7],"data_offsets":[0,0]},"scalar":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"\u00fc":{"dtype":"BF16","shape":[1,2,2],"data_offsets":[8,16]}}""",
            """{"q":{"dtype":"I8","shape":[4,4],"data_offsets":[0,16]},"f4":{"dtype":"U8","shape":[8],"data_offsets":[16,24]}}      """,
            "{}",
        ];
        int[] data = [40, 16, 24, 0];
        Seeds = [.. headers.Select((header, i) => File(Encoding.UTF8.GetBytes(header), Enumerable.Range(0, data[i]).Select(b => (byte)b)))];
        _damages = [.. headers.Select(header => new JsonDamage(Encoding.UTF8.GetBytes(header)))];
    }

    public IReadOnlyList<byte[]> Seeds { get; }

    public (int Factor, int Constant) Allowance => (64, 64 * 1024);

    public byte[] Damage(int seed, Mixer random)
    {
        byte[] sound = Seeds[seed];
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(sound);
        if (random.OneIn(8))
        {
            List<byte> bytes = [.. sound];
            ByteDamage.Apply(bytes, Prefix + header, random, Tokens);
            return [.. bytes];
        }
        // Mostly the length in front is right, so that the damage reaches the JSON.
        var json = random.OneIn(4) ? sound.AsSpan(Prefix, header).ToArray().ToList() : _damages[seed].Apply(random);
        ByteDamage.Apply(json, json.Count, random, Tokens);
        return File(json, sound.Skip(Prefix + header));
    }

    public void Place(int seed, byte[] input) => System.IO.File.WriteAllBytes(_path, input);

    public void Read()
    {
        using var file = SafetensorsFile.Open(_path);
        foreach (var entry in file.Entries.Values) _ = entry.ToString();
        foreach (string name in file.Names)
        {
            if (file.Entries[name].ScalarType is not null) file.Read(name).Dispose();
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static byte[] File(IReadOnlyCollection<byte> header, IEnumerable<byte> data)
    {
        byte[] length = new byte[Prefix];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Count);
        return [.. length, .. header, .. data];
    }
}
