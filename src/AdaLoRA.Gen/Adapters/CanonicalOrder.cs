using System.Globalization;

namespace AdaLoRA.Gen.Adapters;

/// <summary>
/// The order of a model's adapters: paths compared segment by segment, whole numbers by value (layer 2 before layer 10). It fixes the arena's layout and breaks ties of a
/// ranking, so it must not depend on how the targets were found.
/// </summary>
internal static class CanonicalOrder
{
    public static int Compare(string a, string b)
    {
        string[] left = a.Split('.'), right = b.Split('.');
        for (int i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            bool bothNumbers = int.TryParse(left[i], NumberStyles.None, CultureInfo.InvariantCulture, out int x)
                & int.TryParse(right[i], NumberStyles.None, CultureInfo.InvariantCulture, out int y);
            int order = bothNumbers ? x.CompareTo(y) : string.CompareOrdinal(left[i], right[i]);
            if (order != 0) return order;
        }
        return left.Length.CompareTo(right.Length);
    }
}
