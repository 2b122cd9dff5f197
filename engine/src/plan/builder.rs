//! Puts a plan together while checking every tensor's presence and shape.

use super::{Buffer, BufferId, Cache, Operation, Plan, Rope, RopeId, Rows, Step, View, Weight, WeightId};
use crate::error::EngineError;
use crate::gguf::GgufFile;

/// A plan in the making. Architectures call it; see `models/llama.rs`.
pub struct PlanBuilder<'a> {
    file: &'a GgufFile,
    plan: Plan,
    rows: Rows,
}

impl<'a> PlanBuilder<'a> {
    /// An empty plan for the weights of `file`.
    pub fn new(file: &'a GgufFile) -> Self {
        let no_view = View { buffer: BufferId(0), first_column: 0, columns: 0 };
        let plan = Plan {
            buffers: Vec::new(),
            weights: Vec::new(),
            ropes: Vec::new(),
            caches: Vec::new(),
            steps: Vec::new(),
            hidden: no_view,
            logits: no_view,
            vocabulary_size: 0,
        };
        Self { file, plan, rows: Rows::All }
    }

    /// True where the file has the tensor.
    pub fn has(&self, tensor: &str) -> bool {
        self.file.tensor(tensor).is_some()
    }

    /// A buffer of `columns` values per token, seen whole.
    pub fn buffer(&mut self, name: &'static str, columns: usize) -> View {
        self.plan.buffers.push(Buffer { name, columns, rows: self.rows });
        View { buffer: BufferId(self.plan.buffers.len() - 1), first_column: 0, columns }
    }

    /// A rotary table.
    pub fn rope(&mut self, rope: Rope) -> RopeId {
        self.plan.ropes.push(rope);
        RopeId(self.plan.ropes.len() - 1)
    }

    /// The cache of the next layer.
    pub fn cache(&mut self, heads: usize, head_size: usize) -> usize {
        self.plan.caches.push(Cache { heads, head_size });
        self.plan.caches.len() - 1
    }

    /// The tensor `name`, which must be `[rows, columns]`. A tensor named before (tied embeddings) is shared.
    ///
    /// # Errors
    /// It is missing or has another shape.
    pub fn weight(&mut self, name: &str, rows: usize, columns: usize) -> Result<WeightId, EngineError> {
        let expected = || format!("{rows} x {columns} values");
        let tensor = self.file.tensor(name).ok_or_else(|| EngineError::Tensor {
            name: name.to_owned(),
            expected: expected(),
            found: "no such tensor".to_owned(),
        })?;
        if (tensor.rows, tensor.columns) != (rows, columns) {
            return Err(EngineError::Tensor {
                name: name.to_owned(),
                expected: expected(),
                found: format!("{} x {}", tensor.rows, tensor.columns),
            });
        }
        let block_type = tensor.block_type;
        let known = self.plan.weights.iter().position(|weight| weight.tensors.as_slice() == [name]);
        Ok(WeightId(known.unwrap_or_else(|| {
            self.plan.weights.push(Weight { tensors: vec![name.to_owned()], block_type, rows, columns });
            self.plan.weights.len() - 1
        })))
    }

    /// Adds a step.
    pub fn step(&mut self, name: String, operation: Operation) {
        self.plan.steps.push(Step { name, operation, rows: self.rows });
    }

    /// Several matrices that read the same input, written side by side into one output: neighbours stored in the
    /// same format become one stacked weight and one step, the others a step each. `parts` are (tensor, rows).
    ///
    /// # Errors
    /// A tensor is missing or has another shape.
    pub fn stacked_linear(
        &mut self,
        name: &str,
        input: View,
        parts: &[(String, usize)],
        output: View,
    ) -> Result<(), EngineError> {
        let mut first_column = output.first_column;
        let mut index = 0;
        while index < parts.len() {
            let (tensor, rows) = &parts[index];
            let weight = self.weight(tensor, *rows, input.columns)?;
            index += 1;
            while let Some((tensor, rows)) = parts.get(index) {
                let next = self.weight(tensor, *rows, input.columns)?;
                if self.plan.weights[next.0].block_type != self.plan.weights[weight.0].block_type {
                    break;
                }
                // The newest entry is `next`'s own; it joins the stack.
                self.plan.weights.pop();
                let stack = &mut self.plan.weights[weight.0];
                stack.tensors.push(tensor.clone());
                stack.rows += rows;
                index += 1;
            }
            let columns = self.plan.weights[weight.0].rows;
            let output = View { buffer: output.buffer, first_column, columns };
            first_column += columns;
            self.step(name.to_owned(), Operation::Linear { input, weight, output, accumulate: false });
        }
        Ok(())
    }

    /// From here on, buffers and steps are only for the tokens whose logits were asked for.
    pub fn logit_rows_only(&mut self) {
        self.rows = Rows::Logits;
    }

    /// The finished plan: `logits` are computed from `hidden`, which is a whole buffer.
    pub fn finish(mut self, hidden: View, logits: View) -> Plan {
        self.plan.hidden = hidden;
        self.plan.vocabulary_size = logits.columns;
        self.plan.logits = logits;
        self.plan
    }
}

impl View {
    /// `columns` columns of this view, from its column `first`.
    ///
    /// # Panics
    /// Where they are not all in it.
    pub fn part(self, first: usize, columns: usize) -> View {
        assert!(first + columns <= self.columns, "a part of a view lies inside it");
        View { buffer: self.buffer, first_column: self.first_column + first, columns }
    }
}
