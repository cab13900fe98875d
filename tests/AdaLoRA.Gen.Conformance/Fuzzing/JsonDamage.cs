using System.Text.Json;

namespace AdaLoRA.Gen.Conformance.Fuzzing;

/// <summary>Damage to a sound JSON text that mostly leaves it JSON: values exchanged, members doubled, removed or renamed. What is behind the parser sees only such inputs.</summary>
internal sealed class JsonDamage
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1", "-0", "1.5", "1e2", "1e999", "-1e999", "2147483647", "2147483648", "-2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
        "18446744073709551616", "0.00000000000000000000001", "\"\"", "\"NaN\"", "\"Infinity\"", "\"1\"", "\"\\ud800\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "[]", "{}", "[null]", "{\"\":null}",
        "{\"a\":1,\"a\":2}", "{\"\\ud800\":1}", "[true]", "[0,0]", "{\"first\":[true,true]}", "{\"first.lora_E\":[true],\"first\":[true]}", "{\"first\":1e999}", "{\"(a+)+$\":1}", "{\"[\":1}", "{\"\\\\1(?=a)\":1}",
        "{\"((x{99}){99}){99}\":2}", "{\".*\":-1}", "{\"step\":1,\"evaluation\":null}", "[{\"step\":1,\"evaluation\":{\"metric\":null,\"value\":\"NaN\"}}]",
        new string('[', 30) + new string(']', 30), new string('[', 2000), string.Concat(Enumerable.Repeat("{\"a\":", 300)), "\"" + new string('x', 5000) + "\"",
    ];

    private readonly byte[] _text;
    private readonly List<(int Start, int End)> _values = [];
    private readonly List<(int Start, int End)> _members = [];
    private readonly List<(int Start, int End)> _names = [];

    /// <param name="text">Sound JSON, UTF-8.</param>
    public JsonDamage(byte[] text)
    {
        _text = text;
        var reader = new Utf8JsonReader(text);
        var open = new Stack<(int Start, int Name)>();
        int name = -1;
        while (reader.Read())
        {
            int start = (int)reader.TokenStartIndex, end = (int)reader.BytesConsumed;
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = start;
                    // The token ends behind the colon; the name before it.
                    _names.Add((start, start + reader.ValueSpan.Length + 2));
                    continue;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    open.Push((start, name));
                    name = -1;
                    continue;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    (start, name) = open.Pop();
                    break;
            }
            _values.Add((start, end));
            if (name >= 0) _members.Add((name, end));
            name = -1;
        }
    }

    /// <summary>Things worth inserting anywhere in JSON.</summary>
    public static IReadOnlyList<byte[]> Tokens { get; } =
        [.. Values.Select(System.Text.Encoding.UTF8.GetBytes), "\uFEFF"u8.ToArray(), "//"u8.ToArray(), "/*"u8.ToArray(), ",,"u8.ToArray(), "NaN"u8.ToArray(), "\\ud800"u8.ToArray(), "\\u0000"u8.ToArray(), [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF]];

    /// <summary>The text with one change of its structure.</summary>
    public List<byte> Apply(Mixer random)
    {
        List<byte> bytes = [.. _text];
        (int start, int end) = random.Pick(_values);
        switch (random.Below(6))
        {
            case 0 or 1:
                Replace(bytes, start, end, random.Pick(Tokens));
                break;
            case 2:
                var other = random.Pick(_values);
                Replace(bytes, start, end, _text[other.Start..other.End]);
                break;
            case 3 when _members.Count > 0:
                (start, end) = random.Pick(_members);
                bytes.InsertRange(start, [.. _text[start..end], (byte)',']);
                break;
            case 4 when _members.Count > 0:
                (start, end) = random.Pick(_members);
                if (end < _text.Length && _text[end] == ',') end++;
                bytes.RemoveRange(start, end - start);
                break;
            case 5 when _names.Count > 0:
                (start, end) = random.Pick(_names);
                var name = random.Pick(_names);
                Replace(bytes, start, end, random.OneIn(2) ? _text[name.Start..name.End] : random.OneIn(2) ? "\"\\ud800\""u8.ToArray() : "\"new\""u8.ToArray());
                break;
        }
        return bytes;
    }

    private static void Replace(List<byte> bytes, int start, int end, byte[] with)
    {
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, with);
    }
}
