using System.Buffers.Binary;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Tests.Serialization.Gguf;

/// <summary>Seeded damage to a file in memory, and the one question to ask of it: is it read, or refused with the one exception?</summary>
internal static class GgufDamage
{
    /// <summary>Numbers that lengths and counts are set to: the edges of the types and of what a reader may multiply.</summary>
    private static readonly ulong[] Edges = [0, 1, 2, 31, 33, 0x7F, 0xFF, 0xFFFF, 1UL << 31, uint.MaxValue, 1UL << 32, 1UL << 59, 1UL << 61, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue - 31, ulong.MaxValue];

    /// <summary>One to three mutations: bits flipped, an edge written over four or eight bytes, a piece cut out, doubled or taken from another place, the end cut off.</summary>
    internal static byte[] Apply(byte[] sound, Random random, int headerLength)
    {
        List<byte> bytes = [.. sound];
        for (int times = random.Next(1, 4); times > 0 && bytes.Count > 0; times--)
        {
            int at = random.Next(Math.Min(headerLength, bytes.Count)), length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(7))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(14); break;
                case 2: Overwrite(bytes, at, Edges[random.Next(Edges.Length)], random.Next(2) == 0 ? 4 : 8); break;
                case 3: bytes.RemoveRange(at, length); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 5: bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count - length + 1), length)); break;
                default: bytes.RemoveRange(bytes.Count - length, length); break;
            }
        }
        return [.. random.Next(10) == 0 ? bytes.Take(random.Next(bytes.Count + 1)) : bytes];
    }

    /// <summary>Opens the bytes, reads every tensor, then reads them as an adapter. Anything but a <see cref="GgufException"/> comes out of it.</summary>
    /// <returns>Whether the file was sound.</returns>
    internal static bool IsSound(byte[] bytes)
    {
        try
        {
            using GgufFile file = GgufFile.Open(new MemoryStream(bytes), "damaged");
            foreach (string name in file.Names.Where(name => file.Tensors[name].ScalarType is not null)) file.Read(name).Dispose();
            TryAdapter(file);
            return true;
        }
        catch (GgufException)
        {
            return false;
        }
    }

    private static void TryAdapter(GgufFile file)
    {
        try
        {
            GgufLoraReader.Read(file, new LlamaHeads(4, 2)).Dispose();
        }
        catch (GgufException)
        {
            // Sound as a file and none as an adapter.
        }
    }

    private static void Overwrite(List<byte> bytes, int at, ulong value, int width)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        for (int i = 0; i < width && at + i < bytes.Count; i++) bytes[at + i] = number[i];
    }
}
