//! `quern data run` against Hugging Face's datasets (exact duplicates) and datatrove (near ones), on the same file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::report::{Better, Report, Row};
use super::rounds::median;
use super::task::last_json_line;
use crate::child_process::output_of;
use crate::companion::Companion;
use crate::machine::Machine;
use crate::requirements::{PypiPackage, for_data_benchmark};
use crate::setup::install_missing;

/// Rows of the file for exact duplicates: some 200 MB.
const EXACT_ROWS: usize = 600_000;
/// Rows for near ones: the peer takes minutes for so many.
const NEAR_ROWS: usize = 100_000;
/// Rows for the one figure that has no peer.
const MANY_ROWS: usize = 1_000_000;
/// What the project promises.
const RATIO_FLOOR: f64 = 5.0;
const MEGABYTES_PER_SECOND_FLOOR: f64 = 300.0;
const NEAR_SECONDS_MOST: f64 = 120.0;

/// What one run came to.
#[derive(Deserialize)]
struct Ran {
    seconds: f64,
    kept: u64,
}

pub(super) fn run(machine: &Machine, runs: usize) -> Result<Report> {
    install_missing(machine, &for_data_benchmark())?;
    let companion = Companion::build_release(machine)?;
    let folder = machine.places.target.join("bench/data");
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let peer =
        format!("datasets {}, datatrove {}", machine.versions.pypi("datasets")?, machine.versions.pypi("datatrove")?);
    let (mut rows, mut raw) = (Vec::new(), Vec::new());
    for (task, count) in [("exact", EXACT_ROWS), ("near", NEAR_ROWS)] {
        let file = texts(&folder, count)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(run_quern(&companion, &folder, &file, task)?);
            theirs.push(run_peer(machine, &folder, &file, task)?);
        }
        let (kept, kept_there) = (ours[0].kept, theirs[0].kept);
        let difference = (kept as f64 - kept_there as f64).abs() / count as f64;
        ensure!(difference < 0.01, "of {count} rows {kept} stay here and {kept_there} there: not the same was found");
        raw.push(json!({"task": task, "rows": count, "kept": kept, "kept_by_peer": kept_there,
            "seconds": seconds(&ours), "seconds_of_peer": seconds(&theirs)}));
        let (ours, theirs) = (median(seconds(&ours)), median(seconds(&theirs)));
        let name = if task == "exact" { "exact duplicates" } else { "near duplicates" };
        rows.push(Row::new(name, "s", Better::Lower, ours, theirs, Some(RATIO_FLOOR)));
        if task == "exact" {
            let megabytes = std::fs::metadata(&file)?.len() as f64 / 1e6;
            let looked_at = (0..runs).map(|_| inspect(&companion, &file)).collect::<Result<Vec<_>>>()?;
            let rate = megabytes / median(looked_at);
            let name = "parse, detect, exact duplicates";
            rows.push(Row::against_floor(name, "MB/s", rate, MEGABYTES_PER_SECOND_FLOOR));
        }
    }
    let file = texts(&folder, MANY_ROWS)?;
    let many = run_quern(&companion, &folder, &file, "near")?;
    raw.push(json!({"task": "near", "rows": MANY_ROWS, "kept": many.kept, "seconds": [many.seconds]}));
    rows.push(Row::at_most("near, a million rows", "s", many.seconds, NEAR_SECONDS_MOST));
    Ok(Report::of_rows(peer, rows, Value::Array(raw)))
}

fn seconds(runs: &[Ran]) -> Vec<f64> {
    runs.iter().map(|run| run.seconds).collect()
}

/// Seconds of `quern data inspect`, which computes on one core and writes nothing.
fn inspect(companion: &Companion, file: &Path) -> Result<f64> {
    let started = Instant::now();
    output_of(Command::new(&companion.path).args(["data", "inspect", "--json"]).arg(file))?;
    Ok(started.elapsed().as_secs_f64())
}

/// The whole command, from its start to its end.
fn run_quern(companion: &Companion, folder: &Path, file: &Path, task: &str) -> Result<Ran> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let near = if task == "near" { "near: 0.8" } else { "keep: first" };
    let recipe = folder.join("recipe.yaml");
    let text = format!(
        "quern-recipe: 1\nfiles:\n- name: {name}\nsteps:\n- deduplicate:\n    {near}\nexports:\n- file: rows.jsonl\n  format: trl-text\n"
    );
    std::fs::write(&recipe, text).with_context(|| format!("writing {}", recipe.display()))?;
    let output = folder.join("quern");
    let started = Instant::now();
    output_of(Command::new(&companion.path).args(["data", "run"]).arg(&recipe).arg("--output").arg(&output))?;
    let seconds = started.elapsed().as_secs_f64();
    let written = std::fs::read(output.join("rows.jsonl")).context("reading what quern wrote")?;
    Ok(Ran { seconds, kept: written.iter().filter(|byte| **byte == b'\n').count() as u64 })
}

/// The task alone: starting Python and importing are left out.
fn run_peer(machine: &Machine, folder: &Path, file: &Path, task: &str) -> Result<Ran> {
    let (work, output) = (folder.join("work"), folder.join("peer"));
    for path in [&work, &output] {
        // What an earlier run left would be taken for the result.
        let _ = std::fs::remove_dir_all(path).or_else(|_| std::fs::remove_file(path));
    }
    std::fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;
    let options = json!({"task": task, "input": file, "output": output, "work": work});
    let mut command = Command::new(PypiPackage::data_peers().python(machine)?);
    command.arg(machine.places.checkout.join("xtask/src/bench/peers/deduplicate.py")).arg(options.to_string());
    last_json_line(&output_of(&mut command)?)
}

/// A file of texts of words as frequent as in a language. Half are copies, of which half have another word somewhere: they
/// share at least 0.86 of their phrases, so that both sides mean the same by "near".
fn texts(folder: &Path, rows: usize) -> Result<PathBuf> {
    let path = folder.join(format!("texts-{rows}.jsonl"));
    if path.is_file() {
        return Ok(path);
    }
    let part = folder.join("texts.part");
    let mut out = BufWriter::new(File::create(&part).with_context(|| format!("writing {}", part.display()))?);
    let mut numbers = Numbers(11);
    let mut recent: Vec<Vec<usize>> = Vec::new();
    for row in 0..rows {
        let is_copy = !recent.is_empty() && numbers.below(2) == 0;
        let text = if is_copy {
            let mut text: Vec<usize> = recent[numbers.below(recent.len())].clone();
            if numbers.below(2) == 0 {
                let place = numbers.below(text.len());
                text[place] = numbers.word();
            }
            text
        } else {
            (0..40 + numbers.below(40)).map(|_| numbers.word()).collect()
        };
        let words: Vec<String> = text.iter().map(|word| spelled(*word)).collect();
        writeln!(out, "{{\"id\": \"{row}\", \"text\": \"{}.\"}}", words.join(" "))?;
        // Copies of copies would be alike in chains, of which each side may keep another row.
        if is_copy {
            continue;
        }
        if recent.len() < 20_000 {
            recent.push(text);
        } else {
            let place = numbers.below(recent.len());
            recent[place] = text;
        }
    }
    out.flush()?;
    std::fs::rename(&part, &path).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// A number as a word of syllables: peers take all digits for the same.
fn spelled(mut number: usize) -> String {
    let mut word = String::new();
    loop {
        word.push(char::from(b"bdfgklmnprstvz"[number % 14]));
        word.push(char::from(b"aeiou"[number / 14 % 5]));
        number /= 70;
        if number == 0 {
            return word;
        }
    }
}

/// Numbers that look random and are the same every time (a linear congruential generator, Knuth's MMIX).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// Zipf's law over 20,000 words, by the inverse of its distribution.
    fn word(&mut self) -> usize {
        let chance = self.next() as f64 / (1_u64 << 31) as f64;
        20_000_f64.powf(chance) as usize - 1
    }
}
