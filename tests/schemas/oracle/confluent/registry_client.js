// Writes and reads records with Confluent's Schema Registry client: one JSON object a line in, one out.
'use strict';

const { SchemaRegistryClient, AvroSerializer, AvroDeserializer, SerdeType, SubjectNameStrategyType, HeaderSchemaIdSerializer } =
  require('@confluentinc/schemaregistry');
const readline = require('readline');

async function answer(request) {
  const client = new SchemaRegistryClient({ baseURLs: [request.url] });
  const config = { subjectNameStrategyType: SubjectNameStrategyType.TOPIC };
  if (request.op === 'serialize') {
    const headers = {};
    const extra = request.inHeader ? { schemaIdSerializer: HeaderSchemaIdSerializer } : {};
    const serializer = new AvroSerializer(client, SerdeType.VALUE, { ...config, ...extra, useLatestVersion: true, autoRegisterSchemas: false });
    const data = await serializer.serialize(request.topic, request.value, headers);
    const header = headers.__value_schema_id;
    return { data: data.toString('base64'), header: header ? Buffer.from(header).toString('base64') : null };
  }
  const deserializer = new AvroDeserializer(client, SerdeType.VALUE, config);
  const headers = request.header ? { __value_schema_id: Buffer.from(request.header, 'base64') } : {};
  return { value: await deserializer.deserialize(request.topic, Buffer.from(request.data, 'base64'), headers) };
}

let previous = Promise.resolve();
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  previous = previous.then(async () => {
    try {
      console.log(JSON.stringify(await answer(JSON.parse(line))));
    } catch (error) {
      console.log(JSON.stringify({ error: String(error.stack || error).slice(0, 1000) }));
    }
  });
});
