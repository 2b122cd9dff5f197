//! Adapters as llama.cpp keeps them: a GGUF file of type `adapter`.

use std::collections::BTreeMap;

use super::{AdapterError, LoraAdapter, LoraMatrix, LoraSettings, Scaling};
use crate::gguf::{GgufFile, GgufWriter};
use crate::source::ReadAt;

impl LoraAdapter {
    /// The whole file.
    pub fn to_gguf(&self) -> Vec<u8> {
        let mut writer = GgufWriter::default();
        writer.text("general.type", "adapter");
        writer.text("general.architecture", &self.architecture);
        writer.text("adapter.type", "lora");
        // Readers divide it by the rank.
        writer.float("adapter.lora.alpha", self.settings.factor() * self.settings.rank as f32);
        let rank = self.settings.rank;
        for matrix in &self.matrices {
            writer.floats(&format!("{}.lora_a", matrix.tensor), matrix.columns, &matrix.a);
            writer.floats(&format!("{}.lora_b", matrix.tensor), rank, &matrix.b);
        }
        writer.finish()
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is damaged, no adapter, or one whose matrices have different ranks.
    pub fn from_gguf(source: &dyn ReadAt) -> Result<Self, AdapterError> {
        let malformed = |what: String| AdapterError::Malformed(what);
        let file = GgufFile::read(source).map_err(|error| malformed(error.to_string()))?;
        let text = |key: &str| file.metadata.text(key).unwrap_or_default();
        if (text("general.type"), text("adapter.type")) != ("adapter", "lora") {
            return Err(malformed("the file is a model, or an adapter other than LoRA".to_owned()));
        }
        let alpha = file.metadata.number("adapter.lora.alpha").filter(|alpha| *alpha > 0.0);
        let alpha = alpha.ok_or_else(|| malformed("it does not say its alpha (adapter.lora.alpha)".to_owned()))?;
        let mut halves = BTreeMap::<(usize, &str), [Option<(usize, usize, Vec<f32>)>; 2]>::new();
        for (number, tensor) in file.tensors.iter().enumerate() {
            let (name, half) = match (tensor.name.strip_suffix(".lora_a"), tensor.name.strip_suffix(".lora_b")) {
                (Some(name), _) => (name, 0),
                (_, Some(name)) => (name, 1),
                _ => return Err(malformed(format!("it has a tensor {:?} that is no half of an adapter", tensor.name))),
            };
            let mut bytes = vec![0; usize::try_from(tensor.size_bytes).unwrap_or_default()];
            let read = source.read_exact_at(tensor.offset_bytes, &mut bytes);
            read.map_err(|error| malformed(format!("reading {:?}: {error}", tensor.name)))?;
            let mut values = vec![0.0; tensor.rows * tensor.columns];
            tensor.block_type.dequantize(&bytes, &mut values);
            let known = halves.keys().find(|(_, known)| *known == name).map_or(number, |(number, _)| *number);
            halves.entry((known, name)).or_default()[half] = Some((tensor.rows, tensor.columns, values));
        }
        let mut rank = None;
        let mut matrices = Vec::with_capacity(halves.len());
        for ((_, name), halves) in halves {
            let [Some((a_rows, columns, a)), Some((rows, b_columns, b))] = halves else {
                return Err(malformed(format!("{name} has only one of its two halves")));
            };
            if a_rows != b_columns || *rank.get_or_insert(a_rows) != a_rows {
                return Err(malformed(format!("{name} has the ranks {a_rows} and {b_columns}, others {rank:?}")));
            }
            matrices.push(LoraMatrix { tensor: name.to_owned(), rows, columns, a, b });
        }
        let rank = rank.ok_or_else(|| malformed("it is empty".to_owned()))?;
        let mut targets: Vec<String> = Vec::new();
        for matrix in &matrices {
            let target = matrix.tensor.split('.').nth(2).unwrap_or_default().to_owned();
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        let settings = LoraSettings { rank, alpha, scaling: Scaling::Rank, targets };
        Ok(Self { architecture: text("general.architecture").to_owned(), settings, matrices })
    }
}
