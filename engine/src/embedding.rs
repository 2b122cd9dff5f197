//! A text as one vector: the mean of what the last layer makes of its tokens, scaled to length 1.
//!
//! A model that was trained to go on with text has no token that stands for the whole; the mean over all tokens is the
//! usual stand-in (Reimers and Gurevych 2019 compare poolings, Muennighoff 2022 those of models like ours). Models
//! trained for similarity do better.

use shared::model_call::{Embeddings, ModelCallError, ModelCallErrorKind};
use shared::tokenizer::SpecialTokens;

use crate::model::Model;

impl Model {
    /// Vectors of `texts`, each `[width]`. The cache then holds the last of them.
    ///
    /// # Errors
    /// A text is empty or doesn't fit the context, or the device failed.
    pub async fn embed(&mut self, texts: &[String]) -> Result<Embeddings, ModelCallError> {
        let (mut vectors, mut prompt_tokens) = (Vec::with_capacity(texts.len()), 0);
        for text in texts {
            let ids = self.tokenizer().encode_prompt(text, SpecialTokens::AsText);
            vectors.push(self.embed_tokens(&ids).await?);
            prompt_tokens += ids.len() as u32;
        }
        Ok(Embeddings { vectors, prompt_tokens })
    }

    /// The vector `[width]` of a text that is tokens already. The cache then holds these.
    ///
    /// # Errors
    /// There are no tokens, or unknown ones, or too many, or the device failed.
    pub async fn embed_tokens(&mut self, ids: &[u32]) -> Result<Vec<f32>, ModelCallError> {
        if ids.is_empty() {
            return Err(ModelCallError {
                kind: ModelCallErrorKind::InvalidRequest,
                message: "the text is empty; there is nothing to embed".to_owned(),
                param: Some("input".to_owned()),
            });
        }
        self.check_tokens(ids)?;
        self.forget();
        let mut sum: Vec<f64> = Vec::new();
        for tokens in ids.chunks(self.executor().scored_tokens()) {
            let states = self.read_hidden_states(tokens).await?;
            let width = states.len() / tokens.len();
            sum.resize(width, 0.0);
            for state in states.chunks_exact(width) {
                sum.iter_mut().zip(state).for_each(|(sum, value)| *sum += f64::from(*value));
            }
        }
        // The direction of the sum is that of the mean.
        let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
        if length.is_finite() && length > 0.0 {
            Ok(sum.into_iter().map(|value| (value / length) as f32).collect())
        } else {
            Err(ModelCallError {
                kind: ModelCallErrorKind::Unavailable,
                message: format!("the text's vector has length {length}, so it has no direction; try another model"),
                param: None,
            })
        }
    }
}
