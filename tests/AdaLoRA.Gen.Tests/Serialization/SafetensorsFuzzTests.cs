using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Tests.Serialization;

public sealed class SafetensorsFuzzTests
{
    private const int Rounds = 3000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_damaged_file_is_read_or_refused_with_the_one_exception(int seed)
    {
        var random = new Random(seed);
        byte[] sound = File.ReadAllBytes(Fixtures.Path("hf", "bert", "io.safetensors"));
        using var folder = new TemporaryFolder();
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            string path = folder.File("damaged.safetensors");
            File.WriteAllBytes(path, Damage(sound, random));
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(path);
                foreach (string name in file.Names) file.Read(name).Dispose();
            }
            catch (SafetensorsException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, Rounds / 4, Rounds);
    }

    private static byte[] Damage(byte[] sound, Random random)
    {
        List<byte> bytes = [.. sound];
        int header = 8 + 808;
        for (int times = random.Next(1, 4); times > 0; times--)
        {
            int at = random.Next(Math.Min(header, bytes.Count));
            switch (random.Next(5))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)); break;
                case 2: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at))); break;
                case 3: bytes[at] = (byte)"0123456789{}[]\":,.-e\\u"[random.Next(22)]; break;
                default: bytes.RemoveRange(random.Next(bytes.Count), 1); break;
            }
        }
        return [.. bytes];
    }
}
