using StreamScoring.Schemas;
using StreamScoring.Topology.Sinks;
using Xunit;

namespace StreamScoring.Testing.Sinks;

#pragma warning disable CS1591, CA1707 // The tests' names say what each of them is about.

/// <summary>
/// What every <see cref="ISink"/> promises, as tests: derive a class of your own, make the sink and read its store, and
/// each of these runs against it. xunit makes a new instance for each test: its store must be a new one too.
/// </summary>
/// <remarks>
/// A sink that locks what it writes may answer a second one with <see cref="SinkUnavailableException"/> where one that
/// compares positions answers with <see cref="SinkConflictException"/>: both are right.
/// </remarks>
public abstract class SinkContractTests
{
    /// <summary>A partition that the tests write.</summary>
    protected static SinkPartition First { get; } = new("articles.summary", 0);

    /// <summary>Another one.</summary>
    protected static SinkPartition Second { get; } = new("articles.summary", 1);

    /// <summary>Ends with the test.</summary>
    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Makes a sink on this test's store; called several times in a test. Not opened.</summary>
    /// <param name="source">Which Kafka the records come from.</param>
    protected abstract ISink Create(string source);

    /// <summary>What somebody finds in this test's store once all sinks are disposed, in any order.</summary>
    /// <param name="source">Which Kafka's records.</param>
    protected abstract Task<IReadOnlyList<StoredRecord>> ReadAsync(string source);

    [Fact]
    public async Task A_new_store_has_no_positions()
    {
        await using var sink = await OpenAsync();

        Assert.Empty(await sink.LoadPositionsAsync([First, Second], Stop));
    }

    [Fact]
    public async Task What_was_written_is_there_and_so_is_the_position_after_a_restart()
    {
        await using (var sink = await OpenAsync())
        {
            // Offsets have gaps: a transaction's marker takes one, and so do records of another kind.
            await sink.WriteAsync(Batch(First, null, 12, Record(First, 3, "a"), Record(First, 9, "b")), Stop);
        }

        await using (var again = await OpenAsync())
        {
            Assert.Equal(12, Assert.Single(await again.LoadPositionsAsync([First, Second], Stop)).Value);
        }
        await AssertStoredAsync("a@0:3", "b@0:9");
    }

    [Fact]
    public async Task A_second_batch_goes_on_where_the_first_ended()
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(First, null, 1, Record(First, 0, "a")), Stop);
            await sink.WriteAsync(Batch(First, 1, 2, Record(First, 1, "b")), Stop);
        }
        await using (var again = await OpenAsync())
        {
            Assert.Equal(2, (await again.LoadPositionsAsync([First], Stop))[First]);
            await again.WriteAsync(Batch(First, 2, 3, Record(First, 2, "c")), Stop);
        }

        await AssertStoredAsync("a@0:0", "b@0:1", "c@0:2");
    }

    [Fact]
    public async Task A_batch_holds_records_of_several_partitions()
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(
                new SinkBatch(
                    [Record(First, 5, "a"), Record(Second, 7, "b"), Record(First, 6, "c")],
                    [new SinkAdvance(First, null, 7), new SinkAdvance(Second, null, 8)]),
                Stop);
        }

        await using (var again = await OpenAsync())
        {
            var positions = await again.LoadPositionsAsync([First, Second], Stop);
            Assert.Equal((7, 8), (positions[First], positions[Second]));
            Assert.Equal([Second], (await again.LoadPositionsAsync([Second], Stop)).Keys);
        }
        await AssertStoredAsync("a@0:5", "c@0:6", "b@1:7");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(4L)]
    public async Task A_batch_that_builds_on_another_position_than_the_stored_one_is_refused(long? from)
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(First, null, 1, Record(First, 0, "a")), Stop);

            var conflict = await Assert.ThrowsAsync<SinkConflictException>(async () =>
                await sink.WriteAsync(Batch(First, from, 6, Record(First, 5, "x")), Stop));

            Assert.Equal(First, conflict.Partition);
            Assert.Equal(1, (await LoadAsync(sink))[First]);
            await sink.WriteAsync(Batch(First, 1, 2, Record(First, 1, "b")), Stop);
        }

        await AssertStoredAsync("a@0:0", "b@0:1");
    }

    [Fact]
    public async Task A_batch_that_builds_on_a_position_in_an_empty_store_is_refused()
    {
        await using (var sink = await OpenAsync())
        {
            await Assert.ThrowsAsync<SinkConflictException>(async () => await sink.WriteAsync(Batch(First, 5, 6, Record(First, 5, "x")), Stop));
        }

        await AssertStoredAsync();
    }

    [Fact]
    public async Task A_conflict_in_one_partition_leaves_the_others_unwritten()
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(Second, null, 1, Record(Second, 0, "a")), Stop);

            await Assert.ThrowsAsync<SinkConflictException>(async () => await sink.WriteAsync(
                new SinkBatch([Record(First, 0, "x"), Record(Second, 0, "y")], [new SinkAdvance(First, null, 1), new SinkAdvance(Second, null, 1)]), Stop));
        }

        await using (var again = await OpenAsync())
        {
            Assert.Equal([Second], (await again.LoadPositionsAsync([First, Second], Stop)).Keys);
        }
        await AssertStoredAsync("a@1:0");
    }

    [Fact]
    public async Task Of_two_sinks_with_the_same_records_one_writes_and_the_other_is_told()
    {
        await using (var one = await OpenAsync())
        {
            await using var other = await OpenAsync();
            await one.WriteAsync(Batch(First, null, 1, Record(First, 0, "a")), Stop);
            await AssertRefusedAsync(async () => await other.WriteAsync(Batch(First, null, 1, Record(First, 0, "x")), Stop));
            await one.WriteAsync(Batch(First, 1, 2, Record(First, 1, "b")), Stop);
            await AssertRefusedAsync(async () => await other.WriteAsync(Batch(First, 1, 2, Record(First, 1, "x")), Stop));
        }
        await using (var next = await OpenAsync())
        {
            await next.WriteAsync(Batch(First, (await LoadAsync(next))[First], 3, Record(First, 2, "c")), Stop);
        }

        await AssertStoredAsync("a@0:0", "b@0:1", "c@0:2");
    }

    [Fact]
    public async Task Two_sinks_at_once_write_each_record_once()
    {
        const int records = 60;
        await Task.WhenAll(Task.Run(WriteAllAsync, Stop), Task.Run(WriteAllAsync, Stop));

        await AssertStoredAsync([.. Enumerable.Range(0, records).Select(offset => $"{offset}@0:{offset}")]);

        async Task WriteAllAsync()
        {
            var done = false;
            while (!done)
            {
                try
                {
                    await using var sink = await OpenAsync();
                    while (!done)
                    {
                        var position = (await sink.LoadPositionsAsync([First], Stop)).TryGetValue(First, out var next) ? next : (long?)null;
                        var offset = position ?? 0;
                        if (offset < records) await WriteUnlessWrittenAsync(sink, position, offset);
                        else done = true;
                    }
                }
                catch (SinkUnavailableException)
                {
                    // The other one holds it; the runner would wait too.
                    await Task.Delay(5, Stop);
                }
            }
        }

        async Task WriteUnlessWrittenAsync(ISink sink, long? position, long offset)
        {
            try
            {
                await sink.WriteAsync(Batch(First, position, offset + 1, Record(First, offset, $"{offset}")), Stop);
            }
            catch (SinkConflictException)
            {
                // The other one was faster.
            }
        }
    }

    [Fact]
    public async Task A_released_partition_can_be_taken_by_another_sink()
    {
        await using (var one = await OpenAsync())
        {
            await one.WriteAsync(Batch(First, null, 1, Record(First, 0, "a")), Stop);
            await one.WriteAsync(Batch(Second, null, 1, Record(Second, 0, "b")), Stop);
            await one.ReleaseAsync([First], Stop);

            await using var other = await OpenAsync();
            Assert.Equal(1, (await other.LoadPositionsAsync([First], Stop))[First]);
            await other.WriteAsync(Batch(First, 1, 2, Record(First, 1, "c")), Stop);
            await one.WriteAsync(Batch(Second, 1, 2, Record(Second, 1, "d")), Stop);
        }

        await AssertStoredAsync("a@0:0", "c@0:1", "b@1:0", "d@1:1");
    }

    [Fact]
    public async Task Records_that_are_no_articles_are_kept_and_moved_past()
    {
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(
                Batch(First, null, 3, new SinkRecord(First, 0, 0, null, [1, 2, 255], "no article"), new SinkRecord(First, 1, 0, null, null, "no value"), Record(First, 2, "a")),
                Stop);
        }

        await using (var again = await OpenAsync())
        {
            Assert.Equal(3, (await LoadAsync(again))[First]);
        }
        await AssertStoredAsync("@0:0", "@0:1", "a@0:2");
    }

    [Fact]
    public async Task Odd_articles_are_stored_all_the_same()
    {
        var bare = new Article { Id = "bare", Title = "", Body = "" };
        var odd = SampleArticle("odd\0id");
        odd.Title = "\ud83d\ude00 \u202e 'quoted' \"twice\" \\ \t \ud800";
        odd.Body = "\udc00\0" + new string('x', 1 << 20);
        odd.Attributes["k\0ey"] = "\ud800";
        odd.Topic!.Score = float.NaN;
        odd.Topic.Scores["World"] = float.NegativeInfinity;
        odd.Entities![0].Score = float.PositiveInfinity;
        odd.PublishedAt = DateTimeOffset.MinValue;
        var empty = SampleArticle("empty");
        (empty.Entities, empty.Summary!.Text, empty.Topic!.Label) = ([], "", "");
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(First, null, 3, Of(0, bare), Of(1, odd), Of(2, empty)), Stop);
        }

        var stored = await ReadAsync("cluster");
        Assert.Equal([0L, 1L, 2L], stored.Select(record => record.Offset).Order());
        Assert.All(stored, record => Assert.NotNull(record.ArticleId));

        static SinkRecord Of(long offset, Article article) => new(First, offset, offset == 0 ? long.MinValue : long.MaxValue, article, null, null);
    }

    [Fact]
    public async Task A_large_batch_arrives_whole()
    {
        const int records = 3_000;
        await using (var sink = await OpenAsync())
        {
            await sink.WriteAsync(Batch(First, null, records, [.. Enumerable.Range(0, records).Select(offset => Record(First, offset, $"{offset}"))]), Stop);
        }

        await AssertStoredAsync([.. Enumerable.Range(0, records).Select(offset => $"{offset}@0:{offset}")]);
    }

    [Fact]
    public async Task Records_of_another_Kafka_have_a_place_and_a_position_of_their_own()
    {
        await using (var one = await OpenAsync("cluster"))
        {
            await one.WriteAsync(Batch(First, null, 1, Record(First, 0, "a")), Stop);
        }
        await using (var other = await OpenAsync("another cluster"))
        {
            Assert.Empty(await LoadAsync(other));
            await other.WriteAsync(Batch(First, null, 1, Record(First, 0, "b")), Stop);
        }

        await AssertStoredAsync("a@0:0");
        Assert.Equal("b", Assert.Single(await ReadAsync("another cluster")).ArticleId);
    }

    [Fact]
    public async Task A_cancelled_write_writes_nothing()
    {
        await using (var sink = await OpenAsync())
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
                await sink.WriteAsync(Batch(First, null, 1, Record(First, 0, "a")), new CancellationToken(canceled: true)));
        }

        await using (var again = await OpenAsync())
        {
            Assert.Empty(await LoadAsync(again));
        }
        await AssertStoredAsync();
    }

    [Fact]
    public async Task A_tick_at_any_time_does_no_harm()
    {
        await using (var sink = await OpenAsync())
        {
            await sink.TickAsync(Stop);
            await sink.WriteAsync(Batch(First, null, 1, Record(First, 0, "a")), Stop);
            await sink.TickAsync(Stop);
            await sink.ReleaseAsync([First, Second], Stop);
            await sink.TickAsync(Stop);
        }

        await AssertStoredAsync("a@0:0");
    }

    [Fact]
    public async Task Disposing_needs_no_open_sink_and_can_be_done_twice()
    {
        var never = Create("cluster");
        await never.DisposeAsync();
        var twice = await OpenAsync();
        await twice.DisposeAsync();
        await twice.DisposeAsync();
    }

    /// <summary>An open sink.</summary>
    protected async Task<ISink> OpenAsync(string source = "cluster")
    {
        var sink = Create(source);
        try
        {
            await sink.OpenAsync(Stop);
            return sink;
        }
        catch
        {
            await sink.DisposeAsync();
            throw;
        }
    }

    /// <summary>A batch of one partition.</summary>
    protected static SinkBatch Batch(SinkPartition partition, long? from, long to, params IReadOnlyList<SinkRecord> records) =>
        new(records, [new SinkAdvance(partition, from, to)]);

    /// <summary>A record with a <see cref="SampleArticle"/>.</summary>
    protected static SinkRecord Record(SinkPartition partition, long offset, string id) =>
        new(partition, offset, 1_700_000_000_000 + offset, SampleArticle(id), null, null);

    /// <summary>An article that passed all three nodes.</summary>
    protected static Article SampleArticle(string id) => new()
    {
        Id = id,
        Title = "Ada in London",
        Body = "Ada was there.",
        PublishedAt = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero),
        Attributes = new() { ["license"] = "CC-BY" },
        Topic = new TopicScore { Label = "World", Score = 0.75f, Scores = new() { ["World"] = 0.75f } },
        Entities =
        [
            new Entity { Type = "PER", Text = "Ada", Field = ArticleField.Title, Start = 0, End = 3, Score = 0.5f },
            new Entity { Type = "LOC", Text = "London", Field = ArticleField.Title, Start = 7, End = 13, Score = 0.5f },
        ],
        Summary = new Summary { Text = "Ada was there.", Sentences = [new SummarySentence { Field = ArticleField.Body, Start = 0, End = 14, Score = 0.5f }] },
        Provenance = [new Provenance { Node = "topic", Model = "m", Version = "1", Sha256 = "00" }],
    };

    private static ValueTask<IReadOnlyDictionary<SinkPartition, long>> LoadAsync(ISink sink) => sink.LoadPositionsAsync([First, Second], Stop);

    private static async Task AssertRefusedAsync(Func<Task> write)
    {
        var refusal = await Assert.ThrowsAnyAsync<Exception>(write);
        Assert.True(refusal is SinkConflictException or SinkUnavailableException, $"refused with {refusal}");
    }

    /// <summary>The records in the store are these and no others, each once: <c>id@partition:offset</c>, no id for a reject.</summary>
    private async Task AssertStoredAsync(params string[] expected)
    {
        var stored = await ReadAsync("cluster");
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            stored.Select(record => $"{record.ArticleId}@{record.Partition.Partition}:{record.Offset}").Order(StringComparer.Ordinal));
        Assert.All(stored, record => Assert.Equal(First.Topic, record.Partition.Topic));
    }
}
