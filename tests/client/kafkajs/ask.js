// Asks a stream with headers alone, as any Kafka client can: node ask.js BROKER REQUEST_TOPIC REPLY_TOPIC ARTICLE…
// Each ARTICLE is a JSON object. Prints one line for each answer: {"correlation", "error", "value"}.
const { Kafka, logLevel } = require("kafkajs");

const [broker, requestTopic, replyTopic, ...articles] = process.argv.slice(2);

async function main() {
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.ERROR });
  const consumer = kafka.consumer({ groupId: `ask-${process.pid}-${Date.now()}` });
  const producer = kafka.producer();
  await Promise.all([consumer.connect(), producer.connect()]);
  await consumer.subscribe({ topic: replyTopic, fromBeginning: true });

  let waiting = articles.length;
  const done = new Promise((resolve) => {
    consumer.run({
      eachMessage: async ({ message }) => {
        console.log(JSON.stringify({
          correlation: message.headers.kafka_correlationId.toString(),
          error: message.headers.streamscoring_error?.toString() ?? null,
          value: JSON.parse(message.value.toString()),
        }));
        if (--waiting === 0) resolve();
      },
    });
  });

  const partition = Buffer.alloc(4); // 4 bytes, big-endian: partition 0
  await producer.send({
    topic: requestTopic,
    messages: articles.map((article, i) => ({
      value: article,
      headers: { kafka_replyTopic: replyTopic, kafka_replyPartition: partition, kafka_correlationId: `call ${i}` },
    })),
  });
  await done;
  await Promise.all([consumer.disconnect(), producer.disconnect()]);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
