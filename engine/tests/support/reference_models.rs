//! The reference models, which `cargo xtask test` fetches.

use std::path::PathBuf;

use engine::source::FileSource;
use engine::{Device, LoadOptions, Model};

/// A reference model, and what the reference implementations make of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    file_name: &'static str,
    pub(crate) greedy: &'static str,
    pub(crate) tokens: &'static str,
}

pub(crate) const SMOLLM2: Reference = Reference {
    file_name: "SmolLM2-135M-Instruct.Q4_1.gguf",
    greedy: include_str!("../golden/greedy-smollm2.json"),
    tokens: include_str!("../golden/tokenizer-smollm2.json"),
};

pub(crate) const GEMMA3: Reference = Reference {
    file_name: "gemma-3-270m-q4_k_m.gguf",
    greedy: include_str!("../golden/greedy-gemma3.json"),
    tokens: include_str!("../golden/tokenizer-gemma3.json"),
};

impl Reference {
    pub(crate) fn path(self) -> PathBuf {
        let folder = std::env::var_os("QUERN_MODELS_DIR").map_or_else(
            || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/quern/models"),
            PathBuf::from,
        );
        let path = folder.join(self.file_name);
        assert!(
            path.exists(),
            "{} is missing; `cargo xtask test` fetches it, or set QUERN_MODELS_DIR to where it is",
            path.display()
        );
        path
    }

    pub(crate) fn load(self, device: Device) -> Model {
        self.load_with_context(device, 2048)
    }

    pub(crate) fn load_with_context(self, device: Device, context_tokens: u32) -> Model {
        let source = Box::new(FileSource::open(&self.path()).unwrap());
        let options = LoadOptions { device, context_tokens };
        pollster::block_on(Model::load(source, options, &mut |_| {})).unwrap()
    }
}
