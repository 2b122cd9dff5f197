//! One batch, forwards and back.

use std::ops::Range;

use super::super::adapter::Adapter;
use super::super::program::{Heads, Program, Segment, Slot, TrainingStep, ValueId};
use super::super::{PackedBatch, Parameters, Recompute};
use super::attention::{self, Inputs};
use super::cross_entropy;
use super::dora::{self, Decomposed};
use super::matrix::{By, Matrix, MatrixMut, Onto, multiply};
use super::pool::Pool;
use super::rows::{RowsOf, for_each_row, for_each_row_of_two};
use super::weight::Weight;
use super::{gate, norm};
use crate::cpu::elementwise::rotate;
use crate::cpu::lanes::InstructionSet;
use crate::plan::{Plan, RopeId, WeightId};

/// What a batch is walked for.
pub(super) enum Wanted<'a> {
    /// The losses alone.
    Losses,
    /// The gradient of all losses times this.
    Gradient(f32),
    /// The gradient of the losses of each sequence times what this makes of the sums of all sequences' losses.
    GradientBy(&'a (dyn Fn(&[f64]) -> Vec<f32> + Sync)),
}

/// A batch on its way.
pub(super) struct Walk<'a> {
    pub(super) set: InstructionSet,
    pub(super) plan: &'a Plan,
    pub(super) program: &'a Program,
    pub(super) weights: &'a [Weight],
    pub(super) adapters: &'a [Vec<Adapter>],
    pub(super) adapter_factor: f32,
    pub(super) recompute: Recompute,
    pub(super) batch: &'a PackedBatch,
    /// Per rope of the plan, per token, per pair (cosine, sine).
    pub(super) angles: Vec<Vec<(f32, f32)>>,
    pub(super) pool: &'a mut Pool,
    pub(super) parameters: &'a mut Parameters,
    /// By [`ValueId`]; empty where it is not there (any more).
    pub(super) values: Vec<Vec<f32>>,
    /// By adapter: input * A^T.
    pub(super) adapter_inputs: Vec<Vec<f32>>,
    /// By weight, what its outputs are multiplied by where its adapters are a DoRA.
    pub(super) decomposed: Vec<Option<Decomposed>>,
    /// By weight: its outputs before that.
    pub(super) unscaled: Vec<Vec<f32>>,
    pub(super) scratch: Vec<f32>,
}

/// The derivatives by a segment's results, which are there as soon as something was added to them.
struct Gradients {
    first: usize,
    values: Vec<Vec<f32>>,
    stream: ValueId,
    to_stream: Vec<f32>,
}

impl Gradients {
    fn place(&mut self, value: ValueId) -> &mut Vec<f32> {
        if value == self.stream { &mut self.to_stream } else { &mut self.values[value.0 - self.first] }
    }
}

impl Walk<'_> {
    /// The loss of each target; where a gradient is wanted, that of their weighted sum is added to that of the parameters.
    pub(super) fn run(&mut self, wanted: Wanted<'_>) -> Vec<f32> {
        let program = self.program;
        let stream = self.go_through(!matches!(wanted, Wanted::Losses));
        let targets = self.batch.targets().len();
        let scales = match wanted {
            Wanted::Losses => None,
            Wanted::Gradient(scale) => Some(vec![scale; targets]),
            Wanted::GradientBy(scales_of) => {
                let losses = self.head(stream, &vec![1.0; targets], None);
                let of_sequences = scales_of(&self.batch.sums(&losses));
                Some(self.batch.targets().iter().map(|target| of_sequences[target.sequence]).collect())
            }
        };
        let mut gradient = scales.as_ref().map(|_| self.pool.take_zeros(self.length(stream)));
        let losses = self.head(stream, &scales.unwrap_or_else(|| vec![1.0; targets]), gradient.as_mut());
        if let Some(mut gradient) = gradient {
            for segment in program.segments.iter().rev() {
                if self.recompute == Recompute::Layers {
                    self.forward(segment);
                }
                gradient = self.backward(segment, gradient);
                self.forget(segment, true);
                let output = std::mem::take(&mut self.values[segment.output.value.0]);
                self.pool.give(output);
            }
            self.embed_back(&gradient);
            self.pool.give(gradient);
        }
        for value in std::mem::take(&mut self.values).into_iter().chain(std::mem::take(&mut self.adapter_inputs)) {
            self.pool.give(value);
        }
        losses
    }

    /// The logits after some tokens of the batch, `[places, vocabulary]`.
    pub(super) fn logits(&mut self, places: Range<usize>) -> Vec<f32> {
        let stream = self.go_through(false);
        let head = self.program.head;
        let (columns, vocabulary) = (self.program.columns[stream.0], self.plan.vocabulary_size);
        let (mut weight_scratch, mut norm_scratch) = (Vec::new(), Vec::new());
        let norm_weight = self.weights[head.norm.0].rows(0..1, columns, self.parameters, &mut norm_scratch);
        let weight = self.weights[head.weight.0].rows(0..vocabulary, columns, self.parameters, &mut weight_scratch);
        let input = &self.values[stream.0][places.start * columns..places.end * columns];
        let mut normed = vec![0.0; input.len()];
        for (input, normed) in input.chunks_exact(columns).zip(normed.chunks_exact_mut(columns)) {
            norm::normalize(self.set, input, norm_weight, head.epsilon, normed, &mut [0.0]);
        }
        let mut logits = vec![0.0; places.len() * vocabulary];
        let (all, normed) = (MatrixMut::whole(&mut logits, vocabulary), Matrix::whole(&normed, columns));
        multiply(all, Onto::Nothing, 1.0, normed, Matrix::whole(weight, columns).transposed(), By::AllThreads);
        logits
    }

    /// Through all segments, and gives the residual stream behind them. What going back needs stays, where that follows.
    fn go_through(&mut self, comes_back: bool) -> ValueId {
        self.angles = self.plan.ropes.iter().map(|rope| rope.angles(self.batch.positions())).collect();
        self.decomposed = (0..self.weights.len()).map(|weight| self.decompose(WeightId(weight))).collect();
        let program = self.program;
        self.embed();
        for segment in &program.segments {
            self.forward(segment);
            if !comes_back || self.recompute == Recompute::Layers {
                self.forget(segment, !comes_back);
            }
        }
        program.segments.last().map_or(ValueId(0), |segment| segment.output.value)
    }

    fn tokens(&self) -> usize {
        self.batch.tokens().len()
    }

    fn length(&self, value: ValueId) -> usize {
        self.tokens() * self.program.columns[value.0]
    }

    fn stride(&self, slot: Slot) -> usize {
        self.program.columns[slot.value.0]
    }

    fn rows_of(&self, slot: Slot) -> RowsOf<'_> {
        RowsOf { values: &self.values[slot.value.0], stride: self.stride(slot), slot }
    }

    fn matrix(&self, slot: Slot) -> Matrix<'_> {
        Matrix::new(&self.values[slot.value.0], self.tokens(), slot.columns, slot.first_column, self.stride(slot))
    }

    /// Lets go of what a segment made, but for the residual stream behind it; and of that before it too.
    fn forget(&mut self, segment: &Segment, with_input: bool) {
        for value in segment.values.clone().filter(|value| *value != segment.output.value.0) {
            let values = std::mem::take(&mut self.values[value]);
            self.pool.give(values);
        }
        for step in &segment.steps {
            if let TrainingStep::Linear { weight, .. } = step {
                let values = std::mem::take(&mut self.unscaled[weight.0]);
                self.pool.give(values);
            }
        }
        if with_input && segment.input.value != segment.output.value {
            let values = std::mem::take(&mut self.values[segment.input.value.0]);
            // Going back, what went into this segment came out of the one before it, and that needs it no more.
            self.pool.give(values);
        }
    }

    fn embed(&mut self) {
        let Program { table, table_scale, .. } = *self.program;
        let columns = self.program.columns[0];
        let mut output = self.pool.take(self.length(ValueId(0)));
        let weight = &self.weights[table.0];
        for (row, token) in output.chunks_exact_mut(columns).zip(self.batch.tokens()) {
            let token = *token as usize;
            let values = weight.rows(token..token + 1, columns, self.parameters, &mut self.scratch);
            for (output, value) in row.iter_mut().zip(values) {
                *output = value * table_scale;
            }
        }
        self.values[0] = output;
    }

    fn embed_back(&mut self, gradient: &[f32]) {
        let Program { table, table_scale, .. } = *self.program;
        let Weight::Trained(number) = self.weights[table.0] else { return };
        let columns = self.program.columns[0];
        let range = self.parameters.range(number);
        let to_table = &mut self.parameters.gradients[range];
        for (row, token) in gradient.chunks_exact(columns).zip(self.batch.tokens()) {
            let to_row = &mut to_table[*token as usize * columns..][..columns];
            to_row.iter_mut().zip(row).for_each(|(to_value, value)| *to_value += value * table_scale);
        }
    }

    fn forward(&mut self, segment: &Segment) {
        for step in &segment.steps {
            match *step {
                TrainingStep::Norm { input, weight, epsilon, output, inverse } => {
                    self.norm(input, weight, epsilon, output, inverse);
                }
                TrainingStep::Linear { input, weight, residual, output } => {
                    self.linear(input, weight, residual, output)
                }
                TrainingStep::Rope { slot, head_size, pairing, rope } => {
                    let mut values = std::mem::take(&mut self.values[slot.value.0]);
                    let (angles, pairs) = self.angles_of(rope);
                    for_each_row(&mut values, self.stride(slot), slot, |token, row| {
                        rotate(row, head_size, pairing, &angles[token * pairs..][..pairs]);
                    });
                    self.values[slot.value.0] = values;
                }
                TrainingStep::Attention { query, key, value, heads, output, log_sums } => {
                    self.attention(query, key, value, heads, output, log_sums);
                }
                TrainingStep::Gate { gate, up, activation, output } => {
                    let mut target = self.pool.take(self.length(output.value));
                    let (set, gate, up) = (self.set, self.rows_of(gate), self.rows_of(up));
                    for_each_row(&mut target, output.columns, output, |token, row| {
                        gate::apply(set, gate.row(token), up.row(token), activation, row);
                    });
                    self.values[output.value.0] = target;
                }
                TrainingStep::Add { left, right, output } => {
                    let mut target = self.pool.take(self.length(output.value));
                    let (left, right) = (self.rows_of(left), self.rows_of(right));
                    for_each_row(&mut target, output.columns, output, |token, row| {
                        let both = left.row(token).iter().zip(right.row(token));
                        row.iter_mut().zip(both).for_each(|(sum, (left, right))| *sum = left + right);
                    });
                    self.values[output.value.0] = target;
                }
            }
        }
    }

    fn angles_of(&self, rope: RopeId) -> (&[(f32, f32)], usize) {
        (&self.angles[rope.0], self.plan.ropes[rope.0].dimensions / 2)
    }

    fn norm(&mut self, input: Slot, weight: WeightId, epsilon: f32, output: Slot, inverse: ValueId) {
        let (mut target, mut inverses) =
            (self.pool.take(self.length(output.value)), self.pool.take(self.length(inverse)));
        let columns = self.plan.weights[weight.0].columns;
        let mut scratch = std::mem::take(&mut self.scratch);
        let weight = self.weights[weight.0].rows(0..1, columns, self.parameters, &mut scratch);
        let (set, input) = (self.set, self.rows_of(input));
        let groups = self.program.columns[inverse.0];
        for_each_row_of_two((&mut target, output), (&mut inverses, groups), output.columns, |token, row, inverses| {
            norm::normalize(set, input.row(token), weight, epsilon, row, inverses);
        });
        self.scratch = scratch;
        self.values[output.value.0] = target;
        self.values[inverse.0] = inverses;
    }

    fn linear(&mut self, input: Slot, weight_id: WeightId, residual: Option<Slot>, output: Slot) {
        let mut target = self.pool.take(self.length(output.value));
        let is_decomposed = self.decomposed[weight_id.0].is_some();
        let onto = match residual {
            Some(residual) if !is_decomposed => {
                target.copy_from_slice(&self.values[residual.value.0]);
                Onto::WhatIsThere
            }
            _ => Onto::Nothing,
        };
        let tokens = self.tokens();
        let mut scratch = std::mem::take(&mut self.scratch);
        let weight = self.weight(weight_id, &mut scratch);
        let whole = MatrixMut::whole(&mut target, output.columns);
        multiply(whole, onto, 1.0, self.matrix(input), weight.transposed(), By::AllThreads);
        self.scratch = scratch;
        for adapter in &self.adapters[weight_id.0] {
            let rank = self.parameters.list[adapter.a].rows;
            let mut reduced = self.pool.take(tokens * rank);
            let a = self.parameter(adapter.a);
            let all = MatrixMut::whole(&mut reduced, rank);
            multiply(all, Onto::Nothing, 1.0, self.matrix(input), a.transposed(), By::AllThreads);
            let part = MatrixMut::new(&mut target, tokens, adapter.rows, adapter.first_row, output.columns);
            let b = self.parameter(adapter.b).transposed();
            multiply(part, Onto::WhatIsThere, self.adapter_factor, Matrix::whole(&reduced, rank), b, By::AllThreads);
            let before = std::mem::replace(&mut self.adapter_inputs[adapter.number], reduced);
            self.pool.give(before);
        }
        if let Some(decomposed) = &self.decomposed[weight_id.0] {
            let mut unscaled = self.pool.take(target.len());
            unscaled.copy_from_slice(&target);
            self.unscaled[weight_id.0] = unscaled;
            dora::scale(&mut target, &decomposed.scales);
            if let Some(residual) = residual {
                let residual = &self.values[residual.value.0];
                target.iter_mut().zip(residual).for_each(|(sum, value)| *sum += value);
            }
        }
        self.values[output.value.0] = target;
    }

    /// What a weight's outputs are multiplied by, where it has adapters that learn lengths.
    fn decompose(&mut self, weight_id: WeightId) -> Option<Decomposed> {
        let adapters = &self.adapters[weight_id.0];
        adapters.iter().find_map(|adapter| adapter.magnitude)?;
        let sizes = &self.plan.weights[weight_id.0];
        let (rows, columns) = (sizes.rows, sizes.columns);
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut sum = self.weights[weight_id.0].rows(0..rows, columns, self.parameters, &mut scratch).to_vec();
        self.scratch = scratch;
        for adapter in adapters {
            let part = MatrixMut::whole(&mut sum[adapter.first_row * columns..][..adapter.rows * columns], columns);
            let (a, b) = (self.parameter(adapter.a), self.parameter(adapter.b));
            multiply(part, Onto::WhatIsThere, self.adapter_factor, b, a, By::AllThreads);
        }
        let inverse_lengths: Vec<f32> = dora::lengths(&sum, columns).into_iter().map(|length| 1.0 / length).collect();
        let mut scales = vec![1.0; rows];
        for adapter in adapters {
            let Some(magnitude) = adapter.magnitude else { continue };
            let own = adapter.first_row..adapter.first_row + adapter.rows;
            let products =
                self.parameters.values[self.parameters.range(magnitude)].iter().zip(&inverse_lengths[own.clone()]);
            scales[own].iter_mut().zip(products).for_each(|(scale, (magnitude, inverse))| *scale = magnitude * inverse);
        }
        Some(Decomposed { inverse_lengths, scales })
    }

    /// A weight as a matrix of floats.
    fn weight<'b>(&'b self, weight: WeightId, scratch: &'b mut Vec<f32>) -> Matrix<'b> {
        let sizes = &self.plan.weights[weight.0];
        let values = self.weights[weight.0].rows(0..sizes.rows, sizes.columns, self.parameters, scratch);
        Matrix::whole(values, sizes.columns)
    }

    fn parameter(&self, number: usize) -> Matrix<'_> {
        let parameter = &self.parameters.list[number];
        Matrix::whole(&self.parameters.values[parameter.range.clone()], parameter.columns)
    }

    fn attention_inputs(&self, query: Slot, key: Slot, value: Slot, heads: Heads) -> Inputs<'_> {
        let [query, key, value] = [query, key, value].map(|slot| self.rows_of(slot));
        Inputs { query, key, value, heads, sequences: self.batch.sequences() }
    }

    fn attention(&mut self, query: Slot, key: Slot, value: Slot, heads: Heads, output: Slot, log_sums: ValueId) {
        let (mut target, mut sums) = (self.pool.take(self.length(output.value)), self.pool.take(self.length(log_sums)));
        for attended in attention::attend(self.set, &self.attention_inputs(query, key, value, heads)) {
            let (head, first) = (attended.task.head, attended.task.tokens.start);
            for (place, row) in attended.output.chunks_exact(heads.size).enumerate() {
                target[(first + place) * output.columns + head * heads.size..][..heads.size].copy_from_slice(row);
                sums[(first + place) * heads.query + head] = attended.log_sums[place];
            }
        }
        self.values[output.value.0] = target;
        self.values[log_sums.0] = sums;
    }

    /// The loss of each target, and adds the derivative of their sum, each times its scale, by the residual stream to
    /// `gradient`.
    fn head(&mut self, stream: ValueId, scales: &[f32], mut gradient: Option<&mut Vec<f32>>) -> Vec<f32> {
        let head = self.program.head;
        let columns = self.program.columns[stream.0];
        let vocabulary = self.plan.vocabulary_size;
        let at_once = cross_entropy::tokens_at_once(vocabulary);
        let (mut weight_scratch, mut norm_scratch) = (Vec::new(), Vec::new());
        let mut to_parameters = std::mem::take(&mut self.parameters.gradients);
        let [mut input, mut normed, mut inverses, mut logits, mut to_normed, mut to_input] =
            [(); 6].map(|()| Vec::new());
        let norm_weight = self.weights[head.norm.0].rows(0..1, columns, self.parameters, &mut norm_scratch);
        let weight = self.weights[head.weight.0].rows(0..vocabulary, columns, self.parameters, &mut weight_scratch);
        let weight = Matrix::whole(weight, columns);
        let mut losses = Vec::with_capacity(scales.len());
        for (targets, scales) in self.batch.targets().chunks(at_once).zip(scales.chunks(at_once)) {
            let rows = targets.len();
            input.clear();
            for target in targets {
                input.extend_from_slice(&self.values[stream.0][target.row * columns..][..columns]);
            }
            normed.resize(rows * columns, 0.0);
            inverses.resize(rows, 0.0);
            let places = input.chunks_exact(columns).zip(normed.chunks_exact_mut(columns)).zip(&mut inverses);
            for ((input, normed), inverse) in places {
                norm::normalize(self.set, input, norm_weight, head.epsilon, normed, std::slice::from_mut(inverse));
            }
            logits.resize(rows * vocabulary, 0.0);
            let normed_matrix = Matrix::whole(&normed, columns);
            let all = MatrixMut::whole(&mut logits, vocabulary);
            multiply(all, Onto::Nothing, 1.0, normed_matrix, weight.transposed(), By::AllThreads);
            let tokens: Vec<u32> = targets.iter().map(|target| target.token).collect();
            losses.extend(cross_entropy::rows(self.set, &mut logits, &tokens, scales));
            let Some(gradient) = gradient.as_deref_mut() else { continue };
            let to_logits = Matrix::whole(&logits, vocabulary);
            to_normed.resize(rows * columns, 0.0);
            let all = MatrixMut::whole(&mut to_normed, columns);
            multiply(all, Onto::Nothing, 1.0, to_logits, weight, By::AllThreads);
            to_input.clear();
            to_input.resize(rows * columns, 0.0);
            for row in 0..rows {
                let place = row * columns..(row + 1) * columns;
                let (input, to_normed) = (&input[place.clone()], &to_normed[place.clone()]);
                let inverse = &inverses[row..=row];
                norm::go_back(self.set, input, norm_weight, inverse, to_normed, &mut to_input[place]);
            }
            for (target, row) in targets.iter().zip(to_input.chunks_exact(columns)) {
                let to_row = &mut gradient[target.row * columns..][..columns];
                to_row.iter_mut().zip(row).for_each(|(to_value, value)| *to_value += value);
            }
            if let Weight::Trained(number) = self.weights[head.weight.0] {
                let range = self.parameters.range(number);
                let all = MatrixMut::whole(&mut to_parameters[range], columns);
                multiply(all, Onto::WhatIsThere, 1.0, to_logits.transposed(), normed_matrix, By::AllThreads);
            }
            if let Weight::Trained(number) = self.weights[head.norm.0] {
                let range = self.parameters.range(number);
                let to_weight = &mut to_parameters[range];
                for row in 0..rows {
                    let place = row * columns..(row + 1) * columns;
                    let inverse = &inverses[row..=row];
                    norm::go_back_to_weight(self.set, &input[place.clone()], inverse, &to_normed[place], to_weight);
                }
            }
        }
        self.parameters.gradients = to_parameters;
        losses
    }

    /// From the derivative by the residual stream behind a segment to that before it.
    fn backward(&mut self, segment: &Segment, gradient: Vec<f32>) -> Vec<f32> {
        let mut gradients = Gradients {
            first: segment.values.start,
            values: vec![Vec::new(); segment.values.len()],
            stream: segment.input.value,
            to_stream: Vec::new(),
        };
        *gradients.place(segment.output.value) = gradient;
        for step in segment.steps.iter().rev() {
            self.step_back(step, &mut gradients);
        }
        gradients.to_stream
    }

    /// The derivative by a result that is to be added to.
    fn begun(&mut self, gradients: &mut Gradients, value: ValueId) -> Vec<f32> {
        let gradient = std::mem::take(gradients.place(value));
        if gradient.is_empty() { self.pool.take_zeros(self.length(value)) } else { gradient }
    }

    /// Adds a whole derivative to that by a result.
    fn add(&mut self, gradients: &mut Gradients, value: ValueId, gradient: Vec<f32>) {
        let place = gradients.place(value);
        if place.is_empty() {
            *place = gradient;
        } else {
            place.iter_mut().zip(&gradient).for_each(|(sum, value)| *sum += value);
            self.pool.give(gradient);
        }
    }

    fn step_back(&mut self, step: &TrainingStep, gradients: &mut Gradients) {
        match *step {
            TrainingStep::Rope { slot, head_size, pairing, rope } => {
                let values = gradients.place(slot.value);
                let (angles, pairs) = self.angles_of(rope);
                let back: Vec<(f32, f32)> = angles.iter().map(|(cosine, sine)| (*cosine, -sine)).collect();
                for_each_row(values, self.stride(slot), slot, |token, row| {
                    rotate(row, head_size, pairing, &back[token * pairs..][..pairs]);
                });
            }
            TrainingStep::Norm { input, weight, output, inverse, .. } => {
                let gradient = std::mem::take(gradients.place(output.value));
                self.norm_back(input, weight, inverse, &gradient, gradients);
                self.pool.give(gradient);
            }
            TrainingStep::Linear { input, weight, residual, output } => {
                let gradient = std::mem::take(gradients.place(output.value));
                self.linear_back(input, weight, &gradient, gradients);
                match residual {
                    Some(residual) => self.add(gradients, residual.value, gradient),
                    None => self.pool.give(gradient),
                }
            }
            TrainingStep::Attention { query, key, value, heads, output, log_sums } => {
                let gradient = std::mem::take(gradients.place(output.value));
                let inputs = self.attention_inputs(query, key, value, heads);
                let sums = Slot { value: log_sums, first_column: 0, columns: heads.query };
                let of_output = RowsOf { values: &gradient, stride: output.columns, slot: output };
                let went = attention::go_back(self.set, &inputs, self.rows_of(output), self.rows_of(sums), of_output);
                for went in went {
                    let parts = [
                        (query, went.task.head, &went.to_query),
                        (key, went.key_head, &went.to_key),
                        (value, went.key_head, &went.to_value),
                    ];
                    for (slot, head, rows) in parts {
                        let mut to_slot = self.begun(gradients, slot.value);
                        let (stride, column) = (self.stride(slot), slot.first_column + head * heads.size);
                        for (token, row) in went.task.tokens.clone().zip(rows.chunks_exact(heads.size)) {
                            let to_row = &mut to_slot[token * stride + column..][..heads.size];
                            to_row.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                        }
                        *gradients.place(slot.value) = to_slot;
                    }
                }
                self.pool.give(gradient);
            }
            TrainingStep::Gate { gate, up, activation, output } => {
                let gradient = std::mem::take(gradients.place(output.value));
                // Gate and up lie in one result, or in two.
                let mut to_gate = self.pool.take_zeros(self.tokens() * gate.columns);
                let mut to_up = self.pool.take_zeros(self.tokens() * up.columns);
                let own = Slot { value: gate.value, first_column: 0, columns: gate.columns };
                let (set, gates, ups) = (self.set, self.rows_of(gate), self.rows_of(up));
                let of_output = RowsOf { values: &gradient, stride: output.columns, slot: output };
                let (columns, others) = (gate.columns, (&mut *to_up, up.columns));
                for_each_row_of_two((&mut to_gate, own), others, columns, |token, to_gate, to_up| {
                    let gradient = of_output.row(token);
                    gate::go_back(set, gates.row(token), ups.row(token), activation, gradient, to_gate, to_up);
                });
                for (slot, part) in [(gate, to_gate), (up, to_up)] {
                    let mut to_slot = self.begun(gradients, slot.value);
                    for_each_row(&mut to_slot, self.stride(slot), slot, |token, row| {
                        let part = &part[token * slot.columns..][..slot.columns];
                        row.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
                    });
                    *gradients.place(slot.value) = to_slot;
                    self.pool.give(part);
                }
                self.pool.give(gradient);
            }
            TrainingStep::Add { left, right, output } => {
                let gradient = std::mem::take(gradients.place(output.value));
                let mut copy = self.pool.take(gradient.len());
                copy.copy_from_slice(&gradient);
                self.add(gradients, left.value, copy);
                self.add(gradients, right.value, gradient);
            }
        }
    }

    fn norm_back(
        &mut self,
        input: Slot,
        weight_id: WeightId,
        inverse: ValueId,
        gradient: &[f32],
        gradients: &mut Gradients,
    ) {
        let mut to_input = self.begun(gradients, input.value);
        let columns = self.plan.weights[weight_id.0].columns;
        let mut scratch = std::mem::take(&mut self.scratch);
        let weight = self.weights[weight_id.0].rows(0..1, columns, self.parameters, &mut scratch);
        let (set, rows) = (self.set, self.rows_of(input));
        let inverses = RowsOf {
            values: &self.values[inverse.0],
            stride: self.program.columns[inverse.0],
            slot: Slot { value: inverse, first_column: 0, columns: self.program.columns[inverse.0] },
        };
        let width = input.columns;
        for_each_row(&mut to_input, self.stride(input), input, |token, to_row| {
            let gradient = &gradient[token * width..][..width];
            norm::go_back(set, rows.row(token), weight, inverses.row(token), gradient, to_row);
        });
        self.scratch = scratch;
        if let Weight::Trained(number) = self.weights[weight_id.0] {
            let mut to_weight = vec![0.0; columns];
            let (rows, tokens) = (self.rows_of(input), self.tokens());
            for token in 0..tokens {
                let gradient = &gradient[token * width..][..width];
                let inverses = &self.values[inverse.0][token * width / columns..][..width / columns];
                norm::go_back_to_weight(set, rows.row(token), inverses, gradient, &mut to_weight);
            }
            let range = self.parameters.range(number);
            let sums = self.parameters.gradients[range].iter_mut().zip(&to_weight);
            sums.for_each(|(sum, value)| *sum += value);
        }
        *gradients.place(input.value) = to_input;
    }

    fn linear_back(&mut self, input: Slot, weight_id: WeightId, gradient: &[f32], gradients: &mut Gradients) {
        let tokens = self.tokens();
        let mut to_input = self.begun(gradients, input.value);
        let stride = self.stride(input);
        let columns = self.plan.weights[weight_id.0].rows;
        let before_scales = self.scales_back(weight_id, gradient);
        let gradient = before_scales.as_deref().unwrap_or(gradient);
        let of_output = Matrix::whole(gradient, columns);
        let mut scratch = std::mem::take(&mut self.scratch);
        let weight = self.weight(weight_id, &mut scratch);
        let target = MatrixMut::new(&mut to_input, tokens, input.columns, input.first_column, stride);
        multiply(target, Onto::WhatIsThere, 1.0, of_output, weight, By::AllThreads);
        self.scratch = scratch;
        if let Weight::Trained(number) = self.weights[weight_id.0] {
            let range = self.parameters.range(number);
            let mut to_weight = std::mem::take(&mut self.parameters.gradients);
            let target = MatrixMut::whole(&mut to_weight[range], input.columns);
            multiply(target, Onto::WhatIsThere, 1.0, of_output.transposed(), self.matrix(input), By::AllThreads);
            self.parameters.gradients = to_weight;
        }
        for adapter in &self.adapters[weight_id.0] {
            let rank = self.parameters.list[adapter.a].rows;
            let part = Matrix::new(gradient, tokens, adapter.rows, adapter.first_row, columns);
            let mut to_reduced = self.pool.take(tokens * rank);
            let all = MatrixMut::whole(&mut to_reduced, rank);
            multiply(all, Onto::Nothing, self.adapter_factor, part, self.parameter(adapter.b), By::AllThreads);
            let to_reduced_matrix = Matrix::whole(&to_reduced, rank);
            let target = MatrixMut::new(&mut to_input, tokens, input.columns, input.first_column, stride);
            multiply(target, Onto::WhatIsThere, 1.0, to_reduced_matrix, self.parameter(adapter.a), By::AllThreads);
            let mut to_parameters = std::mem::take(&mut self.parameters.gradients);
            let (a, b) = (self.parameters.range(adapter.a), self.parameters.range(adapter.b));
            let to_a = MatrixMut::whole(&mut to_parameters[a], input.columns);
            let transposed = to_reduced_matrix.transposed();
            multiply(to_a, Onto::WhatIsThere, 1.0, transposed, self.matrix(input), By::AllThreads);
            let to_b = MatrixMut::whole(&mut to_parameters[b], rank);
            let reduced = Matrix::whole(&self.adapter_inputs[adapter.number], rank);
            multiply(to_b, Onto::WhatIsThere, self.adapter_factor, part.transposed(), reduced, By::AllThreads);
            self.parameters.gradients = to_parameters;
            self.pool.give(to_reduced);
        }
        self.pool.give(before_scales.unwrap_or_default());
        *gradients.place(input.value) = to_input;
    }

    /// From the derivative by a weight's outputs to that before they were scaled, and adds that by the magnitudes.
    fn scales_back(&mut self, weight_id: WeightId, gradient: &[f32]) -> Option<Vec<f32>> {
        let decomposed = self.decomposed[weight_id.0].as_ref()?;
        let to_scales = dora::to_scales(gradient, &self.unscaled[weight_id.0], decomposed.scales.len());
        for adapter in &self.adapters[weight_id.0] {
            let Some(magnitude) = adapter.magnitude else { continue };
            let own = adapter.first_row..adapter.first_row + adapter.rows;
            let products = to_scales[own.clone()].iter().zip(&decomposed.inverse_lengths[own]);
            let range = self.parameters.range(magnitude);
            let sums = self.parameters.gradients[range].iter_mut().zip(products);
            sums.for_each(|(sum, (to_scale, inverse))| *sum += to_scale * inverse);
        }
        let mut before = self.pool.take(gradient.len());
        before.copy_from_slice(gradient);
        dora::scale(&mut before, &decomposed.scales);
        Some(before)
    }
}
