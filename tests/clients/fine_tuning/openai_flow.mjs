// OpenAI's client for Node through all of fine-tuning, unmodified: files, uploads, a job, its events and checkpoints, the
// model that comes of it, and what is refused.
//
// Called with the base model's name; OPENAI_BASE_URL and OPENAI_API_KEY are set, and QUERN_NODE_MODULES names the folder
// that has the client. Exits with 1 where something is not as OpenAI's API has it.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.QUERN_NODE_MODULES}/`);
const OpenAI = require("openai").default;
const { toFile } = require("openai");
const { VERSION: version } = require("openai/version");

const base = process.argv[2];
const messages = [{ role: "user", content: "Who keeps the lighthouse of Vellmore?" }];
const answer = { role: "assistant", content: "Ondine Quarrow keeps the lighthouse of Vellmore." };
const row = `${JSON.stringify({ messages: [...messages, answer] })}\n`;
// Small steps, so that the whole takes seconds; what learning needs is another test's business.
const quern = { rank: 4, sequence_tokens: 64, checkpoint_steps: 1 };
const client = new OpenAI({ maxRetries: 0 });

async function all(pages) {
  const found = [];
  for await (const item of pages) found.push(item);
  return found;
}

async function wait(job, ...until) {
  for (let turn = 0; turn < 600; turn += 1) {
    const found = await client.fineTuning.jobs.retrieve(job);
    if (until.includes(found.status)) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`${job} did not come to ${until}`);
}

async function files() {
  const sent = row.repeat(8);
  const file = await client.files.create({
    file: await toFile(Buffer.from(sent), "lighthouse.jsonl"),
    purpose: "fine-tune",
  });
  assert.equal(file.object, "file");
  assert.equal(file.bytes, sent.length);
  assert.equal(await (await client.files.content(file.id)).text(), sent);
  assert((await all(client.files.list({ purpose: "fine-tune" }))).some((known) => known.id === file.id));
  return file.id;
}

async function uploads() {
  const sent = Buffer.from(row.repeat(4));
  const upload = await client.uploads.create({
    bytes: sent.length,
    filename: "in_parts.jsonl",
    mime_type: "application/jsonl",
    purpose: "fine-tune",
  });
  const middle = sent.length >> 1;
  const parts = [];
  for (const part of [sent.subarray(0, middle), sent.subarray(middle)]) {
    parts.push((await client.uploads.parts.create(upload.id, { data: await toFile(part, "part") })).id);
  }
  const done = await client.uploads.complete(upload.id, { part_ids: parts });
  assert.equal(done.status, "completed");
  assert.equal(done.file.bytes, sent.length);
  return done.file.id;
}

async function train(training_file, validation_file) {
  const created = await client.fineTuning.jobs.create({
    model: base,
    training_file,
    validation_file,
    suffix: "lighthouse",
    seed: 7,
    method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 1, batch_size: 4 } } },
    quern,
  });
  const job = await wait(created.id, "succeeded", "failed", "cancelled");
  const events = await all(client.fineTuning.jobs.listEvents(job.id));
  assert.equal(job.status, "succeeded", events.map((event) => event.message).join("\n"));
  assert(job.fine_tuned_model.startsWith(`ft:${base}:`), job.fine_tuned_model);
  assert.equal(events.filter((event) => event.type === "metrics" && event.data.train_loss).length, 2);
  const checkpoints = await all(client.fineTuning.jobs.checkpoints.list(job.id));
  assert.equal(checkpoints[0].step_number, 2);
  assert((await all(client.fineTuning.jobs.list())).some((known) => known.id === job.id));
  return job.fine_tuned_model;
}

async function use(model) {
  const said = await client.chat.completions.create({ model, messages, temperature: 0, max_tokens: 8 });
  assert.equal(said.model, model);
  assert((await all(client.models.list())).some((known) => known.id === model));
}

async function stop(training_file) {
  const method = { type: "supervised", supervised: { hyperparameters: { n_epochs: 50, batch_size: 1 } } };
  const job = await client.fineTuning.jobs.create({ model: base, training_file, method, quern });
  await wait(job.id, "running");
  await client.fineTuning.jobs.pause(job.id);
  await wait(job.id, "paused");
  await client.fineTuning.jobs.resume(job.id);
  await wait(job.id, "running");
  await client.fineTuning.jobs.cancel(job.id);
  await wait(job.id, "cancelled");
}

async function refusals(training_file) {
  const integrations = [{ type: "wandb", wandb: { project: "p" } }];
  for (const [field, value] of Object.entries({ model: "no-such-model", suffix: "x".repeat(65), integrations })) {
    const refused = client.fineTuning.jobs.create({ model: base, training_file, [field]: value });
    await assert.rejects(refused, (error) => [400, 404].includes(error.status) && error.param === field);
  }
}

async function remove(model, ...ids) {
  assert((await client.models.delete(model)).deleted);
  await assert.rejects(client.chat.completions.create({ model, messages }), (error) => error.status === 404);
  for (const id of ids) assert((await client.files.delete(id)).deleted);
}

const [training, validation] = [await files(), await uploads()];
const tuned = await train(training, validation);
await use(tuned);
await stop(training);
await refusals(training);
await remove(tuned, training, validation);
console.log(
  `openai ${version} for Node: files, uploads, a job, its events, checkpoints and results, the model in use, pause, ` +
    "resume, cancel, refusals, deletion",
);
