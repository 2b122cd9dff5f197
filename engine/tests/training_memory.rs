//! What training is said to take in memory, against what the process really holds at its peak.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::adapter::{LoraSettings, Scaling};
use engine::gguf::GgufFile;
use engine::source::FileSource;
use engine::training::{AdamW, AdamWSettings, CpuTrainer, Method, PackedBatch, Recompute, memory};
use support::reference_models::SMOLLM2;

/// How far an estimate may be off. What the threads' matrix products pack, and the system's rounding, is not in it.
const TOLERANCE: f64 = 0.20;

const TOKENS: usize = 128;

/// A line of the process's status, in bytes.
fn status_bytes(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The most memory that is held from here on is counted anew.
fn forget_the_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// All in one test: the peak is the process's.
#[test]
fn estimates_are_what_training_takes() {
    let source = FileSource::open(&SMOLLM2.path()).unwrap();
    let file = GgufFile::read(&source).unwrap();
    let targets = LoraSettings::ALL_TARGETS.map(str::to_owned).to_vec();
    let lora = Method::Lora(LoraSettings { rank: 16, alpha: 32.0, scaling: Scaling::Rank, targets, dora: false });
    for (method, recompute) in
        [(&lora, Recompute::Layers), (&lora, Recompute::Nothing), (&Method::Full, Recompute::Layers)]
    {
        forget_the_peak();
        let before = status_bytes("RssAnon:");
        let mut trainer = CpuTrainer::load(&file, &source, method, recompute, 2, 1).unwrap();
        let mut optimizer = AdamW::new(AdamWSettings::default(), &trainer.parameters);
        let mut batch = PackedBatch::default();
        let tokens: Vec<u32> = (0..TOKENS as u32).collect();
        batch.push(&tokens, &[true; TOKENS]);
        trainer.learn(&batch, 1.0 / TOKENS as f32).unwrap();
        optimizer.step(&mut trainer.parameters, 1e-4);
        // The mapped file is not the process's own, but counts as far as it was read.
        let taken = status_bytes("VmHWM:") - before - unmapped_shared_bytes();
        let expected = memory(&file, method, recompute, TOKENS).unwrap();
        println!("{recompute:?}: {expected:?}, taken {taken}");
        let expected = expected.total_bytes() as f64;
        assert!((taken as f64 / expected - 1.0).abs() < TOLERANCE, "{recompute:?}: {taken} and not {expected}");
    }
}

/// Code of this program and its libraries: file pages that are not the model's.
fn unmapped_shared_bytes() -> u64 {
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let (mut is_other_file, mut bytes) = (false, 0);
    for line in maps.lines() {
        let parts: Vec<&str> = line.split_whitespace().collect();
        match parts[..] {
            [range, _, _, _, _, ref name @ ..] if range.contains('-') => {
                is_other_file = name.first().is_some_and(|name| name.starts_with('/') && !name.ends_with(".gguf"));
            }
            ["Rss:", size, _] if is_other_file => bytes += size.parse::<u64>().unwrap() * 1024,
            _ => {}
        }
    }
    bytes
}
