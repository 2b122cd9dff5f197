//! The forward pass as the plan's documentation says it, in 32-bit floats: no blocks of weights, no SIMD, no threads,
//! no tricks. Read this to learn what the backends compute; every one of them must agree with it, step by step.

use engine::executor::LogitsWanted;
use engine::gguf::GgufFile;
use engine::models::{self, Hyperparameters};
use engine::plan::{Activation, BufferId, Operation, Plan, RopePairing, Rows, Step, View, WeightId};
use engine::source::ReadAt;

/// How exactly keys and values are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CachePrecision {
    Float32,
    Float16,
}

/// A model with its weights as plain floats.
pub(crate) struct PlainExecutor {
    pub(crate) plan: Plan,
    /// `[rows, columns]` each.
    weights: Vec<Vec<f32>>,
    precision: CachePrecision,
    /// Per layer, per position: `[heads * head_size]` keys and as many values.
    caches: Vec<Vec<(Vec<f32>, Vec<f32>)>>,
    /// One vector per row.
    buffers: Vec<Vec<Vec<f32>>>,
}

impl PlainExecutor {
    pub(crate) fn load(bytes: &Vec<u8>, precision: CachePrecision) -> Self {
        let file = GgufFile::read(bytes).unwrap();
        let plan = models::plan(&file, &Hyperparameters::read(&file).unwrap()).unwrap();
        let weights = plan.weights.iter().map(|weight| {
            let tensors = weight.tensors.iter().map(|name| file.tensor(name).unwrap());
            let of_tensor = tensors.map(|tensor| {
                let mut blocks = vec![0; tensor.size_bytes as usize];
                bytes.read_exact_at(tensor.offset_bytes, &mut blocks).unwrap();
                let mut values = vec![0.0; tensor.rows * tensor.columns];
                tensor.block_type.dequantize(&blocks, &mut values);
                values
            });
            of_tensor.collect::<Vec<_>>().concat()
        });
        let weights = weights.collect();
        let caches = vec![Vec::new(); plan.caches.len()];
        Self { plan, weights, precision, caches, buffers: Vec::new() }
    }

    /// Runs a batch and shows each step's name and the rows it wrote.
    pub(crate) fn run(
        &mut self,
        tokens: &[u32],
        first_position: usize,
        wanted: LogitsWanted,
        mut inspect: impl FnMut(&str, &[f32]),
    ) {
        let rows_of = |rows| match rows {
            Rows::All => tokens.len(),
            Rows::Logits => wanted.rows(tokens.len()),
        };
        let buffers = self.plan.buffers.iter();
        self.buffers = buffers.map(|buffer| vec![vec![0.0; buffer.columns]; rows_of(buffer.rows)]).collect();
        // Positions from here on are overwritten.
        self.caches.iter_mut().for_each(|cache| cache.truncate(first_position));
        for step in self.plan.steps.clone() {
            for row in 0..rows_of(step.rows) {
                self.step(&step, row, tokens, first_position, tokens.len() - wanted.rows(tokens.len()));
            }
            if let (Some(view), 1..) = (step.operation.output(), rows_of(step.rows)) {
                let written: Vec<f32> = (0..rows_of(step.rows)).flat_map(|row| self.row(view, row).to_vec()).collect();
                inspect(&step.name, &written);
            }
        }
    }

    fn step(&mut self, step: &Step, row: usize, tokens: &[u32], first_position: usize, first_logit_row: usize) {
        let position = first_position + row;
        // A step for the wanted logits that reads a buffer of all tokens begins at the first such token.
        let input_row = |plan: &Plan, BufferId(buffer): BufferId| match (plan.buffers[buffer].rows, step.rows) {
            (Rows::All, Rows::Logits) => first_logit_row + row,
            _ => row,
        };
        match step.operation {
            Operation::Embed { table, scale, output } => {
                let values = self.weight_row(table, tokens[row] as usize).iter().map(|value| value * scale).collect();
                self.write(output, row, values);
            }
            Operation::RmsNorm { input, weight, epsilon, group_columns, output } => {
                let values = self.row(input, input_row(&self.plan, input.buffer));
                let weights = self.weight_row(weight, 0);
                let normed = values.chunks_exact(group_columns).flat_map(|group| {
                    let mean = group.iter().map(|x| x * x).sum::<f32>() / group_columns as f32;
                    group.iter().zip(weights).map(move |(x, weight)| x / (mean + epsilon).sqrt() * weight)
                });
                let normed = normed.collect();
                self.write(output, row, normed);
            }
            Operation::Linear { input, weight, output, accumulate } => {
                let values = self.row(input, input_row(&self.plan, input.buffer));
                let mut products: Vec<f32> =
                    (0..output.columns).map(|index| dot(values, self.weight_row(weight, index))).collect();
                if accumulate {
                    add(&mut products, self.row(output, row));
                }
                self.write(output, row, products);
            }
            Operation::Rope { view, head_size, pairing, rope } => {
                let rope = &self.plan.ropes[rope.0];
                let mut values = self.row(view, row).to_vec();
                for head in values.chunks_exact_mut(head_size) {
                    for pair in 0..rope.dimensions / 2 {
                        let (sine, cosine) = (position as f64 * rope.frequency(pair)).sin_cos();
                        let (sine, cosine) = (sine as f32, cosine as f32);
                        let (a, b) = match pairing {
                            RopePairing::Neighbours => (2 * pair, 2 * pair + 1),
                            RopePairing::Halves => (pair, pair + rope.dimensions / 2),
                        };
                        (head[a], head[b]) = (head[a] * cosine - head[b] * sine, head[a] * sine + head[b] * cosine);
                    }
                }
                self.write(view, row, values);
            }
            Operation::Store { key, value, cache } => {
                let remembered = |view| self.row(view, row).iter().map(|value| self.precision.round(*value)).collect();
                let pair = (remembered(key), remembered(value));
                self.caches[cache].push(pair);
            }
            Operation::Attention { query, query_heads, cache, scale, window, output } => {
                let (heads, head_size) = (self.plan.caches[cache].heads, self.plan.caches[cache].head_size);
                let first_seen = window.map_or(0, |window| (position + 1).saturating_sub(window));
                let seen = &self.caches[cache][first_seen..=position];
                let queries = self.row(query, row);
                let mut attended = Vec::new();
                for head in 0..query_heads {
                    let query = &queries[head * head_size..][..head_size];
                    let start = head / (query_heads / heads) * head_size;
                    let scores: Vec<f32> =
                        seen.iter().map(|(key, _)| scale * dot(query, &key[start..][..head_size])).collect();
                    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    let shares: Vec<f32> = scores.iter().map(|score| (score - largest).exp()).collect();
                    let total: f32 = shares.iter().sum();
                    let mut sum = vec![0.0; head_size];
                    for (share, (_, value)) in shares.iter().zip(seen) {
                        let weighted: Vec<f32> =
                            value[start..][..head_size].iter().map(|value| share / total * value).collect();
                        add(&mut sum, &weighted);
                    }
                    attended.extend(sum);
                }
                self.write(output, row, attended);
            }
            Operation::Gate { gate, up, activation, output } => {
                let (gates, ups) = (self.row(gate, row), self.row(up, row));
                let products = gates.iter().zip(ups).map(|(gate, up)| activate(activation, *gate) * up).collect();
                self.write(output, row, products);
            }
            Operation::Add { input, output } => {
                let mut sum = self.row(output, row).to_vec();
                add(&mut sum, self.row(input, row));
                self.write(output, row, sum);
            }
        }
    }

    fn weight_row(&self, WeightId(weight): WeightId, row: usize) -> &[f32] {
        let columns = self.plan.weights[weight].columns;
        &self.weights[weight][row * columns..][..columns]
    }

    fn row(&self, view: View, row: usize) -> &[f32] {
        &self.buffers[view.buffer.0][row][view.first_column..][..view.columns]
    }

    fn write(&mut self, view: View, row: usize, values: Vec<f32>) {
        self.buffers[view.buffer.0][row][view.first_column..][..view.columns].copy_from_slice(&values);
    }
}

impl CachePrecision {
    fn round(self, value: f32) -> f32 {
        match self {
            Self::Float32 => value,
            Self::Float16 => half::f16::from_f32(value).to_f32(),
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(sum: &mut [f32], added: &[f32]) {
    sum.iter_mut().zip(added).for_each(|(sum, added)| *sum += added);
}

fn activate(activation: Activation, x: f32) -> f32 {
    match activation {
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::GeluTanh => {
            0.5 * x * (1.0 + ((2.0 / std::f32::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh())
        }
    }
}
