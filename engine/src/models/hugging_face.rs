//! The same model as Hugging Face's libraries call and lay out its parts: from a GGUF tensor to a module and back.

use super::Hyperparameters;

/// GGUF's name within a layer, transformers' name within its layer.
type Part = (&'static str, &'static str);

/// What both architectures have.
const PARTS: [Part; 8] = [
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
    ("attn_norm", "input_layernorm"),
];

/// Llama's other parts.
const LLAMA_PARTS: [Part; 1] = [("ffn_norm", "post_attention_layernorm")];

/// Gemma's, which has norms before and behind.
const GEMMA_PARTS: [Part; 5] = [
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("post_attention_norm", "post_attention_layernorm"),
    ("ffn_norm", "pre_feedforward_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
];

/// What lies outside of the layers.
const WHOLE: [Part; 3] = [("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head")];

/// How the rows of a matrix lie in a GGUF file, beside how transformers has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrder {
    /// The same.
    Same,
    /// Within each of `heads`, value i of the first half comes before value i of the second: pairs that rotate together are
    /// neighbours.
    PairsTogether {
        /// Heads side by side.
        heads: usize,
    },
}

/// A model's modules.
#[derive(Clone, Debug)]
pub struct Modules<'a> {
    sizes: &'a Hyperparameters,
}

impl<'a> Modules<'a> {
    /// Those of a model.
    pub fn of(sizes: &'a Hyperparameters) -> Self {
        Self { sizes }
    }

    fn parts(&self) -> impl Iterator<Item = &'static Part> + use<> {
        let own: &[Part] = if self.sizes.architecture == "gemma3" { &GEMMA_PARTS } else { &LLAMA_PARTS };
        PARTS.iter().chain(own)
    }

    /// The module that a tensor `blk.0.attn_q.weight` is the weight of: `model.layers.0.self_attn.q_proj`.
    pub fn module(&self, tensor: &str) -> Option<String> {
        let name = tensor.strip_suffix(".weight")?;
        if let Some((_, module)) = WHOLE.iter().find(|(gguf, _)| *gguf == name) {
            return Some((*module).to_owned());
        }
        let (layer, part) = name.strip_prefix("blk.")?.split_once('.')?;
        let (_, module) = self.parts().find(|(gguf, _)| *gguf == part)?;
        Some(format!("model.layers.{layer}.{module}"))
    }

    /// The tensor of a module.
    pub fn tensor(&self, module: &str) -> Option<String> {
        if let Some((name, _)) = WHOLE.iter().find(|(_, known)| *known == module) {
            return Some(format!("{name}.weight"));
        }
        let (layer, part) = module.strip_prefix("model.layers.")?.split_once('.')?;
        let (name, _) = self.parts().find(|(_, known)| *known == part)?;
        Some(format!("blk.{layer}.{name}.weight"))
    }

    /// Rows and columns of a matrix of a layer.
    pub fn shape(&self, tensor: &str) -> Option<(usize, usize)> {
        let Hyperparameters { width, feed_forward_width, query_heads, key_value_heads, head_size, .. } = *self.sizes;
        Some(match tensor.strip_prefix("blk.")?.split('.').nth(1)? {
            "attn_q" => (query_heads * head_size, width),
            "attn_k" | "attn_v" => (key_value_heads * head_size, width),
            "attn_output" => (width, query_heads * head_size),
            "ffn_gate" | "ffn_up" => (feed_forward_width, width),
            "ffn_down" => (width, feed_forward_width),
            _ => return None,
        })
    }

    /// How the rows of a tensor lie.
    pub fn row_order(&self, tensor: &str) -> RowOrder {
        let heads = match (self.sizes.architecture.as_str(), tensor.rsplit('.').nth(1)) {
            ("llama", Some("attn_q")) => self.sizes.query_heads,
            ("llama", Some("attn_k")) => self.sizes.key_value_heads,
            _ => return RowOrder::Same,
        };
        RowOrder::PairsTogether { heads }
    }
}

impl RowOrder {
    /// The row of transformers' matrix that is row `row` of a GGUF file's, which has `rows`.
    pub fn row_of_module(self, row: usize, rows: usize) -> usize {
        match self {
            Self::Same => row,
            Self::PairsTogether { heads } => {
                let size = rows / heads;
                let (head, within) = (row / size, row % size);
                head * size + within % 2 * (size / 2) + within / 2
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(architecture: &str) -> Hyperparameters {
        Hyperparameters {
            architecture: architecture.to_owned(),
            context_tokens: 1,
            layers: 2,
            width: 8,
            feed_forward_width: 8,
            query_heads: 2,
            key_value_heads: 1,
            head_size: 4,
            norm_epsilon: 0.0,
            rope_base: 1.0,
            rope_dimensions: 4,
            rope_frequency_scale: 1.0,
            sliding_window: None,
            vocabulary_size: 3,
        }
    }

    #[test]
    fn every_tensor_has_a_module_and_comes_back() {
        for architecture in super::super::NAMES {
            let sizes = sizes(architecture);
            let modules = Modules::of(&sizes);
            let names = modules.parts().map(|(name, _)| format!("blk.1.{name}.weight"));
            for name in names.chain(["token_embd.weight".to_owned()]) {
                let module = modules.module(&name).unwrap();
                assert_eq!(modules.tensor(&module).as_deref(), Some(&*name));
            }
            assert_eq!(modules.module("blk.0.attn_q.weight").as_deref(), Some("model.layers.0.self_attn.q_proj"));
            assert_eq!(modules.module("blk.0.unknown.weight"), None);
        }
    }

    #[test]
    fn pairs_that_rotate_together_are_neighbours() {
        let (llama, gemma) = (sizes("llama"), sizes("gemma3"));
        let order = Modules::of(&llama).row_order("blk.0.attn_q.weight");
        let rows: Vec<usize> = (0..8).map(|row| order.row_of_module(row, 8)).collect();
        assert_eq!(rows, [0, 2, 1, 3, 4, 6, 5, 7]);
        assert_eq!(Modules::of(&llama).row_order("blk.0.attn_v.weight"), RowOrder::Same);
        assert_eq!(Modules::of(&gemma).row_order("blk.0.attn_q.weight"), RowOrder::Same);
    }
}
