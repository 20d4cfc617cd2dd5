namespace StreamScoring.Topology.Tests;

public sealed class RecordHeadersTests
{
    [Fact]
    public void A_clone_and_its_original_can_be_changed_without_touching_each_other()
    {
        var original = new RecordHeaders().Add("a", "1").Add("b", "2");
        var clone = original.Clone();
        var cloneOfClone = clone.Clone();
        clone.Add("c", "3");
        original.Set("a", "one");
        cloneOfClone.Remove("b");
        Assert.Equal("b=2 a=one", Text(original));
        Assert.Equal("a=1 b=2 c=3", Text(clone));
        Assert.Equal("a=1", Text(cloneOfClone));
    }

    [Fact]
    public void Clones_that_append_at_once_do_not_write_over_each_other()
    {
        var original = new RecordHeaders(8).Add("a", "1");
        var first = original.Clone().Add("b", "first");
        var second = original.Clone().Add("b", "second");
        original.Add("b", "original");
        Assert.Equal(["a=1 b=first", "a=1 b=second", "a=1 b=original"], [Text(first), Text(second), Text(original)]);
    }

    [Fact]
    public void The_last_of_several_headers_counts()
    {
        var headers = new RecordHeaders().Add("a", "1").Add("a", (byte[]?)null).Add("b", "2");
        Assert.True(headers.TryGetLast("a", out var value));
        Assert.Null(value);
        Assert.Null(headers.GetText("a"));
        Assert.False(headers.TryGetLast("A", out _));
        Assert.Equal("b=2", Text(headers.Clone().Remove("a")));
        Assert.Equal(3, headers.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => headers[3]);
    }

    private static string Text(RecordHeaders headers) => string.Join(' ', headers.Select(h => $"{h.Key}={headers.GetText(h.Key)}"));
}
