using System.Globalization;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// The checkpoints of one output folder: <c>checkpoints/step-N</c>. Each is made under a temporary name, brought to the disk and renamed, and renamed again before it is deleted: whatever bears the
/// name was complete when it got it.
/// </summary>
internal sealed class CheckpointStore(string outputFolder)
{
    private const string Prefix = "step-";
    private const string TemporaryMark = ".tmp-";
    private const string ReplacedMark = ".old-";

    private readonly string _folder = Path.Combine(outputFolder, "checkpoints");

    /// <summary>Where they lie.</summary>
    public string Folder => _folder;

    /// <summary>Whether there is any, complete or not.</summary>
    public bool Any => All().Count > 0;

    /// <summary>Checkpoints that were found to be incomplete; they do not count as kept ones.</summary>
    private readonly HashSet<string> _incomplete = new(StringComparer.Ordinal);

    /// <summary>The newest checkpoint that is complete; null when there is none at all.</summary>
    /// <param name="skipped">Told each newer one that is not complete, and why.</param>
    /// <exception cref="AdaLoRAException">There are checkpoints, but none is complete.</exception>
    public (string Folder, CheckpointState State)? NewestComplete(Action<CheckpointSkipped> skipped)
    {
        AdaLoRAException? newest = null;
        foreach (var (folder, _) in Enumerable.Reverse(All()))
        {
            try
            {
                return (folder, CheckpointFolder.Read(folder));
            }
            catch (AdaLoRAException e)
            {
                newest ??= e;
                _incomplete.Add(folder);
                skipped(new CheckpointSkipped(folder, e.Message));
            }
        }
        return newest is null ? null : throw new AdaLoRAException($"'{_folder}' holds no checkpoint that can be resumed from. {newest.Message} Delete '{_folder}' to start again.", newest);
    }

    /// <summary>Removes what a killed process left half-written or half-deleted.</summary>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(_folder)) return;
        foreach (string replaced in Directory.GetDirectories(_folder, ReplacedMark + "*"))
        {
            // Killed between the two renames of a replacement: the old one is the only one.
            string target = Path.Combine(_folder, Path.GetFileName(replaced)[ReplacedMark.Length..]);
            if (Directory.Exists(target)) Discard(replaced);
            else Directory.Move(replaced, target);
        }
        foreach (string leftover in Directory.GetDirectories(_folder, TemporaryMark + "*")) Directory.Delete(leftover, recursive: true);
    }

    /// <summary>Removes all checkpoints: a fresh run must not be resumed from those of the run before it.</summary>
    public void Clear()
    {
        foreach (var (folder, _) in All()) Discard(folder);
    }

    /// <summary>Writes one checkpoint and drops old ones.</summary>
    /// <param name="optimizer">Its state.</param>
    /// <param name="adapters">Saved beside it.</param>
    /// <param name="state">Where the run stands.</param>
    /// <param name="kept">So many of the newest stay, this one included.</param>
    /// <param name="alsoKept">Step of one more that stays, if there is one.</param>
    /// <returns>Its folder.</returns>
    public string Save(AdaLoRAOptimizer optimizer, AdapterSet adapters, CheckpointState state, int kept, int? alsoKept)
    {
        string target = Path.Combine(_folder, Prefix + state.Step.ToString(CultureInfo.InvariantCulture));
        DurableFolder.Create(_folder);
        string temporary = Temporary();
        Directory.CreateDirectory(temporary);
        try
        {
            CheckpointFolder.Write(temporary, optimizer, adapters, state);
            string replaced = Path.Combine(_folder, ReplacedMark + Path.GetFileName(target));
            if (Directory.Exists(target)) Directory.Move(target, replaced);
            Directory.Move(temporary, target);
            FolderSync.Flush(_folder);
            if (Directory.Exists(replaced)) Discard(replaced);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
        _incomplete.Remove(target);
        DropOld(state.Step, kept, alsoKept);
        return target;
    }

    /// <summary>Only now that a newer one is complete.</summary>
    private void DropOld(int step, int kept, int? alsoKept)
    {
        var all = All();
        var stay = all.Where(c => c.Step <= step && !_incomplete.Contains(c.Folder)).TakeLast(kept).Concat(all.Where(c => c.Step == alsoKept)).ToHashSet();
        foreach (var old in all.Where(c => !stay.Contains(c)))
        {
            Discard(old.Folder);
            _incomplete.Remove(old.Folder);
        }
    }

    private string Temporary() => Path.Combine(_folder, TemporaryMark + Guid.NewGuid().ToString("N"));

    private void Discard(string folder)
    {
        string temporary = Temporary();
        Directory.Move(folder, temporary);
        Directory.Delete(temporary, recursive: true);
    }

    private List<(string Folder, int Step)> All()
    {
        if (!Directory.Exists(_folder)) return [];
        return [.. Directory.GetDirectories(_folder, Prefix + "*")
            .Select(f => (Folder: f, Step: int.TryParse(Path.GetFileName(f).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1))
            .Where(c => c.Step >= 0)
            .OrderBy(c => c.Step)];
    }
}
