//! A plan made ready for going back through it: every result has a place of its own, so that nothing is overwritten that the
//! backward pass still needs, and the steps lie in segments between which only the residual stream passes.

use std::ops::Range;

use crate::error::EngineError;
use crate::plan::{Activation, BufferId, Operation, Plan, RopeId, RopePairing, Rows, View, WeightId};

/// A result, a matrix `[tokens, columns]`: its index in [`Program::columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ValueId(pub(super) usize);

/// A range of a result's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) value: ValueId,
    pub(super) first_column: usize,
    pub(super) columns: usize,
}

/// A step, whose inputs and outputs stay apart. Only a rotation works in place: going back it needs nothing but its angles.
#[derive(Clone, Debug)]
pub(super) enum TrainingStep {
    /// See [`Operation::RmsNorm`].
    Norm {
        input: Slot,
        weight: WeightId,
        epsilon: f32,
        output: Slot,
        /// One over the root of the mean square of each group, `[tokens, groups]`.
        inverse: ValueId,
    },
    /// output = residual + input * weight^T.
    Linear { input: Slot, weight: WeightId, residual: Option<Slot>, output: Slot },
    /// See [`Operation::Rope`].
    Rope { slot: Slot, head_size: usize, pairing: RopePairing, rope: RopeId },
    /// Causal attention within each sequence.
    Attention {
        query: Slot,
        key: Slot,
        value: Slot,
        heads: Heads,
        output: Slot,
        /// The logarithm of the sum of each softmax, `[tokens, query heads]`.
        log_sums: ValueId,
    },
    /// See [`Operation::Gate`].
    Gate { gate: Slot, up: Slot, activation: Activation, output: Slot },
    /// output = left + right.
    Add { left: Slot, right: Slot, output: Slot },
}

/// How attention is shared out to heads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Heads {
    pub(super) query: usize,
    pub(super) key_value: usize,
    pub(super) size: usize,
    pub(super) scale: f32,
    pub(super) window: Option<usize>,
}

/// Steps between which and the others only the residual stream passes: half a layer.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) steps: Vec<TrainingStep>,
    /// The residual stream before it.
    pub(super) input: Slot,
    /// The residual stream behind it.
    pub(super) output: Slot,
    /// The results that it makes, `output` among them.
    pub(super) values: Range<usize>,
}

/// What comes of the residual stream: a norm, and the logits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) norm: WeightId,
    pub(super) epsilon: f32,
    pub(super) weight: WeightId,
}

/// A forward pass that can be gone back through.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// Columns of every result. The first is the residual stream as the embeddings make it.
    pub(super) columns: Vec<usize>,
    pub(super) table: WeightId,
    pub(super) table_scale: f32,
    pub(super) segments: Vec<Segment>,
    pub(super) head: Head,
}

impl Program {
    /// Reads a plan.
    ///
    /// # Errors
    /// The plan does not begin with embeddings, end with a norm and logits, or pass more than the residual stream on.
    pub(super) fn of(plan: &Plan) -> Result<Self, EngineError> {
        let mut steps = plan.steps.iter();
        let Some(Operation::Embed { table, scale, output: stream }) = steps.next().map(|step| &step.operation) else {
            return Err(unknown("it does not begin with its embeddings"));
        };
        let mut reader = Reader {
            plan,
            stream: stream.buffer,
            columns: Vec::new(),
            pieces: vec![Vec::new(); plan.buffers.len()],
            caches: vec![None; plan.caches.len()],
            segments: Vec::new(),
        };
        reader.write(*stream);
        let body = plan.steps[1..].iter().take_while(|step| step.rows == Rows::All);
        let body = body.map(|step| &step.operation);
        body.into_iter().try_for_each(|operation| reader.read_step(operation))?;
        reader.end_segment()?;
        let head: Vec<&Operation> =
            plan.steps.iter().filter(|step| step.rows == Rows::Logits).map(|step| &step.operation).collect();
        let [Operation::RmsNorm { weight: norm, epsilon, .. }, Operation::Linear { weight, accumulate: false, .. }] =
            head[..]
        else {
            return Err(unknown("it does not end with a norm and its logits"));
        };
        Ok(Self {
            columns: reader.columns,
            table: *table,
            table_scale: *scale,
            segments: reader.segments,
            head: Head { norm: *norm, epsilon: *epsilon, weight: *weight },
        })
    }
}

fn unknown(what: &str) -> EngineError {
    EngineError::Malformed(format!("this model can't be trained: {what}"))
}

/// Where what lies in a buffer of the plan is now.
#[derive(Clone, Copy, Debug)]
struct Piece {
    first_column: usize,
    slot: Slot,
}

struct Reader<'a> {
    plan: &'a Plan,
    stream: BufferId,
    columns: Vec<usize>,
    pieces: Vec<Vec<Piece>>,
    caches: Vec<Option<(Slot, Slot)>>,
    segments: Vec<Segment>,
}

impl Reader<'_> {
    fn value(&mut self, columns: usize) -> ValueId {
        self.columns.push(columns);
        ValueId(self.columns.len() - 1)
    }

    /// A new result that lies in `view` from now on.
    fn write(&mut self, view: View) -> Slot {
        let value = self.value(view.columns);
        let slot = Slot { value, first_column: 0, columns: view.columns };
        let pieces = &mut self.pieces[view.buffer.0];
        let end = view.first_column + view.columns;
        let mut kept = Vec::with_capacity(pieces.len() + 1);
        for piece in pieces.drain(..) {
            let piece_end = piece.first_column + piece.slot.columns;
            let left = view.first_column.clamp(piece.first_column, piece_end) - piece.first_column;
            let right = piece_end - end.clamp(piece.first_column, piece_end);
            if left > 0 {
                kept.push(Piece { slot: Slot { columns: left, ..piece.slot }, ..piece });
            }
            if right > 0 {
                let skipped = piece.slot.columns - right;
                let first_column = piece.slot.first_column + skipped;
                kept.push(Piece {
                    first_column: piece.first_column + skipped,
                    slot: Slot { first_column, columns: right, ..piece.slot },
                });
            }
        }
        kept.push(Piece { first_column: view.first_column, slot });
        *pieces = kept;
        slot
    }

    /// What lies in `view`, which must be of one result, and of this segment or the residual stream.
    fn read(&self, view: View) -> Result<Slot, EngineError> {
        let holds = |piece: &&Piece| {
            piece.first_column <= view.first_column
                && view.first_column + view.columns <= piece.first_column + piece.slot.columns
        };
        let piece =
            self.pieces[view.buffer.0].iter().find(holds).ok_or_else(|| unknown("a step reads what is not there"))?;
        let first_column = piece.slot.first_column + view.first_column - piece.first_column;
        let slot = Slot { first_column, columns: view.columns, ..piece.slot };
        let begins = self.segments.last().map_or(0, |segment| segment.values.start);
        let is_near = slot.value.0 >= begins || self.segments.last().is_some_and(|it| it.input.value == slot.value);
        if is_near { Ok(slot) } else { Err(unknown("more than the residual stream passes from layer to layer")) }
    }

    /// A segment begins where a norm reads the residual stream.
    fn begin_segment(&mut self, stream: View) -> Result<(), EngineError> {
        self.end_segment()?;
        let input = self.read_stream(stream)?;
        let values = self.columns.len()..self.columns.len();
        self.segments.push(Segment { steps: Vec::new(), input, output: input, values });
        Ok(())
    }

    fn read_stream(&self, stream: View) -> Result<Slot, EngineError> {
        let piece = self.pieces[stream.buffer.0].iter().find(|piece| piece.slot.columns == stream.columns);
        piece.map(|piece| piece.slot).ok_or_else(|| unknown("its residual stream is in parts"))
    }

    fn end_segment(&mut self) -> Result<(), EngineError> {
        let end = self.columns.len();
        let stream = self.pieces[self.stream.0].first().map(|piece| piece.slot);
        if let (Some(segment), Some(stream)) = (self.segments.last_mut(), stream) {
            segment.output = stream;
            segment.values.end = end;
        }
        Ok(())
    }

    fn push(&mut self, step: TrainingStep) -> Result<(), EngineError> {
        let segment = self.segments.last_mut().ok_or_else(|| unknown("it does not begin with a norm"))?;
        segment.steps.push(step);
        Ok(())
    }

    fn read_step(&mut self, operation: &Operation) -> Result<(), EngineError> {
        match *operation {
            Operation::Embed { .. } => Err(unknown("it has embeddings in its middle")),
            Operation::RmsNorm { input, weight, epsilon, group_columns, output } => {
                if input.buffer == self.stream {
                    self.begin_segment(input)?;
                }
                let input = self.read(input)?;
                let inverse = self.value(input.columns / group_columns);
                let output = self.write(output);
                self.push(TrainingStep::Norm { input, weight, epsilon, output, inverse })
            }
            Operation::Linear { input, weight, output, accumulate } => {
                let input = self.read(input)?;
                let residual = accumulate.then(|| self.read(output)).transpose()?;
                let output = self.write(output);
                self.push(TrainingStep::Linear { input, weight, residual, output })
            }
            Operation::Rope { view, head_size, pairing, rope } => {
                let slot = self.read(view)?;
                self.push(TrainingStep::Rope { slot, head_size, pairing, rope })
            }
            Operation::Store { key, value, cache } => {
                self.caches[cache] = Some((self.read(key)?, self.read(value)?));
                Ok(())
            }
            Operation::Attention { query, query_heads, cache, scale, window, output } => {
                let (key, value) = self.caches[cache].ok_or_else(|| unknown("attention comes before its keys"))?;
                let query = self.read(query)?;
                let plan_cache = self.plan.caches[cache];
                let (key_value, size) = (plan_cache.heads, plan_cache.head_size);
                let heads = Heads { query: query_heads, key_value, size, scale, window };
                let log_sums = self.value(query_heads);
                let output = self.write(output);
                self.push(TrainingStep::Attention { query, key, value, heads, output, log_sums })
            }
            Operation::Gate { gate, up, activation, output } => {
                let (gate, up) = (self.read(gate)?, self.read(up)?);
                let output = self.write(output);
                self.push(TrainingStep::Gate { gate, up, activation, output })
            }
            Operation::Add { input, output } => {
                let (left, right) = (self.read(output)?, self.read(input)?);
                let output = self.write(output);
                self.push(TrainingStep::Add { left, right, output })
            }
        }
    }
}
