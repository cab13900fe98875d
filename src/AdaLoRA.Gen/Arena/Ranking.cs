using AdaLoRA.Gen.Budget;

namespace AdaLoRA.Gen.Arena;

/// <summary>How a run ranks its triplets: by what, and under which rules.</summary>
/// <param name="Score">Null: by |λ|.</param>
/// <param name="Allocator">Over the arena's triplets in canonical order.</param>
internal sealed record Ranking(TripletScore? Score, RankAllocator Allocator);
