//! Training on an NVIDIA GPU against training on the processor, where there is such a GPU. Where there is none, the kernels are
//! held to the same by the unit tests of `training::cuda`.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::adapter::{LoraSettings, Scaling};
use engine::gguf::GgufFile;
use engine::quantization::BlockType;
use engine::training::{AdamW, AdamWSettings, CudaDevice, Method, PackedBatch, Recompute, Trainer, TrainingDevice};
use support::random::Random;
use support::tiny_model::{Architecture, ModelShape};

const VOCABULARY: usize = 515;

/// Products of 16 bits: each is off by up to 1/256, and errors of many layers add up.
const LARGEST_LOSS_ERROR: f64 = 2e-3;
const LARGEST_GRADIENT_ERROR: f64 = 0.05;

/// True if there is a GPU; else the reason is printed.
fn has_gpu() -> bool {
    match CudaDevice::find() {
        Ok(device) => {
            eprintln!("on {} ({} bytes free)", device.name, device.free_bytes);
            true
        }
        Err(error) => {
            eprintln!("skipped: {error}");
            false
        }
    }
}

fn lora() -> Method {
    let targets = LoraSettings::ALL_TARGETS.map(str::to_owned).to_vec();
    Method::Lora(LoraSettings { rank: 4, alpha: 8.0, scaling: Scaling::Rank, targets, dora: false })
}

fn qlora() -> Method {
    Method::QLora { settings: lora().adapters().unwrap().clone(), double_quantization: true }
}

fn load(device: &TrainingDevice, bytes: &Vec<u8>, method: &Method, recompute: Recompute) -> Trainer {
    let mut trainer = Trainer::load(device, &GgufFile::read(bytes).unwrap(), bytes, method, recompute, 5).unwrap();
    // Adapters of which B is not zero, as after some steps.
    let parameters = trainer.parameters().unwrap();
    let (mut values, mut random) = (parameters.values.clone(), Random::new(3));
    for parameter in parameters.list.iter().filter(|parameter| parameter.name.ends_with("lora_b")) {
        values[parameter.range.clone()].fill_with(|| random.between(-0.1, 0.1));
    }
    trainer.set_values(&values).unwrap();
    trainer
}

fn cuda() -> TrainingDevice {
    TrainingDevice::Cuda { cache: Some(std::env::temp_dir().join("quern-cuda-kernels")) }
}

fn batch(lengths: &[usize]) -> PackedBatch {
    let (mut batch, mut random) = (PackedBatch::default(), Random::new(1));
    for length in lengths {
        let tokens: Vec<u32> = (0..*length).map(|_| random.below(VOCABULARY) as u32).collect();
        let learned: Vec<bool> = (0..*length).map(|place| place % 5 != 2).collect();
        batch.push(&tokens, &learned);
    }
    batch
}

fn length(values: impl Iterator<Item = f32>) -> f64 {
    values.map(|value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt()
}

#[test]
fn losses_and_gradients_are_those_of_the_processor() {
    if !has_gpu() {
        return;
    }
    let batch = batch(&[70, 1, 133]);
    for architecture in Architecture::ALL {
        for (block_type, method) in [BlockType::F32, BlockType::Q8_0, BlockType::Q6K]
            .into_iter()
            .flat_map(|block_type| [Method::Full, lora(), qlora()].map(|method| (block_type, method)))
        {
            let bytes = ModelShape::tiny(architecture, block_type).file(7).bytes();
            let mut cpu = load(&TrainingDevice::Cpu { threads: 2 }, &bytes, &method, Recompute::Layers);
            let mut gpu = load(&cuda(), &bytes, &method, Recompute::Layers);
            let (expected, loss) = (cpu.learn(&batch, 0.02).unwrap(), gpu.learn(&batch, 0.02).unwrap());
            let off = (loss - expected).abs() / expected;
            assert!(off < LARGEST_LOSS_ERROR, "{architecture:?} {block_type} {method:?}: {loss}, not {expected}");
            let (expected, found) = (cpu.parameters().unwrap(), gpu.parameters().unwrap());
            for parameter in &expected.list {
                let [expected, found] = [expected, found].map(|all| &all.gradients[parameter.range.clone()]);
                let difference = length(found.iter().zip(expected).map(|(found, expected)| found - expected));
                let error = difference / length(expected.iter().copied());
                assert!(error < LARGEST_GRADIENT_ERROR, "{architecture:?} {block_type} {}: {error}", parameter.name);
            }
        }
    }
}

#[test]
fn the_same_run_gives_the_same_bytes_and_learns_by_heart() {
    if !has_gpu() {
        return;
    }
    let bytes = ModelShape::tiny(Architecture::Llama, BlockType::Q8_0).file(7).bytes();
    let batch = batch(&[40, 33]);
    let run = |recompute| {
        let mut trainer = load(&cuda(), &bytes, &lora(), recompute);
        let mut optimizer = AdamW::new(AdamWSettings::default(), trainer.parameters().unwrap());
        let scale = 1.0 / batch.learned_tokens() as f32;
        let step = |_| {
            trainer.clear_gradients().unwrap();
            let loss = trainer.learn(&batch, scale).unwrap() * f64::from(scale);
            trainer.step(&mut optimizer, 0.02).unwrap();
            loss
        };
        let losses: Vec<f64> = (0..60).map(step).collect();
        trainer.read_optimizer(&mut optimizer).unwrap();
        (losses, optimizer, trainer.parameters().unwrap().values.clone())
    };
    let (losses, optimizer, values) = run(Recompute::Layers);
    assert!(losses[0] > 5.0 && losses[59] < 0.2, "{losses:?}");
    assert!((losses, optimizer, values) == run(Recompute::Nothing), "the bytes are the same");
}
