namespace AdaLoRA.Gen.Serialization;

/// <summary>Which of the init_r triplets of a target the file of an AdaLoRA folder holds.</summary>
internal static class PeftSlots
{
    /// <summary>Reads rank_pattern for one target.</summary>
    /// <param name="folder">For messages.</param>
    /// <param name="path">Module path as the folder names it.</param>
    /// <param name="rank">Triplets in the file.</param>
    /// <param name="initial">init_r.</param>
    /// <param name="patterns">rank_pattern by module path.</param>
    /// <returns>init_r, and for each of its triplets whether the file holds it.</returns>
    /// <exception cref="AdaLoRAException">The two files do not agree.</exception>
    public static (int Initial, bool[] Slots) Of(string folder, string path, int rank, int initial, IReadOnlyDictionary<string, bool[]> patterns)
    {
        if (initial < Math.Max(1, rank)) throw new AdaLoRAException($"'{folder}': init_r is {initial}, but '{path}' has {rank} triplets.");
        if (!patterns.TryGetValue(path, out bool[]? slots))
        {
            if (rank != initial) throw new AdaLoRAException($"'{folder}' holds {rank} of {initial} triplets of '{path}', but no rank_pattern says which; save it again.");
            slots = [.. Enumerable.Repeat(true, rank)];
        }
        if (slots.Count(s => s) != rank) throw new AdaLoRAException($"'{folder}': rank_pattern keeps {slots.Count(s => s)} triplets of '{path}', but the file holds {rank}.");
        return (initial, slots);
    }
}
