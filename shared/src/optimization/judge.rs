//! Judging answers on the run's budget: a judge may ask models, and every call goes through the same meter.

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;

use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};
use futures::stream::StreamExt;

use super::budget::Spend;
use super::call_log::{CallResult, Purpose};
use super::metered_calls::{MeteredCalls, Stop};
use crate::evaluation::assertions::Graders;
use crate::evaluation::{Answer, Case, Verdict, judge, most_model_calls};
use crate::model_call::{
    EmbeddingFuture, Embeddings, GenerationEvent, GenerationRequest, GenerationStream, ModelCall, ModelCallError,
};
use crate::model_pool::{ModelPool, ModelReference};

/// A verdict, in the end.
pub type VerdictFuture<'a> = Pin<Box<dyn Future<Output = Verdict> + 'a>>;

/// Something that says how good an answer is.
pub trait Judge {
    /// The models that it may ask.
    fn models(&self) -> Vec<ModelReference>;

    /// The most calls that judging one answer to `case` takes; the budget for the proof is set aside by this.
    fn most_calls(&self, case: &Case) -> u32;

    /// Judges an answer. Models come from `models` only, which keeps the budget; a call that the budget refuses never
    /// ends, and the judging is dropped.
    fn judge<'a>(&'a self, case: &'a Case, answer: &'a Answer, models: &'a dyn ModelPool) -> VerdictFuture<'a>;
}

/// Judges by what the cases expect.
#[derive(Clone, Debug, Default)]
pub struct AssertionJudge {
    /// Who reads answers and says how good they are, for the checks that ask a model.
    pub grader: Option<ModelReference>,
    /// Who turns texts into vectors.
    pub embedder: Option<ModelReference>,
}

impl Judge for AssertionJudge {
    fn models(&self) -> Vec<ModelReference> {
        self.grader.iter().chain(&self.embedder).cloned().collect()
    }

    fn most_calls(&self, case: &Case) -> u32 {
        let (to_grader, to_embedder) = most_model_calls(case);
        self.grader.as_ref().map_or(0, |_| to_grader) + self.embedder.as_ref().map_or(0, |_| to_embedder)
    }

    fn judge<'a>(&'a self, case: &'a Case, answer: &'a Answer, models: &'a dyn ModelPool) -> VerdictFuture<'a> {
        Box::pin(async move {
            let model = |reference: &Option<ModelReference>| reference.as_ref().map(|it| models.model(it)).transpose();
            match (model(&self.grader), model(&self.embedder)) {
                (Ok(grader), Ok(embedder)) => judge(case, answer, &Graders { grader, embedder }).await,
                (Err(error), _) | (_, Err(error)) => Verdict::error(error.message),
            }
        })
    }
}

/// Judges an answer; also gives what it spent.
pub(crate) async fn judge_metered(
    by: &dyn Judge,
    (case, answer): (&Case, &Answer),
    calls: &mut MeteredCalls<'_>,
    purpose: Purpose,
    set_aside: Spend,
) -> Result<(Verdict, Spend), Stop> {
    let (sender, mut asked) = mpsc::unbounded();
    let models = ForwardedModels { sender };
    let mut judging = pin!(by.judge(case, answer, &models));
    let mut spent = Spend::default();
    loop {
        let (model, question) = match select(judging.as_mut(), asked.next()).await {
            Either::Left((verdict, _)) => return Ok((verdict, spent)),
            Either::Right((Some(asked), _)) => asked,
            // `models` holds a sender, so the questions never end before the verdict.
            Either::Right((None, _)) => continue,
        };
        // A judge that no longer waits for its answer is no error.
        match question {
            Question::Generate(request, events) => {
                let outcome = calls.generate(&model, purpose, request, set_aside).await?;
                spent = spent.plus(outcome.spent);
                for event in as_events(outcome.result) {
                    let _ = events.unbounded_send(event);
                }
            }
            Question::Embed(texts, answer) => {
                let outcome = calls.embed(&model, purpose, texts, set_aside).await?;
                spent = spent.plus(outcome.spent);
                let _ = answer.send(as_embeddings(outcome.result));
            }
        }
    }
}

/// A question to a model, with where its answer goes.
enum Question {
    Generate(GenerationRequest, mpsc::UnboundedSender<Result<GenerationEvent, ModelCallError>>),
    Embed(Vec<String>, oneshot::Sender<Result<Embeddings, ModelCallError>>),
}

/// Models that pass every question on. A channel, because a stream of events must be `Send` and a meter is not.
struct ForwardedModels {
    sender: mpsc::UnboundedSender<(ModelReference, Question)>,
}

struct ForwardedModel {
    reference: ModelReference,
    sender: mpsc::UnboundedSender<(ModelReference, Question)>,
}

impl ModelPool for ForwardedModels {
    fn model(&self, reference: &ModelReference) -> Result<Rc<dyn ModelCall>, ModelCallError> {
        Ok(Rc::new(ForwardedModel { reference: reference.clone(), sender: self.sender.clone() }))
    }
}

impl ModelCall for ForwardedModel {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        let (sender, events) = mpsc::unbounded();
        // It can only fail once the run has ended, and then nobody reads the events.
        let _ = self.sender.unbounded_send((self.reference.clone(), Question::Generate(request, sender)));
        Box::pin(events)
    }

    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        let (sender, answer) = oneshot::channel();
        let _ = self.sender.unbounded_send((self.reference.clone(), Question::Embed(texts, sender)));
        Box::pin(async { answer.await.unwrap_or_else(|_| Err(ModelCallError::unavailable("the run has ended"))) })
    }
}

fn as_events(result: CallResult) -> Vec<Result<GenerationEvent, ModelCallError>> {
    match result {
        CallResult::Answered { text, finish_reason, usage } => vec![
            Ok(GenerationEvent::Started { prompt_ids: Vec::new() }),
            Ok(GenerationEvent::Text { text, ids: Vec::new() }),
            Ok(GenerationEvent::Finished { reason: finish_reason, usage }),
        ],
        CallResult::Failed { reason } => vec![Err(ModelCallError::unavailable(reason))],
        CallResult::Embedded(_) => vec![Err(ModelCallError::unavailable("vectors came where text was asked for"))],
    }
}

fn as_embeddings(result: CallResult) -> Result<Embeddings, ModelCallError> {
    match result {
        CallResult::Embedded(embeddings) => Ok(embeddings),
        CallResult::Failed { reason } => Err(ModelCallError::unavailable(reason)),
        CallResult::Answered { .. } => Err(ModelCallError::unavailable("text came where vectors were asked for")),
    }
}
