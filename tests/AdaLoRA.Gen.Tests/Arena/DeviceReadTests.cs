using System.Reflection;
using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Budget;
using TorchSharp;

namespace AdaLoRA.Gen.Tests.Arena;

/// <summary>
/// A device is waited for where the host reads a tensor's values, and on the CPU nobody notices. So the compiled code of the ATen tail is searched for TorchSharp's ways to read: each has its place here or is a
/// mistake.
/// </summary>
public sealed class DeviceReadTests
{
    /// <summary>What a step of the tail runs through.</summary>
    private static readonly Type[] Tail =
    [
        typeof(AtenTail), typeof(AtenBlock), typeof(AtenParts), typeof(AtenRegulariser), typeof(StepGate), typeof(UpdateFactors), typeof(DeviceConstants), typeof(DeviceRanking), typeof(DeviceAllocator),
        typeof(TripletScore), typeof(TrainableParameters), typeof(FusedAdamW), typeof(StepCounter),
    ];

    private static readonly string[] Readers = ["item", "data", "get_bytes", "cpu", "op_Explicit", "equal", "allclose", "nonzero", "unique", "ToString", "str", "save", "synchronize", "is_nonzero", "tolist"];

    [Fact]
    public void Only_these_read_a_value()
    {
        string[] found = [.. Tail.SelectMany(Reads).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(
        [
            // Asked for by the user, and documented to wait.
            "AtenRegulariser.get_Value: cpu", "AtenRegulariser.get_Value: item",
            "AtenTail.get_GradientNorm: item",
            "DeviceRanking.ReadScores: cpu", "DeviceRanking.ReadScores: data",
            // Waits only where the device is more than a step behind, and where its memory is about to go.
            "StepCounter.Count: data", "StepCounter.Count: synchronize", "StepCounter.Dispose: synchronize",
            // The CPU's counter; at the start; and Synchronize.
            "StepCounter.Read: cpu", "StepCounter.Read: item",
            // Reads page-locked memory of the host.
            "StepCounter.Receive: data",
        ], found);
    }

    private static IEnumerable<string> Reads(Type type)
    {
        const BindingFlags all = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var method in type.GetMethods(all).Concat<MethodBase>(type.GetConstructors(all)))
        {
            foreach (string reader in Called(method).Where(m => m.Module != type.Module && m.DeclaringType!.Assembly == typeof(torch).Assembly).Select(m => m.Name).Intersect(Readers))
            {
                yield return $"{type.Name}.{method.Name}: {reader}";
            }
        }
        // Lambdas, iterators and nested classes.
        foreach (string nested in type.GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic).SelectMany(Reads)) yield return nested;
    }

    /// <summary>Every method that a body calls: 0x28 call, 0x6F callvirt, 0x73 newobj, 0xFE06 ldftn, each followed by a token.</summary>
    private static IEnumerable<MethodBase> Called(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } il) yield break;
        var typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (int i = 0; i + 4 < il.Length; i++)
        {
            if (il[i] is not (0x28 or 0x6F or 0x73) && !(il[i] == 0x06 && i > 0 && il[i - 1] == 0xFE)) continue;
            // An operand may look like an instruction; then what follows is no token of a method: definition 0x06, reference 0x0A, specification 0x2B.
            if (il[i + 4] is not (0x06 or 0x0A or 0x2B)) continue;
            MethodBase? called = null;
            try
            {
                called = method.Module.ResolveMethod(BitConverter.ToInt32(il, i + 1), typeArguments, methodArguments);
            }
            catch (ArgumentException)
            {
            }
            if (called is not null) yield return called;
        }
    }
}
