//! Asking a model, wherever it runs: requests in, answers out.

use std::rc::Rc;

use futures::stream::{self, Stream, StreamExt};

use super::answer::{Answer, Direction, Said};
use super::request::{Request, RequestKey};
use crate::model_call::{
    FinishReason, GenerationEvent, GenerationRequest, ModelCall, ModelCallError, ModelCallErrorKind,
};

/// How often a model is asked again that failed.
const MOST_RETRIES: u32 = 2;

/// Texts of which one call asks for the directions.
const TEXTS_PER_CALL: usize = 16;

/// Asks `model`, which is called `name`, so many requests at a time. Answers come as they are given, in any order;
/// dropping the stream stops. After an error others may still come: the caller decides.
pub fn ask(
    requests: Vec<(RequestKey, Request)>,
    model: Rc<dyn ModelCall>,
    name: String,
    at_a_time: usize,
) -> impl Stream<Item = Result<Vec<Answer>, ModelCallError>> {
    stream::iter(calls(requests))
        .map(move |call| {
            let (model, name) = (Rc::clone(&model), name.clone());
            async move {
                let said = match call {
                    Call::Text(key, request) => vec![(key, text(&*model, request).await?)],
                    Call::Directions(texts) => directions(&*model, texts).await?,
                };
                Ok(said.into_iter().map(|(key, said)| Answer { key, model: name.clone(), said }).collect())
            }
        })
        .buffer_unordered(at_a_time.max(1))
}

/// What one call asks for.
enum Call {
    Text(RequestKey, GenerationRequest),
    Directions(Vec<(RequestKey, String)>),
}

fn calls(requests: Vec<(RequestKey, Request)>) -> Vec<Call> {
    let mut calls = Vec::new();
    for (key, request) in requests {
        match (request, calls.last_mut()) {
            (Request::Text(request), _) => calls.push(Call::Text(key, request.to_generation())),
            (Request::Direction { text, .. }, Some(Call::Directions(texts))) if texts.len() < TEXTS_PER_CALL => {
                texts.push((key, text));
            }
            (Request::Direction { text, .. }, _) => calls.push(Call::Directions(vec![(key, text)])),
        }
    }
    calls
}

async fn text(model: &dyn ModelCall, request: GenerationRequest) -> Result<Said, ModelCallError> {
    let mut retries_left = MOST_RETRIES;
    loop {
        match attempt(model, request.clone()).await {
            Err(error) if error.kind == ModelCallErrorKind::ContextLengthExceeded => {
                return Ok(Said::TooLong(error.message));
            }
            Err(error) if error.kind == ModelCallErrorKind::Unavailable && retries_left > 0 => retries_left -= 1,
            result => return result,
        }
    }
}

async fn attempt(model: &dyn ModelCall, request: GenerationRequest) -> Result<Said, ModelCallError> {
    let mut events = model.generate(request);
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event? {
            GenerationEvent::Text { text: piece, .. } => text.push_str(&piece),
            GenerationEvent::Finished { reason: FinishReason::Stop, .. } => return Ok(Said::Text(text)),
            GenerationEvent::Finished { reason: FinishReason::Length, .. } => return Ok(Said::CutOff(text)),
            _ => {}
        }
    }
    Err(ModelCallError::unavailable("the model's answer broke off"))
}

async fn directions(
    model: &dyn ModelCall,
    texts: Vec<(RequestKey, String)>,
) -> Result<Vec<(RequestKey, Said)>, ModelCallError> {
    let mut retries_left = MOST_RETRIES;
    loop {
        match model.embed(texts.iter().map(|(_, text)| text.clone()).collect()).await {
            Ok(embeddings) if embeddings.vectors.len() == texts.len() => {
                let directions = embeddings.vectors.iter().map(|vector| Direction::new(vector));
                let said = |((key, _), direction): ((RequestKey, String), Option<Direction>)| {
                    let nowhere = || ModelCallError::unavailable("the model sent a vector that points nowhere");
                    Ok((key, Said::Direction(direction.ok_or_else(nowhere)?)))
                };
                return texts.iter().cloned().zip(directions).map(said).collect();
            }
            Ok(embeddings) => {
                let (sent, wanted) = (embeddings.vectors.len(), texts.len());
                return Err(ModelCallError::unavailable(format!("the model sent {sent} vectors for {wanted} texts")));
            }
            Err(error) if error.kind == ModelCallErrorKind::ContextLengthExceeded => match &texts[..] {
                [(key, _)] => return Ok(vec![(*key, Said::TooLong(error.message))]),
                // One of them is too long: the others have their directions.
                _ => {
                    let mut all = Vec::with_capacity(texts.len());
                    for one in texts {
                        all.extend(Box::pin(directions(model, vec![one])).await?);
                    }
                    return Ok(all);
                }
            },
            Err(error) if error.kind == ModelCallErrorKind::Unavailable && retries_left > 0 => retries_left -= 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::request::TextRequest;
    use super::*;
    use crate::model_call::{EmbeddingFuture, Embeddings, GenerationStream};
    use crate::model_pool::ModelReference;

    /// Fails so many times, and takes no long texts.
    struct Picky {
        failures_left: Cell<u32>,
        calls: Cell<u32>,
    }

    impl ModelCall for Picky {
        fn generate(&self, _: GenerationRequest) -> GenerationStream {
            Box::pin(stream::iter([]))
        }

        fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
            self.calls.set(self.calls.get() + 1);
            let result = if let Some(left) = self.failures_left.get().checked_sub(1) {
                self.failures_left.set(left);
                Err(ModelCallError::unavailable("asleep"))
            } else if texts.iter().any(|text| text.len() > 3) {
                let kind = ModelCallErrorKind::ContextLengthExceeded;
                Err(ModelCallError { kind, message: "too long".to_owned(), param: None })
            } else {
                let vectors = texts.iter().map(|text| vec![text.len() as f32, 1.0]).collect();
                Ok(Embeddings { vectors, prompt_tokens: 1 })
            };
            Box::pin(std::future::ready(result))
        }
    }

    fn asked(failures: u32, texts: &[&str]) -> (Result<Vec<Answer>, ModelCallError>, u32) {
        let model = Rc::new(Picky { failures_left: Cell::new(failures), calls: Cell::new(0) });
        let direction = |text: &&str| {
            let request = Request::Direction { model: ModelReference::browser("m"), text: (*text).to_owned() };
            (request.key(), request)
        };
        let given = ask(texts.iter().map(direction).collect(), model.clone(), "m".to_owned(), 1);
        let given: Result<Vec<_>, _> = pollster::block_on(given.collect::<Vec<_>>()).into_iter().collect();
        (given.map(|given| given.concat()), model.calls.get())
    }

    #[test]
    fn directions_are_asked_for_together_and_what_is_too_long_is_kept_as_that() {
        let (given, calls) = asked(0, &["a"; 20]);
        assert_eq!((given.unwrap().len(), calls), (20, 2));
        let (given, calls) = asked(2, &["a", "longer", "bb"]);
        let given = given.unwrap();
        assert_eq!(given[1].said, Said::TooLong("too long".to_owned()));
        assert!(matches!((&given[0].said, &given[2].said), (Said::Direction(_), Said::Direction(_))));
        assert_eq!(calls, 2 + 1 + 3);
        assert_eq!(asked(3, &["a"]).0.unwrap_err().message, "asleep");
    }

    #[test]
    fn an_answer_that_breaks_off_is_none() {
        let model = Rc::new(Picky { failures_left: Cell::new(0), calls: Cell::new(0) });
        let text = TextRequest::new(&ModelReference::browser("m"), "s", "u".to_owned(), 1);
        let request = Request::Text(text);
        let given = ask(vec![(request.key(), request)], model, "m".to_owned(), 1);
        let given = pollster::block_on(given.collect::<Vec<_>>());
        assert!(given[0].as_ref().unwrap_err().message.contains("broke off"));
    }
}
