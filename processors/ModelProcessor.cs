using System.Collections.Concurrent;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Tokenization;
using StreamScoring.Schemas;

namespace StreamScoring.Processors;

/// <summary>
/// What the nodes with a model share: articles become rows, the model computes the rows, the answers become part of the
/// articles. Rows of several articles share runs where <see cref="OnnxModelOptions.RowsPerRun"/> allows it.
/// </summary>
/// <typeparam name="TWork">What is kept of one article between its rows and its answer; used again and again.</typeparam>
internal abstract class ModelProcessor<TWork> : IArticleProcessor
    where TWork : class, IDisposable
{
    private readonly ConcurrentBag<Workspace> _workspaces = [];
    private readonly OnnxModel _model;
    private readonly int _rowsPerChunk;
    private volatile bool _disposed;

    /// <summary>Loads tokenizer and graph.</summary>
    /// <exception cref="ModelException">The model cannot be used for <paramref name="task"/>.</exception>
    protected ModelProcessor(
        ModelFolder folder, string task, IReadOnlyList<OnnxOutput> outputs, ModelProcessorOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxTokens, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxTokens, 1_000_000);
        folder.Require(task);
        Folder = folder;
        Options = options;
        Tokenizer = options.Tokenizers?.Load(folder) ?? folder.LoadTokenizer();
        _model = OnnxModel.Load(folder.GraphPath, outputs, Tokenizer.PaddingId, options.Onnx);
        _rowsPerChunk = options.Onnx.RowsPerRun == 1 ? 1 : options.Onnx.RowsPerRun * 8;
        if (Manifest.TokenTypes != TokenTypeUse.None && !_model.HasTokenTypes)
        {
            _model.Dispose();
            throw new ModelException(ModelError.WrongShape, folder.Path,
                "model.json says what token_type_ids hold, and the graph has no such input.");
        }
    }

    /// <inheritdoc/>
    public ModelIdentity? Model => Folder.Identity;

    /// <summary>The model's folder.</summary>
    protected ModelFolder Folder { get; }

    /// <summary>What is known about the model.</summary>
    protected ModelManifest Manifest => Folder.Manifest;

    /// <summary>The node's options.</summary>
    protected ModelProcessorOptions Options { get; }

    /// <summary>The model's tokenizer.</summary>
    protected Tokenizer Tokenizer { get; }

    /// <inheritdoc/>
    public void Process(
        ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(warnings.Length, batch.Length);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_workspaces.TryTake(out var workspace)) workspace = new Workspace(this);
        try
        {
            for (var from = 0; from < batch.Length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                from += ProcessChunk(batch[from..], warnings[from..], workspace, cancellationToken);
            }
        }
        finally
        {
            workspace.Clear();
            _workspaces.Add(workspace);
            if (_disposed) DisposeWorkspaces();
        }
    }

    /// <summary>Lets threads inside finish and gives everything back.</summary>
    public void Dispose()
    {
        _disposed = true;
        _model.Dispose();
        DisposeWorkspaces();
    }

    /// <summary>
    /// Runs a row that is as long and as extreme as any can be, so that a graph that does not fit its manifest is found
    /// now and not at the first long article.
    /// </summary>
    /// <exception cref="ModelException">The graph fails on it, or answers with another number of labels.</exception>
    protected void Probe(int largestType, Action<RowOutputs> check)
    {
        using var rows = new TokenRows();
        for (var i = 0; i < Manifest.MaxTokens; i++)
            rows.Append(i % 2 == 0 ? Tokenizer.VocabularySize - 1 : Tokenizer.ClassifierId, (byte)(i % 3 == 0 ? largestType : 0));
        rows.EndRow();
        try
        {
            _model.Run(rows, new Checker(check), CancellationToken.None);
        }
        catch (InvalidOperationException exception)
        {
            Dispose();
            throw new ModelException(ModelError.WrongShape, Folder.Path,
                $"the graph cannot read {Manifest.MaxTokens} tokens of a vocabulary of {Tokenizer.VocabularySize}: is "
                + $"\"max_tokens\" too large, or the vocabulary another model's? {exception.Message}", exception);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Checks that a row of numbers is as wide as there are labels.</summary>
    protected void RequireLabels(int width)
    {
        if (width == Manifest.Labels.Count) return;
        throw new ModelException(ModelError.WrongShape, Folder.Path,
            $"the graph answers with {width} numbers, and there are {Manifest.Labels.Count} labels: {string.Join(", ", Manifest.Labels.Take(20))}.");
    }

    /// <summary>Room for one article's work.</summary>
    protected abstract TWork CreateWork();

    /// <summary>Reads an article: appends its rows and gives what its reader should be warned of, or null.</summary>
    protected abstract IReadOnlyList<string>? Prepare(Article article, TWork work, TokenRows rows);

    /// <summary>All rows so far are answered: appends more of the article's rows where these were not enough.</summary>
    protected virtual void PrepareMore(TWork work, TokenRows rows)
    {
    }

    /// <summary>Takes the answer to the article's row number <paramref name="row"/>, from 0. Rows come in any order.</summary>
    protected abstract void Receive(TWork work, int row, RowOutputs outputs);

    /// <summary>All rows are answered: enriches the article.</summary>
    protected abstract void Finish(Article article, TWork work);

    private int ProcessChunk(
        ReadOnlySpan<Article> batch, Span<IReadOnlyList<string>?> warnings, Workspace workspace,
        CancellationToken cancellationToken)
    {
        workspace.Clear();
        var count = 0;
        do
        {
            var work = workspace.Begin();
            warnings[count] = Prepare(batch[count], work, workspace.Rows);
            workspace.End();
            count++;
        }
        while (count < batch.Length && workspace.Rows.Count < _rowsPerChunk && _rowsPerChunk > 1);
        do _model.Run(workspace.Rows, workspace, cancellationToken);
        while (workspace.PrepareMore());
        for (var i = 0; i < count; i++) Finish(batch[i], workspace.Works[i]);
        return count;
    }

    private void DisposeWorkspaces()
    {
        while (_workspaces.TryTake(out var workspace)) workspace.Dispose();
    }

    private sealed class Checker(Action<RowOutputs> check) : IRowReceiver
    {
        public void Receive(int row, RowOutputs outputs) => check(outputs);
    }

    /// <summary>One thread's buffers.</summary>
    private sealed class Workspace(ModelProcessor<TWork> processor) : IRowReceiver, IDisposable
    {
        private readonly List<(int Work, int Number)> _owners = [];
        private readonly List<int> _rowsOf = [];

        public TokenRows Rows { get; } = new();

        public List<TWork> Works { get; } = [];

        public TWork Begin()
        {
            if (_rowsOf.Count == Works.Count) Works.Add(processor.CreateWork());
            _rowsOf.Add(0);
            return Works[_rowsOf.Count - 1];
        }

        public void End() => OwnRows(_rowsOf.Count - 1);

        /// <summary>False: no article needs another row.</summary>
        public bool PrepareMore()
        {
            Rows.Clear();
            _owners.Clear();
            for (var work = 0; work < _rowsOf.Count; work++)
            {
                processor.PrepareMore(Works[work], Rows);
                OwnRows(work);
            }
            return Rows.Count > 0;
        }

        public void Receive(int row, RowOutputs outputs)
        {
            var (work, number) = _owners[row];
            processor.Receive(Works[work], number, outputs);
        }

        public void Clear()
        {
            Rows.Clear();
            _owners.Clear();
            _rowsOf.Clear();
        }

        public void Dispose()
        {
            Rows.Dispose();
            foreach (var work in Works) work.Dispose();
            Works.Clear();
        }

        private void OwnRows(int work)
        {
            while (_owners.Count < Rows.Count) _owners.Add((work, _rowsOf[work]++));
        }
    }
}
