using StreamScoring.App.DeadLetters;

namespace StreamScoring.App.Tests.DeadLetters;

public sealed class OffsetRangesTests
{
    [Fact]
    public void Ranges_that_touch_or_overlap_become_one()
    {
        var ranges = new OffsetRanges();
        ranges.Add(10, 20);
        ranges.Add(30, 40);
        ranges.Add(20, 25);
        ranges.Add(5, 10);
        ranges.Add(50, 50);
        Assert.Equal([(5L, 25L), (30L, 40L)], ranges.Ranges);
        ranges.Add(24, 31);
        Assert.Equal([(5L, 40L)], ranges.Ranges);
    }

    [Fact]
    public void It_answers_as_a_set_of_offsets_would()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var ranges = new OffsetRanges();
            var set = new HashSet<long>();
            for (var i = 0; i < 20; i++)
            {
                var from = random.Next(100);
                var until = from + random.Next(8);
                ranges.Add(from, until);
                for (var offset = from; offset < until; offset++) set.Add(offset);
            }
            for (var offset = 0L; offset < 110; offset++)
            {
                Assert.Equal(set.Contains(offset), ranges.Contains(offset));
                var missing = offset;
                while (set.Contains(missing)) missing++;
                Assert.Equal(missing, ranges.FirstMissing(offset));
            }
            Assert.True(ranges.Ranges.Zip(ranges.Ranges.Skip(1)).All(pair => pair.First.Until < pair.Second.From));
        }
    }
}
