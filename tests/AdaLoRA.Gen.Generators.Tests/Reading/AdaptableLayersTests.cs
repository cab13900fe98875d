using System.Reflection;
using AdaLoRA.Gen.Generators.Reading;
using AdaLoRA.Gen.Generators.Tests.Harness;

namespace AdaLoRA.Gen.Generators.Tests.Reading;

/// <summary>The kinds that carry adapters at compile time are those of the run time.</summary>
public sealed class AdaptableLayersTests
{
    [Fact]
    public void Kinds_are_named_as_at_run_time()
    {
        var field = typeof(AdapterSet).Assembly.GetType("AdaLoRA.Gen.Adapters.AdaptedLayer", throwOnError: true)!.GetField("Kinds", BindingFlags.Static | BindingFlags.Public)!;
        Assert.Equal(field.GetRawConstantValue(), AdaptableLayers.Kinds);
        Assert.Equal(Enum.GetNames<LayerKind>().Order(StringComparer.Ordinal), AdaptableLayers.Kinds.Split([", ", " and "], StringSplitOptions.None).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_kind_is_known_by_its_class()
    {
        var compilation = Compilations.Create("public class Linear { } namespace Other { public class TransposedLinear { } public class QuantizableLinear { } public class Conv2d { } }");
        foreach (var kind in Enum.GetValues<LayerKind>())
        {
            var type = compilation.GetTypeByMetadataName((kind is LayerKind.TransposedLinear or LayerKind.QuantizableLinear or LayerKind.QuantizableEmbedding ? "AdaLoRA.Gen." : "TorchSharp.Modules.") + kind);
            Assert.Equal(kind, AdaptableLayers.KindOf(type!));
        }
        foreach (string other in new[] { "Linear", "Other.TransposedLinear", "Other.QuantizableLinear", "AdaLoRA.Gen.QuantizableLayer", "Other.Conv2d", "TorchSharp.Modules.Convolution", "TorchSharp.Modules.ConvTranspose2d", "TorchSharp.Modules.EmbeddingBag", "TorchSharp.Modules.Bilinear" })
            Assert.Null(AdaptableLayers.KindOf(compilation.GetTypeByMetadataName(other)!));
    }
}
