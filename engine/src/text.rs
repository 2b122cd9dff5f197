//! The text side of a model file: its tokenizer and chat template, which its header alone gives.

use std::sync::Arc;

use shared::chat_template::ChatTemplate;
use shared::tokenizer::Tokenizer;

use crate::error::EngineError;
use crate::gguf::{GgufFile, vocabulary};
use crate::source::ReadAt;

/// What turns messages to text, and text to tokens and back.
pub struct ModelText {
    tokenizer: Arc<Tokenizer>,
    chat_template: ChatTemplate,
}

impl ModelText {
    /// Puts the two together.
    pub fn new(tokenizer: Tokenizer, chat_template: ChatTemplate) -> Self {
        Self { tokenizer: Arc::new(tokenizer), chat_template }
    }

    /// Reads it from a file's header; no weight is touched.
    ///
    /// # Errors
    /// The file is no usable GGUF file, or its vocabulary or template is of a kind that isn't known.
    pub fn read(source: &dyn ReadAt) -> Result<Self, EngineError> {
        Self::take(&mut GgufFile::read(source)?)
    }

    /// Moves the vocabulary out of `file`.
    pub(crate) fn take(file: &mut GgufFile) -> Result<Self, EngineError> {
        let tokenizer = vocabulary::tokenizer(&mut file.metadata)?;
        let chat_template = vocabulary::chat_template(&file.metadata, &tokenizer)?;
        Ok(Self::new(tokenizer, chat_template))
    }

    /// Text to tokens and back.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The same, for whoever keeps it.
    pub(crate) fn tokenizer_shared(&self) -> Arc<Tokenizer> {
        self.tokenizer.clone()
    }

    /// Messages to a prompt.
    pub fn chat_template(&self) -> &ChatTemplate {
        &self.chat_template
    }
}
