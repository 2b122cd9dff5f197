//! Losses and gradients of training, on models that are small enough to be told the truth of: the loss against the forward pass
//! as the plan's documentation says it, each gradient against what really happens to the loss.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::adapter::{LoraAdapter, LoraMatrix, LoraSettings, Scaling};
use engine::executor::LogitsWanted;
use engine::gguf::GgufFile;
use engine::models::Hyperparameters;
use engine::models::hugging_face::Modules;
use engine::plan::Weight;
use engine::quantization::BlockType;
use engine::training::{AdamW, AdamWSettings, Beside, CpuTrainer, Method, Nf4, PackedBatch, Preference, Recompute};
use engine::weights::read_floats;
use support::plain_executor::{CachePrecision, PlainExecutor};
use support::random::Random;
use support::tiny_model::{Architecture, ModelShape};

const VOCABULARY: usize = 515;

fn model(architecture: Architecture, block_type: BlockType) -> Vec<u8> {
    ModelShape::tiny(architecture, block_type).file(7).bytes()
}

fn trainer(bytes: &Vec<u8>, method: &Method, recompute: Recompute) -> CpuTrainer {
    CpuTrainer::load(&GgufFile::read(bytes).unwrap(), bytes, method, recompute, 2, 5).unwrap()
}

fn lora(rank: usize) -> Method {
    let targets = LoraSettings::ALL_TARGETS.map(str::to_owned).to_vec();
    Method::Lora(LoraSettings { rank, alpha: 2.0 * rank as f32, scaling: Scaling::Rank, targets, dora: false })
}

fn qlora(rank: usize) -> Method {
    let settings = lora(rank).adapters().unwrap().clone();
    Method::QLora { settings, double_quantization: true }
}

fn dora(rank: usize) -> Method {
    Method::Lora(LoraSettings { dora: true, ..lora(rank).adapters().unwrap().clone() })
}

/// Adapters of which B is not zero, as after some steps.
fn stir(trainer: &mut CpuTrainer) {
    let mut random = Random::new(3);
    for parameter in trainer.parameters.list.iter().filter(|parameter| parameter.name.ends_with("lora_b")) {
        trainer.parameters.values[parameter.range.clone()].fill_with(|| random.between(-0.1, 0.1));
    }
}

/// A sequence of tokens of which some are learned, longer than the window of the tiny models' local layers.
fn sequence(seed: u64, length: usize) -> (Vec<u32>, Vec<bool>) {
    let mut random = Random::new(seed);
    let tokens = (0..length).map(|_| random.below(VOCABULARY) as u32).collect();
    (tokens, (0..length).map(|place| place % 5 != 2).collect())
}

fn batch(sequences: &[(Vec<u32>, Vec<bool>)]) -> PackedBatch {
    let mut batch = PackedBatch::default();
    sequences.iter().for_each(|(tokens, learned)| batch.push(tokens, learned));
    batch
}

/// The loss of a sequence by the forward pass that is easy to read.
fn plain_loss(bytes: &Vec<u8>, (tokens, learned): &(Vec<u32>, Vec<bool>)) -> f64 {
    let mut executor = PlainExecutor::load(bytes, CachePrecision::Float32);
    let mut logits = Vec::new();
    executor.run(tokens, 0, LogitsWanted::All, |name, rows| {
        if name == "logits" {
            logits = rows.to_vec();
        }
    });
    let losses = (1..tokens.len()).filter(|place| learned[*place]).map(|place| {
        let row: Vec<f64> = logits[(place - 1) * VOCABULARY..][..VOCABULARY].iter().map(|it| f64::from(*it)).collect();
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = row.iter().map(|logit| (logit - largest).exp()).sum();
        total.ln() + largest - row[tokens[place] as usize]
    });
    losses.sum()
}

#[test]
fn losses_are_those_of_the_forward_pass() {
    for architecture in Architecture::ALL {
        for block_type in [BlockType::F32, BlockType::Q8_0, BlockType::Q6K] {
            let bytes = model(architecture, block_type);
            let sequences = [sequence(1, 70), sequence(2, 1), sequence(4, 33)];
            let expected: f64 = sequences.iter().map(|sequence| plain_loss(&bytes, sequence)).sum();
            // New adapters change nothing.
            for method in [Method::Full, lora(4), dora(4)] {
                let loss = trainer(&bytes, &method, Recompute::Nothing).loss(&batch(&sequences)).unwrap();
                let off = (loss - expected).abs() / expected;
                assert!(off < 2e-6, "{architecture:?} {block_type} {method:?}: {loss}, not {expected}");
            }
        }
    }
}

/// How far the gradient of each parameter is from what happens to a loss, at most, relative to its length. `change` is how much
/// the loss is changed: more than rounding does, and little enough for the curve to be smooth.
fn compare_gradients(trainer: &mut CpuTrainer, change: f64, loss: impl Fn(&mut CpuTrainer) -> f64) -> f64 {
    let mut largest_error = 0.0_f64;
    for parameter in trainer.parameters.list.clone() {
        let gradient: Vec<f64> =
            trainer.parameters.gradients[parameter.range.clone()].iter().map(|it| f64::from(*it)).collect();
        let length = gradient.iter().map(|value| value * value).sum::<f64>().sqrt();
        assert!(length > 0.0 && length.is_finite(), "{} has no gradient", parameter.name);
        // Along the gradient, the loss rises by its length.
        let before = trainer.parameters.values.clone();
        let mut rises = |step: f64| {
            let moved: Vec<f64> = [step, -step]
                .map(|step| {
                    let values = trainer.parameters.values[parameter.range.clone()].iter_mut();
                    let from = &before[parameter.range.clone()];
                    values.zip(from).zip(&gradient).for_each(|((value, from), gradient)| {
                        *value = (f64::from(*from) + step * gradient / length) as f32;
                    });
                    loss(trainer)
                })
                .to_vec();
            (moved[0] - moved[1]) / (2.0 * step)
        };
        let step = change / length;
        // Richardson's: what the third derivative adds is taken away.
        let rise = (4.0 * rises(step / 2.0) - rises(step)) / 3.0;
        trainer.parameters.values = before;
        let error = (rise - length).abs() / length;
        largest_error = largest_error.max(error);
        assert!(error < 5e-4, "{}: rises by {rise}, not {length}", parameter.name);
    }
    largest_error
}

#[test]
fn gradients_are_what_happens_to_the_loss() {
    for architecture in Architecture::ALL {
        let bytes = model(architecture, BlockType::F32);
        let sequences = batch(&[sequence(1, 45), sequence(4, 33)]);
        for method in [Method::Full, lora(4), qlora(4)] {
            let mut trainer = trainer(&bytes, &method, Recompute::Nothing);
            stir(&mut trainer);
            trainer.learn(&sequences, 1.0).unwrap();
            let largest_error = compare_gradients(&mut trainer, 0.25, |trainer| trainer.loss(&sequences).unwrap());
            println!(
                "{architecture:?}: {} parameters, off by {largest_error:.1e} at most",
                trainer.parameters.list.len()
            );
        }
    }
}

#[test]
fn it_does_not_matter_how_sequences_are_packed_nor_what_is_computed_again() {
    for architecture in Architecture::ALL {
        let bytes = model(architecture, BlockType::F32);
        let sequences = [sequence(1, 70), sequence(2, 9), sequence(4, 33)];
        let learn = |recompute, batches: &[&[(Vec<u32>, Vec<bool>)]]| {
            let mut trainer = trainer(&bytes, &lora(4), recompute);
            stir(&mut trainer);
            let losses = batches.iter().map(|sequences| trainer.learn(&batch(sequences), 0.5).unwrap());
            (losses.sum::<f64>(), trainer.parameters.gradients)
        };
        let (loss, gradients) = learn(Recompute::Nothing, &[&sequences]);
        assert_eq!((loss, gradients.clone()), learn(Recompute::Layers, &[&sequences]));
        let (other_loss, other_gradients) = learn(Recompute::Nothing, &[&sequences[..1], &sequences[1..]]);
        assert!((loss - other_loss).abs() < 1e-6 * loss, "{loss} {other_loss}");
        let length = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
        let difference = length(&mut gradients.iter().zip(&other_gradients).map(|(one, other)| one - other));
        assert!(difference < 1e-5 * length(&mut gradients.iter().copied()), "{difference}");
    }
}

#[test]
fn a_model_learns_by_heart() {
    for (method, learning_rate) in [(Method::Full, 0.003), (lora(8), 0.02)] {
        let bytes = model(Architecture::Llama, BlockType::Q8_0);
        let sequences = batch(&[sequence(1, 40), sequence(4, 33)]);
        let mut trainer = trainer(&bytes, &method, Recompute::Layers);
        let mut optimizer = AdamW::new(AdamWSettings::default(), &trainer.parameters);
        let scale = 1.0 / sequences.learned_tokens() as f32;
        let mut losses = Vec::new();
        for _ in 0..60 {
            trainer.parameters.clear_gradients();
            losses.push(trainer.learn(&sequences, scale).unwrap() * f64::from(scale));
            optimizer.step(&mut trainer.parameters, learning_rate);
        }
        assert!(losses[0] > 5.0 && losses[59] < 0.2, "{method:?}: {losses:?}");
    }
}

#[test]
fn adapters_come_back_from_the_files_of_others() {
    for architecture in Architecture::ALL {
        let bytes = model(architecture, BlockType::F32);
        let sizes = Hyperparameters::read(&GgufFile::read(&bytes).unwrap()).unwrap();
        for scaling in [Scaling::Rank, Scaling::RootOfRank] {
            let targets = ["attn_q", "attn_k", "ffn_down"].map(str::to_owned).to_vec();
            let method = Method::Lora(LoraSettings { rank: 4, alpha: 3.0, scaling, targets, dora: false });
            let mut trainer = trainer(&bytes, &method, Recompute::Nothing);
            stir(&mut trainer);
            let adapter = trainer.adapter().unwrap();
            let files = adapter.to_peft(&sizes, "somebody/tiny").unwrap();
            assert_eq!(LoraAdapter::from_peft(&files.config, &files.weights, &sizes).unwrap(), adapter);
            // Those of another model are refused, and damaged ones never end the program.
            let other = Hyperparameters { key_value_heads: sizes.key_value_heads + 1, ..sizes.clone() };
            let refused = LoraAdapter::from_peft(&files.config, &files.weights, &other).unwrap_err().to_string();
            assert!(refused.contains("self_attn.k_proj is of"), "{refused}");
            for cut in (0..files.weights.len()).step_by(files.weights.len() / 50) {
                assert!(LoraAdapter::from_peft(&files.config, &files.weights[..cut], &sizes).is_err());
            }
            let file = adapter.to_gguf().unwrap();
            for cut in (0..file.len()).step_by(file.len() / 50) {
                assert!(LoraAdapter::from_gguf(&file[..cut].to_vec()).is_err());
            }
            let dora = files.config.replace("\"use_dora\": false", "\"use_dora\": true");
            let refused = LoraAdapter::from_peft(&dora, &files.weights, &sizes).unwrap_err().to_string();
            assert!(refused.contains("has no length for each"), "{refused}");
            let read = LoraAdapter::from_gguf(&adapter.to_gguf().unwrap()).unwrap();
            assert_eq!((&read.matrices, &read.architecture), (&adapter.matrices, &adapter.architecture));
            assert!((read.settings.factor() - adapter.settings.factor()).abs() < 1e-6);
        }
    }
}

/// A file whose matrices of layers are what NF4 makes of them, in the order of transformers' rows.
fn in_four_bits(architecture: Architecture) -> Vec<u8> {
    let mut content = ModelShape::tiny(architecture, BlockType::F32).file(7);
    let bytes = content.bytes();
    let sizes = Hyperparameters::read(&GgufFile::read(&bytes).unwrap()).unwrap();
    let modules = Modules::of(&sizes);
    let is_matrix = |name: &str, dimensions: &[u64]| name.starts_with("blk.") && dimensions.len() == 2;
    for tensor in content.tensors.iter_mut().filter(|it| is_matrix(&it.name, &it.dimensions)) {
        let (columns, rows) = (tensor.dimensions[0] as usize, tensor.dimensions[1] as usize);
        let places: Vec<usize> =
            (0..rows).map(|row| modules.row_order(&tensor.name).row_of_module(row, rows) * columns).collect();
        let mut values = vec![0.0; rows * columns];
        for (place, bytes) in places.iter().zip(tensor.bytes.chunks_exact(4 * columns)) {
            for (value, bytes) in values[*place..][..columns].iter_mut().zip(bytes.chunks_exact(4)) {
                *value = f32::from_le_bytes(bytes.try_into().unwrap());
            }
        }
        let stored = Nf4::quantize(&values, true);
        let mut row = vec![0.0; columns];
        for (place, bytes) in places.iter().zip(tensor.bytes.chunks_exact_mut(4 * columns)) {
            stored.dequantize(*place..place + columns, &mut row);
            row.iter().zip(bytes.chunks_exact_mut(4)).for_each(|(value, it)| it.copy_from_slice(&value.to_le_bytes()));
        }
    }
    content.bytes()
}

#[test]
fn four_bits_are_multiplied_with_as_what_they_mean() {
    for architecture in Architecture::ALL {
        let sequence = sequence(1, 70);
        let loss = |bytes: &Vec<u8>, method| {
            trainer(bytes, &method, Recompute::Nothing).loss(&batch(std::slice::from_ref(&sequence))).unwrap()
        };
        let whole = model(architecture, BlockType::F32);
        let dequantized = in_four_bits(architecture);
        let in_four_bits = loss(&whole, qlora(4));
        assert_eq!(in_four_bits, loss(&dequantized, lora(4)), "{architecture:?}");
        let plain = plain_loss(&dequantized, &sequence);
        assert!((in_four_bits - plain).abs() < 2e-6 * plain, "{architecture:?}: {in_four_bits}, not {plain}");
        let lost = (in_four_bits - loss(&whole, lora(4))).abs() / plain;
        assert!(lost > 1e-5 && lost < 0.2, "{architecture:?}: {lost}");
    }
}

/// Pairs of answers, and what the base says of each.
fn pairs(trainer: &mut CpuTrainer) -> (PackedBatch, Vec<f64>) {
    let pairs = batch(&[sequence(1, 45), sequence(2, 40), sequence(4, 12), sequence(5, 33)]);
    let base = trainer.sequence_log_probabilities(&pairs, Beside::Nothing).unwrap();
    (pairs, base)
}

#[test]
fn gradients_of_preferences_are_what_happens_to_their_loss() {
    for architecture in Architecture::ALL {
        let bytes = model(architecture, BlockType::F32);
        for method in [Method::Full, lora(4)] {
            let mut trainer = trainer(&bytes, &method, Recompute::Layers);
            let (pairs, mut base) = pairs(&mut trainer);
            assert_eq!(base, trainer.sequence_log_probabilities(&pairs, Beside::Adapters).unwrap());
            stir(&mut trainer);
            let is_moved = trainer.sequence_log_probabilities(&pairs, Beside::Adapters).unwrap() != base;
            assert_eq!(is_moved, method != Method::Full);
            assert_eq!(base, trainer.sequence_log_probabilities(&pairs, Beside::Nothing).unwrap());
            base[0] += 3.0;
            let sum = |preferences: Vec<Preference>| preferences.iter().map(|it| it.loss).sum::<f64>();
            let loss = sum(trainer.learn_preferences(&pairs, &base, 0.1, 1.0).unwrap());
            assert_eq!(loss, sum(trainer.preferences(&pairs, &base, 0.1).unwrap()));
            compare_gradients(&mut trainer, 0.03, |trainer| sum(trainer.preferences(&pairs, &base, 0.1).unwrap()));
        }
    }
}

#[test]
fn a_model_learns_what_to_prefer() {
    let bytes = model(Architecture::Llama, BlockType::Q8_0);
    let mut trainer = trainer(&bytes, &lora(8), Recompute::Layers);
    let (pairs, base) = pairs(&mut trainer);
    let mut optimizer = AdamW::new(AdamWSettings::default(), &trainer.parameters);
    let first = trainer.preferences(&pairs, &base, 0.1).unwrap();
    assert!(first.iter().all(|it| (it.loss - std::f64::consts::LN_2).abs() < 1e-12 && !it.is_right()));
    for _ in 0..20 {
        trainer.parameters.clear_gradients();
        trainer.learn_preferences(&pairs, &base, 0.1, 0.5).unwrap();
        optimizer.step(&mut trainer.parameters, 0.01);
    }
    let last = trainer.preferences(&pairs, &base, 0.1).unwrap();
    assert!(last.iter().all(|it| it.loss < 0.1 && it.is_right()), "{last:?}");
    assert!(trainer.preferences(&pairs, &base[..3], 0.1).unwrap_err().to_string().contains("no pairs"));
}

/// The lengths of all rows of the model's matrices with their adapters, matrix by matrix.
fn lengths(bytes: &Vec<u8>, trainer: &CpuTrainer) -> Vec<Vec<f32>> {
    let file = GgufFile::read(bytes).unwrap();
    let adapter = trainer.adapter().unwrap();
    let of = |matrix: &LoraMatrix| {
        let tensor = file.tensor(&matrix.tensor).unwrap();
        let (rows, columns) = (tensor.rows, tensor.columns);
        let weight = Weight { tensors: vec![matrix.tensor.clone()], block_type: tensor.block_type, rows, columns };
        let mut values = read_floats(bytes, &file, &weight).unwrap();
        LoraMatrix { magnitude: None, ..matrix.clone() }.merge_into(adapter.settings.factor(), &mut values);
        let length = |row: &[f32]| row.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt() as f32;
        values.chunks_exact(matrix.columns).map(length).collect()
    };
    adapter.matrices.iter().map(of).collect()
}

/// A length that A and B change is held for the gradient: here, its magnitude follows it and the quotient stays.
#[test]
fn gradients_of_magnitudes_and_of_directions_are_what_happens_to_the_loss() {
    for architecture in Architecture::ALL {
        let bytes = model(architecture, BlockType::F32);
        let sequences = batch(&[sequence(1, 45), sequence(4, 33)]);
        let mut trainer = trainer(&bytes, &dora(4), Recompute::Layers);
        let magnitudes: Vec<_> =
            trainer.parameters.list.iter().filter(|it| it.name.ends_with("magnitude")).cloned().collect();
        let new = lengths(&bytes, &trainer);
        for (magnitude, lengths) in magnitudes.iter().zip(&new) {
            assert_eq!(trainer.parameters.values[magnitude.range.clone()], lengths[..], "{}", magnitude.name);
        }
        stir(&mut trainer);
        let mut random = Random::new(9);
        for magnitude in &magnitudes {
            let values = trainer.parameters.values[magnitude.range.clone()].iter_mut();
            values.for_each(|value| *value *= random.between(0.8, 1.25));
        }
        trainer.learn(&sequences, 1.0).unwrap();
        let held = lengths(&bytes, &trainer);
        compare_gradients(&mut trainer, 0.25, |trainer| {
            let before = trainer.parameters.values.clone();
            for (magnitude, (held, now)) in magnitudes.iter().zip(held.iter().zip(lengths(&bytes, trainer))) {
                let values = trainer.parameters.values[magnitude.range.clone()].iter_mut();
                values.zip(held.iter().zip(now)).for_each(|(value, (held, now))| *value *= now / held);
            }
            let loss = trainer.loss(&sequences).unwrap();
            trainer.parameters.values = before;
            loss
        });
        // Merged into the weights, it does the same; its files bring it back; and the one that has no place for it says so.
        let adapter = trainer.adapter().unwrap();
        let sizes = Hyperparameters::read(&GgufFile::read(&bytes).unwrap()).unwrap();
        let files = adapter.to_peft(&sizes, "somebody/tiny").unwrap();
        assert_eq!(LoraAdapter::from_peft(&files.config, &files.weights, &sizes).unwrap(), adapter);
        assert!(adapter.to_gguf().unwrap_err().to_string().contains("merge it into the model"));
        let mut content = ModelShape::tiny(architecture, BlockType::F32).file(7);
        for tensor in &mut content.tensors {
            let Some(matrix) = adapter.matrices.iter().find(|matrix| matrix.tensor == tensor.name) else { continue };
            let mut values: Vec<f32> =
                tensor.bytes.chunks_exact(4).map(|it| f32::from_le_bytes(it.try_into().unwrap())).collect();
            matrix.merge_into(adapter.settings.factor(), &mut values);
            tensor.bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        }
        let merged = content.bytes();
        let merged = [sequence(1, 45), sequence(4, 33)].iter().map(|it| plain_loss(&merged, it)).sum::<f64>();
        let loss = trainer.loss(&sequences).unwrap();
        assert!((merged - loss).abs() < 2e-6 * loss, "{architecture:?}: {merged}, not {loss}");
    }
}
