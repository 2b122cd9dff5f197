//! Models of every architecture and block type, small enough to be made up on the spot, with random weights.

use engine::gguf::GgufFile;
use engine::models::{self, Hyperparameters};
use engine::plan::Plan;
use engine::quantization::BlockType;
use engine::{Device, LoadOptions, Model};

use super::gguf_file::{GgufContent, HollowFile, MetadataValue, TensorData};
use super::random::Random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    Llama,
    Gemma3,
}

impl Architecture {
    pub(crate) const ALL: [Self; 2] = [Self::Llama, Self::Gemma3];

    fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Gemma3 => "gemma3",
        }
    }
}

/// The sizes of a model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModelShape {
    pub(crate) architecture: Architecture,
    /// Of every matrix.
    pub(crate) block_type: BlockType,
    pub(crate) layers: usize,
    pub(crate) width: usize,
    pub(crate) feed_forward_width: usize,
    pub(crate) query_heads: usize,
    pub(crate) key_value_heads: usize,
    pub(crate) head_size: usize,
    pub(crate) window: usize,
    pub(crate) vocabulary_size: usize,
    pub(crate) context_tokens: usize,
}

impl ModelShape {
    /// Awkward on purpose: no size is a power of two where the block type lets it be another.
    pub(crate) fn tiny(architecture: Architecture, block_type: BlockType) -> Self {
        // K-quants hold 256 weights of a row together.
        let is_wide = block_type.values() == 256;
        let (query_heads, key_value_heads, head_size) = match (architecture, is_wide) {
            (Architecture::Llama, false) => (6, 3, 48),
            (Architecture::Llama, true) => (6, 3, 128),
            (Architecture::Gemma3, false) => (4, 1, 40),
            (Architecture::Gemma3, true) => (4, 1, 64),
        };
        Self {
            architecture,
            block_type,
            // Gemma's first global layer is its sixth.
            layers: if architecture == Architecture::Gemma3 { 6 } else { 2 },
            width: if is_wide { 256 } else { 96 },
            feed_forward_width: if is_wide { 768 } else { 160 },
            query_heads,
            key_value_heads,
            head_size,
            window: 20,
            vocabulary_size: 515,
            context_tokens: 512,
        }
    }

    /// The file with random weights that `seed` determines.
    pub(crate) fn file(self, seed: u64) -> GgufContent {
        let mut random = Random::new(seed);
        let mut file = self.file_with(|block_type, rows, columns| {
            // Keeps the outputs of a product as large as its inputs.
            random.weights(block_type, rows * columns, 1.0 / (columns as f32).sqrt())
        });
        for tensor in file.tensors.iter_mut().filter(|tensor| tensor.name.contains("norm")) {
            let weights = (0..tensor.dimensions[0]).flat_map(|_| random.between(0.5, 1.5).to_le_bytes());
            tensor.bytes = weights.collect();
        }
        file
    }

    /// The plan and the head of a file, for sizes that would not fit a test's memory.
    pub(crate) fn plan(self) -> Plan {
        let file = self.file_with(|_, _, _| Vec::new());
        let file = GgufFile::read(&HollowFile(self.with_offsets(file).head())).unwrap();
        models::plan(&file, &Hyperparameters::read(&file).unwrap()).unwrap()
    }

    /// Claims a place for every tensor, though none has data.
    fn with_offsets(self, mut file: GgufContent) -> GgufContent {
        let mut offset = 0;
        for tensor in &mut file.tensors {
            tensor.claimed_offset = Some(offset);
            offset += (tensor.dimensions.iter().product::<u64>() * 4).next_multiple_of(32);
        }
        file
    }

    fn file_with(self, mut weights: impl FnMut(BlockType, usize, usize) -> Vec<u8>) -> GgufContent {
        let mut tensors = Vec::new();
        let mut add = |name: String, block_type: BlockType, rows: usize, columns: usize| {
            tensors.push(TensorData {
                name: format!("{name}.weight"),
                dimensions: if rows == 1 { vec![columns as u64] } else { vec![columns as u64, rows as u64] },
                type_id: block_type.gguf_id(),
                bytes: weights(block_type, rows, columns),
                claimed_offset: None,
            });
        };
        let query_columns = self.query_heads * self.head_size;
        let key_columns = self.key_value_heads * self.head_size;
        add("token_embd".to_owned(), self.block_type, self.vocabulary_size, self.width);
        add("output_norm".to_owned(), BlockType::F32, 1, self.width);
        for layer in 0..self.layers {
            let mut matrix = |name: &str, rows, columns| {
                add(format!("blk.{layer}.{name}"), self.block_type, rows, columns);
            };
            matrix("attn_q", query_columns, self.width);
            matrix("attn_k", key_columns, self.width);
            matrix("attn_v", key_columns, self.width);
            matrix("attn_output", self.width, query_columns);
            matrix("ffn_gate", self.feed_forward_width, self.width);
            matrix("ffn_up", self.feed_forward_width, self.width);
            matrix("ffn_down", self.width, self.feed_forward_width);
            let mut norm = |name: &str, columns| add(format!("blk.{layer}.{name}"), BlockType::F32, 1, columns);
            norm("attn_norm", self.width);
            norm("ffn_norm", self.width);
            if self.architecture == Architecture::Gemma3 {
                norm("attn_q_norm", self.head_size);
                norm("attn_k_norm", self.head_size);
                norm("post_attention_norm", self.width);
                norm("post_ffw_norm", self.width);
            }
        }
        GgufContent { metadata: self.metadata(), tensors }
    }

    fn metadata(self) -> Vec<(String, MetadataValue)> {
        let mut file = GgufContent { metadata: Vec::new(), tensors: Vec::new() };
        let architecture = self.architecture.name();
        file.set("general.architecture", architecture.into());
        file.set("general.name", "Tiny".into());
        let sizes = [
            ("context_length", self.context_tokens),
            ("block_count", self.layers),
            ("embedding_length", self.width),
            ("feed_forward_length", self.feed_forward_width),
            ("attention.head_count", self.query_heads),
            ("attention.head_count_kv", self.key_value_heads),
            ("attention.key_length", self.head_size),
            ("attention.value_length", self.head_size),
            ("attention.sliding_window", self.window),
            ("rope.dimension_count", self.head_size),
        ];
        for (key, size) in sizes {
            file.set(&format!("{architecture}.{key}"), MetadataValue::U32(size as u32));
        }
        file.set(&format!("{architecture}.attention.layer_norm_rms_epsilon"), MetadataValue::F32(1e-5));
        file.set(&format!("{architecture}.rope.freq_base"), MetadataValue::F32(50_000.0));
        set_vocabulary(&mut file, self.vocabulary_size);
        file.metadata
    }
}

/// Byte-level BPE with `size` tokens: the two that frame a turn, one per byte, two merges, and ones nobody writes.
fn set_vocabulary(file: &mut GgufContent, size: usize) {
    let bytes = (0..=255).map(|byte| byte_character(byte).to_string());
    let known = ["<|im_start|>", "<|im_end|>"].map(str::to_owned).into_iter().chain(bytes);
    let known = known.chain(["he", "hel"].map(str::to_owned));
    let tokens: Vec<String> = known.chain((260..).map(|id| format!("<unused{id}>"))).take(size).collect();
    let kinds = (0..size as i32).map(|id| match id {
        0..2 => 3,
        2..260 => 1,
        _ => 5,
    });
    file.set("tokenizer.ggml.model", "gpt2".into());
    file.set("tokenizer.ggml.pre", "smollm".into());
    file.set("tokenizer.ggml.token_type", MetadataValue::Integers(kinds.collect()));
    file.set("tokenizer.ggml.tokens", MetadataValue::Texts(tokens));
    file.set("tokenizer.ggml.merges", MetadataValue::Texts(vec!["h e".to_owned(), "he l".to_owned()]));
    file.set("tokenizer.ggml.bos_token_id", MetadataValue::U32(0));
    file.set("tokenizer.ggml.eos_token_id", MetadataValue::U32(1));
}

/// The printable character that spells a byte in byte-level BPE (Radford et al. 2019).
fn byte_character(byte: u8) -> char {
    let is_printable = |byte: u8| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    if is_printable(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&other| !is_printable(other)).count();
    char::from_u32(0x100 + before as u32).unwrap()
}

/// Loads a file from memory.
pub(crate) fn load(bytes: Vec<u8>, device: Device, context_tokens: u32) -> Result<Model, engine::EngineError> {
    pollster::block_on(Model::load(Box::new(bytes), LoadOptions { device, context_tokens }, &mut |_| {}))
}
