using System.Text.Json.Nodes;
using StreamScoring.Processors.Models;
using StreamScoring.Processors.Onnx;
using StreamScoring.Processors.Summarization;
using StreamScoring.Processors.TextClassification;
using StreamScoring.Processors.TokenClassification;

namespace StreamScoring.Processors.Tests.Models;

public sealed class ModelFolderTests
{
    private static ModelException Fails(Func<object> action, ModelError code, params string[] words)
    {
        var exception = Assert.Throws<ModelException>(action);
        Assert.Equal(code, exception.Code);
        Assert.All(words, word => Assert.Contains(word, exception.Message, StringComparison.Ordinal));
        return exception;
    }

    [Fact]
    public void A_good_folder_verifies()
    {
        using var model = TemporaryModel.Entities();
        Assert.Empty(model.Load().Verify());
    }

    [Fact]
    public void A_missing_folder_or_file_is_named()
    {
        Fails(() => ModelFolder.Load("/nowhere/at/all"), ModelError.Missing, "/nowhere/at/all");
        using var model = TemporaryModel.Entities();
        model.Delete("vocab.txt");
        Assert.Equal(["vocab.txt is not there."], model.Load().Verify());
        Fails(() => new TokenClassificationProcessor(model.Load()), ModelError.Missing, "vocab.txt");
        model.Delete("model.onnx");
        Fails(() => model.Load(), ModelError.Missing, "model.onnx");
        model.Delete("model.json");
        Fails(() => model.Load(), ModelError.Missing, "model.json", "config.json");
    }

    [Fact]
    public void A_graph_that_is_not_the_one_of_the_manifest_is_refused()
    {
        using var model = TemporaryModel.Entities();
        var graph = model.Read("model.onnx");
        model.Write("model.onnx", graph[..^10]);
        Fails(() => model.Load(), ModelError.HashMismatch, "model.onnx", "cut short");
    }

    [Fact]
    public void A_graph_cut_short_without_a_hash_is_refused_by_the_runtime()
    {
        using var model = TemporaryModel.Entities(manifest => manifest.Remove("files"));
        model.Write("model.onnx", model.Read("model.onnx")[..^10]);
        Fails(() => new TokenClassificationProcessor(model.Load()), ModelError.BadGraph, "cut short");
        model.Write("model.onnx", "no graph at all");
        Fails(() => new TokenClassificationProcessor(model.Load()), ModelError.BadGraph);
        model.Write("model.onnx", []);
        Fails(() => new TokenClassificationProcessor(model.Load()), ModelError.BadGraph);
    }

    [Fact]
    public void Every_mistake_of_a_manifest_is_told_at_once()
    {
        using var model = TemporaryModel.Entities(manifest =>
        {
            manifest.Remove("name");
            manifest["task"] = "translation";
            manifest["max_tokens"] = 7;
            manifest["temperature"] = 0;
            manifest["token_types"] = "colour";
            manifest["files"] = new JsonObject { ["../up"] = new string('0', 64), ["model.onnx"] = "XYZ" };
            manifest["selection"] = new JsonObject { ["sentences"] = 9 };
        });
        var exception = Fails(() => model.Load(), ModelError.BadManifest);
        Assert.Equal(8, exception.Problems.Count);
        foreach (var name in (string[])["name", "task", "max_tokens", "temperature", "token_types", "../up", "model.onnx", "sentences"])
            Assert.Contains(exception.Problems, problem => problem.Contains(name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"name\": ")]
    public void A_manifest_that_is_no_object_is_refused(string text)
    {
        using var model = TemporaryModel.Entities();
        model.Write("model.json", text);
        Fails(() => model.Load(), ModelError.BadManifest, "model.json");
    }

    [Fact]
    public void A_model_of_another_task_is_refused()
    {
        using var model = TemporaryModel.Entities();
        Fails(() => new TextClassificationProcessor(model.Load()), ModelError.WrongTask, "token-classification", "text-classification");
    }

    [Fact]
    public void A_graph_of_another_task_is_refused()
    {
        using var rows = TemporaryModel.Topics(manifest =>
        {
            manifest["task"] = ModelTask.TokenClassification;
            manifest["labels"] = new JsonArray("O", "B-PER");
        });
        Fails(() => new TokenClassificationProcessor(rows.Load()), ModelError.WrongShape, "logits");
        using var summary = TemporaryModel.Entities(manifest => manifest["task"] = ModelTask.ExtractiveSummarization);
        Fails(() => new ExtractiveSummarizationProcessor(summary.Load()), ModelError.WrongShape, "scores", "logits");
    }

    [Fact]
    public void A_wrong_number_of_labels_is_found_at_once()
    {
        using var model = TemporaryModel.Entities(manifest => manifest["labels"] = new JsonArray("O", "B-PER", "I-PER"));
        Fails(() => new TokenClassificationProcessor(model.Load()), ModelError.WrongShape, "7 numbers", "3 labels");
        using var topics = TemporaryModel.Topics(manifest => manifest["labels"] = new JsonArray("a", "b", "c"));
        Fails(() => new TextClassificationProcessor(topics.Load()), ModelError.WrongShape, "2 numbers", "3 labels");
    }

    [Fact]
    public void A_vocabulary_larger_than_the_graph_is_found_at_once()
    {
        using var model = TemporaryModel.Entities(manifest => manifest.Remove("files"));
        model.Write("vocab.txt", string.Join('\n', TemporaryModel.Vocabulary) + "\nmore\nwords\n");
        Fails(() => new TokenClassificationProcessor(model.Load()), ModelError.WrongShape, "vocabulary");
    }

    [Fact]
    public void Casing_without_an_input_for_it_is_refused()
    {
        using var model = TemporaryModel.Entities(manifest => manifest["token_types"] = "casing");
        Fails(() => new TokenClassificationProcessor(model.Load()), ModelError.WrongShape, "token_type_ids");
    }

    [Fact]
    public void CUDA_without_the_build_for_it_says_what_to_do()
    {
        using var model = TemporaryModel.Entities();
        var options = new ModelProcessorOptions { Onnx = new OnnxModelOptions { Provider = OnnxProvider.Cuda } };
        try
        {
            new TokenClassificationProcessor(model.Load(), options).Dispose();
            Assert.Skip("this build has CUDA");
        }
        catch (ModelException exception)
        {
            Assert.Equal(ModelError.Unsupported, exception.Code);
            Assert.Contains("Cpu", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_Hugging_Face_export_works_as_it_is()
    {
        using var model = TemporaryModel.Entities();
        model.Delete("model.json");
        var labels = new JsonObject();
        for (var i = 0; i < TemporaryModel.EntityLabels.Length; i++) labels[$"{i}"] = TemporaryModel.EntityLabels[i];
        model.Write("config.json", new JsonObject
        {
            ["architectures"] = new JsonArray("DistilBertForTokenClassification"),
            ["id2label"] = labels,
            ["max_position_embeddings"] = 64,
            ["model_type"] = "distilbert",
        }.ToJsonString());
        model.Write("tokenizer_config.json", """{"do_lower_case": true, "model_max_length": 1e30}""");
        using var processor = new TokenClassificationProcessor(model.Load());
        Assert.Equal(64, model.Load().Manifest.MaxTokens);
        Assert.Equal(["John Smith", "Acme"], processor.Score("", "John Smith of Acme").Entities!.Select(e => e.Text));
        Assert.Equal(model.Sha256("model.onnx"), processor.Model!.Sha256);
        Assert.Equal(processor.Model.Sha256[..12], processor.Model.Version);
    }

    [Fact]
    public void An_ELECTRA_export_works_as_it_is()
    {
        using var model = TemporaryModel.Topics();
        model.Delete("model.json");
        model.Write("config.json",
            """
            { "architectures": ["ElectraForSequenceClassification"], "model_type": "electra", "embedding_size": 128, "hidden_size": 256,
              "summary_type": "first", "max_position_embeddings": 512, "type_vocab_size": 2, "id2label": { "1": "Business", "0": "Sports" } }
            """);
        model.Write("tokenizer_config.json",
            """{ "tokenizer_class": "ElectraTokenizer", "do_lower_case": true, "model_max_length": 128, "cls_token": "[CLS]", "sep_token": "[SEP]" }""");
        using var processor = new TextClassificationProcessor(model.Load());
        Assert.Equal(128, model.Load().Manifest.MaxTokens);
        Assert.Equal(["Sports", "Business"], model.Load().Manifest.Labels);
        Assert.Equal("Business", processor.Score("The goal", "Bank price of the Bank").Topic!.Label);
        Assert.Equal("Sports", processor.Score("", string.Concat(Enumerable.Repeat("The MATCH of Acme. ", 100))).Topic!.Label);
    }

    [Fact]
    public void A_RoBERTa_export_works_as_it_is()
    {
        var goldens = Path.Combine(AppContext.BaseDirectory, "Tokenization", "byte_level_goldens.jsonl");
        var tokenizer = JsonNode.Parse(File.ReadLines(goldens).First())!["plain"]!;
        var vocabulary = tokenizer["model"]!["vocab"]!.AsObject();
        var weights = new float[vocabulary.Count, 3];
        for (var id = 0; id < vocabulary.Count; id++) weights[id, 0] = 2;
        weights[(int)vocabulary["\u0120rain"]!, 1] = 6;
        weights[(int)vocabulary["\u0120fall"]!, 2] = 6;
        using var model = new TemporaryModel();
        model.Write("model.onnx", Onnx.GraphWriter.PerToken(weights));
        model.Write("tokenizer.json", tokenizer.ToJsonString());
        model.Write("config.json",
            """
            { "architectures": ["RobertaForTokenClassification"], "model_type": "roberta", "max_position_embeddings": 66,
              "id2label": { "0": "O", "1": "B-X", "2": "I-X" } }
            """);
        using var processor = new TokenClassificationProcessor(model.Load());
        Assert.Equal(64, model.Load().Manifest.MaxTokens);
        var body = string.Concat(Enumerable.Repeat("The rain fall. ", 60));
        var entities = processor.Score("", body).Entities!;
        Assert.Equal(Enumerable.Range(0, 60).Select(i => 15 * i + 4), entities.Select(e => e.Start));
        Assert.All(entities, e => Assert.Equal("rain fall", e.Text));
    }

    [Fact]
    public void Inside_labels_may_open_a_name_in_a_Hugging_Face_model()
    {
        using var model = TemporaryModel.Entities(manifest => manifest["strict_labels"] = false);
        using var processor = new TokenClassificationProcessor(model.Load());
        Assert.Equal("Smith", Assert.Single(processor.Score("", "the Smith rain").Entities!).Text);
    }

    [Fact]
    public void Tokenizer_json_says_the_same_as_vocab_txt()
    {
        using var model = TemporaryModel.Entities(manifest => manifest.Remove("files"));
        var before = new TokenClassificationProcessor(model.Load());
        var expected = before.Score("Ann", "John Smith of unbelievable London").Fingerprint();
        before.Dispose();
        var vocabulary = new JsonObject();
        for (var i = 0; i < TemporaryModel.Vocabulary.Length; i++) vocabulary[TemporaryModel.Vocabulary[i]] = i;
        model.Write("tokenizer.json", new JsonObject
        {
            ["normalizer"] = new JsonObject { ["type"] = "BertNormalizer", ["clean_text"] = true, ["handle_chinese_chars"] = true, ["strip_accents"] = null, ["lowercase"] = true },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["model"] = new JsonObject { ["type"] = "WordPiece", ["unk_token"] = "[UNK]", ["continuing_subword_prefix"] = "##", ["max_input_chars_per_word"] = 100, ["vocab"] = vocabulary },
        }.ToJsonString());
        model.Delete("vocab.txt");
        using var processor = new TokenClassificationProcessor(model.Load());
        Assert.Equal(expected, processor.Score("Ann", "John Smith of unbelievable London").Fingerprint());
        model.Write("tokenizer.json", """{"model": {"type": "Unigram"}}""");
        Fails(() => model.Load().LoadTokenizer(), ModelError.Unsupported, "Unigram");
    }

    [Fact]
    public void The_catalog_lists_good_and_bad_models_and_names_what_is_there()
    {
        using var good = TemporaryModel.Entities();
        var root = Directory.CreateTempSubdirectory("streamscoring-models-");
        try
        {
            Directory.Move(good.Path, Path.Combine(root.FullName, "good"));
            Directory.CreateDirectory(Path.Combine(root.FullName, "bad"));
            File.WriteAllText(Path.Combine(root.FullName, "bad", "model.json"), "{}");
            Directory.CreateDirectory(Path.Combine(root.FullName, "notes"));
            var catalog = new ModelCatalog(root.FullName);
            var list = catalog.List();
            Assert.Equal(["bad", "good"], list.Select(listing => listing.Name));
            Assert.NotNull(list[0].Problem);
            Assert.Equal("small", list[1].Folder!.Manifest.Name);
            Assert.Equal("1.2.3", catalog.Load("good").Identity.Version);
            Fails(() => catalog.Load("other"), ModelError.Missing, "bad, good");
            Fails(() => new ModelCatalog(Path.Combine(root.FullName, "none")).List(), ModelError.Missing);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }
}
