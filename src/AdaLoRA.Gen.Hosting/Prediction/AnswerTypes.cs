using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What a forward must not answer with.</summary>
internal static class AnswerTypes
{
    /// <exception cref="AdaLoRAException">The type is or holds a tensor, whose memory ends with the forward, or is a task, which would compute elsewhere.</exception>
    public static void Require<T>()
    {
        if (Of<T>.Refusal is { } refusal) throw new AdaLoRAException(refusal);
    }

    private static string? Refuse(Type type)
    {
        if (typeof(Task).IsAssignableFrom(type) || type == typeof(ValueTask) || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ValueTask<>)))
        {
            return "A forward must not be asynchronous: it holds the model on one of the predictor's threads until it returns; await before or after PredictAsync.";
        }
        return Holds(type) ? "A forward must not answer with a Tensor, whose memory ends with the forward; return values, such as logits.data<float>().ToArray()." : null;
    }

    private static bool Holds(Type type) =>
        typeof(torch.Tensor).IsAssignableFrom(type) || (type.IsArray && Holds(type.GetElementType()!)) || (type.IsGenericType && type.GetGenericArguments().Any(Holds));

    private static class Of<T>
    {
        public static readonly string? Refusal = Refuse(typeof(T));
    }
}
