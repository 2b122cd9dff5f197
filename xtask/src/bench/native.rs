//! `quern generate` against llama.cpp, through npm's node-llama-cpp: both on the CPU, with as many threads.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, json};

use super::report::{Report, constrained_decode, decode, load_time, prefill, time_to_first_token};
use super::rounds::{Candidate, Figures, Side, measure, measure_by_turns};
use super::task::{CONSTRAINED_FLOOR, DECODE_TOKENS, Task, last_json_line};
use crate::child_process::succeed;
use crate::machine::Machine;
use crate::requirements::{NpmPackage, for_native_benchmark};
use crate::setup::install_missing;

const THREADS: u32 = 2;
/// The file of [`super::task::SCHEMA`], in the checkout.
const SCHEMA_PATH: &str = "xtask/src/bench/schema.json";

pub(super) fn run(machine: &Machine, runs: usize) -> Result<Report> {
    install_missing(machine, &for_native_benchmark())?;
    let task = Task::prepare(machine)?;
    let node_modules = NpmPackage::node_llama_cpp().node_modules(machine)?;
    let task = &task;
    let schema = machine.places.checkout.join(SCHEMA_PATH).display().to_string();
    let (free_text, held_to_schema) = (["--ignore-eos"], ["--json-schema", &schema]);
    let peer = |flash_attention: bool| {
        let node_modules = node_modules.clone();
        Candidate {
            side: Side::Peer,
            name: format!("llama.cpp{}", if flash_attention { ", flash attention" } else { "" }),
            run: Box::new(move |_| run_llama_cpp(machine, task, &node_modules, flash_attention)),
        }
    };
    let quern = |side, what: &str, options| Candidate {
        side,
        name: format!("quern, CPU{what}"),
        run: Box::new(move |_| run_quern(task, options)),
    };
    let free = |side| quern(side, "", &free_text);
    let measured = measure(vec![peer(true), free(Side::Quern), peer(false)], runs)?;
    let name = format!("node-llama-cpp {}", machine.versions.npm("node-llama-cpp")?);
    let mut report = Report::new(name, &[prefill(None), decode(None), time_to_first_token(), load_time()], measured)?;
    let held = quern(Side::Quern, ", held to a schema", &held_to_schema);
    let [held, free] = measure_by_turns([held, free(Side::Peer)], runs)?;
    report.compare(&constrained_decode(CONSTRAINED_FLOOR), held, free);
    Ok(report)
}

fn run_llama_cpp(machine: &Machine, task: &Task, node_modules: &Path, flash_attention: bool) -> Result<Figures> {
    let options = json!({
        "node_modules": node_modules,
        "model": task.model_path,
        "prompt_ids": task.prompt_ids,
        "decode_tokens": DECODE_TOKENS,
        "threads": THREADS,
        "flash_attention": flash_attention,
    });
    let mut command = Command::new("node");
    command.arg(machine.places.checkout.join("xtask/src/bench/peers/llama_cpp.mjs")).arg(options.to_string());
    let finished = run_to_end(&mut command).context("node-llama-cpp needs Node.js 20 or newer")?;
    let figures: Figures = last_json_line(&finished.printed)?;
    Ok(Figures { peak_memory_bytes: finished.peak_memory_bytes, ..figures })
}

fn run_quern(task: &Task, options: &[&str]) -> Result<Figures> {
    #[derive(Deserialize)]
    struct Generated {
        ids: Vec<u32>,
        prefill_seconds: f64,
        decode_seconds: f64,
    }
    let ids: Vec<String> = task.prompt_ids.iter().map(u32::to_string).collect();
    let mut command = Command::new(&task.companion.path);
    command
        .args(["generate", "--model", &task.model, "--prompt-ids", &ids.join(",")])
        .args(["--max-tokens", &DECODE_TOKENS.to_string(), "--temperature", "0", "--json"])
        .args(["--device", "cpu", "--threads", &THREADS.to_string()])
        .args(options);
    let finished = run_to_end(&mut command)?;
    let generated: Generated = last_json_line(&finished.printed)?;
    let count = generated.ids.len();
    ensure!(count == DECODE_TOKENS as usize, "{DECODE_TOKENS} tokens were asked for, {count} came");
    Ok(Figures {
        // What the program does besides: its start counts too.
        load_seconds: finished.seconds - generated.prefill_seconds - generated.decode_seconds,
        prefill_tokens_per_second: task.prompt_ids.len() as f64 / generated.prefill_seconds,
        decode_tokens_per_second: count.saturating_sub(1) as f64 / generated.decode_seconds,
        time_to_first_token_seconds: generated.prefill_seconds,
        peak_memory_bytes: finished.peak_memory_bytes,
        others: Map::from_iter([("ids".to_owned(), json!(generated.ids))]),
    })
}

/// A program that ran and succeeded.
struct Finished {
    printed: String,
    seconds: f64,
    peak_memory_bytes: Option<f64>,
}

/// Runs a program, and asks the system now and then how much memory it has had at most.
fn run_to_end(command: &mut Command) -> Result<Finished> {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", command.get_program().display()))?;
    let mut standard_output = child.stdout.take().context("standard output was asked for")?;
    let reader = std::thread::spawn(move || {
        let mut printed = String::new();
        standard_output.read_to_string(&mut printed).map(|_| printed)
    });
    let status_path = format!("/proc/{}/status", child.id());
    let mut peak_memory_bytes = None;
    let status = loop {
        if let Some(status) = child.try_wait().context("waiting for the measured program")? {
            break status;
        }
        let status = std::fs::read_to_string(&status_path).ok();
        peak_memory_bytes = status.as_deref().and_then(peak_memory_of).or(peak_memory_bytes);
        std::thread::sleep(Duration::from_millis(20));
    };
    let seconds = started.elapsed().as_secs_f64();
    succeed(command, status)?;
    let printed = reader.join().ok().context("reading what the program printed")??;
    Ok(Finished { printed, seconds, peak_memory_bytes })
}

fn peak_memory_of(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_memory_is_read_from_what_linux_says() {
        assert_eq!(peak_memory_of("Name:\tnode\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2_097_152.0));
        assert_eq!(peak_memory_of("Name:\tnode\n"), None);
    }
}
