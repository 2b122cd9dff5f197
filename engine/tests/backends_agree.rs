//! CPU and GPU compute what a plain forward pass in 32-bit floats computes, step by step, for every architecture and
//! block type: single tokens and batches, with and without a cache, across chunks, splits and windows.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::executor::{Executor, LogitsWanted};
use engine::gpu::GpuDevice;
use engine::quantization::BlockType;
use engine::{Device, Model};
use support::plain_executor::{CachePrecision, PlainExecutor};
use support::random::Random;
use support::tiny_model::{Architecture, ModelShape, load};

/// How far the CPU may be from the plain floats, as the mean squared difference over the mean square.
///
/// It rounds the inputs of products to 15 bits, a share of 3e-5 of the largest of 32 values. Squared, that is 1e-9 per
/// product; it adds up over the layers, and weights that nearly cancel enlarge it (`Q4_1` with its minimums most). A
/// wrong sign, scale, place or neighbour of a single value in ten thousand is above 1e-4.
const CPU_TOLERANCE: f64 = 1e-6;

/// How far the GPU may be from plain floats whose keys and values are rounded to 16-bit floats as its own are. Only the
/// order of sums differs, and with it the last bit of a key now and then.
const GPU_TOLERANCE: f64 = 2e-7;

/// A step's name and the rows it wrote.
type Shown = Vec<(String, Vec<f32>)>;

/// What each batch of a sequence holds, and which logits are wanted.
type Batches<'a> = &'a [(usize, LogitsWanted)];

/// Alone, into an empty cache; a few; more than a window; every logit; across the 64 positions of a chunk; alone, with
/// positions split.
const BATCHES: Batches<'static> = &[
    (1, LogitsWanted::Last),
    (3, LogitsWanted::None),
    (25, LogitsWanted::Last),
    (16, LogitsWanted::All),
    (63, LogitsWanted::Last),
    (1, LogitsWanted::Last),
    (1, LogitsWanted::None),
];

fn cpu() -> Device {
    Device::Cpu { threads: 2 }
}

fn gpu() -> Device {
    Device::Gpu(pollster::block_on(GpuDevice::request()).unwrap())
}

fn show(model: &mut Model, tokens: &[u32], first_position: usize, wanted: LogitsWanted) -> Shown {
    let mut shown = Shown::new();
    let mut inspect = |name: &str, values: &[f32]| shown.push((name.to_owned(), values.to_vec()));
    match model.executor_mut() {
        Executor::Cpu(executor) => {
            executor.run(tokens, first_position, wanted, Some(&mut inspect)).unwrap();
        }
        Executor::Gpu(executor) => {
            pollster::block_on(executor.run(tokens, first_position, wanted, &mut inspect)).unwrap();
        }
    }
    shown
}

/// Finds the first step that differs.
fn compare(expected: &Shown, got: &Shown, tolerance: f64) -> Result<f64, String> {
    let mut largest_error = 0.0_f64;
    assert_eq!(expected.len(), got.len(), "every step is shown");
    for ((name, expected), (got_name, got)) in expected.iter().zip(got) {
        assert_eq!((name, expected.len()), (got_name, got.len()));
        let square = |x: f32| f64::from(x) * f64::from(x);
        let size: f64 = expected.iter().copied().map(square).sum();
        let difference: f64 = expected.iter().zip(got).map(|(a, b)| square(a - b)).sum();
        let error = difference / size;
        // NaN is no agreement.
        if error.is_nan() || error > tolerance {
            let far = |index: &usize| (expected[*index] - got[*index]).abs();
            let index = (0..got.len()).max_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or(0);
            return Err(format!(
                "step {name:?} differs by {error:e}: value {index} of {} is {} instead of {}",
                got.len(),
                got[index],
                expected[index]
            ));
        }
        largest_error = largest_error.max(error);
    }
    Ok(largest_error)
}

/// A backend next to the plain forward pass that it should agree with.
struct Pair {
    model: Model,
    plain: PlainExecutor,
    tolerance: f64,
    largest_error: f64,
}

fn check(shape: ModelShape, batches: Batches<'_>) {
    let mut random = Random::new(7);
    let bytes = shape.file(3).bytes();
    let tokens: Vec<u32> = (0..shape.context_tokens).map(|_| random.below(shape.vocabulary_size) as u32).collect();
    let pair = |device, precision, tolerance| Pair {
        model: load(bytes.clone(), device, shape.context_tokens as u32).unwrap(),
        plain: PlainExecutor::load(&bytes, precision),
        tolerance,
        largest_error: 0.0,
    };
    let mut pairs =
        [pair(cpu(), CachePrecision::Float32, CPU_TOLERANCE), pair(gpu(), CachePrecision::Float16, GPU_TOLERANCE)];
    let mut first_position = 0;
    for &(count, wanted) in batches {
        let batch = &tokens[first_position..first_position + count];
        for Pair { model, plain, tolerance, largest_error } in &mut pairs {
            let mut expected = Shown::new();
            plain.run(batch, first_position, wanted, |name, values| expected.push((name.to_owned(), values.to_vec())));
            match compare(&expected, &show(model, batch, first_position, wanted), *tolerance) {
                Ok(error) => *largest_error = largest_error.max(error),
                Err(difference) => panic!(
                    "{:?} in {}, {count} tokens from position {first_position} on, {}: {difference}",
                    shape.architecture,
                    shape.block_type,
                    model.device_name()
                ),
            }
        }
        first_position += count;
    }
    let [cpu, gpu] = pairs.map(|pair| pair.largest_error);
    println!(
        "{:?} in {}: largest errors {cpu:.1e} on the CPU, {gpu:.1e} on the GPU",
        shape.architecture, shape.block_type
    );
}

fn check_block_type(block_type: BlockType) {
    for architecture in Architecture::ALL {
        check(ModelShape::tiny(architecture, block_type), BATCHES);
    }
}

macro_rules! each_block_type {
    ($($name:ident: $block_type:ident,)*) => {
        $(#[test]
        fn $name() {
            check_block_type(BlockType::$block_type);
        })*

        #[test]
        fn every_block_type_is_here() {
            assert_eq!(BlockType::ALL, [$(BlockType::$block_type),*]);
        }
    };
}

each_block_type! {
    f32: F32,
    f16: F16,
    q4_0: Q4_0,
    q4_1: Q4_1,
    q5_0: Q5_0,
    q5_1: Q5_1,
    q8_0: Q8_0,
    q4_k: Q4K,
    q5_k: Q5K,
    q6_k: Q6K,
}

#[test]
fn a_window_of_several_chunks_is_split() {
    let shape = ModelShape { window: 150, ..ModelShape::tiny(Architecture::Gemma3, BlockType::Q8_0) };
    let mut batches = vec![(60, LogitsWanted::None); 4];
    batches.extend([(1, LogitsWanted::Last), (2, LogitsWanted::All), (1, LogitsWanted::Last)]);
    check(shape, &batches);
}

/// From position 2,048 on splits grow, and rotations use the coarse table's ninth row.
#[test]
fn thousands_of_positions_are_attended_to() {
    let shape = ModelShape { context_tokens: 2_200, ..ModelShape::tiny(Architecture::Llama, BlockType::F32) };
    let mut batches = vec![(64, LogitsWanted::None); 33];
    batches.extend([(1, LogitsWanted::Last), (5, LogitsWanted::Last), (1, LogitsWanted::Last)]);
    check(shape, &batches);
}

/// Weights are uploaded a few megabytes at a time; a row of three blocks makes every other row begin inside a word.
#[test]
fn a_matrix_larger_than_one_window_of_the_file_arrives_whole() {
    let tiny = ModelShape::tiny(Architecture::Llama, BlockType::Q6K);
    let shape = ModelShape { width: 768, vocabulary_size: 7_001, layers: 1, ..tiny };
    check(shape, &[(4, LogitsWanted::All), (1, LogitsWanted::Last)]);
}

/// A comparison that lets everything pass would be worth nothing.
#[test]
fn a_single_wrong_value_is_found_and_its_step_named() {
    let values: Vec<f32> = (0..10_000).map(|index| (index as f32).sin()).collect();
    let mut wrong = values.clone();
    wrong[1_234] = -wrong[1_234] + 0.5;
    let expected = vec![("first".to_owned(), values.clone()), ("second".to_owned(), values)];
    let mut got = expected.clone();
    assert!(compare(&expected, &got, CPU_TOLERANCE).is_ok());
    got[1].1 = wrong;
    let difference = compare(&expected, &got, CPU_TOLERANCE).unwrap_err();
    assert!(difference.contains("\"second\"") && difference.contains("value 1234 of 10000"), "{difference}");
    got[1].1[0] = f32::NAN;
    assert!(compare(&expected, &got, CPU_TOLERANCE).is_err(), "NaN is no agreement");
}
