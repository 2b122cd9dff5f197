//! A model of a provider, over HTTP.

use shared::api::chat::ChatCompletionRequest;
use shared::api::embeddings::{EmbeddingList, EmbeddingRequest};
use shared::api::streamed_answer::StreamedAnswer;
use shared::model_call::{EmbeddingFuture, Embeddings, GenerationRequest, GenerationStream, ModelCall, ModelCallError};

use crate::providers::{ProviderClient, ProviderFailure, ProviderModel, request_body};

/// A model of a provider.
#[derive(Clone, Debug)]
pub struct ProviderCall {
    client: ProviderClient,
    model: ProviderModel,
}

impl ProviderCall {
    /// The model, asked by `client`.
    pub fn new(client: ProviderClient, model: ProviderModel) -> Self {
        Self { client, model }
    }

    fn body(&self, request: GenerationRequest) -> Result<Vec<u8>, ModelCallError> {
        let wire = ChatCompletionRequest::streamed(&self.model.id, request, &self.model.provider.name)?;
        request_body(&wire, &self.model).map_err(|error| ModelCallError::unavailable(error.to_string()))
    }
}

impl ModelCall for ProviderCall {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        let (client, provider, body) = (self.client.clone(), self.model.provider.clone(), self.body(request));
        Box::pin(async_stream::try_stream! {
            let now_ms = || engine::clock::now_seconds() * 1000.0;
            let mut answer = StreamedAnswer::new(&provider.name, now_ms());
            let mut events = client.streamed(&provider, "chat/completions", body?).await?;
            while let Some(data) = events.next().await? {
                if data == "[DONE]" {
                    break;
                }
                if let Some(failure) = ProviderFailure::told(&provider, &data) {
                    Err(failure)?;
                }
                for event in answer.take(&data, now_ms())? {
                    yield event;
                }
            }
            yield answer.finish()?;
        })
    }

    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        let (client, model) = (self.client.clone(), self.model.clone());
        let (count, request) = (texts.len(), EmbeddingRequest::new(model.id.clone(), texts));
        Box::pin(async move {
            let body =
                request_body(&request, &model).map_err(|error| ModelCallError::unavailable(error.to_string()))?;
            let provider = &model.provider;
            let answer = client.whole(provider, "embeddings", body).await?;
            if let Some(failure) = ProviderFailure::told(provider, &answer) {
                return Err(failure.into());
            }
            let list: EmbeddingList = serde_json::from_str(&answer).map_err(|error| {
                ModelCallError::unavailable(format!(
                    "{} sent something else than a list of vectors: {error}",
                    provider.name
                ))
            })?;
            of_length_1(list.in_order(count, &provider.name)?, &provider.name)
        })
    }
}

/// The same directions, each of Euclidean length 1: not every provider's are.
fn of_length_1(mut embeddings: Embeddings, who: &str) -> Result<Embeddings, ModelCallError> {
    let dimensions = embeddings.vectors.first().map_or(0, Vec::len);
    for vector in &mut embeddings.vectors {
        let length = vector.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        if vector.len() != dimensions || !(length > 0.0 && length.is_finite()) {
            return Err(ModelCallError::unavailable(format!(
                "{who} sent a vector of another size, or one without a direction"
            )));
        }
        vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    }
    Ok(embeddings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::{BaseUrl, Patience, Provider};
    use serde_json::{Value, json};
    use shared::model_call::{ChatMessage, GenerationLimits, Prompt};
    use shared::sampling::SamplingParameters;

    fn body(base_url: &str, sampling: SamplingParameters) -> Value {
        let provider = Provider {
            name: "p".to_owned(),
            base_url: BaseUrl::parse(base_url).unwrap(),
            key: None,
            models: Vec::new(),
            changed_at_unix_s: 0,
        };
        let call = ProviderCall::new(
            ProviderClient::new(Patience::default()).unwrap(),
            ProviderModel { provider, id: "m".to_owned() },
        );
        let prompt = Prompt::Chat(vec![ChatMessage { role: "user".to_owned(), content: "Hi".to_owned() }]);
        let limits = GenerationLimits { max_tokens: Some(9), ..GenerationLimits::default() };
        let request = GenerationRequest::new(prompt, sampling, limits);
        serde_json::from_slice(&call.body(request).unwrap()).unwrap()
    }

    #[test]
    fn only_what_is_asked_for_is_sent_and_the_limit_by_the_name_that_is_understood() {
        let messages = json!([{"role": "user", "content": "Hi"}]);
        let usage = json!({"include_usage": true});
        assert_eq!(
            body("https://router.example/v1", SamplingParameters::GREEDY),
            json!({"model": "m", "messages": messages, "temperature": 0.0, "max_tokens": 9, "stream": true,
                "stream_options": usage})
        );
        let sampling = SamplingParameters { temperature: 1.0, top_p: 0.9, top_k: 5, seed: 3, ..Default::default() };
        assert_eq!(
            body("https://api.openai.com/v1", sampling),
            json!({"model": "m", "messages": messages, "top_p": 0.9, "top_k": 5, "max_completion_tokens": 9, "seed": 3,
                "stream": true, "stream_options": usage})
        );
    }

    #[test]
    fn vectors_get_length_1() {
        let embeddings = |vectors| Embeddings { vectors, prompt_tokens: 1 };
        assert_eq!(of_length_1(embeddings(vec![vec![3.0, 4.0]]), "p").unwrap().vectors, [[0.6, 0.8]]);
        assert!(of_length_1(embeddings(vec![vec![0.0, 0.0]]), "p").is_err());
        assert!(of_length_1(embeddings(vec![vec![1.0], vec![1.0, 0.0]]), "p").is_err());
    }
}
