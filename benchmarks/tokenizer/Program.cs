using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Tokenization;

// Our WordPiece tokenizer and Hugging Face's (Rust, called from Python in batches), one thread each, taking turns over the
// bodies of the bundled articles; and what a fused node pays for a text that the node before it has cut with the same
// tokenizer. Usage: [PYTHON=python3] dotnet run -c Release --project benchmarks/tokenizer -- [--save FILE]
const int rounds = 15, batch = 16;
const string vocabulary = "models/entities/vocab.txt", articles = "samples/articles.jsonl";
var texts = File.ReadLines(articles).Select(static line =>
{
    using var article = JsonDocument.Parse(line);
    return article.RootElement.GetProperty("body").GetString()!;
}).ToArray();
var megabytes = texts.Sum(static text => (double)Encoding.UTF8.GetByteCount(text)) / 1e6;
var tokenizer = new WordPieceTokenizer(File.ReadAllLines(vocabulary));
using var buffer = new TokenBuffer();
var catalog = new TokenizerCatalog(sharesTokens: true);
var shared = catalog.Load(ModelFolder.Load("models/summary"));
_ = catalog.Load(ModelFolder.Load("models/fast/summary"));

using var rival = Process.Start(new ProcessStartInfo(
    Environment.GetEnvironmentVariable("PYTHON") ?? "python3", ["benchmarks/tokenizer/rival.py", vocabulary, articles])
{
    RedirectStandardInput = true, RedirectStandardOutput = true,
})!;
var (ours, theirs, again, allocated, tokens) = (double.MaxValue, double.MaxValue, double.MaxValue, 0L, 0);
for (var round = 0; round < rounds; round++)
{
    var before = GC.GetAllocatedBytesForCurrentThread();
    var begun = Stopwatch.GetTimestamp();
    tokens = 0;
    foreach (var text in texts)
    {
        tokenizer.Encode(text, buffer);
        tokens += buffer.Count;
    }
    ours = Math.Min(ours, Stopwatch.GetElapsedTime(begun).TotalSeconds);
    allocated = GC.GetAllocatedBytesForCurrentThread() - before;

    var ticks = 0L;
    foreach (var together in texts.Chunk(batch))
    {
        foreach (var text in together) shared.Encode(text, buffer);
        begun = Stopwatch.GetTimestamp();
        foreach (var text in together) shared.Encode(text, buffer);
        ticks += Stopwatch.GetTimestamp() - begun;
    }
    again = Math.Min(again, (double)ticks / Stopwatch.Frequency);

    rival.StandardInput.WriteLine();
    rival.StandardInput.Flush();
    var answer = rival.StandardOutput.ReadLine()?.Split(' ')
        ?? throw new InvalidOperationException("rival.py ended: PYTHON is to name a Python with the package tokenizers.");
    theirs = Math.Min(theirs, double.Parse(answer[0], CultureInfo.InvariantCulture));
    // The same tokens by both roads, or the numbers compare nothing.
    if (int.Parse(answer[1], CultureInfo.InvariantCulture) != tokens)
    {
        throw new InvalidOperationException($"{tokens} tokens here, {answer[1]} there: the tokenizers disagree.");
    }
}
rival.StandardInput.Close();
rival.WaitForExit();

var report = string.Create(CultureInfo.InvariantCulture, $"""
    # Tokenizer

    `PYTHON=training/.venv/bin/python dotnet run -c Release --project benchmarks/tokenizer -- --save benchmarks/results/tokenizer.md`

    {texts.Length} articles, {megabytes:0.0} MB, {tokens:N0} tokens with offsets; one thread, the fastest of {rounds} rounds that took turns.

    | | MB/s | bytes allocated |
    |---|---:|---:|
    | ours | {megabytes / ours:0.0} | {allocated} |
    | ours, for the next model with the same tokenizer, {batch} texts at a time | {megabytes / again:0.0} | |
    | Hugging Face's tokenizers, from Python in batches of 200 | {megabytes / theirs:0.0} | |

    {theirs / ours:0.0} times its speed (bar 3).

    """);
Console.Write(report);
if (args is ["--save", var path]) File.WriteAllText(path, report);
