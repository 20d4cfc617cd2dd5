using System.Text;
using Confluent.Kafka;

namespace StreamScoring.Testing.Tests;

internal static class TestMessages
{
    internal static IEnumerable<Message<byte[], byte[]>> Numbered(int count) =>
        Enumerable.Range(0, count).Select(number => new Message<byte[], byte[]>
        {
            Key = Encoding.UTF8.GetBytes($"key-{number % 7}"),
            Value = Encoding.UTF8.GetBytes($"{number}"),
        });

    internal static int NumberOf(ConsumeResult<byte[], byte[]> record) =>
        int.Parse(Encoding.UTF8.GetString(record.Message.Value), System.Globalization.CultureInfo.InvariantCulture);
}
