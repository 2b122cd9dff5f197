//! Teacher forcing against the float32 reference: the most probable token agrees at nearly every position, and
//! wherever the reference is sure.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::{Device, Model};
use support::reference_models::{GEMMA3, Reference, SMOLLM2};

#[derive(serde::Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    prompt_ids: Vec<u32>,
    new_ids: Vec<u32>,
    top5_ids: Vec<[u32; 5]>,
    top5_logits: Vec<[f32; 5]>,
}

/// The reference is sure where its best logit leads by more than this.
const SURE_MARGIN: f32 = 1.0;

fn check(reference: Reference, mut model: Model, least_agreement: f64) {
    let golden: Golden = serde_json::from_str(reference.greedy).unwrap();
    let (mut positions, mut agreed, mut largest_difference) = (0, 0, 0.0_f32);
    for case in &golden.cases {
        let ids: Vec<u32> = case.prompt_ids.iter().chain(&case.new_ids).copied().collect();
        let first = case.prompt_ids.len() - 1;
        let mut rows = Vec::new();
        pollster::block_on(model.score(&ids, &mut |position, logits| {
            if (first..first + case.new_ids.len()).contains(&position) {
                let expected = case.top5_ids[position - first][0];
                rows.push((shared::sampling::argmax(logits), logits[expected as usize]));
            }
        }))
        .unwrap();
        assert_eq!(rows.len(), case.new_ids.len());
        for (step, &(token, logit)) in rows.iter().enumerate() {
            let [best, second, ..] = case.top5_logits[step];
            let expected = case.top5_ids[step][0];
            positions += 1;
            agreed += usize::from(token == expected);
            largest_difference = largest_difference.max((logit - best).abs());
            assert!(
                token == expected || best - second <= SURE_MARGIN,
                "{} step {step}: token {token} instead of {expected}, which leads by {}",
                case.name,
                best - second
            );
        }
    }
    let agreement = f64::from(agreed as u32) / f64::from(positions as u32);
    println!("{}: {agreed} of {positions} agree, logits within {largest_difference}", model.device_name());
    assert!(agreement >= least_agreement, "only {agreement} of the positions agree");
}

fn cpu() -> Device {
    Device::Cpu { threads: 2 }
}

#[test]
fn smollm2_on_the_cpu() {
    check(SMOLLM2, SMOLLM2.load(cpu()), 0.99);
}

#[test]
fn gemma3_on_the_cpu() {
    check(GEMMA3, GEMMA3.load(cpu()), 0.99);
}

mod gpu {
    //! On whatever GPU API there is; without a GPU, Mesa's lavapipe.

    use super::*;

    fn gpu() -> Device {
        Device::Gpu(pollster::block_on(engine::gpu::GpuDevice::request()).unwrap())
    }

    #[test]
    fn smollm2_on_the_gpu() {
        check(SMOLLM2, SMOLLM2.load(gpu()), 0.99);
    }

    #[test]
    fn gemma3_on_the_gpu() {
        check(GEMMA3, GEMMA3.load(gpu()), 0.99);
    }
}
