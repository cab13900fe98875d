using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Testing;
using SkiaSharp;

namespace AdaLoRA.Gen.Telemetry.Tests;

public class RankMapImageTests
{
    private static readonly RunTarget[] Targets =
    [
        Target("layer.0.query", "layer.*.query", 0), Target("layer.0.value", "layer.*.value", 0),
        Target("layer.1.query", "layer.*.query", 1), Target("layer.7.value", "layer.*.value", 7),
        Target("pooler", "pooler", -1),
    ];

    [Fact]
    public void Each_adapter_is_a_cell_in_its_row_and_column_and_its_colour_is_its_rank()
    {
        var map = new RankMapImage(Targets);
        Assert.Equal(["layer.*.query", "layer.*.value", "pooler"], map.Rows);
        using var image = SKBitmap.Decode(map.Draw([8, 1, 0, 4, 8])!.Encode());
        Assert.Equal((4 * map.Cell, 3 * map.Cell), (image.Width, image.Height));
        SKColor At(int row, int column) => image.GetPixel(column * map.Cell + map.Cell / 2, row * map.Cell + map.Cell / 2);
        // Columns: without a number, 0, 1, 7. Ends of cividis are dark blue and yellow.
        Assert.Equal(new SKColor(0xFE, 0xE8, 0x38), At(0, 1));
        Assert.Equal(new SKColor(0x00, 0x22, 0x4E), At(1, 1));
        Assert.Equal(new SKColor(0xFE, 0xE8, 0x38), At(2, 0));
        var (r, g, b) = RankMapImage.Colour(3 / 7.0);
        Assert.Equal(new SKColor(r, g, b), At(1, 3));
        // No triplets left: a frame around nothing. No adapter: nothing.
        Assert.Equal(0, At(0, 2).Alpha);
        Assert.Equal(255, image.GetPixel(2 * map.Cell, 0).Alpha);
        Assert.Equal(0, image.GetPixel(0, 0).Alpha);
        Assert.Equal(0, image.GetPixel(3 * map.Cell, 0).Alpha);
    }

    [Fact]
    public void Lightness_rises_with_the_rank_so_that_the_map_reads_without_hue()
    {
        double before = -1;
        for (int rank = 1; rank <= 32; rank++)
        {
            var (r, g, b) = RankMapImage.Colour((rank - 1) / 31.0);
            double luminance = 0.2126 * Linear(r) + 0.7152 * Linear(g) + 0.0722 * Linear(b);
            Assert.True(luminance > before);
            before = luminance;
        }
        Assert.True(before > 0.75);
    }

    [Fact]
    public void A_large_model_stays_within_a_picture_of_a_screen()
    {
        var map = new RankMapImage([.. from layer in Enumerable.Range(0, 96) from kind in new[] { "q", "k", "v", "o", "up", "down", "gate" } select Target($"h.{layer}.{kind}", $"h.*.{kind}", layer)]);
        byte[] file = map.Draw([.. Enumerable.Range(0, 96 * 7).Select(i => i % 9)])!.Encode();
        using var image = SKBitmap.Decode(file);
        Assert.InRange(image.Width, 96 * 4, 512);
        Assert.True(file.Length < 20_000, $"{file.Length} bytes");
    }

    [Fact]
    public async Task The_pictures_of_a_run_show_its_first_and_its_last_ranks()
    {
        using var folder = new TemporaryFolder();
        var told = await Training.RunWithTensorBoard(Training.Options(folder.Path));
        var pictures = TensorBoardTests.Of(EventFileReader.ReadFolder(Training.OnlyFolder(folder.Path)), "adapters/rank_map").ToList();
        Assert.InRange(pictures.Count, 2, 10);
        var map = new RankMapImage(told.OfType<RunStarted>().Single().Targets);
        foreach (var (picture, ranks) in new[] { (pictures[0], told.OfType<RanksRead>().First().Ranks), (pictures[^1], told.OfType<RanksRead>().Last().Ranks) })
        {
            var parts = picture.Tensor.StringVal;
            using var image = SKBitmap.Decode(parts[2].ToByteArray());
            Assert.Equal((image.Width.ToString(), image.Height.ToString()), (parts[0].ToStringUtf8(), parts[1].ToStringUtf8()));
            for (int row = 0; row < ranks.Count; row++)
            {
                var (r, g, b) = RankMapImage.Colour((ranks[row] - 1) / 3.0);
                Assert.Equal(ranks[row] == 0 ? SKColor.Empty : new SKColor(r, g, b), image.GetPixel(map.Cell / 2, row * map.Cell + map.Cell / 2));
            }
        }
    }

    private static RunTarget Target(string path, string kind, int index) => new(path, kind, index, 16, 16, 8);

    private static double Linear(byte value) => value / 255.0 <= 0.04045 ? value / 255.0 / 12.92 : Math.Pow((value / 255.0 + 0.055) / 1.055, 2.4);
}
