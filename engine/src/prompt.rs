//! From what a request asks to the tokens that the model reads.

use shared::chat_template::RenderOptions;
use shared::model_call::{ModelCallError, ModelCallErrorKind, Prompt};
use shared::tokenizer::SpecialTokens;

use crate::clock::today;
use crate::model::Model;

impl Model {
    /// The tokens of `prompt`; at least one. `field` is what the request calls it.
    ///
    /// # Errors
    /// The template refuses it, it is empty, or it doesn't fit the context.
    pub(crate) fn prompt_tokens(&self, prompt: &Prompt, field: &str) -> Result<Vec<u32>, ModelCallError> {
        let tokenizer = self.tokenizer();
        let ids = match prompt {
            Prompt::Chat(messages) => {
                let text = self
                    .chat_template()
                    .render(messages, RenderOptions { today: &today(), ..RenderOptions::default() })
                    .map_err(|error| invalid("messages", error.to_string()))?;
                tokenizer.encode_prompt(&text, SpecialTokens::Parse)
            }
            Prompt::Text(text) => tokenizer.encode_prompt(text, SpecialTokens::AsText),
            Prompt::Tokens(ids) => ids.clone(),
        };
        if ids.is_empty() {
            return Err(invalid(field, "the text is empty; there must be something to read".to_owned()));
        }
        self.check_tokens(&ids)?;
        Ok(ids)
    }
}

fn invalid(param: &str, message: String) -> ModelCallError {
    ModelCallError { kind: ModelCallErrorKind::InvalidRequest, message, param: Some(param.to_owned()) }
}
