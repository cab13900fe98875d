using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Xml.Linq;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>What is in a package.</summary>
internal sealed class Nupkg : IDisposable
{
    private readonly ZipArchive _zip;

    public Nupkg(string path) => _zip = ZipFile.OpenRead(path);

    /// <summary>The files, but for those that every package has by the format.</summary>
    public IEnumerable<string> Files => _zip.Entries.Select(e => e.FullName).Where(n => n is not "[Content_Types].xml" and not "_rels/.rels" && !n.StartsWith("package/services/", StringComparison.Ordinal) && !n.EndsWith(".nuspec", StringComparison.Ordinal));

    /// <summary>The element <c>metadata</c>, its names without the namespace.</summary>
    public XElement Metadata
    {
        get
        {
            var metadata = XElement.Parse(Text(_zip.Entries.Single(e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).FullName)).Elements().Single(e => e.Name.LocalName == "metadata");
            foreach (var element in metadata.DescendantsAndSelf()) element.Name = element.Name.LocalName;
            return metadata;
        }
    }

    public string Text(string file) => Encoding.UTF8.GetString(Bytes(file)).TrimStart('\uFEFF');

    public byte[] Bytes(string file)
    {
        using var stream = _zip.GetEntry(file)!.Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>Where the symbols say that the sources are, and whether they belong to the assembly.</summary>
    public static (string SourceLink, bool Matches) Symbols(byte[] assembly, byte[]? symbols)
    {
        using var executable = new PEReader(new MemoryStream(assembly));
        var entries = executable.ReadDebugDirectory();
        using var provider = symbols is null
            ? executable.ReadEmbeddedPortablePdbDebugDirectoryData(entries.Single(e => e.Type == DebugDirectoryEntryType.EmbeddedPortablePdb))
            : MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(symbols));
        var reader = provider.GetMetadataReader();
        var id = new BlobContentId(reader.DebugMetadataHeader!.Id);
        var sourceLink = new Guid("CC110556-A091-4D38-9FEC-25AB9A351A6A");
        var link = reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation).Single(i => reader.GetGuid(i.Kind) == sourceLink);
        return (Encoding.UTF8.GetString(reader.GetBlobBytes(link.Value)), executable.ReadCodeViewDebugDirectoryData(entries.First(e => e.Type == DebugDirectoryEntryType.CodeView)).Guid == id.Guid);
    }

    public void Dispose() => _zip.Dispose();
}
