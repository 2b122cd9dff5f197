//! Where an adapter's matrices lie beside the weights of a plan, and whether they fit there.

use std::collections::HashMap;
use std::ops::Range;

use super::{AdapterError, LoraAdapter};
use crate::error::EngineError;
use crate::gguf::GgufFile;
use crate::plan::{Operation, Plan, WeightId};
use crate::weights;

/// Ranks are filled up with zeros to a multiple of this: kernels read so many values at a time.
const RANK_UNIT: usize = 4;

/// The matrices of a model that can have something beside them: those that activations are multiplied with.
#[derive(Clone, Debug)]
pub(crate) struct AdaptableMatrices {
    architecture: String,
    /// Of the plan.
    weights: usize,
    by_tensor: HashMap<String, AdaptableMatrix>,
}

#[derive(Clone, Debug)]
struct AdaptableMatrix {
    weight: WeightId,
    /// Of the stacked weight.
    rows: Range<usize>,
    columns: usize,
}

impl AdaptableMatrices {
    /// Those of a plan for a file.
    ///
    /// # Errors
    /// A tensor of the plan is not in the file.
    pub(crate) fn of(architecture: &str, plan: &Plan, file: &GgufFile) -> Result<Self, EngineError> {
        let mut by_tensor = HashMap::new();
        for step in &plan.steps {
            let Operation::Linear { weight: id, .. } = step.operation else { continue };
            let (weight, mut first_row) = (&plan.weights[id.0], 0);
            for tensor in weights::tensors(file, weight)? {
                let rows = first_row..first_row + tensor.rows;
                first_row = rows.end;
                by_tensor.insert(tensor.name.clone(), AdaptableMatrix { weight: id, rows, columns: weight.columns });
            }
        }
        Ok(Self { architecture: architecture.to_owned(), weights: plan.weights.len(), by_tensor })
    }

    /// The place of each of an adapter's matrices.
    ///
    /// # Errors
    /// It is of another model, or its own sizes contradict each other.
    pub(crate) fn place(&self, adapter: &LoraAdapter) -> Result<Placement, AdapterError> {
        let other = |what: String| Err(AdapterError::OfAnotherModel(what));
        if adapter.architecture != self.architecture {
            return other(format!(
                "it belongs to a model of architecture {:?}, and this one is of {:?}",
                adapter.architecture, self.architecture
            ));
        }
        let (rank, factor) = (adapter.settings.rank, adapter.settings.factor());
        if rank == 0 || !factor.is_finite() {
            return Err(AdapterError::Malformed(format!("its rank is {rank} and its factor {factor}")));
        }
        // One that can't be rounded up fits no matrix, and is refused below.
        let filled_up = rank.checked_next_multiple_of(RANK_UNIT).unwrap_or(rank);
        let mut placement = Placement { rank: filled_up, weights: vec![Vec::new(); self.weights] };
        for (index, matrix) in adapter.matrices.iter().enumerate() {
            let tensor = &matrix.tensor;
            let Some(place) = self.by_tensor.get(tensor) else {
                return other(format!("it changes {tensor}, and the model multiplies with nothing of that name"));
            };
            if (matrix.rows, matrix.columns) != (place.rows.len(), place.columns) {
                return other(format!(
                    "{tensor} is of {} x {} values in the model, and of {} x {} in the adapter",
                    place.rows.len(),
                    place.columns,
                    matrix.rows,
                    matrix.columns
                ));
            }
            // A damaged one's rank may be any number.
            let has = |values: &[f32], count: usize| Some(values.len()) == rank.checked_mul(count);
            if !has(&matrix.a, matrix.columns) || !has(&matrix.b, matrix.rows) {
                return Err(AdapterError::Malformed(format!(
                    "with rank {rank}, {tensor} needs A of {rank} x {} and B of {} x {rank} values, and has {} and {}",
                    matrix.columns,
                    matrix.rows,
                    matrix.a.len(),
                    matrix.b.len()
                )));
            }
            if !matrix.a.iter().chain(&matrix.b).all(|value| value.is_finite()) {
                return Err(AdapterError::Malformed(format!("{tensor} holds values that are no numbers")));
            }
            placement.weights[place.weight.0].push(AdaptedRows { rows: place.rows.clone(), matrix: index });
        }
        placement.weights.iter_mut().for_each(|parts| parts.sort_by_key(|part| part.rows.start));
        Ok(placement)
    }
}

/// The places of an adapter's matrices.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The adapter's rank, rounded up to a multiple of four.
    pub rank: usize,
    /// By weight of the plan: the rows that have something beside them, in order.
    pub weights: Vec<Vec<AdaptedRows>>,
}

/// Rows of a weight, and the matrix beside them.
#[derive(Clone, Debug)]
pub struct AdaptedRows {
    /// Of the stacked weight.
    pub rows: Range<usize>,
    /// Index into the adapter's matrices.
    pub matrix: usize,
}

impl Placement {
    /// The A of all parts of a weight on top of each other, `[parts * rank, columns]`, with rows of zeros where the rank was
    /// rounded up.
    pub(crate) fn stacked_a(&self, adapter: &LoraAdapter, weight: usize) -> Vec<f32> {
        let mut stacked = Vec::new();
        for part in &self.weights[weight] {
            let matrix = &adapter.matrices[part.matrix];
            let end = stacked.len() + self.rank * matrix.columns;
            stacked.extend_from_slice(&matrix.a);
            stacked.resize(end, 0.0);
        }
        stacked
    }

    /// The B of a part times the adapter's factor, `[rows, rank]`, with columns of zeros where the rank was rounded up.
    pub(crate) fn scaled_b(&self, adapter: &LoraAdapter, part: &AdaptedRows) -> Vec<f32> {
        let (rank, factor) = (adapter.settings.rank, adapter.settings.factor());
        let filled = self.rank - rank;
        let rows = adapter.matrices[part.matrix].b.chunks_exact(rank);
        rows.flat_map(|row| row.iter().map(|value| value * factor).chain(std::iter::repeat_n(0.0, filled))).collect()
    }
}
