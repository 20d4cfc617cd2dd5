using StreamScoring.Processors.Models;
using StreamScoring.Processors.Onnx;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.TokenClassification;

/// <summary>
/// Finds the names in title and body, each read by itself, and fills <see cref="Article.Entities"/>: title first, then
/// body, in reading order, never overlapping.
/// </summary>
/// <remarks>
/// A word (a run of letters and digits, or one mark) has the label of its first piece. Long texts are read in windows that
/// end with a sentence; where there is none to end with they overlap, and a word in two of them counts where it is farther
/// from the edge. The labels of all words together are the most
/// probable sequence in which an <c>I-</c> follows its like (Viterbi). An entity therefore begins and ends with a whole
/// word, its text is the field's slice, and it holds a letter or a digit; the last stop of an acronym belongs to it. Its score is the mean probability, over its
/// words, of being part of an entity of that type.
/// </remarks>
public sealed class TokenClassificationProcessor : IArticleProcessor
{
    private readonly Worker _worker;

    /// <summary>Loads the model.</summary>
    /// <exception cref="ModelException">The model cannot be used for token classification.</exception>
    public TokenClassificationProcessor(ModelFolder folder, ModelProcessorOptions? options = null)
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
        private readonly LabelScheme _scheme;

        public Worker(ModelFolder folder, ModelProcessorOptions options)
            : base(folder, ModelTask.TokenClassification, [new OnnxOutput("logits", PerToken: true)], options)
        {
            _scheme = new LabelScheme(Manifest.Labels, Manifest.StrictLabels);
            var largestType = Manifest.TokenTypes == TokenTypeUse.Casing ? CasingClass.Count - 1 : 0;
            Probe(largestType, outputs => RequireLabels(outputs[0].Length / Manifest.MaxTokens));
        }

        protected override Work CreateWork() => new(_scheme);

        protected override IReadOnlyList<string>? Prepare(Article article, Work work, TokenRows rows)
        {
            work.Title.Prepare(article.Title, Tokenizer, Manifest, Options.MaxTokens, rows);
            var left = Options.MaxTokens - work.Title.Tokens.Count;
            work.Body.Prepare(article.Body, Tokenizer, Manifest, left, rows);
            return ReadingWarnings.Truncated(work.Title.Tokens.Truncated || work.Body.Tokens.Truncated, Options.MaxTokens);
        }

        protected override void Receive(Work work, int row, RowOutputs outputs)
        {
            if (row < work.Title.Windows)
                work.Title.Receive(row, outputs[0], Manifest.Temperature);
            else
                work.Body.Receive(row - work.Title.Windows, outputs[0], Manifest.Temperature);
        }

        protected override void Finish(Article article, Work work)
        {
            var entities = new List<Entity>();
            Add(article.Title, ArticleField.Title, work.Title, work.Spans, entities);
            Add(article.Body, ArticleField.Body, work.Body, work.Spans, entities);
            article.Entities = entities;
        }

        private void Add(string text, ArticleField field, FieldReading reading, List<WordSpan> spans, List<Entity> entities)
        {
            spans.Clear();
            reading.Decode(spans);
            for (var i = 0; i < spans.Count; i++)
            {
                var span = spans[i];
                var start = reading.Tokens.WordStarts[span.First];
                var end = reading.Tokens.WordEnds[span.End - 1];
                var next = i + 1 < spans.Count ? reading.Tokens.WordStarts[spans[i + 1].First] : text.Length;
                if (end < next && IsAcronymBeforeItsStop(text.AsSpan(start), end - start)) end++;
                if (!HasLetterOrDigit(text.AsSpan(start..end))) continue;
                entities.Add(new Entity
                {
                    Type = _scheme.TypeName(span.Type),
                    Text = text[start..end],
                    Field = field,
                    Start = start,
                    End = end,
                    Score = reading.Probability(span),
                });
            }
        }

        /// <summary><c>U.S</c> before a full stop: the stop is part of the name, also where it ends the sentence too.</summary>
        private static bool IsAcronymBeforeItsStop(ReadOnlySpan<char> text, int length) =>
            length >= 3 && length < text.Length && text[length] == '.'
            && char.IsLetter(text[length - 1]) && text[length - 2] == '.' && char.IsLetter(text[length - 3])
            && (length == 3 || !char.IsLetterOrDigit(text[length - 4]));

        private static bool HasLetterOrDigit(ReadOnlySpan<char> text)
        {
            foreach (var rune in text.EnumerateRunes())
            {
                if (System.Text.Rune.IsLetterOrDigit(rune)) return true;
            }
            return false;
        }
    }

    private sealed class Work(LabelScheme scheme) : IDisposable
    {
        public FieldReading Title { get; } = new(scheme);

        public FieldReading Body { get; } = new(scheme);

        public List<WordSpan> Spans { get; } = [];

        public void Dispose()
        {
            Title.Dispose();
            Body.Dispose();
        }
    }
}
