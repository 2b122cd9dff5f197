//! The whole way of a batch on the device against that on the processor, where there is no GPU: see [`super::emulation`].

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, reason = "every program uses its part")]
#[path = "../../../tests/support/mod.rs"]
mod support;

use self::support::random::Random;
use self::support::tiny_model::{Architecture, ModelShape};
use super::CudaTrainer;
use super::emulation::Emulation;
use crate::adapter::{LoraSettings, Scaling};
use crate::gguf::GgufFile;
use crate::quantization::BlockType;
use crate::training::{AdamW, AdamWSettings, CpuTrainer, Method, PackedBatch, Recompute};

const VOCABULARY: usize = 515;

fn lora() -> Method {
    let targets = LoraSettings::ALL_TARGETS.map(str::to_owned).to_vec();
    Method::Lora(LoraSettings { rank: 4, alpha: 8.0, scaling: Scaling::Rank, targets, dora: false })
}

fn qlora(double_quantization: bool) -> Method {
    Method::QLora { settings: lora().adapters().unwrap().clone(), double_quantization }
}

fn model(architecture: Architecture, block_type: BlockType) -> Vec<u8> {
    ModelShape::tiny(architecture, block_type).file(7).bytes()
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

/// The same model on both, with adapters of which B is not zero.
fn both(bytes: &Vec<u8>, method: &Method, recompute: Recompute) -> (CpuTrainer, CudaTrainer) {
    let file = GgufFile::read(bytes).unwrap();
    let mut cpu = CpuTrainer::load(&file, bytes, method, recompute, 2, 5).unwrap();
    let open = |head_size| Ok(Emulation::driver(head_size));
    let mut cuda = CudaTrainer::load_on(&open, &file, bytes, method, recompute, 5).unwrap();
    assert_eq!(cuda.parameters().unwrap().values, cpu.parameters.values);
    let mut random = Random::new(3);
    for parameter in cpu.parameters.list.iter().filter(|parameter| parameter.name.ends_with("lora_b")) {
        cpu.parameters.values[parameter.range.clone()].fill_with(|| random.between(-0.1, 0.1));
    }
    cuda.set_values(&cpu.parameters.values).unwrap();
    (cpu, cuda)
}

fn length(values: impl Iterator<Item = f32>) -> f64 {
    values.map(|value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt()
}

#[test]
fn losses_and_gradients_are_those_of_the_processor() {
    let batch = batch(&[45, 1, 23]);
    for architecture in Architecture::ALL {
        for (block_type, method) in [
            (BlockType::F32, Method::Full),
            (BlockType::Q8_0, lora()),
            (BlockType::Q4K, lora()),
            (BlockType::F32, qlora(false)),
            (BlockType::F16, qlora(true)),
        ] {
            let (mut cpu, mut cuda) = both(&model(architecture, block_type), &method, Recompute::Layers);
            let expected = cpu.learn(&batch, 0.02).unwrap();
            let loss = cuda.loss(&batch).unwrap();
            assert_eq!(cuda.learn(&batch, 0.02).unwrap(), loss);
            let off = (loss - expected).abs() / expected;
            assert!(off < 2e-3, "{architecture:?} {block_type} {method:?}: {loss}, not {expected}");
            let tokens = &batch.tokens()[..45];
            let (found, expected) = (cuda.logits(tokens, 7..9).unwrap(), cpu.logits(tokens, 7..9).unwrap());
            let difference = length(found.iter().zip(&expected).map(|(found, expected)| found - expected));
            assert!(difference < 0.02 * length(expected.iter().copied()), "logits are off by {difference}");
            let parameters = cuda.parameters().unwrap();
            let mut largest_error = 0.0_f64;
            for parameter in &parameters.list {
                let (found, expected) = (
                    &parameters.gradients[parameter.range.clone()],
                    &cpu.parameters.gradients[parameter.range.clone()],
                );
                let difference = length(found.iter().zip(expected).map(|(found, expected)| found - expected));
                let error = difference / length(expected.iter().copied());
                largest_error = largest_error.max(error);
                assert!(error < 0.05, "{architecture:?} {block_type} {}: off by {error}", parameter.name);
            }
            println!("{architecture:?} {block_type}: loss off by {off:.1e}, gradients by {largest_error:.1e} at most");
        }
    }
}

#[test]
fn what_is_computed_again_is_the_same_to_the_last_bit() {
    for architecture in Architecture::ALL {
        let bytes = model(architecture, BlockType::Q8_0);
        let learn = |recompute| {
            let (_, mut cuda) = both(&bytes, &lora(), recompute);
            let loss = cuda.learn(&batch(&[33, 9]), 0.5).unwrap();
            (loss, cuda.parameters().unwrap().gradients.clone())
        };
        assert_eq!(learn(Recompute::Nothing), learn(Recompute::Layers));
    }
}

#[test]
fn a_model_learns_by_heart_and_its_optimizer_comes_back_from_a_checkpoint() {
    let bytes = model(Architecture::Llama, BlockType::Q8_0);
    let batch = batch(&[13, 9]);
    let (_, mut cuda) = both(&bytes, &lora(), Recompute::Nothing);
    let mut optimizer = AdamW::new(AdamWSettings::default(), cuda.parameters().unwrap());
    let scale = 1.0 / batch.learned_tokens() as f32;
    let step = |cuda: &mut CudaTrainer, optimizer: &mut AdamW| {
        cuda.clear_gradients().unwrap();
        let loss = cuda.learn(&batch, scale).unwrap() * f64::from(scale);
        cuda.step(optimizer, 0.02).unwrap();
        loss
    };
    let losses: Vec<f64> = (0..24).map(|_| step(&mut cuda, &mut optimizer)).collect();
    assert!(losses[0] > 5.0 && losses[23] < 0.5, "{losses:?}");
    // From here on twice: on, and from what a checkpoint holds.
    cuda.read_optimizer(&mut optimizer).unwrap();
    let values = cuda.parameters().unwrap().values.clone();
    let mut saved = optimizer.clone();
    let went_on = [(); 2].map(|()| step(&mut cuda, &mut optimizer));
    let (_, mut other) = both(&bytes, &lora(), Recompute::Nothing);
    other.set_values(&values).unwrap();
    assert_eq!([(); 2].map(|()| step(&mut other, &mut saved)), went_on);
    assert_eq!(other.parameters().unwrap().values, cuda.parameters().unwrap().values);
}
