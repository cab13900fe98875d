#if !NET9_0_OR_GREATER
using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace AdaLoRA.Gen.Serialization;

/// <summary>The part of .NET 9's OrderedDictionary that this project uses: keys and values come in the order in which they were first added.</summary>
internal sealed class OrderedDictionary<TKey, TValue> : IReadOnlyDictionary<TKey, TValue> where TKey : notnull
{
    private readonly Dictionary<TKey, int> _places = [];
    private readonly List<KeyValuePair<TKey, TValue>> _entries = [];

    public int Count => _entries.Count;

    public IEnumerable<TKey> Keys => _entries.Select(e => e.Key);

    public IEnumerable<TValue> Values => _entries.Select(e => e.Value);

    public TValue this[TKey key]
    {
        get => _entries[_places[key]].Value;
        set
        {
            if (_places.TryGetValue(key, out int place)) _entries[place] = new(key, value);
            else Add(key, value);
        }
    }

    public void Add(TKey key, TValue value)
    {
        _places.Add(key, _entries.Count);
        _entries.Add(new(key, value));
    }

    public bool TryAdd(TKey key, TValue value)
    {
        if (_places.ContainsKey(key)) return false;
        Add(key, value);
        return true;
    }

    public bool ContainsKey(TKey key) => _places.ContainsKey(key);

    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        bool found = _places.TryGetValue(key, out int place);
        value = found ? _entries[place].Value : default;
        return found;
    }

    public KeyValuePair<TKey, TValue> GetAt(int index) => _entries[index];

    public IEnumerator<KeyValuePair<TKey, TValue>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
#endif
