//! Adapters as llama.cpp keeps them: a GGUF file of type `adapter`.

use std::collections::BTreeMap;

use super::{AdapterError, LoraAdapter, LoraMatrix, Scaling};
use crate::gguf::{GgufFile, GgufWriter};
use crate::plan::Weight;
use crate::source::ReadAt;
use crate::weights;

impl LoraAdapter {
    /// The whole file.
    ///
    /// # Errors
    /// It is a DoRA: the file's readers know nothing of lengths.
    pub fn to_gguf(&self) -> Result<Vec<u8>, AdapterError> {
        if self.settings.dora {
            let what = "GGUF files of adapters have no lengths of rows (DoRA): merge it into the model, or write PEFT's folder";
            return Err(AdapterError::NoPlace(what.to_owned()));
        }
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
        Ok(writer.finish())
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
        let mut halves = BTreeMap::<&str, [Option<(usize, usize, Vec<f32>)>; 2]>::new();
        for tensor in &file.tensors {
            let (name, half) = match (tensor.name.strip_suffix(".lora_a"), tensor.name.strip_suffix(".lora_b")) {
                (Some(name), _) => (name, 0),
                (_, Some(name)) => (name, 1),
                _ => return Err(malformed(format!("it has a tensor {:?} that is no half of an adapter", tensor.name))),
            };
            let (block_type, rows, columns) = (tensor.block_type, tensor.rows, tensor.columns);
            let weight = Weight { tensors: vec![tensor.name.clone()], block_type, rows, columns };
            let values = weights::read_floats(source, &file, &weight).map_err(|error| malformed(error.to_string()))?;
            halves.entry(name).or_default()[half] = Some((rows, columns, values));
        }
        let mut rank = None;
        let mut matrices = Vec::with_capacity(halves.len());
        for (name, halves) in halves {
            let [Some((a_rows, columns, a)), Some((rows, b_columns, b))] = halves else {
                return Err(malformed(format!("{name} has only one of its two halves")));
            };
            if a_rows != b_columns || *rank.get_or_insert(a_rows) != a_rows {
                return Err(malformed(format!("{name} has the ranks {a_rows} and {b_columns}, others {rank:?}")));
            }
            matrices.push(LoraMatrix { tensor: name.to_owned(), rows, columns, a, b, magnitude: None });
        }
        let rank = rank.ok_or_else(|| malformed("it is empty".to_owned()))?;
        Ok(Self::new(text("general.architecture"), rank, alpha, Scaling::Rank, matrices))
    }
}
