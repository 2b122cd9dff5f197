//! What a method trains of a model.

use std::collections::HashMap;
use std::io::Write;

use super::adapter::Adapter;
use super::random::fill_evenly;
use super::{Method, Parameter, Parameters};
use crate::adapter::{LoraAdapter, LoraMatrix};
use crate::error::EngineError;
use crate::gguf::{GgufFile, RewriteError, write_in_floats};
use crate::plan::{Plan, WeightId};
use crate::source::ReadAt;
use crate::weights;

/// The parameters, and which weights they are or stand beside.
pub(super) struct Trained {
    pub(super) parameters: Parameters,
    /// By weight of the plan.
    pub(super) holdings: Vec<Holding>,
    /// By weight of the plan: its adapters.
    pub(super) adapters: Vec<Vec<Adapter>>,
    pub(super) adapter_factor: f32,
    pub(super) adapter_count: usize,
}

/// How a weight is held while it is trained, or beside what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    /// Its number among the parameters.
    Trained(usize),
    /// A norm that stays as it is, in floats.
    Norm,
    /// A matrix in four bits.
    Nf4 { double_quantization: bool },
    /// A matrix as the file stores it.
    AsStored,
}

impl Holding {
    /// How a weight that is not trained is held.
    pub(super) fn frozen(method: &Method, plan: &Plan, weight: WeightId) -> Self {
        let is_in_layer = plan.weights[weight.0].tensors.iter().all(|tensor| tensor.starts_with("blk."));
        match *method {
            _ if plan.is_norm(weight) => Self::Norm,
            Method::QLora { double_quantization, .. } if is_in_layer => Self::Nf4 { double_quantization },
            _ => Self::AsStored,
        }
    }
}

impl Trained {
    /// Reads weights that are trained from `source`. Of adapters B is zero and A spread evenly as PEFT does it, by `seed`;
    /// the lengths of a DoRA are zero until its weights are there.
    ///
    /// # Errors
    /// The file can't be read, or lacks a tensor.
    pub(super) fn of(
        file: &GgufFile,
        source: &dyn ReadAt,
        plan: &Plan,
        method: &Method,
        seed: u64,
    ) -> Result<Self, EngineError> {
        let (mut parameters, mut holdings, mut adapters) = (Parameters::default(), Vec::new(), Vec::new());
        let (mut adapter_factor, mut adapter_count) = (1.0, 0);
        for (index, weight) in plan.weights.iter().enumerate() {
            let mut beside = Vec::new();
            let Some(settings) = method.adapters() else {
                let number = parameters.add(weight.tensors.join(" "), weight.rows, weight.columns);
                let range = parameters.range(number);
                parameters.values[range].copy_from_slice(&weights::read_floats(source, file, weight)?);
                holdings.push(Holding::Trained(number));
                adapters.push(beside);
                continue;
            };
            adapter_factor = settings.factor();
            holdings.push(Holding::frozen(method, plan, WeightId(index)));
            let mut first_row = 0;
            for tensor in weights::tensors(file, weight)? {
                if settings.has(&tensor.name) {
                    let rank = settings.rank;
                    let a = parameters.add(format!("{}.lora_a", tensor.name), rank, tensor.columns);
                    let bound = 1.0 / (tensor.columns as f32).sqrt();
                    let range = parameters.range(a);
                    fill_evenly(seed, adapter_count as u32, bound, &mut parameters.values[range]);
                    let b = parameters.add(format!("{}.lora_b", tensor.name), tensor.rows, rank);
                    let magnitude = settings
                        .dora
                        .then(|| parameters.add(format!("{}.lora_magnitude", tensor.name), tensor.rows, 1));
                    beside.push(Adapter { magnitude, first_row, rows: tensor.rows, a, b, number: adapter_count });
                    adapter_count += 1;
                }
                first_row += tensor.rows;
            }
            adapters.push(beside);
        }
        Ok(Self { parameters, holdings, adapters, adapter_factor, adapter_count })
    }
}

/// The adapter that parameters are; there is none where every weight is trained.
pub(super) fn adapter(architecture: &str, method: &Method, parameters: &Parameters) -> Option<LoraAdapter> {
    let settings = method.adapters()?;
    let values = |parameter: &Parameter| parameters.values[parameter.range.clone()].to_vec();
    let matrices = parameters.list.chunks_exact(if settings.dora { 3 } else { 2 }).map(|parts| LoraMatrix {
        tensor: parts[0].name.trim_end_matches(".lora_a").to_owned(),
        rows: parts[1].rows,
        columns: parts[0].columns,
        a: values(&parts[0]),
        b: values(&parts[1]),
        magnitude: parts.get(2).map(values),
    });
    let matrices = matrices.collect();
    Some(LoraAdapter { architecture: architecture.to_owned(), settings: settings.clone(), matrices })
}

/// Writes a model with what was trained, an adapter in its weights, in 32-bit floats.
///
/// # Errors
/// The file can't be read any more, or `out` can't be written to.
pub(super) fn write_model(
    adapter: Option<&LoraAdapter>,
    parameters: &Parameters,
    file: &GgufFile,
    source: &dyn ReadAt,
    out: &mut dyn Write,
) -> Result<(), RewriteError> {
    if let Some(adapter) = adapter {
        return crate::adapter::merge(file, source, adapter, out);
    }
    // Matrices that are computed together are one parameter, one behind the other.
    let mut trained = HashMap::new();
    for parameter in &parameters.list {
        let mut start = parameter.range.start;
        for name in parameter.name.split(' ') {
            trained.insert(name, start);
            start += file.tensor(name).map_or(0, |tensor| tensor.rows * tensor.columns);
        }
    }
    write_in_floats(file, source, out, |tensor, values| {
        if let Some(&start) = trained.get(tensor.name.as_str()) {
            values.copy_from_slice(&parameters.values[start..][..values.len()]);
        }
        Ok(())
    })
}
