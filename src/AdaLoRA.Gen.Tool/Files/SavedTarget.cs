using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Tool.Files;

/// <summary>One adapted layer of a folder, as its headers and config describe it.</summary>
/// <param name="Path">Module path as the folder names it, without PEFT's prefix.</param>
/// <param name="KeyA">Key of A in the file.</param>
/// <param name="KeyB">Key of B in the file.</param>
/// <param name="KeyE">Key of E; null for plain LoRA.</param>
/// <param name="StoredA">A as the file holds it.</param>
/// <param name="StoredB">B as the file holds it.</param>
/// <param name="Scale">Factor on B·diag(E)·A.</param>
/// <param name="Slots">For each triplet that the run began with, whether the file holds it.</param>
internal sealed record SavedTarget(string Path, string KeyA, string KeyB, string? KeyE, SafetensorsEntry StoredA, SafetensorsEntry StoredB, double Scale, bool[] Slots)
{
    /// <summary>Groups of a convolution whose factors PEFT's plain LoRA stores block by block; else 1.</summary>
    public int Groups => IsStoredConvolution && StoredB.Shape[1] > 0 ? checked((int)(StoredA.Shape[0] / StoredB.Shape[1])) : 1;

    /// <summary>Triplets in the file; of a grouped convolution those of one group.</summary>
    public int Rank => checked((int)StoredA.Shape[0]) / Groups;

    /// <summary>Triplets that the run began with.</summary>
    public int InitialRank => Slots.Length / Groups;

    /// <summary>Columns of A as a matrix.</summary>
    public int In => checked((int)(StoredA.Shape.Skip(1).Aggregate(1L, (a, b) => checked(a * b)) / Groups));

    /// <summary>Rows of B.</summary>
    public int Out => checked((int)StoredB.Shape[0]);

    /// <summary>Whether the key says that the layer is an embedding (plain LoRA alone has a name for that).</summary>
    public bool IsNamedEmbedding => KeyA.EndsWith(".lora_embedding_A", StringComparison.Ordinal);

    /// <summary>Whether the factors are stored as filters of a convolution (plain LoRA).</summary>
    public bool IsStoredConvolution => StoredA.Shape.Count > 2;

    /// <summary>Numbers in A, B and E.</summary>
    public long Parameters => (long)Rank * (In + Out + (KeyE is null ? 0 : 1));
}
