// Measures llama.cpp through node-llama-cpp.
//
// Argument: {"node_modules", "model", "prompt_ids", "decode_tokens", "threads", "flash_attention"} as JSON.
// Prints the figures as JSON in its last line.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const options = JSON.parse(process.argv[2]);
const { getLlama, LlamaLogLevel } = await import(
  pathToFileURL(join(options.node_modules, "node-llama-cpp/dist/index.js")).href
);

const llama = await getLlama({
  gpu: false,
  build: "never",
  skipDownload: true,
  progressLogs: false,
  logLevel: LlamaLogLevel.error,
  maxThreads: options.threads,
});
const loadStarted = performance.now();
const model = await llama.loadModel({ modelPath: options.model, gpuLayers: 0 });
const context = await model.createContext({
  contextSize: 1024,
  batchSize: 512,
  threads: options.threads,
  flashAttention: options.flash_attention,
});
const loadSeconds = (performance.now() - loadStarted) / 1000;

const sequence = context.getSequence();
const started = performance.now();
let firstTokenTime, lastTokenTime;
const ids = [];
for await (const id of sequence.evaluate(options.prompt_ids, { temperature: 0, yieldEogToken: true })) {
  lastTokenTime = performance.now();
  firstTokenTime ??= lastTokenTime;
  ids.push(id);
  if (ids.length === options.decode_tokens) break;
}
const prefillSeconds = (firstTokenTime - started) / 1000;
console.log(
  JSON.stringify({
    load_seconds: loadSeconds,
    prefill_tokens_per_second: options.prompt_ids.length / prefillSeconds,
    decode_tokens_per_second: ((ids.length - 1) / (lastTokenTime - firstTokenTime)) * 1000,
    time_to_first_token_seconds: prefillSeconds,
    ids,
  }),
);
// Its threads would keep the process alive.
process.exit(0);
