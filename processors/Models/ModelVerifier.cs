using System.Globalization;
using System.Text.Json;
using StreamScoring.Schemas;

namespace StreamScoring.Processors.Models;

/// <summary>
/// Checks that a model is whole and works here: the hashes of its files, and its self-test, an article of
/// <c>model.json</c> with the answer that the model gave where it was made.
/// </summary>
/// <remarks>
/// The form of <c>expected</c> by task:
/// <c>{"label", "score"}</c>, the score to within 0.05, because processors round 8-bit arithmetic differently;
/// <c>{"entities": [{"type", "text", "field", "start", "end"}, …]}</c>;
/// <c>{"sentences": [{"start", "end", …}, …]}</c> into the body.
/// </remarks>
public static class ModelVerifier
{
    private const float ScoreTolerance = 0.05f;

    /// <summary>Verifies a model.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="registry">Makes the processor of the model's task.</param>
    /// <param name="options">How to run it.</param>
    /// <returns>What is wrong, a sentence each; empty where all is well.</returns>
    public static IReadOnlyList<string> Verify(ModelFolder folder, ProcessorRegistry registry, ModelProcessorOptions options)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(registry);
        var problems = new List<string>(folder.Verify());
        if (problems.Count > 0) return problems;
        if (folder.Manifest.SelfTest is not { } test)
        {
            problems.Add("model.json has no \"self_test\" to try.");
            return problems;
        }
        try
        {
            using var processor = registry.Create(new ProcessorSettings("self-test", folder.Manifest.Task, folder, options));
            var article = new Article { Id = "self-test", Title = test.Title, Body = test.Body };
            processor.Process([article], new IReadOnlyList<string>?[1], CancellationToken.None);
            Compare(folder.Manifest.Task, test.Expected, article, problems);
        }
        catch (ModelException exception)
        {
            problems.Add(exception.Message);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            problems.Add($"the self-test cannot be run: {exception.Message}");
        }
        return problems;
    }

    private static void Compare(string task, JsonElement expected, Article article, List<string> problems)
    {
        switch (task)
        {
            case ModelTask.TextClassification:
                CompareTopic(expected, article.Topic, problems);
                break;
            case ModelTask.TokenClassification:
                CompareLists("entities", Members(expected, "entities", "type", "text", "field", "start", "end"),
                    (article.Entities ?? []).Select(e => Line(
                        e.Type, e.Text, e.Field == ArticleField.Title ? "title" : "body", Number(e.Start), Number(e.End))), problems);
                break;
            default:
                CompareLists("sentences", Members(expected, "sentences", "start", "end"),
                    (article.Summary?.Sentences ?? []).Select(s => Line(Number(s.Start), Number(s.End))), problems);
                break;
        }
    }

    private static void CompareTopic(JsonElement expected, TopicScore? topic, List<string> problems)
    {
        var label = expected.GetProperty("label").GetString();
        if (topic?.Label != label)
        {
            problems.Add($"the self-test expects the label '{label}' and got '{topic?.Label}'.");
            return;
        }
        if (!expected.TryGetProperty("score", out var score)) return;
        if (Math.Abs(score.GetSingle() - topic!.Score) <= ScoreTolerance) return;
        problems.Add(string.Create(CultureInfo.InvariantCulture,
            $"the self-test expects the score {score.GetSingle():F3} and got {topic.Score:F3}."));
    }

    private static void CompareLists(string what, IEnumerable<string> expected, IEnumerable<string> actual, List<string> problems)
    {
        var wanted = string.Join("; ", expected);
        var found = string.Join("; ", actual);
        if (wanted != found) problems.Add($"the self-test expects the {what} [{wanted}] and got [{found}].");
    }

    private static IEnumerable<string> Members(JsonElement expected, string list, params string[] names) =>
        expected.GetProperty(list).EnumerateArray().Select(item => Line([.. names.Select(name => item.GetProperty(name).ToString())]));

    private static string Line(params string[] parts) => string.Join(' ', parts);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
