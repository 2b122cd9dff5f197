// OpenAI's client for Node against a companion: models, chat, streams, usage, schemas, completions, embeddings, errors.
//
// Called with the model's name; OPENAI_BASE_URL and OPENAI_API_KEY are set, and QUERN_NODE_MODULES names the folder
// that has the client. Exits with 1 where something is not as OpenAI's API has it.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.QUERN_NODE_MODULES}/`);
const OpenAI = require("openai").default;
const { VERSION: version } = require("openai/version");

const model = process.argv[2];
const messages = [{ role: "user", content: "What is the capital of France?" }];
const client = new OpenAI({ maxRetries: 0 });

async function models() {
  const ids = [];
  for await (const found of client.models.list()) ids.push(found.id);
  assert(ids.includes(model), `${model} is not among ${ids}`);
  assert.equal((await client.models.retrieve(model)).id, model);
}

async function chat() {
  const answer = await client.chat.completions.create({ model, messages, temperature: 0, max_completion_tokens: 40 });
  assert.equal(answer.object, "chat.completion");
  const [choice] = answer.choices;
  assert.match(choice.message.content, /Paris/);
  assert.equal(choice.finish_reason, "stop");
  checkUsage(answer.usage);
  return choice.message.content;
}

async function chatStream(expected) {
  const stream = await client.chat.completions.create({
    model,
    messages,
    temperature: 0,
    max_completion_tokens: 40,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const last = chunks.pop();
  assert.deepEqual(last.choices, []);
  checkUsage(last.usage);
  assert.equal(chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join(""), expected);
  assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
}

// The client's own helper puts the pieces together again, and is strict about their order.
async function chatStreamHelper(expected) {
  const stream = client.chat.completions.stream({ model, messages, temperature: 0, max_completion_tokens: 40 });
  assert.equal(await stream.finalContent(), expected);
}

async function leaving() {
  const long = [{ role: "user", content: "Count to a thousand." }];
  const stream = await client.chat.completions.create({ model, messages: long, max_tokens: 2000, stream: true });
  for await (const _ of stream) break;
  // The companion computes one answer at a time: this one comes because the other was given up.
  const answer = await client.chat.completions.create({ model, messages, max_tokens: 2 }, { timeout: 60_000 });
  assert.equal(answer.usage.completion_tokens, 2);
}

async function completions() {
  const request = { model, prompt: "The capital of France is", temperature: 0, max_tokens: 5 };
  const answer = await client.completions.create(request);
  assert.match(answer.choices[0].text, /Paris/);
  checkUsage(answer.usage);
  let text = "";
  for await (const chunk of await client.completions.create({ ...request, stream: true })) {
    text += chunk.choices[0].text;
  }
  assert.equal(text, answer.choices[0].text);
}

async function schemas() {
  const schema = { type: "array", items: { enum: ["red", "green", "blue"] }, minItems: 2, maxItems: 3 };
  const stream = client.chat.completions.stream({
    model,
    messages,
    temperature: 1,
    seed: 5,
    response_format: { type: "json_schema", json_schema: { name: "colours", schema, strict: true } },
  });
  const colours = JSON.parse(await stream.finalContent());
  assert(colours.length >= 2 && colours.every((colour) => schema.items.enum.includes(colour)), String(colours));
  const refused = { type: "json_schema", json_schema: { name: "n", schema: { type: "array", uniqueItems: true } } };
  await assert.rejects(client.chat.completions.create({ model, messages, response_format: refused }), (error) => {
    assert.equal(error.param, "response_format");
    assert.match(error.message, /uniqueItems/);
    return true;
  });
}

async function embeddings() {
  const answer = await client.embeddings.create({ model, input: ["The cat sleeps.", "Interest rates rose."] });
  const lengths = answer.data.map(({ embedding }) => Math.hypot(...embedding));
  assert(lengths.length === 2 && lengths.every((length) => Math.abs(length - 1) < 1e-5), String(lengths));
  assert(answer.usage.prompt_tokens > 4, JSON.stringify(answer.usage));
}

async function errors() {
  await assert.rejects(client.chat.completions.create({ model: "no-such-model", messages }), (error) => {
    assert(error instanceof OpenAI.NotFoundError, String(error));
    assert.equal(error.code, "model_not_found");
    return true;
  });
  await assert.rejects(client.chat.completions.create({ model, messages, temperature: 9 }), (error) => {
    assert(error instanceof OpenAI.BadRequestError, String(error));
    assert.equal(error.param, "temperature");
    return true;
  });
}

function checkUsage(usage) {
  assert(usage.prompt_tokens > 0 && usage.completion_tokens > 0, JSON.stringify(usage));
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
}

await models();
const answer = await chat();
await chatStream(answer);
await chatStreamHelper(answer);
await leaving();
await schemas();
await completions();
await embeddings();
await errors();
console.log(`openai ${version} for Node: models, chat, streams, leaving, schemas, completions, embeddings, errors`);
