using System.Buffers;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Sentences;
using StreamScoring.Processors.Tokenization;
using StreamScoring.Processors.Windows;

namespace StreamScoring.Processors.Summarization;

/// <summary>A text on its way through a summarizer: its sentences, its windows, and what they said of each sentence.</summary>
internal sealed class SentenceReading : IDisposable
{
    private readonly TokenBuffer _tokens = new();
    private readonly List<SentenceSpan> _sentences = [];
    private readonly List<TokenWindow> _places = [];
    private readonly List<TokenWindow> _windows = [];
    private readonly List<int> _windowOf = [];
    private readonly List<float> _scores = [];
    private float[] _embeddings = [];
    private int _width;

    /// <summary>Sentences of what was read.</summary>
    public IReadOnlyList<SentenceSpan> Sentences => _sentences;

    /// <summary>Mean logit of each sentence; negative infinity where it has no token.</summary>
    public IReadOnlyList<float> Scores => _scores;

    /// <summary>True where the text went on after what was read.</summary>
    public bool Truncated => _tokens.Truncated;

    /// <summary>Unit vector of sentence <paramref name="sentence"/>, [width]; zeros where it has no token.</summary>
    public ReadOnlySpan<float> Embedding(int sentence) => _embeddings.AsSpan(sentence * _width, _width);

    /// <summary>Forgets the text.</summary>
    public void Clear()
    {
        _tokens.Clear();
        _sentences.Clear();
        _places.Clear();
        _windows.Clear();
        _windowOf.Clear();
        _scores.Clear();
        _width = 0;
    }

    /// <summary>Reads a text and appends a row for each window. False: it has no word.</summary>
    public bool Prepare(string text, Tokenizer tokenizer, ModelManifest manifest, int maxTokens, TokenRows rows)
    {
        Clear();
        tokenizer.Encode(text, _tokens, maxTokens);
        if (_tokens.Count == 0) return false;
        // What was not read has no sentences either.
        var read = _tokens.Truncated ? _tokens.WordEnds[^1] : text.Length;
        SentenceSplitter.Split(text.AsSpan(0, read), _sentences);
        FindPlaces();
        PlanWindows(manifest.MaxTokens - 2, manifest.Stride);
        AssignWindows();
        for (var window = 0; window < _windows.Count; window++)
        {
            var type = (byte)(window > 0 && manifest.TokenTypes == TokenTypeUse.Continuation ? 1 : 0);
            rows.Append(tokenizer.ClassifierId, type);
            rows.Append(_tokens.Ids[_windows[window].Start.._windows[window].End], type);
            rows.Append(tokenizer.SeparatorId, type);
            rows.EndRow();
        }
        for (var sentence = 0; sentence < _sentences.Count; sentence++) _scores.Add(float.NegativeInfinity);
        return true;
    }

    /// <summary>Keeps what window <paramref name="window"/> says of its sentences.</summary>
    /// <param name="window">Its number.</param>
    /// <param name="scores">[tokens of the row], special tokens included.</param>
    /// <param name="embeddings">[tokens of the row, width].</param>
    public void Receive(int window, ReadOnlySpan<float> scores, ReadOnlySpan<float> embeddings)
    {
        _width = embeddings.Length / scores.Length;
        EnsureEmbeddings();
        for (var sentence = 0; sentence < _sentences.Count; sentence++)
        {
            if (_windowOf[sentence] != window) continue;
            var first = Math.Max(_places[sentence].Start, _windows[window].Start) - _windows[window].Start + 1;
            var end = Math.Min(_places[sentence].End, _windows[window].End) - _windows[window].Start + 1;
            if (end <= first) continue;
            var sum = 0.0;
            for (var token = first; token < end; token++) sum += scores[token];
            var score = (float)(sum / (end - first));
            if (!float.IsFinite(score)) throw new InvalidDataException("The model answered with a number that is none (NaN or infinite).");
            _scores[sentence] = score;
            MeanDirection(embeddings, first, end, _embeddings.AsSpan(sentence * _width, _width));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tokens.Dispose();
        if (_embeddings.Length > 0) ArrayPool<float>.Shared.Return(_embeddings);
        _embeddings = [];
    }

    private void FindPlaces()
    {
        var starts = _tokens.Starts;
        var token = 0;
        foreach (var sentence in _sentences)
        {
            while (token < starts.Length && starts[token] < sentence.Start) token++;
            var first = token;
            while (token < starts.Length && starts[token] < sentence.End) token++;
            _places.Add(new TokenWindow(first, token));
        }
    }

    /// <summary>
    /// Each window after the first begins with a sentence: one of the last <paramref name="stride"/> tokens of the window
    /// before it, or the one that did not fit into that window.
    /// </summary>
    private void PlanWindows(int room, int stride)
    {
        var count = _tokens.Count;
        var start = 0;
        while (true)
        {
            var end = Math.Min(start + room, count);
            _windows.Add(new TokenWindow(start, end));
            if (end == count) return;
            var next = end;
            foreach (var place in _places)
            {
                if (place.Length == 0 || place.Start <= start) continue;
                if (place.Start >= end - stride || place.End > end)
                {
                    next = Math.Min(next, place.Start);
                    break;
                }
            }
            // A sentence longer than a window goes on in the next one.
            start = next > start ? next : end;
        }
    }

    /// <summary>Each sentence is read in the window that holds most of it, in the first of equals.</summary>
    private void AssignWindows()
    {
        var window = 0;
        foreach (var place in _places)
        {
            while (window + 1 < _windows.Count && _windows[window].End <= place.Start) window++;
            var best = window;
            for (var other = window; other < _windows.Count && _windows[other].Start < place.End; other++)
            {
                if (Shared(_windows[other], place) > Shared(_windows[best], place)) best = other;
            }
            _windowOf.Add(best);
        }
    }

    private static int Shared(TokenWindow one, TokenWindow other) =>
        Math.Min(one.End, other.End) - Math.Max(one.Start, other.Start);

    private void EnsureEmbeddings()
    {
        var size = _sentences.Count * _width;
        if (_embeddings.Length >= size) return;
        // Windows may come in any order: what earlier ones left must stay.
        var larger = ArrayPool<float>.Shared.Rent(size);
        if (_embeddings.Length > 0) ArrayPool<float>.Shared.Return(_embeddings);
        _embeddings = larger;
    }

    private void MeanDirection(ReadOnlySpan<float> embeddings, int first, int end, Span<float> target)
    {
        target.Clear();
        for (var token = first; token < end; token++)
        {
            var row = embeddings.Slice(token * _width, _width);
            for (var i = 0; i < row.Length; i++) target[i] += row[i];
        }
        var squares = 0.0;
        foreach (var value in target) squares += (double)value * value;
        var norm = (float)Math.Sqrt(squares);
        if (!(norm > 0)) return;
        foreach (ref var value in target) value /= norm;
    }
}
