//! Writes tiny models of every architecture to `corpus/gguf_reader`: fuzzing then begins with files that work.

#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, reason = "every program uses its part")]
mod support;

use engine::quantization::BlockType;
use support::tiny_model::{Architecture, ModelShape};

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new("corpus/gguf_reader");
    std::fs::create_dir_all(folder)?;
    for architecture in Architecture::ALL {
        let shape = ModelShape {
            layers: 1,
            width: 32,
            feed_forward_width: 32,
            query_heads: 2,
            key_value_heads: 1,
            head_size: 16,
            vocabulary_size: 262,
            context_tokens: 64,
            ..ModelShape::tiny(architecture, BlockType::Q8_0)
        };
        std::fs::write(folder.join(format!("{architecture:?}.gguf")), shape.file(1).bytes())?;
    }
    Ok(())
}
