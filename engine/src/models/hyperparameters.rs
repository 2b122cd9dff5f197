//! The sizes every architecture has, read from `<architecture>.*` metadata.

use shared::catalog::{ModelDimensions, NormLayout};

use crate::error::EngineError;
use crate::gguf::GgufFile;

/// The sizes of a decoder-only transformer.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyperparameters {
    /// `general.architecture`.
    pub architecture: String,
    /// Longest sequence the model was trained on, in tokens.
    pub context_tokens: usize,
    /// Number of layers.
    pub layers: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Width of the feed-forward layers.
    pub feed_forward_width: usize,
    /// Query heads.
    pub query_heads: usize,
    /// Key-value heads.
    pub key_value_heads: usize,
    /// Values per head.
    pub head_size: usize,
    /// Added to the mean in every norm.
    pub norm_epsilon: f32,
    /// Base of the rotary angles.
    pub rope_base: f32,
    /// Leading values of each head that are rotated.
    pub rope_dimensions: usize,
    /// Linear scaling of positions; 1 is none.
    pub rope_frequency_scale: f32,
    /// Tokens that a local layer sees, where the architecture has local layers.
    pub sliding_window: Option<usize>,
    /// Number of tokens in the vocabulary.
    pub vocabulary_size: usize,
}

impl Hyperparameters {
    /// Reads and checks them.
    ///
    /// # Errors
    /// One is missing, of the wrong type, or contradicts another.
    pub fn read(file: &GgufFile) -> Result<Self, EngineError> {
        let metadata = &file.metadata;
        let architecture = metadata
            .text("general.architecture")
            .ok_or(EngineError::Metadata { key: "general.architecture".to_owned(), expected: "a name" })?
            .to_owned();
        let key = |name: &str| format!("{architecture}.{name}");
        let optional_size =
            |name: &str| metadata.integer(&key(name)).map(|size| size as usize).filter(|&size| size > 0);
        let width = metadata.required_size(&key("embedding_length"))?;
        let query_heads = metadata.required_size(&key("attention.head_count"))?;
        let key_value_heads = optional_size("attention.head_count_kv").unwrap_or(query_heads);
        let head_size = optional_size("attention.key_length").unwrap_or(width / query_heads);
        let embedding = file.tensor("token_embd.weight").ok_or_else(|| EngineError::Tensor {
            name: "token_embd.weight".to_owned(),
            expected: "the token embeddings".to_owned(),
            found: "no such tensor".to_owned(),
        })?;
        let this = Self {
            context_tokens: metadata.required_size(&key("context_length"))?,
            layers: metadata.required_size(&key("block_count"))?,
            width,
            feed_forward_width: metadata.required_size(&key("feed_forward_length"))?,
            query_heads,
            key_value_heads,
            head_size,
            norm_epsilon: metadata.required_number(&key("attention.layer_norm_rms_epsilon"))?,
            rope_base: metadata.number(&key("rope.freq_base")).unwrap_or(10_000.0),
            rope_dimensions: optional_size("rope.dimension_count").unwrap_or(head_size),
            rope_frequency_scale: match metadata.text(&key("rope.scaling.type")) {
                Some("linear") => 1.0 / metadata.required_number(&key("rope.scaling.factor"))?,
                _ => 1.0,
            },
            sliding_window: optional_size("attention.sliding_window"),
            vocabulary_size: embedding.rows,
            architecture: architecture.clone(),
        };
        this.check(metadata.integer(&key("attention.value_length")))?;
        Ok(this)
    }

    /// The sizes of its parts, from which the catalogue tells what memory it takes.
    pub fn dimensions(&self, file: &GgufFile) -> ModelDimensions {
        let has = |tensor: &str| file.tensor(tensor).is_some();
        // `check` bounds every one of them.
        let size = |size: usize| size as u32;
        ModelDimensions {
            layers: size(self.layers),
            width: size(self.width),
            feed_forward_width: size(self.feed_forward_width),
            query_heads: size(self.query_heads),
            key_value_heads: size(self.key_value_heads),
            head_size: size(self.head_size),
            vocabulary_size: size(self.vocabulary_size),
            has_tied_embeddings: !has("output.weight"),
            norms: if has("blk.0.post_ffw_norm.weight") { NormLayout::AroundBlocks } else { NormLayout::BeforeBlocks },
            sliding_window: self.sliding_window.map(size),
        }
    }

    fn check(&self, value_length: Option<u32>) -> Result<(), EngineError> {
        let fault = |text: String| Err(EngineError::Malformed(text));
        let is_too_wide = self.width > 65_536 || self.feed_forward_width > 1 << 20;
        if self.layers > 1024 || self.query_heads > 1024 || self.head_size > 1024 || is_too_wide {
            return fault(format!(
                "{} layers of {} heads of {} values at widths {} and {} are no model we know",
                self.layers, self.query_heads, self.head_size, self.width, self.feed_forward_width
            ));
        }
        let is_positive = |number: f32| number > 0.0 && number.is_finite();
        if !is_positive(self.rope_base) || !is_positive(self.rope_frequency_scale) || self.norm_epsilon < 0.0 {
            return fault(format!(
                "rotary base {}, its scale {} and norm epsilon {} must be positive",
                self.rope_base, self.rope_frequency_scale, self.norm_epsilon
            ));
        }
        if !self.query_heads.is_multiple_of(self.key_value_heads) {
            return fault(format!(
                "{} query heads can't share {} key-value heads",
                self.query_heads, self.key_value_heads
            ));
        }
        if self.head_size == 0 || self.rope_dimensions > self.head_size || !self.rope_dimensions.is_multiple_of(2) {
            return fault(format!("{} of {} values per head can't be rotated", self.rope_dimensions, self.head_size));
        }
        if value_length.is_some_and(|length| length as usize != self.head_size) {
            return fault(format!("keys of {} and values of {value_length:?} differ in length", self.head_size));
        }
        Ok(())
    }
}
