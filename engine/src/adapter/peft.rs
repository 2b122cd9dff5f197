//! Adapters as the `peft` library keeps them: a folder with `adapter_config.json` and `adapter_model.safetensors`.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use super::{AdapterError, LoraAdapter, LoraMatrix, Scaling};
use crate::models::Hyperparameters;
use crate::models::hugging_face::Modules;

/// The file that says what the adapter is.
pub const CONFIG_FILE_NAME: &str = "adapter_config.json";
/// The file with its matrices.
pub const WEIGHTS_FILE_NAME: &str = "adapter_model.safetensors";

/// What `peft` writes before each module's name.
const PREFIX: &str = "base_model.model.";

/// What `peft` calls the lengths of a DoRA.
const MAGNITUDE: &str = "lora_magnitude_vector";

/// The two files.
#[derive(Clone, Debug)]
pub struct PeftFiles {
    /// [`CONFIG_FILE_NAME`]
    pub config: String,
    /// [`WEIGHTS_FILE_NAME`]
    pub weights: Vec<u8>,
}

/// What is read of a configuration and written into one. Of the fields that are not here, `peft` takes its own defaults.
#[derive(Debug, Serialize, Deserialize)]
struct Config {
    peft_type: String,
    #[serde(default)]
    task_type: Option<String>,
    #[serde(default)]
    base_model_name_or_path: Option<String>,
    r: usize,
    lora_alpha: f32,
    #[serde(default)]
    lora_dropout: f32,
    target_modules: TargetModules,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default = "none")]
    bias: String,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    inference_mode: bool,
    #[serde(default)]
    init_lora_weights: serde_json::Value,
    #[serde(default)]
    modules_to_save: Option<Vec<String>>,
    #[serde(default)]
    rank_pattern: BTreeMap<String, usize>,
    #[serde(default)]
    alpha_pattern: BTreeMap<String, f32>,
}

fn none() -> String {
    "none".to_owned()
}

/// A list, or a pattern that is matched with the modules' names. The matrices say which modules they belong to, so neither is
/// used.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum TargetModules {
    List(Vec<String>),
    Pattern(String),
}

impl LoraAdapter {
    /// The files of it, for a model that others call `base`.
    ///
    /// # Errors
    /// One of its matrices stands beside none of the model's.
    pub fn to_peft(&self, sizes: &Hyperparameters, base: &str) -> Result<PeftFiles, AdapterError> {
        let modules = Modules::of(sizes);
        let rank = self.settings.rank;
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::with_capacity(2 * self.matrices.len());
        let mut targets: Vec<String> = Vec::new();
        for matrix in &self.matrices {
            let module = modules.module(&matrix.tensor).ok_or_else(|| beside_nothing(&matrix.tensor))?;
            let target = module.rsplit('.').next().unwrap_or_default().to_owned();
            if !targets.contains(&target) {
                targets.push(target);
            }
            let order = modules.row_order(&matrix.tensor);
            let mut b = vec![0.0; matrix.b.len()];
            for (row, values) in matrix.b.chunks_exact(rank).enumerate() {
                b[order.row_of_module(row, matrix.rows) * rank..][..rank].copy_from_slice(values);
            }
            let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let name = |part: &str| format!("{PREFIX}{module}.{part}.weight");
            tensors.push((name("lora_A"), vec![rank, matrix.columns], bytes(&matrix.a)));
            tensors.push((name("lora_B"), vec![matrix.rows, rank], bytes(&b)));
            if let Some(magnitude) = &matrix.magnitude {
                let mut ordered = vec![0.0; magnitude.len()];
                for (row, value) in magnitude.iter().enumerate() {
                    ordered[order.row_of_module(row, matrix.rows)] = *value;
                }
                tensors.push((format!("{PREFIX}{module}.{MAGNITUDE}"), vec![matrix.rows], bytes(&ordered)));
            }
        }
        let views = tensors.iter().map(|(name, shape, bytes)| {
            TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name.as_str(), view))
        });
        let failed = |error: safetensors::SafeTensorError| AdapterError::Malformed(error.to_string());
        let views: Vec<_> = views.collect::<Result<_, _>>().map_err(failed)?;
        let metadata = [("format".to_owned(), "pt".to_owned())].into();
        let weights = serialize(views, Some(metadata)).map_err(failed)?;
        let config = Config {
            peft_type: "LORA".to_owned(),
            task_type: Some("CAUSAL_LM".to_owned()),
            base_model_name_or_path: Some(base.to_owned()),
            r: rank,
            lora_alpha: self.settings.alpha,
            lora_dropout: 0.0,
            target_modules: TargetModules::List(targets),
            use_rslora: self.settings.scaling == Scaling::RootOfRank,
            use_dora: self.settings.dora,
            bias: none(),
            fan_in_fan_out: false,
            inference_mode: true,
            init_lora_weights: true.into(),
            modules_to_save: None,
            rank_pattern: BTreeMap::new(),
            alpha_pattern: BTreeMap::new(),
        };
        let config =
            serde_json::to_string_pretty(&config).map_err(|error| AdapterError::Malformed(error.to_string()))?;
        Ok(PeftFiles { config: config + "\n", weights })
    }

    /// Reads the files of one for a model.
    ///
    /// # Errors
    /// They are damaged, of a kind that is not known here, or for another model.
    pub fn from_peft(config: &str, weights: &[u8], sizes: &Hyperparameters) -> Result<Self, AdapterError> {
        let malformed = |what: String| AdapterError::Malformed(what);
        let config: Config =
            serde_json::from_str(config).map_err(|error| malformed(format!("{CONFIG_FILE_NAME}: {error}")))?;
        let unknown = [
            (config.peft_type != "LORA", "it is no LoRA"),
            (config.bias != "none", "it changes biases"),
            (config.fan_in_fan_out, "its matrices are stored by columns"),
            (config.modules_to_save.as_ref().is_some_and(|it| !it.is_empty()), "it replaces whole modules"),
            (
                !config.rank_pattern.is_empty() || !config.alpha_pattern.is_empty(),
                "its ranks differ from module to module",
            ),
            (config.r == 0, "its rank is 0"),
        ];
        if let Some((_, what)) = unknown.iter().find(|(is_so, _)| *is_so) {
            return Err(malformed((*what).to_owned()));
        }
        let tensors =
            SafeTensors::deserialize(weights).map_err(|error| malformed(format!("{WEIGHTS_FILE_NAME}: {error}")))?;
        let modules = Modules::of(sizes);
        let rank = config.r;
        let mut matrices = Vec::new();
        for (name, a) in tensors.iter() {
            let Some(module) = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(".lora_A.weight")) else {
                if name.ends_with(".lora_B.weight") || (config.use_dora && name.ends_with(MAGNITUDE)) {
                    continue;
                }
                return Err(malformed(format!("it has a tensor {name:?} that belongs to no adapter of its kind")));
            };
            let tensor = modules.tensor(module).ok_or_else(|| beside_nothing(module))?;
            let b = tensors
                .tensor(&format!("{PREFIX}{module}.lora_B.weight"))
                .map_err(|_| malformed(format!("{module} has a lora_A and no lora_B")))?;
            let ([a_rows, columns], [rows, b_columns]) = (a.shape(), b.shape()) else {
                return Err(malformed(format!("what it has for {module} is no matrix")));
            };
            if [*a_rows, *b_columns] != [rank; 2] {
                return Err(malformed(format!("the rank is {rank}, and {module} has {a_rows} and {b_columns}")));
            }
            if modules.shape(&tensor) != Some((*rows, *columns)) {
                return Err(AdapterError::OfAnotherModel(format!(
                    "{module} is of {rows} x {columns} values in the adapter, and not in the model"
                )));
            }
            let order = modules.row_order(&tensor);
            let values = floats(&b).ok_or_else(|| malformed(format!("{module} holds {:?}", b.dtype())))?;
            let mut b = Vec::with_capacity(values.len());
            for row in 0..*rows {
                b.extend_from_slice(&values[order.row_of_module(row, *rows) * rank..][..rank]);
            }
            let a = floats(&a).ok_or_else(|| malformed(format!("{module} holds {:?}", a.dtype())))?;
            let magnitude = if config.use_dora {
                let found = tensors.tensor(&format!("{PREFIX}{module}.{MAGNITUDE}")).ok();
                let values =
                    found.filter(|it| it.shape().iter().product::<usize>() == *rows).and_then(|it| floats(&it));
                let values = values.ok_or_else(|| malformed(format!("{module} has no length for each of its rows")))?;
                Some((0..*rows).map(|row| values[order.row_of_module(row, *rows)]).collect())
            } else {
                None
            };
            matrices.push(LoraMatrix { tensor, rows: *rows, columns: *columns, a, b, magnitude });
        }
        let scaling = if config.use_rslora { Scaling::RootOfRank } else { Scaling::Rank };
        Ok(Self::new(&sizes.architecture, rank, config.lora_alpha, scaling, matrices))
    }
}

fn beside_nothing(name: &str) -> AdapterError {
    AdapterError::OfAnotherModel(format!("the model has nothing that is called {name}"))
}

/// The values of a tensor in 32-bit floats, where it holds floats.
fn floats(tensor: &TensorView<'_>) -> Option<Vec<f32>> {
    let bytes = tensor.data();
    let halves = || bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    Some(match tensor.dtype() {
        Dtype::F32 => {
            bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
        }
        Dtype::F16 => halves().map(|pair| half::f16::from_le_bytes(pair).to_f32()).collect(),
        Dtype::BF16 => halves().map(|pair| half::bf16::from_le_bytes(pair).to_f32()).collect(),
        _ => return None,
    })
}
