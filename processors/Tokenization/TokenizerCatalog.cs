using System.Security.Cryptography;
using StreamScoring.Processors.Models;

namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// The tokenizers of several models: models whose files say the same share one, so that its vocabulary is held once. Safe
/// for several threads.
/// </summary>
/// <param name="sharesTokens">
/// Models that share a tokenizer cut a text once: for nodes that run on one thread one after another, fused or in
/// <c>score</c>. Nodes that meet a text at different times would keep it for nothing.
/// </param>
public sealed class TokenizerCatalog(bool sharesTokens)
{
    private readonly Dictionary<(TokenizerConfig Config, string Files), Entry> _entries = [];

    /// <summary>The tokenizer of a model.</summary>
    /// <exception cref="ModelException">Its files are missing, wrong, or of a kind that is not known.</exception>
    public Tokenizer Load(ModelFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var key = (TokenizerConfig.Read(folder.Path), HashOf(folder.Path));
        lock (_entries)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                var tokenizer = folder.LoadTokenizer();
                _entries.Add(key, entry = new Entry(sharesTokens ? new SharedTokenizer(tokenizer) : tokenizer));
            }
            if (entry.Folders.Add(folder.Path) && entry.Folders.Count > 1 && entry.Tokenizer is SharedTokenizer shared) shared.IsShared = true;
            return entry.Tokenizer;
        }
    }

    private static string HashOf(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in TokenizerFiles.VocabularyFiles.Where(file => File.Exists(Path.Combine(folder, file))))
            hash.AppendData(Convert.FromHexString(FileHash.Sha256(folder, file)));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private sealed record Entry(Tokenizer Tokenizer)
    {
        public HashSet<string> Folders { get; } = new(StringComparer.Ordinal);
    }
}
