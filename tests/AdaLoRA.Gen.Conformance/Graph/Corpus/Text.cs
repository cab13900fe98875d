using System;
using System.Linq;
using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Corpus.Text
{
    /// <summary>A bag of embeddings and one layer, as in the text classification example.</summary>
    [AdaLoRA(Budget = 1, Targets = ["fc"])]
    internal partial class TextClassification : Module<Tensor, Tensor, Tensor>
    {
        private EmbeddingBag embedding;
        private Linear fc;

        public TextClassification(long vocab_size = 16, long embed_dim = 4, long num_class = 3) : base("TextClassification")
        {
            embedding = EmbeddingBag(vocab_size, embed_dim, sparse: false);
            fc = Linear(embed_dim, num_class);
            InitWeights();
            RegisterComponents();
        }

        private void InitWeights()
        {
            var initrange = 0.5;
            init.uniform_(embedding.weight!, -initrange, initrange);
            init.zeros_(fc.bias!);
        }

        public override Tensor forward(Tensor input, Tensor offsets)
        {
            using var t = embedding.call(input, offsets);
            return fc.call(t);
        }
    }

    /// <summary>A language model on TorchSharp's own encoder, as in the sequence-to-sequence example.</summary>
    [AdaLoRA(Budget = 2, Targets = ["decoder"], Trainable = ["encoder"])]
    internal partial class TransformerModel : Module<Tensor, Tensor, Tensor>
    {
        private TransformerEncoder transformer_encoder;
        private PositionalEncoding pos_encoder;
        private Embedding encoder;
        private Linear decoder;
        private long ninputs;

        public TransformerModel(long ntokens = 16, long ninputs = 8, long nheads = 2, long nhidden = 8, long nlayers = 1, double dropout = 0.5) : base("Transformer")
        {
            this.ninputs = ninputs;
            pos_encoder = new PositionalEncoding(ninputs, dropout);
            var encoder_layers = TransformerEncoderLayer(ninputs, nheads, nhidden, dropout);
            transformer_encoder = TransformerEncoder(encoder_layers, nlayers);
            encoder = Embedding(ntokens, ninputs);
            decoder = Linear(ninputs, ntokens);
            RegisterComponents();
        }

        public override Tensor forward(Tensor t, Tensor mask)
        {
            var src = pos_encoder.call(encoder.call(t) * MathF.Sqrt(ninputs));
            return decoder.call(transformer_encoder.call(src, mask, null!));
        }
    }

    internal sealed class PositionalEncoding : Module<Tensor, Tensor>
    {
        private Module<Tensor, Tensor> dropout;
        private Tensor pe;

        public PositionalEncoding(long dmodel, double dropout, int maxLen = 32) : base("PositionalEncoding")
        {
            this.dropout = Dropout(dropout);
            pe = zeros(maxLen, 1, dmodel);
            RegisterComponents();
        }

        public override Tensor forward(Tensor t) => dropout.call(t + pe[TensorIndex.Slice(null, t.shape[0]), TensorIndex.Slice()]);
    }

    /// <summary>An LSTM that tags words.</summary>
    [AdaLoRA(Budget = 2, Targets = ["hidden2tag", "word_embeddings"])]
    public partial class Tagger : Module<Tensor, Tensor>
    {
        private readonly Embedding word_embeddings;
        private readonly LSTM lstm;
        private readonly Linear hidden2tag;

        public Tagger(int embedding = 4, int hidden = 8, int vocabulary = 16, int tags = 3) : base(nameof(Tagger))
        {
            word_embeddings = Embedding(vocabulary, embedding);
            lstm = LSTM(embedding, hidden, bidirectional: true);
            hidden2tag = Linear(2 * hidden, tags);
            RegisterComponents();
        }

        public override Tensor forward(Tensor sentence)
        {
            var (states, _, _) = lstm.call(word_embeddings.call(sentence).unsqueeze(1));
            return hidden2tag.call(states.squeeze(1)).log_softmax(1);
        }
    }

    /// <summary>Kernels of several widths over words.</summary>
    [AdaLoRA(Budget = 4, Targets = ["convs.*", "fc"])]
    public partial class TextCnn : Module<Tensor, Tensor>
    {
        private readonly Embedding embedding = Embedding(32, 8);
        private readonly ModuleList<Conv1d> convs;
        private readonly Linear fc;

        public TextCnn(params int[] widths) : base(nameof(TextCnn))
        {
            if (widths.Length == 0) widths = [3, 4, 5];
            convs = ModuleList(widths.Select(width => Conv1d(8, 4, width)).ToArray());
            fc = Linear(4 * widths.Length, 2);
            RegisterComponents();
        }

        public static TextCnn Create() => new();

        public override Tensor forward(Tensor ids)
        {
            var x = embedding.call(ids).transpose(1, 2);
            return fc.call(cat(convs.Select(conv => conv.call(x).relu().amax([2])).ToArray(), 1));
        }
    }
}
