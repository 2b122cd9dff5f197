//! The built app in Chromium against wllama: the same browser, model file, prompt and number of tokens.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::report::{Report, constrained_decode, decode, load_time, prefill, time_to_first_token};
use super::rounds::{Candidate, Figures, Side, WithMemory, measure, measure_by_turns};
use super::task::{CONSTRAINED_FLOOR, DECODE_TOKENS, SCHEMA, Task, last_json_line};
use crate::app_build;
use crate::child_process::output_of;
use crate::companion::Companion;
use crate::machine::Machine;
use crate::requirements::{NpmPackage, chromedriver, chromium, for_browser_benchmark, has_gpu};
use crate::setup::install_missing;

/// Least ratios to wllama.
const PREFILL_FLOOR: f64 = 1.0;
const DECODE_FLOOR: f64 = 0.7;

pub(super) fn run(machine: &Machine, runs: usize) -> Result<Report> {
    install_missing(machine, &for_browser_benchmark())?;
    let app = app_build::build(machine)?;
    let task = Task::prepare(machine)?;
    let serving = Serving::start(&task.companion, &app)?;
    let browser = Browser::find(machine)?;
    let wllama = NpmPackage::wllama().node_modules(machine)?.join("@wllama/wllama");
    let measured = measure(candidates(&task, &serving, &browser, &wllama), runs)?;
    let peer = format!("wllama {}", machine.versions.npm("@wllama/wllama")?);
    let metrics = [prefill(Some(PREFILL_FLOOR)), decode(Some(DECODE_FLOOR)), time_to_first_token(), load_time()];
    let mut report = Report::new(peer, &metrics, measured)?;
    let schema: Value = serde_json::from_str(SCHEMA).context("reading the benchmark's schema")?;
    let (task, serving, browser) = (&task, &serving, &browser);
    let on_cpu = |side, what: &str, schema: Value| Candidate {
        side,
        name: format!("Quern, CPU{what}"),
        run: Box::new(move |memory| run_quern(task, serving, browser, "cpu", &schema, memory)),
    };
    let pair = [on_cpu(Side::Quern, ", held to a schema", schema), on_cpu(Side::Peer, "", Value::Null)];
    let [held, free] = measure_by_turns(pair, runs)?;
    report.compare(&constrained_decode(CONSTRAINED_FLOOR), held, free);
    Ok(report)
}

fn candidates<'a>(task: &'a Task, serving: &'a Serving, browser: &'a Browser, wllama: &'a Path) -> Vec<Candidate<'a>> {
    // Without being told, wllama takes half of the processors.
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let peer = |name: &str, load: Value| Candidate {
        side: Side::Peer,
        name: format!("wllama, {name}"),
        run: Box::new(move |memory| run_wllama(task, browser, wllama, &load, memory)),
    };
    let quern = |backend: &'static str| Candidate {
        side: Side::Quern,
        name: format!("Quern, {}", backend.to_uppercase()),
        run: Box::new(move |memory| run_quern(task, serving, browser, backend, &Value::Null, memory)),
    };
    let on_cpu =
        |flash_attention: bool| json!({ "n_threads": threads, "n_gpu_layers": 0, "flash_attn": flash_attention });
    vec![
        peer(&format!("{threads} threads"), on_cpu(false)),
        quern("cpu"),
        peer(&format!("{threads} threads, flash attention"), on_cpu(true)),
        quern("gpu"),
        peer("WebGPU", json!({ "n_threads": threads })),
    ]
}

fn run_quern(
    task: &Task,
    serving: &Serving,
    browser: &Browser,
    backend: &str,
    schema: &Value,
    memory: WithMemory,
) -> Result<Figures> {
    let call = |ids: &[u32], decode_tokens: u32| {
        json!({
            "model": task.model,
            "prompt_ids": ids,
            "decode_tokens": decode_tokens,
            "backend": backend,
            "json_schema": schema,
        })
    };
    let visit = Visit {
        page: format!("{}/?bench", serving.address),
        files: json!({}),
        hook: "quern_bench",
        calls: [call(&task.prompt_ids[..WARM_UP_TOKENS], WARM_UP_DECODE_TOKENS), call(&task.prompt_ids, DECODE_TOKENS)],
        memory,
    };
    let figures = browser.visit(&visit)?;
    let written = figures.others.get("ids").and_then(Value::as_array).map_or(0, Vec::len);
    ensure!(written == DECODE_TOKENS as usize, "{DECODE_TOKENS} tokens were asked for, {written} came");
    Ok(figures)
}

fn run_wllama(task: &Task, browser: &Browser, wllama: &Path, load: &Value, memory: WithMemory) -> Result<Figures> {
    let mut load = load.clone();
    load["n_ctx"] = json!(1024);
    let wants_gpu = load.get("n_gpu_layers").is_none();
    let call = |prompt: &str, decode_tokens: u32| json!({ "prompt": prompt, "decode_tokens": decode_tokens, "wants_gpu": wants_gpu, "load": load });
    let first_words: String = task.prompt.split_inclusive(' ').take(WARM_UP_TOKENS).collect();
    let visit = Visit {
        page: "/".to_owned(),
        files: json!({
            "/": browser.peers.join("wllama.html"),
            "/wllama/": wllama,
            "/model.gguf": task.model_path,
        }),
        hook: "wllama_bench",
        calls: [call(&first_words, WARM_UP_DECODE_TOKENS), call(task.prompt, DECODE_TOKENS)],
        memory,
    };
    let figures = browser.visit(&visit)?;
    // wllama takes no token ids: that it read as many is how we know that it read the same.
    let read = figures.others.get("prompt_tokens").and_then(Value::as_u64);
    ensure!(read == Some(task.prompt_ids.len() as u64), "wllama read {read:?} tokens, Quern {}", task.prompt_ids.len());
    let written = figures.others.get("completion_tokens").and_then(Value::as_u64);
    ensure!(written == Some(u64::from(DECODE_TOKENS)), "{DECODE_TOKENS} tokens were asked for, {written:?} came");
    Ok(figures)
}

/// The first call in a browser: code gets compiled and optimized by it. Its load time is what a person waits.
const WARM_UP_TOKENS: usize = 16;
const WARM_UP_DECODE_TOKENS: u32 = 8;

/// A page, and what to call there.
struct Visit {
    page: String,
    files: Value,
    hook: &'static str,
    calls: [Value; 2],
    memory: WithMemory,
}

/// Chromium, started anew with an empty profile for every visit.
struct Browser {
    chromium: PathBuf,
    chromedriver: PathBuf,
    /// Folder of the scripts.
    peers: PathBuf,
}

/// Both sides get the same.
const CHROMIUM_ARGUMENTS: [&str; 9] = [
    "--headless",
    // Chromium refuses to run as root with it, and only our own pages are opened.
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--enable-unsafe-webgpu",
];

impl Browser {
    fn find(machine: &Machine) -> Result<Self> {
        Ok(Self {
            chromium: chromium().context("no chromium: `cargo xtask doctor` says what to do")?,
            chromedriver: chromedriver().context("no chromedriver: `cargo xtask doctor` says what to do")?,
            peers: machine.places.checkout.join("xtask/src/bench/peers"),
        })
    }

    /// The figures of the second call, with the load time of the first.
    fn visit(&self, visit: &Visit) -> Result<Figures> {
        #[derive(Deserialize)]
        struct Answer {
            answers: [Figures; 2],
            peak_memory_bytes: Option<f64>,
        }
        let of_gpu = if has_gpu() { "--enable-features=Vulkan" } else { "--use-webgpu-adapter=swiftshader" };
        let arguments: Vec<&str> = CHROMIUM_ARGUMENTS.into_iter().chain([of_gpu]).collect();
        let options = json!({
            "chromedriver": self.chromedriver,
            "chromium": self.chromium,
            "chromium_arguments": arguments,
            "page": visit.page,
            "files": visit.files,
            "hook": visit.hook,
            "calls": visit.calls,
            "measures_memory": visit.memory == WithMemory::Yes && cfg!(target_os = "linux"),
        });
        let mut command = Command::new("node");
        command.arg(self.peers.join("chromium.mjs")).arg(options.to_string());
        let Answer { answers: [first, second], peak_memory_bytes } = last_json_line(&output_of(&mut command)?)?;
        Ok(Figures { load_seconds: first.load_seconds, peak_memory_bytes, ..second })
    }
}

/// The companion with the app; ends with this value.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(companion: &Companion, app: &Path) -> Result<Self> {
        let mut command = Command::new(&companion.path);
        command.args(["serve", "--port", "0", "--app-dir"]).arg(app).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {}", companion.path.display()))?;
        let standard_output = child.stdout.take().context("standard output was asked for")?;
        let mut serving = Self { child, address: String::new() };
        let mut line = String::new();
        BufReader::new(standard_output).read_line(&mut line).context("reading the companion's address")?;
        let address = line.split_whitespace().find(|word| word.starts_with("http://"));
        serving.address = address.with_context(|| format!("the companion's address was expected, not: {line}"))?.into();
        Ok(serving)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
