using StreamScoring.Processors.Sentences;

namespace StreamScoring.Processors.Tests.Sentences;

/// <summary>
/// The splitter against sentence boundaries that people marked: documents spaced as in print (training/splitter_goldens.py
/// makes the files out of treebanks, which may not be copied into the repository). STREAMSCORING_SPLITTER_GOLDENS names the
/// folder; each file has a sentence a line, an empty line between documents.
/// </summary>
public sealed class SplitterAccuracyTests
{
    private const double LeastF1 = 0.93;

    [Fact]
    public void Boundaries_are_found_as_people_marked_them()
    {
        var folder = Environment.GetEnvironmentVariable("STREAMSCORING_SPLITTER_GOLDENS");
        if (folder is null) Assert.Skip("STREAMSCORING_SPLITTER_GOLDENS names no folder of marked sentences");
        foreach (var path in Directory.GetFiles(folder, "*.txt").Order(StringComparer.Ordinal))
        {
            var (hits, marked, found) = (0, 0, 0);
            foreach (var document in File.ReadAllText(path).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
            {
                var sentences = document.Split('\n', StringSplitOptions.RemoveEmptyEntries);
                var ends = new HashSet<int>();
                var length = 0;
                foreach (var sentence in sentences)
                {
                    length += sentence.Length + 1;
                    ends.Add(length - 1);
                }
                var spans = new List<SentenceSpan>();
                SentenceSplitter.Split(string.Join(' ', sentences), spans);
                // Where a text ends there is nothing to find.
                ends.Remove(length - 1);
                spans.RemoveAll(span => span.End == length - 1);
                marked += ends.Count;
                found += spans.Count;
                hits += spans.Count(span => ends.Contains(span.End));
            }
            var f1 = 2.0 * hits / (marked + found);
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{Path.GetFileNameWithoutExtension(path)}: precision {(double)hits / found:P1}, recall {(double)hits / marked:P1}, F1 {f1:P1} of {marked} boundaries");
            Assert.True(f1 >= LeastF1, $"{Path.GetFileName(path)}: F1 {f1:F3} of {marked} boundaries");
        }
    }
}
