//! A text as one vector: the mean of what the last layer makes of its tokens, scaled to length 1.
//!
//! A model that was trained to go on with text has no token that stands for the whole; the mean over all tokens is the
//! usual stand-in (Reimers and Gurevych 2019 compare poolings, Muennighoff 2022 those of models like ours). Models
//! trained for similarity do better.

use shared::model_call::{Embedding, ModelCallError, ModelCallErrorKind, Prompt};

use crate::model::Model;

impl Model {
    /// The vector `[width]` of `input`. The cache then holds its tokens.
    ///
    /// # Errors
    /// It is empty or doesn't fit the context, or the device failed.
    pub async fn embed(&mut self, input: &Prompt) -> Result<Embedding, ModelCallError> {
        let ids = self.prompt_tokens(input, "input")?;
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
            let vector = sum.into_iter().map(|value| (value / length) as f32).collect();
            Ok(Embedding { vector, tokens: ids.len() as u32 })
        } else {
            Err(ModelCallError {
                kind: ModelCallErrorKind::Unavailable,
                message: format!("the text's vector has length {length}, so it has no direction; try another model"),
                param: None,
            })
        }
    }
}
