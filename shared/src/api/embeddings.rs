//! `POST /v1/embeddings`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::completions::Prompts;
use super::request::{invalid, refuse_unhonoured};
use crate::model_call::{Embeddings, ModelCallError, Prompt};

/// The most texts one request may carry, as at OpenAI.
const MOST_INPUTS: usize = 2048;

/// The request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingRequest {
    /// Which model answers.
    pub model: String,
    /// What to embed.
    pub input: Prompts,
    /// How the numbers are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_format: Option<EncodingFormat>,
    /// Every other field.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How a vector is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncodingFormat {
    /// A list of numbers.
    #[default]
    Float,
    /// 32-bit floats, little-endian, in base64.
    Base64,
}

/// The answer, its vectors as lists of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingList {
    /// One for each text.
    pub data: Vec<EmbeddingObject>,
    /// The counts.
    pub usage: EmbeddingUsage,
}

impl EmbeddingList {
    /// The vectors of `count` texts in their order; `who` sent them.
    ///
    /// # Errors
    /// Some are missing.
    pub fn in_order(mut self, count: usize, who: &str) -> Result<Embeddings, ModelCallError> {
        self.data.sort_by_key(|object| object.index);
        if !self.data.iter().map(|object| object.index).eq(0..count) {
            return Err(ModelCallError::unavailable(format!(
                "{who} sent {} vectors for {count} texts; try again",
                self.data.len()
            )));
        }
        let vectors = self.data.into_iter().map(|object| object.embedding).collect();
        Ok(Embeddings { vectors, prompt_tokens: self.usage.prompt_tokens })
    }
}

/// One text as a vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingObject {
    /// Which of the texts.
    pub index: usize,
    /// The vector.
    pub embedding: Vec<f32>,
}

/// Token counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingUsage {
    /// Tokens of all texts together.
    pub prompt_tokens: u32,
    /// The same.
    pub total_tokens: u32,
}

impl EmbeddingRequest {
    /// A request for the vectors of `texts`, as lists of numbers.
    pub fn new(model: impl Into<String>, texts: Vec<String>) -> Self {
        let input = Prompts::Texts(texts);
        Self { model: model.into(), input, encoding_format: Some(EncodingFormat::Float), extra: Map::new() }
    }

    /// What to embed, every field checked.
    ///
    /// # Errors
    /// A field that is out of range or can't be honoured, named in `param`.
    pub fn inputs(&self) -> Result<Vec<Prompt>, ModelCallError> {
        refuse_unhonoured(&self.extra)?;
        let inputs = self.input.each();
        if inputs.is_empty() || inputs.len() > MOST_INPUTS {
            return Err(invalid("input", format!("input holds {} texts; 1 to {MOST_INPUTS} are taken", inputs.len())));
        }
        let is_empty = |input: &Prompt| match input {
            Prompt::Text(text) => text.is_empty(),
            Prompt::Tokens(ids) => ids.is_empty(),
            Prompt::Chat(_) => false,
        };
        match inputs.iter().position(is_empty) {
            Some(index) => Err(invalid("input", format!("text {index} of input is empty; leave it out"))),
            None => Ok(inputs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn inputs(fields: Value) -> Result<Vec<Prompt>, ModelCallError> {
        serde_json::from_value::<EmbeddingRequest>(fields).unwrap().inputs()
    }

    #[test]
    fn inputs_are_texts_or_tokens() {
        let text = |text: &str| Prompt::Text(text.to_owned());
        assert_eq!(inputs(json!({"model": "m", "input": "a"})).unwrap(), [text("a")]);
        assert_eq!(inputs(json!({"model": "m", "input": ["a", "b"], "user": "me"})).unwrap(), [text("a"), text("b")]);
        assert_eq!(inputs(json!({"model": "m", "input": [[1], [2]]})).unwrap().len(), 2);
    }

    #[test]
    fn vectors_are_in_the_order_of_their_texts() {
        let list = |data: Value| -> EmbeddingList {
            let usage = json!({"prompt_tokens": 3, "total_tokens": 3});
            serde_json::from_value(json!({"object": "list", "data": data, "usage": usage})).unwrap()
        };
        let both = json!([{"index": 1, "embedding": [0.0, 1.0]}, {"index": 0, "embedding": [1.0, 0.0]}]);
        let embeddings = list(both.clone()).in_order(2, "the companion").unwrap();
        assert_eq!(embeddings.vectors, [[1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(embeddings.prompt_tokens, 3);
        assert!(list(both).in_order(3, "the companion").is_err(), "one is missing");
    }

    #[test]
    fn what_cannot_be_embedded_is_refused() {
        let param = |fields| inputs(fields).unwrap_err().param.unwrap();
        assert_eq!(param(json!({"model": "m", "input": []})), "input");
        assert_eq!(param(json!({"model": "m", "input": ["a", ""]})), "input");
        assert_eq!(param(json!({"model": "m", "input": "a", "dimensions": 8})), "dimensions");
    }
}
