namespace AdaLoRA.Gen.Conformance.Fuzzing;

/// <summary>Damage that knows nothing of the format.</summary>
internal static class ByteDamage
{
    private static readonly byte[] Syntax = "0123456789{}[]\":,.-+eE\\u/ \n\0"u8.ToArray();

    /// <summary>Damages a part of a file a few times.</summary>
    /// <param name="bytes">Changed.</param>
    /// <param name="end">Damage starts before this position.</param>
    /// <param name="random">The input's randomness.</param>
    /// <param name="tokens">Things worth inserting.</param>
    public static void Apply(List<byte> bytes, int end, Mixer random, IReadOnlyList<byte[]> tokens)
    {
        for (int times = random.Below(4); times > 0; times--)
        {
            int reach = Math.Min(end, bytes.Count);
            if (reach == 0) return;
            int at = random.Below(reach);
            switch (random.Below(9))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Below(8)); break;
                case 1: bytes[at] = (byte)random.Below(256); break;
                case 2: bytes[at] = random.Pick(Syntax); break;
                case 3: bytes.RemoveRange(at, Math.Min(1 + random.Below(40), bytes.Count - at)); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(1 + random.Below(40), bytes.Count - at))); break;
                case 5: bytes.InsertRange(at, random.Pick(tokens)); break;
                case 6: Number(bytes, at, random, tokens); break;
                case 7: bytes.InsertRange(at, Enumerable.Repeat(random.Pick(Syntax), 1 + random.Below(200))); break;
                default:
                    if (random.OneIn(4)) bytes.RemoveRange(at, bytes.Count - at);
                    else bytes.RemoveRange(bytes.Count - 1, 1);
                    break;
            }
        }
    }

    /// <summary>Exchanges the next run of digits.</summary>
    private static void Number(List<byte> bytes, int at, Mixer random, IReadOnlyList<byte[]> tokens)
    {
        while (at < bytes.Count && !char.IsAsciiDigit((char)bytes[at])) at++;
        int length = 0;
        while (at + length < bytes.Count && char.IsAsciiDigit((char)bytes[at + length])) length++;
        bytes.RemoveRange(at, length);
        bytes.InsertRange(at, random.Pick(tokens));
    }
}
