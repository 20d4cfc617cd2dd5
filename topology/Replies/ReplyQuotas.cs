namespace StreamScoring.Topology.Replies;

/// <summary>
/// One token bucket for each reply topic: answers, bytes, and as many error answers again. A bucket that has
/// filled up again is forgotten when room is needed, as a new one would be the same.
/// </summary>
internal sealed class ReplyQuotas(ReplyOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>Takes an answer's share.</summary>
    /// <returns>False: it is too much now.</returns>
    internal bool TryTakeAnswer(string topic, long sizeBytes)
    {
        lock (_lock)
        {
            if (Find(topic) is not { } bucket || bucket.Answers < 1 || bucket.Bytes <= 0) return false;
            bucket.Answers--;
            // One large answer may overdraw: what comes after it waits longer.
            bucket.Bytes -= sizeBytes;
            return true;
        }
    }

    /// <summary>Takes the share of a small error answer.</summary>
    internal bool TryTakeError(string topic)
    {
        lock (_lock)
        {
            if (Find(topic) is not { } bucket || bucket.Errors < 1) return false;
            bucket.Errors--;
            return true;
        }
    }

    private Bucket? Find(string topic)
    {
        var now = time.GetTimestamp();
        if (_buckets.TryGetValue(topic, out var bucket))
        {
            Refill(bucket, time.GetElapsedTime(bucket.At, now).TotalSeconds);
            bucket.At = now;
            return bucket;
        }
        if (_buckets.Count >= options.MaxTopics) ForgetQuiet(now);
        if (_buckets.Count >= options.MaxTopics) return null;
        bucket = new Bucket { At = now, Answers = options.AnswersPerSecond, Errors = options.AnswersPerSecond, Bytes = options.BytesPerSecond };
        _buckets.Add(topic, bucket);
        return bucket;
    }

    private void Refill(Bucket bucket, double seconds)
    {
        bucket.Answers = Math.Min(options.AnswersPerSecond, bucket.Answers + (seconds * options.AnswersPerSecond));
        bucket.Errors = Math.Min(options.AnswersPerSecond, bucket.Errors + (seconds * options.AnswersPerSecond));
        bucket.Bytes = Math.Min(options.BytesPerSecond, bucket.Bytes + (seconds * options.BytesPerSecond));
    }

    private void ForgetQuiet(long now)
    {
        foreach (var (topic, bucket) in _buckets)
        {
            var seconds = time.GetElapsedTime(bucket.At, now).TotalSeconds;
            if (seconds >= 1 && bucket.Bytes + (seconds * options.BytesPerSecond) >= options.BytesPerSecond) _buckets.Remove(topic);
        }
    }

    private sealed class Bucket
    {
        public long At;
        public double Answers;
        public double Errors;
        public double Bytes;
    }
}
