namespace StreamScoring.Topology.Replies;

/// <summary>Why a request gets no answer at all: values of the metric's tag, and words for the log.</summary>
internal static class ReplyRefusals
{
    internal const string NoTopicName = "its kafka_replyTopic is no topic name";
    internal const string NoPartition = "its kafka_replyPartition is no partition: 4 bytes, big-endian";
    internal const string LongCorrelationId = "its kafka_correlationId is longer than 1,024 bytes";
    internal const string NotAllowed = "the topic is not among Replies:AllowedTopics";
    internal const string OwnTopic = "the stream reads or writes that topic itself";
    internal const string NoSuchTopic = "there is no such topic";
    internal const string Forbidden = "this process may not write the topic (ACL)";
    internal const string NoSuchPartition = "the topic has no such partition";
    internal const string Unavailable = "the topic takes no records now";
    internal const string SmallTopic = "its max.message.bytes is smaller than a producer's batch";
    internal const string NotLookedUp = "the topic could not be looked up";
    internal const string TooManyTopics = "Replies:MaxTopics other reply topics are in use";
    internal const string OverQuota = "it is over the quota, error answers included";
    internal const string TooLarge = "not even an error answer fits Replies:MaxAnswerBytes";
    internal const string NotDelivered = "the broker did not take it";
}
