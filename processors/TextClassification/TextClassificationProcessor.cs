using StreamScoring.Processors.Models;
using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Tokenization;
using StreamScoring.Processors.Windows;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.TextClassification;

/// <summary>Says what an article is about and fills <see cref="Article.Topic"/>.</summary>
/// <remarks>
/// A row is <c>[CLS] title [SEP] body [SEP]</c>, or the one of them that is not empty. A body that does not fit is read in
/// overlapping windows, the title's first tokens (at most 64, and at most a quarter of a row) before each; the windows'
/// logits are averaged; a model may read the first ones only (<see cref="ModelManifest.MaxWindows"/>), or no more than it
/// takes to be sure (<see cref="ModelManifest.EarlyExit"/>). Scores are the softmax of the logits over the model's temperature.
/// An article without a word keeps a null topic and gets a warning.
/// </remarks>
public sealed class TextClassificationProcessor : IArticleProcessor
{
    private readonly Worker _worker;

    /// <summary>Loads the model.</summary>
    /// <exception cref="ModelException">The model cannot be used for text classification.</exception>
    public TextClassificationProcessor(ModelFolder folder, ModelProcessorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        _worker = new Worker(folder, options ?? new ModelProcessorOptions());
    }

    /// <inheritdoc/>
    public ModelIdentity? Model => _worker.Model;

    /// <inheritdoc/>
    public void Process(
        ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken) =>
        _worker.Process(batch, warnings, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _worker.Dispose();

    private sealed class Worker : ModelProcessor<Work>
    {
        private const int LongestTitle = 64;

        public Worker(ModelFolder folder, ModelProcessorOptions options)
            : base(folder, ModelTask.TextClassification, [new OnnxOutput("logits", PerToken: false)], options) =>
            Probe(Tokenizer.PairSeparators == 1 ? 1 : 0, outputs => RequireLabels(outputs[0].Length));

        protected override Work CreateWork() => new();

        protected override IReadOnlyList<string>? Prepare(Article article, Work work, TokenRows rows)
        {
            Tokenizer.Encode(article.Title, work.Title, Options.MaxTokens);
            Tokenizer.Encode(article.Body, work.Body, Options.MaxTokens - work.Title.Count);
            work.Reset(Manifest.Labels.Count);
            var titleTokens = TitleOf(work);
            if (work.Body.Count > 0)
            {
                var pairCost = titleTokens.IsEmpty ? 0 : titleTokens.Length + Tokenizer.PairSeparators;
                var room = Manifest.MaxTokens - 2 - pairCost;
                TokenWindows.Plan(work.Body, room, Math.Min(Manifest.Stride, room / 2), work.Windows);
                AppendWindows(work, Manifest.EarlyExit is null ? Manifest.MaxWindows : 1, rows);
            }
            else if (!titleTokens.IsEmpty)
            {
                AppendRow([], titleTokens, rows);
            }
            else
            {
                return ReadingWarnings.NoText;
            }
            return ReadingWarnings.Truncated(work.Title.Truncated || work.Body.Truncated, Options.MaxTokens);
        }

        protected override void PrepareMore(Work work, TokenRows rows)
        {
            if (Manifest.EarlyExit is { } sure && work.Rows < Math.Min(work.Windows.Count, Manifest.MaxWindows)
                && ScoresOf(work).Max() < sure)
            {
                AppendWindows(work, work.Rows + 1, rows);
            }
        }

        protected override void Receive(Work work, int row, RowOutputs outputs) => work.Add(row, outputs[0]);

        protected override void Finish(Article article, Work work)
        {
            article.Topic = null;
            if (work.Rows == 0) return;
            var scores = ScoresOf(work);
            var topic = new TopicScore();
            var best = 0;
            for (var label = 0; label < scores.Length; label++)
            {
                topic.Scores[Manifest.Labels[label]] = scores[label];
                if (scores[label] > scores[best]) best = label;
            }
            topic.Label = Manifest.Labels[best];
            topic.Score = scores[best];
            article.Topic = topic;
        }

        private float[] ScoresOf(Work work)
        {
            var scores = work.MeanLogits();
            Softmax.Logarithms(scores, Manifest.Temperature);
            foreach (ref var score in scores.AsSpan()) score = MathF.Exp(score);
            return scores;
        }

        private ReadOnlySpan<int> TitleOf(Work work) =>
            work.Title.Ids[..Math.Min(work.Title.Ids.Length, Math.Min(LongestTitle, Manifest.MaxTokens / 4))];

        /// <summary>Appends the windows after those that are answered, up to number <paramref name="end"/>.</summary>
        private void AppendWindows(Work work, int end, TokenRows rows)
        {
            for (var i = work.Rows; i < Math.Min(work.Windows.Count, end); i++)
                AppendRow(TitleOf(work), work.Body.Ids[work.Windows[i].Start..work.Windows[i].End], rows);
        }

        private void AppendRow(ReadOnlySpan<int> first, ReadOnlySpan<int> second, TokenRows rows)
        {
            rows.Append(Tokenizer.ClassifierId, 0);
            byte type = 0;
            if (!first.IsEmpty)
            {
                rows.Append(first, (byte)0);
                for (var i = 0; i < Tokenizer.PairSeparators; i++) rows.Append(Tokenizer.SeparatorId, 0);
                // RoBERTa's family knows one token type only.
                type = Tokenizer.PairSeparators == 1 ? (byte)1 : (byte)0;
            }
            rows.Append(second, type);
            rows.Append(Tokenizer.SeparatorId, type);
            rows.EndRow();
        }
    }

    /// <summary>One article's tokens and the logits of its windows, kept apart so that their order of arrival is no matter.</summary>
    private sealed class Work : IDisposable
    {
        private readonly List<float> _logits = [];
        private float[] _mean = [];

        public TokenBuffer Title { get; } = new();

        public TokenBuffer Body { get; } = new();

        public List<TokenWindow> Windows { get; } = [];

        public int Rows { get; private set; }

        public void Reset(int labels)
        {
            Rows = 0;
            Windows.Clear();
            _logits.Clear();
            if (_mean.Length != labels) _mean = new float[labels];
        }

        public void Add(int row, ReadOnlySpan<float> logits)
        {
            Rows = Math.Max(Rows, row + 1);
            while (_logits.Count < Rows * logits.Length) _logits.Add(0);
            for (var i = 0; i < logits.Length; i++) _logits[row * logits.Length + i] = logits[i];
        }

        public float[] MeanLogits()
        {
            for (var label = 0; label < _mean.Length; label++)
            {
                var sum = 0.0;
                for (var row = 0; row < Rows; row++) sum += _logits[row * _mean.Length + label];
                _mean[label] = (float)(sum / Rows);
            }
            return _mean;
        }

        public void Dispose()
        {
            Title.Dispose();
            Body.Dispose();
        }
    }
}
