//! Vectors of texts: those of the reference implementation, on both backends, and nearer where meanings are.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::{Device, Model};
use shared::model_call::{ModelCallErrorKind, Prompt};
use support::reference_models::SMOLLM2;

/// "The capital of France is Paris."
const IDS: [u32; 7] = [504, 3575, 282, 4649, 314, 7042, 30];
/// The first of 576 values of the mean of the last hidden states, scaled to length 1, and the sum of all, in float32
/// with the weights of the same file.
const REFERENCE: [f32; 6] = [-0.031_419, -0.010_457, -0.004_509, 0.019_204, 0.007_66, -0.016_682];
const REFERENCE_SUM: f32 = 1.661_519;

fn embed(model: &mut Model, input: &Prompt) -> Vec<f32> {
    pollster::block_on(model.embed(input)).unwrap().vector
}

#[track_caller]
fn check_reference(model: &mut Model) {
    let embedding = pollster::block_on(model.embed(&Prompt::Tokens(IDS.to_vec()))).unwrap();
    assert_eq!((embedding.vector.len(), embedding.tokens), (576, 7));
    for (value, reference) in embedding.vector.iter().zip(REFERENCE) {
        assert!((value - reference).abs() < 2e-3, "{:?}", &embedding.vector[..6]);
    }
    let sum: f32 = embedding.vector.iter().sum();
    assert!((sum - REFERENCE_SUM).abs() < 0.05, "{sum}");
    let length: f32 = embedding.vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    assert!((length - 1.0).abs() < 1e-5, "{length}");
}

#[test]
fn a_vector_is_that_of_the_reference() {
    check_reference(&mut SMOLLM2.load(Device::Cpu { threads: 2 }));
}

#[test]
fn a_vector_on_the_gpu_is_that_of_the_reference() {
    let gpu = pollster::block_on(engine::gpu::GpuDevice::request()).unwrap();
    check_reference(&mut SMOLLM2.load(Device::Gpu(gpu)));
}

#[test]
fn what_was_read_before_changes_nothing() {
    let mut model = SMOLLM2.load(Device::Cpu { threads: 2 });
    // Longer than a batch.
    let long = Prompt::Text("A cat sat on the mat. ".repeat(20));
    let first = embed(&mut model, &long);
    let other = embed(&mut model, &Prompt::Text("A cat ran.".to_owned()));
    assert_eq!(embed(&mut model, &long), first);
    assert_ne!(other, first);
}

#[test]
fn alike_texts_are_nearer() {
    let mut model = SMOLLM2.load(Device::Cpu { threads: 2 });
    let [cat, kitten, rates] =
        ["The cat sleeps on the sofa.", "A kitten naps on the couch.", "Interest rates rose by half a percent."]
            .map(|text| embed(&mut model, &Prompt::Text(text.to_owned())));
    let similarity = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    assert!(similarity(&cat, &kitten) > similarity(&cat, &rates));
}

#[test]
fn what_cannot_be_embedded_is_refused() {
    let mut model = SMOLLM2.load(Device::Cpu { threads: 2 });
    let kind = |model: &mut Model, ids| pollster::block_on(model.embed(&Prompt::Tokens(ids))).unwrap_err().kind;
    assert_eq!(kind(&mut model, Vec::new()), ModelCallErrorKind::InvalidRequest);
    assert_eq!(kind(&mut model, vec![u32::MAX]), ModelCallErrorKind::InvalidRequest);
    assert_eq!(kind(&mut model, vec![1; 2049]), ModelCallErrorKind::ContextLengthExceeded);
}
