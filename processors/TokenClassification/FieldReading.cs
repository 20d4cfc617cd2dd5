using System.Buffers;
using System.Runtime.InteropServices;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Sentences;
using StreamScoring.Processors.Tokenization;
using StreamScoring.Processors.Windows;

namespace StreamScoring.Processors.TokenClassification;

/// <summary>Title or body on its way through a token classifier: its words, its windows, and what they said.</summary>
internal sealed class FieldReading : IDisposable
{
    private readonly LabelScheme _scheme;
    private readonly List<SentenceSpan> _sentences = [];
    private readonly List<TokenWindow> _windows = [];
    private float[] _scores = [];
    private int[] _contexts = [];
    private int[] _labels = [];
    private bool[] _breaks = [];

    public FieldReading(LabelScheme scheme) => _scheme = scheme;

    /// <summary>The field's tokens and words.</summary>
    public TokenBuffer Tokens { get; } = new();

    /// <summary>Number of windows, a row each.</summary>
    public int Windows => _windows.Count;

    /// <summary>Cuts the field into windows and appends a row for each.</summary>
    public void Prepare(string text, Tokenizer tokenizer, ModelManifest manifest, int maxTokens, TokenRows rows)
    {
        _windows.Clear();
        tokenizer.Encode(text, Tokens, maxTokens);
        if (Tokens.Count == 0) return;
        var room = manifest.MaxTokens - 2;
        _sentences.Clear();
        if (Tokens.Count > room) SentenceSplitter.Split(text.AsSpan(0, Tokens.WordEnds[^1]), _sentences);
        TokenWindows.Plan(Tokens, room, manifest.Stride, _windows, CollectionsMarshal.AsSpan(_sentences));
        var casing = manifest.TokenTypes == TokenTypeUse.Casing;
        foreach (var window in _windows)
        {
            rows.Append(tokenizer.ClassifierId, 0);
            if (casing)
                AppendCased(text, window, rows);
            else
                rows.Append(Tokens.Ids[window.Start..window.End], (byte)0);
            rows.Append(tokenizer.SeparatorId, 0);
            rows.EndRow();
        }
        var words = Tokens.WordCount;
        Resize(ref _scores, words * _scheme.Count);
        Resize(ref _contexts, words);
        Resize(ref _labels, words);
        Resize(ref _breaks, words);
        _contexts.AsSpan(0, words).Fill(-1);
        FindBreaks(text);
    }

    /// <summary>Keeps what window <paramref name="window"/> says of the words that it knows best.</summary>
    /// <param name="window">Its number.</param>
    /// <param name="logits">[tokens of the row, labels], special tokens included.</param>
    /// <param name="temperature">Divides the logits.</param>
    public void Receive(int window, ReadOnlySpan<float> logits, float temperature)
    {
        var place = _windows[window];
        var labels = _scheme.Count;
        for (var word = Tokens.Words[place.Start]; word < Tokens.WordCount; word++)
        {
            var token = Tokens.WordFirstTokens[word];
            if (token >= place.End) break;
            // A word longer than a window is read where it begins.
            if (token < place.Start) continue;
            var context = TokenWindows.Context(place, token, Tokens.Count);
            if (context <= _contexts[word]) continue;
            _contexts[word] = context;
            var scores = _scores.AsSpan(word * labels, labels);
            logits.Slice((token - place.Start + 1) * labels, labels).CopyTo(scores);
            Softmax.Logarithms(scores, temperature);
        }
    }

    /// <summary>Decodes the words' labels and appends the entities.</summary>
    public void Decode(List<WordSpan> spans)
    {
        var words = Tokens.WordCount;
        if (_windows.Count == 0) return;
        var labels = _labels.AsSpan(0, words);
        var breaks = _breaks.AsSpan(0, words);
        LabelDecoder.Decode(_scores.AsSpan(0, words * _scheme.Count), breaks, _scheme, labels);
        LabelDecoder.Spans(labels, breaks, _scheme, spans);
    }

    /// <summary>Mean probability, over the span's words, that the word is part of an entity of the span's type.</summary>
    public float Probability(WordSpan span)
    {
        var sum = 0.0;
        for (var word = span.First; word < span.End; word++)
        {
            var scores = _scores.AsSpan(word * _scheme.Count, _scheme.Count);
            for (var label = 0; label < scores.Length; label++)
            {
                if (_scheme.Type(label) == span.Type) sum += Math.Exp(scores[label]);
            }
        }
        return (float)Math.Min(1, sum / (span.End - span.First));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tokens.Dispose();
        Return(ref _scores);
        Return(ref _contexts);
        Return(ref _labels);
        Return(ref _breaks);
    }

    private void AppendCased(string text, TokenWindow window, TokenRows rows)
    {
        var ids = Tokens.Ids;
        var words = Tokens.Words;
        for (var token = window.Start; token < window.End;)
        {
            var word = words[token];
            var end = Math.Min(window.End, Tokens.WordTokensEnd(word));
            var casing = CasingClass.Of(text.AsSpan(Tokens.WordStarts[word]..Tokens.WordEnds[word]));
            rows.Append(ids[token..end], casing);
            token = end;
        }
    }

    /// <summary>An empty line between two words: no name goes on over it.</summary>
    private void FindBreaks(ReadOnlySpan<char> text)
    {
        var starts = Tokens.WordStarts;
        var ends = Tokens.WordEnds;
        _breaks[0] = true;
        for (var word = 1; word < starts.Length; word++)
            _breaks[word] = starts[word] - ends[word - 1] > 1 && text[ends[word - 1]..starts[word]].Count('\n') > 1;
    }

    private static void Resize<T>(ref T[] array, int size)
    {
        if (array.Length >= size) return;
        Return(ref array);
        array = ArrayPool<T>.Shared.Rent(size);
    }

    private static void Return<T>(ref T[] array)
    {
        if (array.Length > 0) ArrayPool<T>.Shared.Return(array);
        array = [];
    }
}
