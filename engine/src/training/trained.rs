//! What a method trains of a model.

use super::adapter::Adapter;
use super::random::fill_evenly;
use super::{Method, Parameter, Parameters};
use crate::adapter::{LoraAdapter, LoraMatrix};
use crate::error::EngineError;
use crate::gguf::GgufFile;
use crate::plan::Plan;
use crate::source::ReadAt;
use crate::weights;

/// The parameters, and which weights they are or stand beside.
pub(super) struct Trained {
    pub(super) parameters: Parameters,
    /// By weight of the plan: its number among the parameters, if it is one.
    pub(super) numbers: Vec<Option<usize>>,
    /// By weight of the plan: its adapters.
    pub(super) adapters: Vec<Vec<Adapter>>,
    pub(super) adapter_factor: f32,
    pub(super) adapter_count: usize,
}

impl Trained {
    /// Reads weights that are trained from `source`. Of adapters B is zero and A spread evenly as PEFT does it, by `seed`.
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
        let (mut parameters, mut numbers, mut adapters) = (Parameters::default(), Vec::new(), Vec::new());
        let (mut adapter_factor, mut adapter_count) = (1.0, 0);
        for weight in &plan.weights {
            let mut beside = Vec::new();
            numbers.push(match method {
                Method::Full => {
                    let number = parameters.add(weight.tensors.join(" "), weight.rows, weight.columns);
                    let range = parameters.range(number);
                    parameters.values[range].copy_from_slice(&weights::read_floats(source, file, weight)?);
                    Some(number)
                }
                Method::Lora(settings) => {
                    adapter_factor = settings.factor();
                    let mut first_row = 0;
                    for tensor in weights::tensors(file, weight)? {
                        if settings.has(&tensor.name) {
                            let rank = settings.rank;
                            let a = parameters.add(format!("{}.lora_a", tensor.name), rank, tensor.columns);
                            let bound = 1.0 / (tensor.columns as f32).sqrt();
                            let range = parameters.range(a);
                            fill_evenly(seed, adapter_count as u32, bound, &mut parameters.values[range]);
                            let b = parameters.add(format!("{}.lora_b", tensor.name), tensor.rows, rank);
                            beside.push(Adapter { first_row, rows: tensor.rows, a, b, number: adapter_count });
                            adapter_count += 1;
                        }
                        first_row += tensor.rows;
                    }
                    None
                }
            });
            adapters.push(beside);
        }
        Ok(Self { parameters, numbers, adapters, adapter_factor, adapter_count })
    }
}

/// The adapter that parameters are; there is none where every weight is trained.
pub(super) fn adapter(architecture: &str, method: &Method, parameters: &Parameters) -> Option<LoraAdapter> {
    let Method::Lora(settings) = method else { return None };
    let values = |parameter: &Parameter| parameters.values[parameter.range.clone()].to_vec();
    let matrices = parameters.list.chunks_exact(2).map(|pair| LoraMatrix {
        tensor: pair[0].name.trim_end_matches(".lora_a").to_owned(),
        rows: pair[1].rows,
        columns: pair[0].columns,
        a: values(&pair[0]),
        b: values(&pair[1]),
    });
    let matrices = matrices.collect();
    Some(LoraAdapter { architecture: architecture.to_owned(), settings: settings.clone(), matrices })
}
