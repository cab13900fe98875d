namespace AdaLoRA.Gen.Conformance.Killing;

/// <summary>Something done to a run's folder after each kill, for tests that must see a failure.</summary>
/// <param name="Apply">Takes the folder.</param>
/// <param name="AfterTheLook">Whether it happens when the folder has been looked at, so that only what the next child does can show it.</param>
internal sealed record Tampering(Action<string> Apply, bool AfterTheLook);
