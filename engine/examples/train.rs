//! Trains as a file says, and writes what came of it: for comparing losses, gradients, speed and memory with other trainers.
//!
//! usage: train SPECIFICATION.json FOLDER

#![expect(clippy::print_stdout, reason = "figures for whoever runs it")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use engine::adapter::LoraSettings;
use engine::gguf::GgufFile;
use engine::models::Hyperparameters;
use engine::source::FileSource;
use engine::training::{
    AdamWSettings, Beside, CpuTrainer, Method, Moments, Optimizer, PackedBatch, Preference, Recompute, Schedule,
};
use serde::Deserialize;
use serde_json::json;

/// What is done.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Specification {
    /// The GGUF file.
    model: String,
    /// The adapters; without them every weight is trained.
    lora: Option<LoraSettings>,
    /// Matrices of the layers are stored in four bits, their scales in 8.
    #[serde(default)]
    nf4: bool,
    /// Whether halves of layers are computed again on the way back.
    recompute: bool,
    threads: usize,
    seed: u64,
    optimizer: AdamWSettings,
    /// How much memory the optimizer takes.
    #[serde(default)]
    moments: Moments,
    /// The sequences are pairs, of which the first is to be preferred (DPO): its beta.
    beta: Option<f32>,
    schedule: Schedule,
    /// Of each step its batches, of each batch its sequences.
    steps: Vec<Vec<Vec<Sequence>>>,
}

/// A sequence, and which of its tokens are learned.
#[derive(Deserialize)]
struct Sequence {
    tokens: Vec<u32>,
    learned: Vec<bool>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, specification, folder] = &arguments[..] else {
        return Err("usage: train SPECIFICATION.json FOLDER".into());
    };
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    let specification: Specification = serde_json::from_slice(&std::fs::read(specification)?)?;
    let source = FileSource::open(Path::new(&specification.model))?;
    let file = GgufFile::read(&source)?;
    let sizes = Hyperparameters::read(&file)?;
    let method = match (specification.lora, specification.nf4) {
        (Some(settings), true) => Method::QLora { settings, double_quantization: true },
        (Some(settings), false) => Method::Lora(settings),
        (None, false) => Method::Full,
        (None, true) => return Err("weights in four bits can't be trained: give adapters".into()),
    };
    let recompute = if specification.recompute { Recompute::Layers } else { Recompute::Nothing };
    let mut trainer = CpuTrainer::load(&file, &source, &method, recompute, specification.threads, specification.seed)?;
    write_adapter(&trainer, &sizes, &folder.join("initial"))?;
    let mut optimizer = Optimizer::new(specification.moments, specification.optimizer, &trainer.parameters);
    let steps = specification.steps.iter();
    let steps: Vec<Vec<PackedBatch>> = steps.map(|batches| batches.iter().map(|it| packed(it)).collect()).collect();
    // Before anything is learned, every model is its base.
    let base = specification.beta.map(|_| {
        let mut of = |batch| trainer.sequence_log_probabilities(batch, Beside::Nothing);
        steps.iter().map(|batches| batches.iter().map(&mut of).collect()).collect::<Result<Vec<Vec<_>>, _>>()
    });
    let base = base.transpose()?;
    let (mut losses, mut norms, mut seconds) = (Vec::new(), Vec::new(), Vec::new());
    for (step, batches) in steps.iter().enumerate() {
        let sequences: usize = batches.iter().map(|batch| batch.sequences().len()).sum();
        let learned: usize = batches.iter().map(PackedBatch::learned_tokens).sum();
        let learned = if base.is_some() { sequences / 2 } else { learned };
        let began = Instant::now();
        trainer.parameters.clear_gradients();
        let mut loss = 0.0;
        let scale = 1.0 / learned as f32;
        for (place, batch) in batches.iter().enumerate() {
            loss += match (&base, specification.beta) {
                (Some(base), Some(beta)) => {
                    let preferences = trainer.learn_preferences(batch, &base[step][place], beta, scale)?;
                    preferences.iter().map(|preference: &Preference| preference.loss).sum()
                }
                _ => trainer.learn(batch, scale)?,
            };
        }
        if step == 0 {
            let bytes: Vec<u8> = trainer.parameters.gradients.iter().flat_map(|value| value.to_le_bytes()).collect();
            std::fs::write(folder.join("gradients.f32"), bytes)?;
        }
        norms.push(optimizer.step(&mut trainer.parameters, specification.schedule.learning_rate(step as u64)));
        losses.push(loss / learned as f64);
        seconds.push(began.elapsed().as_secs_f64());
    }
    write_adapter(&trainer, &sizes, &folder.join("final"))?;
    let parameters = trainer.parameters.list.iter();
    let parameters = parameters.map(|it| json!({"name": it.name, "rows": it.rows, "columns": it.columns}));
    let outcome = json!({
        "losses": losses, "gradient_norms": norms, "seconds": seconds, "peak_bytes": peak_bytes(),
        "parameters": parameters.collect::<Vec<_>>(),
    });
    std::fs::write(folder.join("outcome.json"), outcome.to_string())?;
    println!("{} steps, the last loss {:?}, {} bytes at the peak", losses.len(), losses.last(), peak_bytes());
    Ok(())
}

fn packed(sequences: &[Sequence]) -> PackedBatch {
    let mut batch = PackedBatch::default();
    sequences.iter().for_each(|sequence| batch.push(&sequence.tokens, &sequence.learned));
    batch
}

fn write_adapter(trainer: &CpuTrainer, sizes: &Hyperparameters, folder: &Path) -> Result<(), Box<dyn Error>> {
    let Some(adapter) = trainer.adapter() else { return Ok(()) };
    let files = adapter.to_peft(sizes, "base")?;
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(engine::adapter::peft::CONFIG_FILE_NAME), files.config)?;
    std::fs::write(folder.join(engine::adapter::peft::WEIGHTS_FILE_NAME), files.weights)?;
    if !adapter.settings.dora {
        std::fs::write(folder.join("adapter.gguf"), adapter.to_gguf()?)?;
    }
    Ok(())
}

/// The most memory that the process ever held, where the system says it.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
