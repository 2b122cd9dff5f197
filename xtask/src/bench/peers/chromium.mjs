// Opens one page in a fresh headless Chromium and calls a function of its window, as often as it is told.
//
// Argument: {"chromedriver", "chromium", "chromium_arguments": [..], "page", "files": {"/path": "file", "/folder/": "folder"},
//            "hook", "calls": [..], "measures_memory"} as JSON. Where "files" is not empty, this script serves them, and
// "page" is a path among them; elsewhere it is an address.
// Prints {"answers": [..], "peak_memory_bytes": number or null} as its last line.

import { spawn } from "node:child_process";
import { createReadStream, readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

const options = JSON.parse(process.argv[2]);

// Threads in WebAssembly need a page that is isolated by these headers; the companion sends the same.
function serve(files) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const served = Object.keys(files).find((name) => name === path || (name.endsWith("/") && name !== "/" && path.startsWith(name)));
    const file = served && (served === path ? files[served] : join(files[served], path.slice(served.length)));
    const size = file && statSync(file, { throwIfNoEntry: false })?.size;
    if (size === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": size,
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function startDriver() {
  const driver = spawn(options.chromedriver, ["--port=0"], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise((resolve, reject) => {
    driver.on("error", reject);
    driver.on("exit", (code) => reject(new Error(`${options.chromedriver} ended with ${code} before it listened`)));
    createInterface({ input: driver.stdout }).on("line", (line) => {
      const found = /started successfully on port (\d+)/.exec(line);
      if (found) resolve(Number(found[1]));
    });
  });
  return { driver, address: `http://127.0.0.1:${port}` };
}

async function command(method, address, body) {
  const response = await fetch(address, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`chromedriver: ${value?.error}: ${value?.message}`);
  return value;
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function pollUntil(condition) {
  for (;;) {
    const value = await condition();
    if (value) return value;
    await pause(500);
  }
}

// Shared memory is divided among those who share it, so that the sum counts each page once.
function memoryOfTree(rootProcess) {
  const childrenOf = new Map();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const status = readIfThere(`/proc/${name}/stat`);
    const parent = Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(name)]);
  }
  let bytes = 0;
  for (const waiting = [rootProcess]; waiting.length > 0; ) {
    const id = waiting.pop();
    bytes += Number(/^Pss:\s+(\d+) kB/m.exec(readIfThere(`/proc/${id}/smaps_rollup`))?.[1] ?? 0) * 1024;
    waiting.push(...(childrenOf.get(id) ?? []));
  }
  return bytes;
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended since.
    return "";
  }
}

async function measureMemoryUntil(isDone, rootProcess) {
  let peak = 0;
  while (!isDone()) {
    peak = Math.max(peak, memoryOfTree(rootProcess));
    await pause(200);
  }
  return peak;
}

async function run(session, browserProcess, page) {
  const evaluate = (script, ...args) => command("POST", `${session}/execute/sync`, { script, args });
  await command("POST", `${session}/url`, { url: page });
  await pollUntil(() => evaluate("return typeof window[arguments[0]] === 'function'", options.hook));
  let isDone = false;
  const peak = options.measures_memory ? measureMemoryUntil(() => isDone, browserProcess) : null;
  const answers = [];
  try {
    for (const call of options.calls) {
      const start = `window.bench_result = undefined; window[arguments[0]](arguments[1]).then(
        (answer) => { window.bench_result = { answer }; },
        (error) => { window.bench_result = { error: String(error) }; })`;
      await evaluate(start, options.hook, JSON.stringify(call));
      const result = await pollUntil(() => evaluate("return window.bench_result"));
      if (result.error) throw new Error(`${options.hook}: ${result.error}`);
      answers.push(JSON.parse(result.answer));
    }
  } finally {
    isDone = true;
  }
  return { answers, peak_memory_bytes: await peak };
}

const server = Object.keys(options.files).length > 0 ? await serve(options.files) : null;
const page = server ? `http://127.0.0.1:${server.address().port}${options.page}` : options.page;
const { driver, address } = await startDriver();
try {
  const chromium = { binary: options.chromium, args: options.chromium_arguments };
  const capabilities = { alwaysMatch: { browserName: "chrome", "goog:chromeOptions": chromium } };
  const { sessionId, capabilities: got } = await command("POST", `${address}/session`, { capabilities });
  const session = `${address}/session/${sessionId}`;
  try {
    console.log(JSON.stringify(await run(session, got["goog:processID"], page)));
  } finally {
    await command("DELETE", session);
  }
} catch (error) {
  // The message alone: where in this script it was thrown helps nobody.
  console.error(error.message);
  process.exitCode = 1;
} finally {
  driver.removeAllListeners("exit");
  driver.kill();
  server?.close();
  server?.closeAllConnections();
}
