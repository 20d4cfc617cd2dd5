using System.Text;
using StreamScoring.Processors.Models;

namespace StreamScoring.Processors.Tokenization;

/// <summary>
/// Finds a model's tokenizer in its folder: <c>tokenizer.json</c> where there is one, else <c>vocab.txt</c> (WordPiece) or
/// <c>vocab.json</c> with <c>merges.txt</c> (byte-level pairs), and the settings of <c>tokenizer_config.json</c>.
/// </summary>
internal static class TokenizerFiles
{
    private const string TokenizerFile = "tokenizer.json";
    private const string WordPieceFile = "vocab.txt";
    private const string BpeVocabularyFile = "vocab.json";
    private const string BpeMergesFile = "merges.txt";

    /// <summary>Files that say what pieces there are, in a fixed order; a folder has some of them.</summary>
    public static IReadOnlyList<string> VocabularyFiles { get; } = [TokenizerFile, WordPieceFile, BpeVocabularyFile, BpeMergesFile];

    /// <summary>Loads a tokenizer.</summary>
    /// <exception cref="ModelException">The files are missing, wrong, or of a kind that is not known.</exception>
    public static Tokenizer Load(string folder)
    {
        try
        {
            var config = TokenizerConfig.Read(folder);
            if (Has(folder, TokenizerFile)) return TokenizerJson.Load(folder, TokenizerFile, config);
            if (Has(folder, WordPieceFile)) return new WordPieceTokenizer(ReadLines(folder, WordPieceFile), config.ToWordPiece());
            if (Has(folder, BpeVocabularyFile) && Has(folder, BpeMergesFile)) return LoadByteLevel(folder, config);
        }
        catch (InvalidDataException exception)
        {
            throw new ModelException(ModelError.BadManifest, folder, exception.Message, exception);
        }
        throw new ModelException(ModelError.Missing, folder,
            $"the tokenizer's files are not there: {TokenizerFile}, or {WordPieceFile}, or {BpeVocabularyFile} and {BpeMergesFile}.");
    }

    private static bool Has(string folder, string file) => File.Exists(Path.Combine(folder, file));

    private static ByteLevelBpeTokenizer LoadByteLevel(string folder, TokenizerConfig config)
    {
        using var document = JsonReading.ReadObject(folder, BpeVocabularyFile);
        var vocabulary = TokenizerJson.ReadVocabulary(document.RootElement, BpeVocabularyFile);
        var merges = new List<(string, string)>();
        foreach (var line in ReadLines(folder, BpeMergesFile))
        {
            if (line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))
                merges.Add(TokenizerJson.ReadMerge(line, BpeMergesFile));
        }
        return new ByteLevelBpeTokenizer(vocabulary, merges, config.ToByteLevelBpe());
    }

    /// <summary>Lines end with line feeds only: pieces may hold U+0085 and U+2028.</summary>
    private static string[] ReadLines(string folder, string file)
    {
        var path = Path.Combine(folder, file);
        if (new FileInfo(path).Length > JsonReading.LargestFileBytes)
            throw new InvalidDataException($"{file} has more than {JsonReading.LargestFileBytes >> 20} MB.");
        var text = File.ReadAllText(path, Encoding.UTF8);
        if (text.EndsWith('\n')) text = text[..^1];
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++) lines[i] = lines[i].TrimEnd('\r');
        return lines;
    }
}
