//! One batch, forwards and back, on the device: the steps of `cpu/walk.rs`, as kernels and products.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attention::Attention;
use super::dequantization::{dequantize, dequantize_nf4, embed};
use super::driver::{Driver, Element};
use super::operations;
use super::tensor::Tensor;
use super::weight::{DeviceParameters, Weight};
use crate::error::EngineError;
use crate::plan::{Plan, WeightId};
use crate::training::adapter::Adapter;
use crate::training::program::{Program, Segment, Slot, TrainingStep, ValueId};
use crate::training::{PackedBatch, Parameters, Recompute};

/// A batch on its way.
pub(super) struct Walk<'a> {
    pub(super) driver: &'a Arc<dyn Driver>,
    pub(super) plan: &'a Plan,
    pub(super) program: &'a Program,
    /// How each result is stored.
    pub(super) elements: &'a [Element],
    pub(super) weights: &'a [Weight],
    pub(super) adapters: &'a [Vec<Adapter>],
    pub(super) adapter_factor: f32,
    pub(super) recompute: Recompute,
    pub(super) batch: &'a PackedBatch,
    /// Where each parameter lies.
    pub(super) parameters: &'a Parameters,
    pub(super) device: &'a DeviceParameters,
    pub(super) tokens: Tensor,
    /// Of attention: see [`super::tiles_of`].
    pub(super) tiles: Tensor,
    /// Per rope of the plan: cosine and sine of each token's pairs.
    pub(super) angles: Vec<Tensor>,
    /// By [`ValueId`]; none where it is not there (any more).
    pub(super) values: Vec<Option<Tensor>>,
    /// By adapter: input * A^T.
    pub(super) adapter_inputs: Vec<Option<Tensor>>,
}

/// The derivatives by a segment's results and the residual stream before it, which are there as soon as something was added.
type Gradients = BTreeMap<usize, Tensor>;

type Done = Result<(), EngineError>;

/// How each result of a program is stored: the residual stream, and what norms and attention say beside their output, in 32
/// bits; all else in 16.
pub(super) fn elements(program: &Program) -> Vec<Element> {
    let mut elements = vec![Element::Bf16; program.columns.len()];
    let mut is_wide = |value: ValueId| elements[value.0] = Element::F32;
    is_wide(ValueId(0));
    for segment in &program.segments {
        is_wide(segment.input.value);
        is_wide(segment.output.value);
        for step in &segment.steps {
            match step {
                TrainingStep::Norm { inverse, .. } => is_wide(*inverse),
                TrainingStep::Attention { log_sums, .. } => is_wide(*log_sums),
                TrainingStep::Linear { residual: Some(_), output, .. } | TrainingStep::Add { output, .. } => {
                    is_wide(output.value);
                }
                _ => {}
            }
        }
    }
    elements
}

impl Walk<'_> {
    /// The sum of all losses; with a `scale`, its gradient is added to that of the parameters.
    pub(super) fn run(&mut self, scale: Option<f32>) -> Result<f64, EngineError> {
        let program = self.program;
        let stream = self.go_through(scale.is_some())?;
        let mut gradient = scale.map(|_| self.zeros(stream)).transpose()?;
        let losses = self.head(stream, scale.unwrap_or(1.0), gradient.as_ref())?;
        for segment in program.segments.iter().rev() {
            let Some(behind) = gradient.take() else { break };
            if self.recompute == Recompute::Layers {
                self.forward(segment)?;
            }
            gradient = Some(self.backward(segment, behind)?);
            self.forget(segment, true);
            self.values[segment.output.value.0] = None;
        }
        if let Some(gradient) = gradient {
            self.embed_back(&gradient)?;
        }
        Ok(losses.download::<f32>()?.iter().map(|loss| f64::from(*loss)).sum())
    }

    /// Through all segments, and gives the residual stream behind them. What going back needs stays, where that follows.
    pub(super) fn go_through(&mut self, comes_back: bool) -> Result<ValueId, EngineError> {
        let program = self.program;
        self.embed()?;
        for segment in &program.segments {
            self.forward(segment)?;
            if !comes_back || self.recompute == Recompute::Layers {
                self.forget(segment, !comes_back);
            }
        }
        Ok(program.segments.last().map_or(ValueId(0), |segment| segment.output.value))
    }

    /// A result with whatever is in it.
    fn make(&self, value: ValueId) -> Result<Tensor, EngineError> {
        self.room(self.elements[value.0], self.batch.tokens().len(), self.program.columns[value.0])
    }

    /// A matrix with whatever is in it.
    pub(super) fn room(&self, element: Element, rows: usize, columns: usize) -> Result<Tensor, EngineError> {
        Tensor::new(self.driver, element, rows, columns)
    }

    fn zeros(&self, value: ValueId) -> Result<Tensor, EngineError> {
        let tensor = self.make(value)?;
        tensor.clear()?;
        Ok(tensor)
    }

    pub(super) fn value(&self, value: ValueId) -> Tensor {
        self.values[value.0].clone().expect("a step reads what was computed before it")
    }

    fn slot(&self, slot: Slot) -> Tensor {
        self.value(slot.value).part(slot.first_column, slot.columns)
    }

    /// The same in 16 bits.
    fn halves(&self, tensor: Tensor) -> Result<Tensor, EngineError> {
        if tensor.element == Element::Bf16 {
            return Ok(tensor);
        }
        let halves = self.room(Element::Bf16, tensor.rows, tensor.columns)?;
        operations::convert(&halves, &tensor)?;
        Ok(halves)
    }

    /// A weight as a matrix in 16 bits.
    pub(super) fn weight(&self, id: WeightId) -> Result<Tensor, EngineError> {
        let sizes = &self.plan.weights[id.0];
        match &self.weights[id.0] {
            Weight::Trained(number) => Ok(self.parameter(*number)),
            Weight::Frozen { format: "bf16", blocks } => {
                Ok(blocks.matrix(&(0..sizes.rows * sizes.columns), sizes.rows, sizes.columns))
            }
            Weight::Frozen { format, blocks } => {
                let values = self.room(Element::Bf16, sizes.rows, sizes.columns)?;
                dequantize(format, blocks, &values)?;
                Ok(values)
            }
            Weight::Nf4(tensors) => {
                let values = self.room(Element::Bf16, sizes.rows, sizes.columns)?;
                for (rows, tensor) in tensors {
                    dequantize_nf4(tensor, &values.some_rows(rows))?;
                }
                Ok(values)
            }
            Weight::FrozenNorm(values) => self.halves(values.clone()),
        }
    }

    /// A norm's weight, in 32 bits.
    pub(super) fn norm_weight(&self, id: WeightId) -> Tensor {
        match &self.weights[id.0] {
            Weight::Trained(number) => self.device.matrix(&self.device.values, self.parameters, *number),
            Weight::FrozenNorm(values) => values.clone(),
            Weight::Frozen { .. } | Weight::Nf4(_) => unreachable!("norms are floats"),
        }
    }

    /// A parameter in 16 bits.
    fn parameter(&self, number: usize) -> Tensor {
        self.device.matrix(&self.device.copies, self.parameters, number)
    }

    /// The gradient of a weight that is trained.
    pub(super) fn gradient_of(&self, id: WeightId) -> Option<Tensor> {
        let Weight::Trained(number) = self.weights[id.0] else { return None };
        Some(self.gradient(number))
    }

    fn gradient(&self, number: usize) -> Tensor {
        self.device.matrix(&self.device.gradients, self.parameters, number)
    }

    /// Lets go of what a segment made, but for the residual stream behind it; and of that before it too.
    fn forget(&mut self, segment: &Segment, with_input: bool) {
        for value in segment.values.clone().filter(|value| *value != segment.output.value.0) {
            self.values[value] = None;
        }
        if with_input && segment.input.value != segment.output.value {
            self.values[segment.input.value.0] = None;
        }
    }

    fn embed(&mut self) -> Done {
        let Program { table, table_scale, .. } = *self.program;
        let output = self.make(ValueId(0))?;
        match &self.weights[table.0] {
            Weight::Trained(number) => {
                let table = self.device.matrix(&self.device.values, self.parameters, *number);
                embed("f32", &table, &self.tokens, table_scale, &output)?;
            }
            Weight::Frozen { format, blocks } => {
                embed(format, blocks, &self.tokens, table_scale, &output)?;
            }
            Weight::FrozenNorm(_) | Weight::Nf4(_) => unreachable!("embeddings are a matrix outside of layers"),
        }
        self.values[0] = Some(output);
        Ok(())
    }

    fn embed_back(&self, gradient: &Tensor) -> Done {
        let Program { table, table_scale, .. } = *self.program;
        let Some(to_table) = self.gradient_of(table) else { return Ok(()) };
        // Rows by token, so that the sum of each has its order.
        let mut by_token: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (row, token) in self.batch.tokens().iter().enumerate() {
            by_token.entry(*token).or_default().push(row as u32);
        }
        let tokens: Vec<u32> = by_token.keys().copied().collect();
        let (mut firsts, mut rows) = (vec![0_u32], Vec::new());
        for of_token in by_token.values() {
            rows.extend_from_slice(of_token);
            firsts.push(rows.len() as u32);
        }
        let upload = |list: &[u32]| Tensor::of(self.driver, Element::U32, list);
        let lists = [&upload(&tokens)?, &upload(&firsts)?, &upload(&rows)?];
        operations::embed_back(&to_table, lists, table_scale, gradient)
    }

    fn forward(&mut self, segment: &Segment) -> Done {
        segment.steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &TrainingStep) -> Done {
        match *step {
            TrainingStep::Norm { input, weight, epsilon, output, inverse } => {
                let (target, inverses) = (self.make(output.value)?, self.make(inverse)?);
                operations::norm(&self.slot(input), &self.norm_weight(weight), epsilon, &target, &inverses)?;
                self.values[output.value.0] = Some(target);
                self.values[inverse.0] = Some(inverses);
            }
            TrainingStep::Linear { input, weight, residual, output } => self.linear(input, weight, residual, output)?,
            TrainingStep::Rope { slot, head_size, pairing, rope } => {
                let pairs = self.plan.ropes[rope.0].dimensions / 2;
                operations::rope(&self.slot(slot), head_size, pairing, pairs, &self.angles[rope.0], false)?;
            }
            TrainingStep::Attention { query, key, value, heads, output, log_sums } => {
                let (target, sums) = (self.make(output.value)?, self.make(log_sums)?);
                let (query, key, value) = (self.slot(query), self.slot(key), self.slot(value));
                let attention = Attention { query: &query, key: &key, value: &value, heads, tiles: &self.tiles };
                attention.forward(&target, &sums)?;
                self.values[output.value.0] = Some(target);
                self.values[log_sums.0] = Some(sums);
            }
            TrainingStep::Gate { gate, up, activation, output } => {
                let target = self.make(output.value)?;
                operations::gate(&self.slot(gate), &self.slot(up), activation, &target)?;
                self.values[output.value.0] = Some(target);
            }
            TrainingStep::Add { left, right, output } => {
                let target = self.make(output.value)?;
                operations::convert(&target, &self.slot(left))?;
                operations::accumulate(&target, &self.slot(right))?;
                self.values[output.value.0] = Some(target);
            }
        }
        Ok(())
    }

    fn linear(&mut self, input: Slot, weight: WeightId, residual: Option<Slot>, output: Slot) -> Done {
        let target = self.make(output.value)?;
        if let Some(residual) = residual {
            operations::convert(&target, &self.slot(residual))?;
        }
        let input = self.halves(self.slot(input))?;
        operations::product(&target, residual.is_some(), 1.0, (&input, false), (&self.weight(weight)?, true))?;
        let adapters = self.adapters;
        for adapter in &adapters[weight.0] {
            let (a, b) = (self.parameter(adapter.a), self.parameter(adapter.b));
            let reduced = self.room(Element::Bf16, input.rows, a.rows)?;
            operations::product(&reduced, false, 1.0, (&input, false), (&a, true))?;
            let part = target.part(adapter.first_row, adapter.rows);
            operations::product(&part, true, self.adapter_factor, (&reduced, false), (&b, true))?;
            self.adapter_inputs[adapter.number] = Some(reduced);
        }
        self.values[output.value.0] = Some(target);
        Ok(())
    }

    /// From the derivative by the residual stream behind a segment to that before it.
    fn backward(&mut self, segment: &Segment, gradient: Tensor) -> Result<Tensor, EngineError> {
        let mut gradients = Gradients::from([(segment.output.value.0, gradient)]);
        for step in segment.steps.iter().rev() {
            self.step_back(step, &mut gradients)?;
        }
        self.begun(&mut gradients, segment.input.value)
    }

    /// The derivative by a result that is to be added to.
    fn begun(&self, gradients: &mut Gradients, value: ValueId) -> Result<Tensor, EngineError> {
        if let Some(gradient) = gradients.get(&value.0) {
            return Ok(gradient.clone());
        }
        let zeros = self.zeros(value)?;
        gradients.insert(value.0, zeros.clone());
        Ok(zeros)
    }

    /// The part of it that a slot is.
    fn begun_slot(&self, gradients: &mut Gradients, slot: Slot) -> Result<Tensor, EngineError> {
        Ok(self.begun(gradients, slot.value)?.part(slot.first_column, slot.columns))
    }

    /// The derivative by a result that nobody else adds to.
    fn taken(&self, gradients: &mut Gradients, value: ValueId) -> Result<Tensor, EngineError> {
        gradients.remove(&value.0).map_or_else(|| self.zeros(value), Ok)
    }

    /// Adds a whole derivative to that by a result; nobody else has it.
    fn add(&self, gradients: &mut Gradients, value: ValueId, gradient: Tensor) -> Done {
        if let Some(sum) = gradients.get(&value.0) {
            return operations::accumulate(sum, &gradient);
        }
        let own = if gradient.element == self.elements[value.0] {
            gradient
        } else {
            let own = self.make(value)?;
            operations::convert(&own, &gradient)?;
            own
        };
        gradients.insert(value.0, own);
        Ok(())
    }

    fn step_back(&self, step: &TrainingStep, gradients: &mut Gradients) -> Done {
        match *step {
            TrainingStep::Rope { slot, head_size, pairing, rope } => {
                let values = self.begun_slot(gradients, slot)?;
                let pairs = self.plan.ropes[rope.0].dimensions / 2;
                operations::rope(&values, head_size, pairing, pairs, &self.angles[rope.0], true)
            }
            TrainingStep::Norm { input, weight, output, inverse, .. } => {
                let gradient = self.halves(self.taken(gradients, output.value)?)?;
                let to_input = self.begun_slot(gradients, input)?;
                let (values, inverses) = (self.slot(input), self.value(inverse));
                operations::norm_back(&values, &self.norm_weight(weight), &inverses, &gradient, &to_input)?;
                self.gradient_of(weight).map_or(Ok(()), |to_weight| {
                    operations::norm_back_to_weight(&values, &inverses, &gradient, &to_weight)
                })
            }
            TrainingStep::Linear { input, weight, residual, output } => {
                let gradient = self.taken(gradients, output.value)?;
                self.linear_back(input, weight, &self.halves(gradient.clone())?, gradients)?;
                residual.map_or(Ok(()), |residual| self.add(gradients, residual.value, gradient))
            }
            TrainingStep::Attention { query, key, value, heads, output, log_sums } => {
                let gradient = self.taken(gradients, output.value)?;
                let went = [query, key, value].map(|slot| self.begun_slot(gradients, slot));
                let [to_query, to_key, to_value] = went;
                let (to_query, to_key, to_value) = (to_query?, to_key?, to_value?);
                let means = self.make(log_sums)?;
                let (query, key, value) = (self.slot(query), self.slot(key), self.slot(value));
                let attention = Attention { query: &query, key: &key, value: &value, heads, tiles: &self.tiles };
                let outputs = (&self.slot(output), &gradient);
                attention.backward(outputs, &self.value(log_sums), &means, [&to_query, &to_key, &to_value])
            }
            TrainingStep::Gate { gate, up, activation, output } => {
                let gradient = self.taken(gradients, output.value)?;
                let (to_gate, to_up) = (self.begun_slot(gradients, gate)?, self.begun_slot(gradients, up)?);
                let (gates, ups) = (self.slot(gate), self.slot(up));
                operations::gate_back((&gates, &to_gate), (&ups, &to_up), activation, &gradient)
            }
            TrainingStep::Add { left, right, output } => {
                let gradient = self.taken(gradients, output.value)?;
                let copy = self.make(output.value)?;
                copy.copy_from(&gradient)?;
                self.add(gradients, left.value, copy)?;
                self.add(gradients, right.value, gradient)
            }
        }
    }

    fn linear_back(&self, input: Slot, weight: WeightId, gradient: &Tensor, gradients: &mut Gradients) -> Done {
        let to_input = self.begun_slot(gradients, input)?;
        operations::multiply(&to_input, true, 1.0, gradient, &self.weight(weight)?)?;
        let input = self.halves(self.slot(input))?;
        if let Some(to_weight) = self.gradient_of(weight) {
            operations::product(&to_weight, true, 1.0, (gradient, true), (&input, false))?;
        }
        for adapter in &self.adapters[weight.0] {
            let (a, b) = (self.parameter(adapter.a), self.parameter(adapter.b));
            let part = gradient.part(adapter.first_row, adapter.rows);
            let to_reduced = self.room(Element::Bf16, input.rows, a.rows)?;
            operations::multiply(&to_reduced, false, self.adapter_factor, &part, &b)?;
            operations::multiply(&to_input, true, 1.0, &to_reduced, &a)?;
            operations::product(&self.gradient(adapter.a), true, 1.0, (&to_reduced, true), (&input, false))?;
            let reduced = self.adapter_inputs[adapter.number].as_ref().expect("the way forwards was gone before");
            let to_b = self.gradient(adapter.b);
            operations::product(&to_b, true, self.adapter_factor, (&part, true), (reduced, false))?;
        }
        Ok(())
    }
}
