//! A model that is asked again after a pause where it gets too many requests. Whoever calls it needs no patience of their
//! own: evaluations, their graders, searches, chains and trials of prompts all wait the same way.

use std::future::Future;
use std::pin::Pin;

use futures::StreamExt;

use crate::model_call::{
    EmbeddingFuture, GenerationRequest, GenerationStream, ModelCall, ModelCallError, ModelCallErrorKind,
};

/// How long to wait before each further call: providers count by the minute.
const PAUSES_SECONDS: [f64; 3] = [2.0, 10.0, 60.0];

/// Done once a pause is over.
pub type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A model that is asked again, after pauses, where it gets too many requests. An answer that has begun is never begun
/// anew.
#[derive(Clone, Debug)]
pub struct PatientModel<M, P> {
    model: M,
    pause: P,
}

impl<M, P> PatientModel<M, P> {
    /// The model, and what waits for so many seconds.
    pub fn new(model: M, pause: P) -> Self {
        Self { model, pause }
    }
}

/// How long to wait before asking again; the error as it is told where that is over.
fn next_pause_seconds(error: ModelCallError, pauses_made: usize) -> Result<f64, ModelCallError> {
    if error.kind != ModelCallErrorKind::RateLimited {
        return Err(error);
    }
    PAUSES_SECONDS.get(pauses_made).copied().ok_or_else(|| {
        let message = format!("{} (tried {} times, with pauses)", error.message, pauses_made + 1);
        ModelCallError { message, ..error }
    })
}

impl<M, P> ModelCall for PatientModel<M, P>
where
    M: ModelCall + Clone + Send + 'static,
    P: Fn(f64) -> Pause + Clone + Send + 'static,
{
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        let Self { model, pause } = self.clone();
        Box::pin(async_stream::try_stream! {
            let mut pauses_made = 0;
            'attempts: loop {
                let mut events = model.generate(request.clone());
                let mut has_begun = false;
                while let Some(event) = events.next().await {
                    match event {
                        Err(error) if !has_begun => {
                            let pausing = pause(next_pause_seconds(error, pauses_made)?);
                            pausing.await;
                            pauses_made += 1;
                            continue 'attempts;
                        }
                        event => {
                            has_begun = true;
                            yield event?;
                        }
                    }
                }
                break;
            }
        })
    }

    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        let Self { model, pause } = self.clone();
        Box::pin(async move {
            let mut pauses_made = 0;
            loop {
                let error = match model.embed(texts.clone()).await {
                    Ok(embeddings) => return Ok(embeddings),
                    Err(error) => error,
                };
                let pausing = pause(next_pause_seconds(error, pauses_made)?);
                pausing.await;
                pauses_made += 1;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_call::{Embeddings, FinishReason, GenerationEvent, GenerationLimits, GenerationUsage, Prompt};
    use crate::sampling::SamplingParameters;
    use std::sync::{Arc, Mutex};

    /// Refuses so many calls, in this way, before it answers.
    #[derive(Clone)]
    struct Busy {
        refusals_left: Arc<Mutex<usize>>,
        kind: ModelCallErrorKind,
        is_late: bool,
    }

    impl Busy {
        fn new(refusals: usize, kind: ModelCallErrorKind, is_late: bool) -> Self {
            Self { refusals_left: Arc::new(Mutex::new(refusals)), kind, is_late }
        }

        fn refusal(&self) -> Option<ModelCallError> {
            let mut left = self.refusals_left.lock().unwrap();
            *left = left.checked_sub(1)?;
            Some(ModelCallError { kind: self.kind, message: "too many requests".to_owned(), param: None })
        }
    }

    fn text() -> GenerationEvent {
        GenerationEvent::Text { text: "a".to_owned(), ids: Vec::new() }
    }

    fn end() -> GenerationEvent {
        GenerationEvent::Finished { reason: FinishReason::Stop, usage: GenerationUsage::default() }
    }

    impl ModelCall for Busy {
        fn generate(&self, _: GenerationRequest) -> GenerationStream {
            let events = match self.refusal() {
                Some(error) if self.is_late => vec![Ok(text()), Err(error)],
                Some(error) => vec![Err(error)],
                None => vec![Ok(text()), Ok(end())],
            };
            Box::pin(futures::stream::iter(events))
        }

        fn embed(&self, _: Vec<String>) -> EmbeddingFuture {
            Box::pin(std::future::ready(self.refusal().map_or_else(|| Ok(Embeddings::default()), Err)))
        }
    }

    /// What a caller sees of `model`, and the pauses that were made: of a generation, and of an embedding.
    fn asked(model: &Busy) -> (Vec<Result<GenerationEvent, ModelCallError>>, Vec<f64>) {
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&pauses);
        let pause = move |seconds| -> Pause {
            noted.lock().unwrap().push(seconds);
            Box::pin(std::future::ready(()))
        };
        let patient = PatientModel::new(model.clone(), pause);
        let limits = GenerationLimits::default();
        let request = GenerationRequest::new(Prompt::Text("a".to_owned()), SamplingParameters::GREEDY, limits);
        let events = pollster::block_on(patient.generate(request).collect());
        let made = pauses.lock().unwrap().clone();
        (events, made)
    }

    #[test]
    fn a_model_that_gets_too_many_requests_is_asked_again_after_pauses() {
        let (events, pauses) = asked(&Busy::new(2, ModelCallErrorKind::RateLimited, false));
        assert_eq!(events, [Ok(text()), Ok(end())]);
        assert_eq!(pauses, [2.0, 10.0]);
        let (events, pauses) = asked(&Busy::new(usize::MAX, ModelCallErrorKind::RateLimited, false));
        let [Err(error)] = &events[..] else { panic!("it never answers: {events:?}") };
        assert_eq!(error.kind, ModelCallErrorKind::RateLimited);
        assert_eq!(error.message, "too many requests (tried 4 times, with pauses)");
        assert_eq!(pauses, [2.0, 10.0, 60.0]);
    }

    #[test]
    fn other_failures_and_those_amid_an_answer_are_the_callers() {
        for (kind, is_late) in [(ModelCallErrorKind::Unavailable, false), (ModelCallErrorKind::RateLimited, true)] {
            let (events, pauses) = asked(&Busy::new(1, kind, is_late));
            assert_eq!(events.last().unwrap().as_ref().unwrap_err().message, "too many requests");
            assert_eq!(pauses, [] as [f64; 0]);
        }
    }

    #[test]
    fn vectors_are_waited_for_too() {
        let model = Busy::new(3, ModelCallErrorKind::RateLimited, false);
        let pause = |_| -> Pause { Box::pin(std::future::ready(())) };
        let embed = |model| pollster::block_on(PatientModel::new(model, pause).embed(vec!["a".to_owned()]));
        assert_eq!(embed(model), Ok(Embeddings::default()));
        assert!(embed(Busy::new(4, ModelCallErrorKind::RateLimited, false)).is_err());
    }
}
