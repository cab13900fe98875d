using System.Text;

namespace IntentSample;

/// <summary>Comma-separated values as RFC 4180 has them: quoted fields may hold commas, line breaks and doubled quotes.</summary>
internal static class Csv
{
    /// <summary>The rows of a UTF-8 file.</summary>
    public static IEnumerable<List<string>> Read(string path)
    {
        string text = File.ReadAllText(path);
        var row = new List<string>();
        var field = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quoted)
            {
                if (c != '"') field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') field.Append(text[i++]);
                else quoted = false;
            }
            else if (c == '"')
            {
                quoted = true;
            }
            else if (c == ',')
            {
                Next();
            }
            else if (c == '\n')
            {
                Next();
                yield return row;
                row = [];
            }
            else if (c != '\r')
            {
                field.Append(c);
            }
        }
        if (field.Length > 0 || row.Count > 0)
        {
            Next();
            yield return row;
        }

        void Next()
        {
            row.Add(field.ToString());
            field.Clear();
        }
    }
}
