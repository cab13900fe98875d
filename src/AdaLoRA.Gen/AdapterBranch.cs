using System.Globalization;
using TorchSharp;

namespace AdaLoRA.Gen;

/// <summary>A place in the tree of a model's adapters: what the generated views (<c>model.AdaLoRA.encoder.layers[1].attention.query</c>) are made of.</summary>
public readonly struct AdapterBranch
{
    private readonly AdapterSet _adapters;
    private readonly string _path;

    private AdapterBranch(AdapterSet adapters, string path)
    {
        _adapters = adapters;
        _path = path;
    }

    /// <summary>The root of a model's adapters: of the set that computes.</summary>
    /// <param name="model">The annotated model.</param>
    /// <exception cref="AdaLoRAException">The model has no adapters.</exception>
    public static AdapterBranch Of<TModel>(TModel model)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(model);
        return new AdapterBranch(model.RequireAdapters(), "");
    }

    /// <summary>What lies below a module.</summary>
    /// <param name="name">Its registered name.</param>
    public AdapterBranch Below(string name) => new(_adapters, PathOf(name));

    /// <summary>What lies below an item of a list.</summary>
    /// <param name="index">Its index.</param>
    public AdapterBranch Below(int index) => Below(index.ToString(CultureInfo.InvariantCulture));

    /// <summary>The adapter of a layer.</summary>
    /// <param name="name">Its registered name.</param>
    /// <exception cref="AdaLoRAException">The layer has no adapter.</exception>
    public Adapter Adapter(string name) => _adapters.Find(PathOf(name));

    /// <summary>The adapter of a list's item.</summary>
    /// <param name="index">Its index.</param>
    /// <exception cref="AdaLoRAException">The item has no adapter.</exception>
    public Adapter Adapter(int index) => Adapter(index.ToString(CultureInfo.InvariantCulture));

    private string PathOf(string name) => _path.Length == 0 ? name : _path + "." + name;
}
