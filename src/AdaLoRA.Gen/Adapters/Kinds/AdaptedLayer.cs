using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Adapters;

/// <summary>
/// A layer that can be adapted, seen as a matrix [out, in] to which ΔW = B·(A ∘ E)·scale is added. One class a kind of layer: it knows how the layer computes, so the forward of an
/// adapter stays two thin products and ΔW is never built while training.
/// </summary>
internal abstract class AdaptedLayer(nn.Module module)
{
    /// <summary>The layer itself.</summary>
    public nn.Module Module => module;

    /// <summary>Columns of A: the matrix that the layer's weight is, or folds into.</summary>
    public abstract int InFeatures { get; }

    /// <summary>Rows of B.</summary>
    public abstract int OutFeatures { get; }

    /// <summary>The layer's weight as it is stored.</summary>
    public abstract Tensor Weight { get; }

    /// <summary>Type of the floats that the layer computes with.</summary>
    public virtual ScalarType DType => Weight.dtype;

    /// <summary>Why ΔW cannot be added to the weight; null when it can.</summary>
    public virtual string? WhyUnmergeable => null;

    /// <summary>Whether dropout on the input makes sense: indices have none to drop.</summary>
    public virtual bool HasDropout => true;

    /// <summary>Whether the layer's factors have other names in PEFT's plain LoRA (embeddings), see <see cref="Serialization.PeftKeys"/>.</summary>
    public virtual bool IsEmbedding => false;

    /// <summary>Calls <paramref name="add"/> with input and output of every forward; its result takes the output's place.</summary>
    /// <returns>Takes the hook off again.</returns>
    public abstract Action Hook(Func<Tensor, Tensor, Tensor> add);

    /// <summary>Adds the adapter's output to the layer's.</summary>
    /// <param name="x">The layer's input, in the adapter's element type where it is floating-point.</param>
    /// <param name="y">The layer's output; may be written, and is disposed when a new tensor takes its place.</param>
    /// <param name="folded">(A ∘ E · scale)ᵀ, [in, r].</param>
    /// <param name="bt">Bᵀ, [r, out].</param>
    public abstract Tensor Add(Tensor x, Tensor y, Tensor folded, Tensor bt);

    /// <summary>The adapter's output alone, in the adapter's element type; for a base in another type.</summary>
    /// <inheritdoc cref="Add" path="/param"/>
    public abstract Tensor Delta(Tensor x, Tensor folded, Tensor bt);

    /// <summary>ΔW in the shape of the weight.</summary>
    /// <param name="product">B·(A ∘ E)·scale, [out, in].</param>
    public abstract Tensor ShapeDelta(Tensor product);

    /// <summary>A [r, in] as PEFT's plain LoRA stores it.</summary>
    public virtual Tensor LoRAFactorA(Tensor a) => a;

    /// <summary>B [out, r] as PEFT's plain LoRA stores it.</summary>
    public virtual Tensor LoRAFactorB(Tensor b) => b;

    /// <summary>The inverse of <see cref="LoRAFactorA"/>; null when the shape fits no factor of this layer.</summary>
    public virtual Tensor? ReadLoRAFactorA(Tensor a) => a.dim() == 2 ? a : null;

    /// <summary>The inverse of <see cref="LoRAFactorB"/>; null when the shape fits no factor of this layer.</summary>
    public virtual Tensor? ReadLoRAFactorB(Tensor b) => b.dim() == 2 ? b : null;

    /// <summary>The kind of a module; null when it is none that can be adapted.</summary>
    public static AdaptedLayer? Of(nn.Module module) => module switch
    {
        Linear linear => new LinearLayer(linear),
        TransposedLinear linear => new TransposedLinearLayer(linear),
        Conv1d or Conv2d or Conv3d => new ConvLayer((Convolution)module),
        Embedding embedding => new EmbeddingLayer(embedding),
        QuantizableLinear linear => new QuantizableLinearLayer(linear),
        QuantizableEmbedding embedding => new EmbeddingLayer(embedding),
        _ => null,
    };

    /// <summary>The kinds, for messages.</summary>
    public const string Kinds = "Linear, TransposedLinear, QuantizableLinear, Conv1d, Conv2d, Conv3d, Embedding and QuantizableEmbedding";

    /// <summary>The layer's own output is nobody's after this; kept until the end of the caller's scope it would cost an activation per layer.</summary>
    protected static Tensor Replacing(Tensor y, Tensor result)
    {
        y.Dispose();
        return result;
    }
}
