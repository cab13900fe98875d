using System.Text.Json.Nodes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>BERT with a linear classifier over the pooled [CLS].</summary>
public sealed class BertForSequenceClassification : nn.Module<Tensor, Tensor?, Tensor?, Tensor>, ICheckpointModel
{
    /// <summary>The encoder, with its pooler.</summary>
    public readonly BertModel bert;

    /// <summary>Dropout before the classifier.</summary>
    public readonly Dropout dropout;

    /// <summary>The classifier, [labels, H].</summary>
    public readonly Linear classifier;

    /// <summary>Builds a model with fresh weights.</summary>
    /// <param name="config">Sizes and rates.</param>
    /// <param name="device">Where to build it. Default: torch's default device.</param>
    /// <param name="dtype">Type of the weights. Default: torch's default type.</param>
    /// <exception cref="AdaLoRAException">The configuration breaks a rule.</exception>
    public BertForSequenceClassification(BertConfig config, Device? device = null, ScalarType? dtype = null) : this(config, device, dtype, loadedNext: false) { }

    private BertForSequenceClassification(BertConfig config, Device? device, ScalarType? dtype, bool loadedNext) : base(nameof(BertForSequenceClassification))
    {
        bert = new BertModel(config, withPooler: true, device, dtype, loadedNext);
        dropout = nn.Dropout(config.ClassifierDropout ?? config.HiddenDropout);
        classifier = nn.Linear(config.HiddenSize, config.LabelCount, device: device, dtype: dtype);
        using (torch.no_grad())
        {
            nn.init.normal_(classifier.weight, 0, config.InitializerRange);
            nn.init.zeros_(classifier.bias!);
        }
        RegisterComponents();
    }

    /// <inheritdoc cref="BertModel.ActivationCheckpointing"/>
    public bool ActivationCheckpointing
    {
        get => bert.ActivationCheckpointing;
        set => bert.ActivationCheckpointing = value;
    }

    CheckpointMapping ICheckpointModel.Mapping => BertCheckpoint.Mapping(withPooler: true, withClassifier: true);

    string ICheckpointModel.Architecture => "BertForSequenceClassification";

    void ICheckpointModel.Describe(JsonObject config)
    {
        int count = (int)classifier.weight.shape[0];
        if (config["id2label"] is JsonObject labels && labels.Count == count) return;
        config["id2label"] = new JsonObject(Enumerable.Range(0, count).Select(i => KeyValuePair.Create<string, JsonNode?>($"{i}", $"LABEL_{i}")));
        config["label2id"] = new JsonObject(Enumerable.Range(0, count).Select(i => KeyValuePair.Create<string, JsonNode?>($"LABEL_{i}", i)));
        config.Remove("num_labels");
    }

    /// <summary>
    /// Opens a Hugging Face folder. A folder without classifier or pooler gives fresh ones, as in Hugging Face: that is how a plain encoder becomes a classifier.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="labelCount">Classes. Default: what config.json says.</param>
    /// <param name="device">Where to put it. Default: the CPU.</param>
    /// <param name="dtype">Type of the weights. Default: float32.</param>
    /// <returns>The model in evaluation mode.</returns>
    /// <exception cref="AdaLoRAException">The folder's configuration cannot be built, or its weights do not fit.</exception>
    /// <exception cref="Serialization.SafetensorsException">A weight file is missing or damaged.</exception>
    public static BertForSequenceClassification FromPretrained(string folder, int? labelCount = null, Device? device = null, ScalarType? dtype = null)
    {
        BertConfig config = BertConfig.FromFolder(folder);
        if (labelCount is { } count) config = config with { LabelCount = count };
        using HuggingFaceCheckpoint checkpoint = HuggingFaceCheckpoint.Open(folder);
        var model = new BertForSequenceClassification(config, device ?? torch.CPU, dtype ?? ScalarType.Float32, loadedNext: true);
        return CheckpointLoader.LoadOrDispose(model, checkpoint, BertCheckpoint.Mapping(withPooler: true, withClassifier: true), device ?? torch.CPU, dtype ?? ScalarType.Float32);
    }

    /// <summary>Classifies a batch.</summary>
    /// <param name="input_ids">Token ids, int64 [B, T].</param>
    /// <param name="attention_mask">0 where a token is padding, [B, T]; null: no padding.</param>
    /// <param name="token_type_ids">Segments, int64 [B, T]; null: segment 0.</param>
    /// <returns>Logits, [B, labels].</returns>
    public override Tensor forward(Tensor input_ids, Tensor? attention_mask, Tensor? token_type_ids)
    {
        using EncoderOutput encoded = bert.call(input_ids, attention_mask, token_type_ids);
        using Tensor pooled = bert.pooler!.call(encoded);
        using Tensor dropped = dropout.call(pooled);
        return classifier.call(dropped);
    }
}
