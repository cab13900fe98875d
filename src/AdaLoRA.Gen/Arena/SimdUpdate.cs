using System.Numerics;
using System.Runtime.CompilerServices;

namespace AdaLoRA.Gen.Arena;

/// <summary>The flat fp32 buffers by pointer; those that a method or rule does not have are null.</summary>
internal unsafe struct SimdBuffers
{
    public float* P, G, M, V, Sensitivity, Uncertainty, AE, Mask;
}

/// <summary>
/// The pass that reads and writes every stream once: gradient scale, AdamW or SGD, both importance averages, the folded factor, and the zeroed gradient. Memory bound.
/// </summary>
internal readonly unsafe struct SimdUpdate
{
    private readonly SimdBuffers _b;
    private readonly bool _adam;
    private readonly bool _importance;
    private readonly bool _scoreBeforeUpdate;
    private readonly float _gradientScale, _decay, _m1, _v1, _m2, _v2, _epsilon, _stepSize, _rootCorrection, _i1, _i2, _u1, _u2, _l2, _rate;

    public SimdUpdate(SimdBuffers buffers, in StepPlan plan, double gradientScale, long applied, double learningRate, double weightDecay)
    {
        _b = buffers;
        var rule = plan.Rule;
        _adam = rule.Kind == OptimizerKind.AdamW;
        _importance = plan.Point.UpdateImportance && buffers.Sensitivity != null;
        _scoreBeforeUpdate = plan.Fidelity == Fidelity.Paper;
        _gradientScale = (float)gradientScale;
        _decay = (float)(1 - learningRate * weightDecay);
        (_m1, _m2) = ((float)rule.Beta1, (float)(1 - rule.Beta1));
        (_v1, _v2) = ((float)rule.Beta2, (float)(1 - rule.Beta2));
        _epsilon = (float)rule.Epsilon;
        _stepSize = (float)(learningRate / (1 - Math.Pow(rule.Beta1, applied)));
        _rootCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(rule.Beta2, applied)));
        (_i1, _i2) = ((float)plan.ImportanceBeta1, (float)(1 - plan.ImportanceBeta1));
        (_u1, _u2) = ((float)plan.ImportanceBeta2, (float)(1 - plan.ImportanceBeta2));
        _l2 = (float)weightDecay;
        _rate = (float)learningRate;
    }

    /// <summary>Updates <paramref name="length"/> elements from <paramref name="offset"/>; where <paramref name="folded"/> is given, writes new value × <paramref name="factor"/> there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(long offset, long length, float* folded, float factor)
    {
        float* p = _b.P + offset, g = _b.G + offset, m = _b.M + offset, v = _b.V + offset, si = _b.Sensitivity + offset, su = _b.Uncertainty + offset;
        Vector<float> scale = new(_gradientScale), decay = new(_decay), m1 = new(_m1), m2 = new(_m2), v1 = new(_v1), v2 = new(_v2), epsilon = new(_epsilon),
            stepSize = new(_stepSize), root = new(_rootCorrection), i1 = new(_i1), i2 = new(_i2), u1 = new(_u1), u2 = new(_u2), l2 = new(_l2), rate = new(_rate), fold = new(factor);
        int width = Vector<float>.Count;
        long i = 0;
        for (; i <= length - width; i += width)
        {
            var gradient = Vector.Load(g + i) * scale;
            var old = Vector.Load(p + i);
            Vector<float> value;
            if (_adam)
            {
                var first = Vector.FusedMultiplyAdd(Vector.Load(m + i), m1, gradient * m2);
                var second = Vector.FusedMultiplyAdd(Vector.Load(v + i), v1, gradient * gradient * v2);
                first.Store(m + i);
                second.Store(v + i);
                value = old * decay - stepSize * first / Vector.FusedMultiplyAdd(Vector.SquareRoot(second), root, epsilon);
            }
            else
            {
                value = old - rate * Vector.FusedMultiplyAdd(old, l2, gradient);
            }
            value.Store(p + i);
            if (_importance)
            {
                var sensitivity = Vector.Abs((_scoreBeforeUpdate ? old : value) * gradient);
                var smoothed = Vector.FusedMultiplyAdd(Vector.Load(si + i), i1, sensitivity * i2);
                smoothed.Store(si + i);
                Vector.FusedMultiplyAdd(Vector.Load(su + i), u1, Vector.Abs(sensitivity - smoothed) * u2).Store(su + i);
            }
            Vector<float>.Zero.Store(g + i);
            if (folded != null) (value * fold).Store(folded + i);
        }
        for (; i < length; i++)
        {
            float gradient = g[i] * _gradientScale, old = p[i];
            if (_adam)
            {
                m[i] = MathF.FusedMultiplyAdd(m[i], _m1, gradient * _m2);
                v[i] = MathF.FusedMultiplyAdd(v[i], _v1, gradient * gradient * _v2);
                p[i] = old * _decay - _stepSize * m[i] / MathF.FusedMultiplyAdd(MathF.Sqrt(v[i]), _rootCorrection, _epsilon);
            }
            else
            {
                p[i] = old - _rate * MathF.FusedMultiplyAdd(old, _l2, gradient);
            }
            if (_importance)
            {
                float sensitivity = MathF.Abs((_scoreBeforeUpdate ? old : p[i]) * gradient);
                si[i] = MathF.FusedMultiplyAdd(si[i], _i1, sensitivity * _i2);
                su[i] = MathF.FusedMultiplyAdd(su[i], _u1, MathF.Abs(sensitivity - si[i]) * _u2);
            }
            g[i] = 0;
            if (folded != null) folded[i] = p[i] * factor;
        }
    }
}
