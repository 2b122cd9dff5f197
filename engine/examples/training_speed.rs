#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::print_stdout)]
use engine::adapter::*;
use engine::gguf::GgufFile;
use engine::source::FileSource;
use engine::training::*;
use std::time::Instant;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let source = FileSource::open(std::path::Path::new(&args[1])).unwrap();
    let length: usize = args[2].parse().unwrap();
    let sequences: usize = args[3].parse().unwrap();
    let recompute = if args[4] == "layers" { Recompute::Layers } else { Recompute::Nothing };
    let file = GgufFile::read(&source).unwrap();
    let targets = LoraSettings::ALL_TARGETS.map(str::to_owned).to_vec();
    let method = Method::Lora(LoraSettings { rank: 16, alpha: 32.0, scaling: Scaling::Rank, targets });
    let mut trainer = CpuTrainer::load(&file, &source, &method, recompute, 2, 1).unwrap();
    let mut batch = PackedBatch::default();
    for s in 0..sequences {
        let tokens: Vec<u32> = (0..length).map(|i| ((i * 7919 + s * 31) % 40000) as u32).collect();
        batch.push(&tokens, &vec![true; length]);
    }
    let mut optimizer = AdamW::new(AdamWSettings::default(), &trainer.parameters);
    for step in 0..4 {
        let start = Instant::now();
        trainer.parameters.clear_gradients();
        let loss = trainer.learn(&batch, 1.0 / batch.learned_tokens() as f32).unwrap();
        let norm = optimizer.step(&mut trainer.parameters, 1e-4);
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "step {step}: loss {:.4} norm {norm:.3} {:.0} tokens/s",
            loss / batch.learned_tokens() as f64,
            (length * sequences) as f64 / seconds
        );
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|l| l.starts_with("VmHWM")).unwrap());
}
