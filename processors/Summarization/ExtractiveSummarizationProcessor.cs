using System.Buffers;
using System.Text;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Sentences;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Summarization;

/// <summary>Chooses the sentences that say most about an article and fills <see cref="Article.Summary"/>.</summary>
/// <remarks>
/// The graph reads the body in windows of whole sentences and gives <c>scores</c> [batch, sequence] and <c>embeddings</c>
/// [batch, sequence, width]; a sentence has the mean score of its tokens, and the direction of their mean embedding.
/// Sentences are chosen greedily by score less a redundancy penalty and given in reading order, with the logistic function
/// of their score. Bylines, credits, headings and the like are chosen only where there is nothing else; a sentence that leans
/// on the one before it ("But he said…") pays <see cref="SentenceSelection.DanglingPenalty"/> unless that one is chosen too. An article without a body is
/// summarized by its title; one without a word keeps a null summary and gets a warning.
/// </remarks>
public sealed class ExtractiveSummarizationProcessor : IArticleProcessor
{
    private readonly Worker _worker;

    /// <summary>Loads the model.</summary>
    /// <exception cref="ModelException">The model cannot be used for extractive summarization.</exception>
    public ExtractiveSummarizationProcessor(ModelFolder folder, ModelProcessorOptions? options = null)
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
        /// <summary>Sentences that are looked back for the same words.</summary>
        private const int FarthestRepetition = 1_000;

        private static readonly OnnxOutput[] Outputs = [new("scores", PerToken: true), new("embeddings", PerToken: true)];

        public Worker(ModelFolder folder, ModelProcessorOptions options)
            : base(folder, ModelTask.ExtractiveSummarization, Outputs, options) =>
            Probe(Manifest.TokenTypes == TokenTypeUse.Continuation ? 1 : 0, outputs =>
            {
                if (outputs[0].Length == Manifest.MaxTokens) return;
                throw new ModelException(ModelError.WrongShape, folder.Path,
                    "output 'scores' has more than one number for a token.");
            });

        protected override Work CreateWork() => new();

        protected override IReadOnlyList<string>? Prepare(Article article, Work work, TokenRows rows)
        {
            work.Field = ArticleField.Body;
            var reading = work.Reading;
            if (!reading.Prepare(article.Body, Tokenizer, Manifest, Options.MaxTokens, rows))
            {
                work.Field = ArticleField.Title;
                if (!reading.Prepare(article.Title, Tokenizer, Manifest, Options.MaxTokens, rows)) return ReadingWarnings.NoText;
            }
            return ReadingWarnings.Truncated(reading.Truncated, Options.MaxTokens);
        }

        protected override void Receive(Work work, int row, RowOutputs outputs) =>
            work.Reading.Receive(row, outputs[0], outputs[1]);

        protected override void Finish(Article article, Work work)
        {
            article.Summary = null;
            var reading = work.Reading;
            var count = reading.Sentences.Count;
            if (count == 0) return;
            var text = work.Field == ArticleField.Title ? article.Title : article.Body;
            var flags = ArrayPool<bool>.Shared.Rent(2 * count);
            var candidates = flags.AsSpan(0, count);
            var dangling = flags.AsSpan(count, count);
            FindCandidates(text, work.Field == ArticleField.Title ? "" : article.Title, reading, candidates);
            for (var i = 0; i < count; i++)
                dangling[i] = candidates[i] && DanglingStart.Is(text.AsSpan(reading.Sentences[i].Start..reading.Sentences[i].End));
            SentenceSelector.Select(reading, candidates, dangling, Manifest.Selection, work.Chosen);
            ArrayPool<bool>.Shared.Return(flags);
            if (work.Chosen.Count > 0) article.Summary = Compose(text, work);
        }

        /// <summary>Whole sentences that say something; where there are none whatever says something; else everything.</summary>
        private static void FindCandidates(string text, string title, SentenceReading reading, Span<bool> candidates)
        {
            for (var strictness = 2; strictness >= 0; strictness--)
            {
                var any = false;
                for (var i = 0; i < candidates.Length; i++)
                {
                    var sentence = text.AsSpan(reading.Sentences[i].Start..reading.Sentences[i].End);
                    candidates[i] = float.IsFinite(reading.Scores[i]) && !SaidBefore(text, reading.Sentences, i)
                        && (strictness < 1 || !(Boilerplate.Is(sentence) || Boilerplate.Repeats(sentence, title)))
                        && (strictness < 2 || Boilerplate.IsFinished(sentence));
                    any |= candidates[i];
                }
                if (any) return;
            }
        }

        /// <summary>The same words stand earlier in the text, as pull quotes and captions do.</summary>
        private static bool SaidBefore(string text, IReadOnlyList<SentenceSpan> sentences, int index)
        {
            var sentence = sentences[index];
            for (var i = Math.Max(0, index - FarthestRepetition); i < index; i++)
            {
                var other = sentences[i];
                if (other.Length == sentence.Length
                    && text.AsSpan(other.Start, other.Length).Equals(text.AsSpan(sentence.Start, sentence.Length), StringComparison.OrdinalIgnoreCase))
                    return true;
            }
            return false;
        }

        private static Summary Compose(string text, Work work)
        {
            var summary = new Summary();
            var joined = new StringBuilder();
            foreach (var index in work.Chosen)
            {
                var sentence = work.Reading.Sentences[index];
                if (joined.Length > 0) joined.Append(' ');
                joined.Append(text, sentence.Start, sentence.Length);
                summary.Sentences.Add(new SummarySentence
                {
                    Field = work.Field,
                    Start = sentence.Start,
                    End = sentence.End,
                    Score = 1 / (1 + MathF.Exp(-work.Reading.Scores[index])),
                });
            }
            summary.Text = joined.ToString();
            return summary;
        }
    }

    private sealed class Work : IDisposable
    {
        public SentenceReading Reading { get; } = new();

        public ArticleField Field { get; set; }

        public List<int> Chosen { get; } = [];

        public void Dispose() => Reading.Dispose();
    }
}
