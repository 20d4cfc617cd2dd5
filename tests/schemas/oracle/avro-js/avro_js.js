// Answers requests of the tests with the Avro project's JavaScript implementation: one JSON object a line in, one out.
'use strict';

const avro = require('avro-js');
const readline = require('readline');

function answer(request) {
  const writer = avro.parse(JSON.parse(request.writer));
  const reader = request.reader ? avro.parse(JSON.parse(request.reader)) : writer;
  const resolver = request.reader ? reader.createResolver(writer) : undefined;
  return request.data.map((data) => {
    try {
      return reader.toBuffer(reader.fromBuffer(Buffer.from(data, 'base64'), resolver)).toString('base64');
    } catch (error) {
      if (!request.reader) throw error;
      return null;
    }
  });
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  try {
    console.log(JSON.stringify({ data: answer(request) }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error).slice(0, 500) }));
  }
});
