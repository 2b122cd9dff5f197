//! Runs a chain. Its state is data: it can be looked at, stored, and gone on with.

use std::collections::BTreeMap;

use async_stream::stream;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::answering::{Piece, Written, answer};
use super::{Chain, ChainFault, Step};
use crate::model_call::{ChatMessage, FinishReason, GenerationRequest, Prompt};
use crate::model_pool::ModelPool;
use crate::prompt::{PromptError, Variables};

/// What has been done of a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainRun {
    /// The chain's digest.
    pub chain: String,
    /// The values that it was started with.
    pub inputs: Variables,
    /// Steps that were asked, by name. The others wait for them.
    pub steps: BTreeMap<String, StepRecord>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepRecord {
    /// It has its answer.
    Done(StepAnswer),
    /// It has none; what waits for it isn't asked.
    Failed {
        /// What was asked, where it came so far.
        prompt: Vec<ChatMessage>,
        /// What the model wrote, where it came so far.
        written: Option<Written>,
        /// Why, in a sentence for a person.
        reason: String,
    },
}

/// A step's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepAnswer {
    /// What was asked.
    pub prompt: Vec<ChatMessage>,
    /// What the model wrote.
    pub written: Written,
    /// What later steps get of it.
    pub value: Value,
}

/// What happens while a chain runs.
#[derive(Clone, Debug, PartialEq)]
pub enum ChainEvent {
    /// A step is asked.
    StepStarted(String),
    /// A step's answer goes on.
    Text {
        /// The step.
        step: String,
        /// What to append.
        text: String,
    },
    /// A step has its answer, or the reason why not. Others go on.
    StepFinished {
        /// The step.
        step: String,
        /// What came of it.
        record: StepRecord,
    },
    /// No step is left that can be asked; the last event.
    Finished(ChainRun),
}

/// Why a chain doesn't start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Something is wrong with the chain.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<ChainFault>),
    /// The run is one of another chain, or of this one before it was changed.
    #[error("this run belongs to another chain, or the chain was changed since; start a new run")]
    OtherChain,
    /// A value that the chain is started with is missing or of the wrong kind.
    #[error(transparent)]
    Input(#[from] PromptError),
}

impl ChainRun {
    /// A run in which nothing is done yet.
    pub fn new(chain: &Chain, inputs: Variables) -> Self {
        Self { chain: chain.digest(), inputs, steps: BTreeMap::new() }
    }

    /// A step's answer.
    pub fn answer(&self, step: &str) -> Option<&StepAnswer> {
        match self.steps.get(step)? {
            StepRecord::Done(answer) => Some(answer),
            StepRecord::Failed { .. } => None,
        }
    }

    /// The run with a step forgotten, and with it all that came of its answer: they are asked again.
    pub fn without(mut self, chain: &Chain, step: &str) -> Self {
        let mut forgotten = vec![step.to_owned()];
        while let Some(name) = forgotten.pop() {
            self.steps.remove(&name);
            let after = chain.steps.iter().filter(|step| chain.needed(step).any(|needed| needed.name == name));
            forgotten.extend(after.filter(|step| self.steps.contains_key(&step.name)).map(|step| step.name.clone()));
        }
        self
    }

    /// Every step has its answer.
    pub fn is_complete(&self, chain: &Chain) -> bool {
        chain.steps.iter().all(|step| self.answer(&step.name).is_some())
    }
}

/// Goes on with `state`, which can be new: steps that have their answer are not asked again, those that failed are.
/// Steps that don't wait for each other are asked `concurrency` at a time. Dropping the stream stops the work; what the
/// finished steps' events said is then the state to go on with.
///
/// # Errors
/// The chain can't run, or the state isn't one of it.
pub fn run<'a>(
    chain: &'a Chain,
    pool: &'a dyn ModelPool,
    mut state: ChainRun,
    concurrency: usize,
) -> Result<impl Stream<Item = ChainEvent> + 'a, ChainError> {
    let faults = chain.faults();
    if !faults.is_empty() {
        return Err(ChainError::Faults(faults));
    }
    if state.chain != chain.digest() {
        return Err(ChainError::OtherChain);
    }
    for input in &chain.inputs {
        match state.inputs.get(&input.name).or(input.default.as_ref()) {
            Some(value) if !value.is_null() => input.check(value)?,
            _ if input.required => return Err(PromptError::Missing(input.name.clone()).into()),
            _ => {}
        }
    }
    state.steps.retain(|_, record| matches!(record, StepRecord::Done(_)));
    Ok(stream! {
        loop {
            let is_next = |step: &&Step| {
                !state.steps.contains_key(&step.name)
                    && chain.needed(step).all(|needed| state.answer(&needed.name).is_some())
            };
            let ready: Vec<(&Step, Variables)> =
                chain.steps.iter().filter(is_next).map(|step| (step, values(chain, step, &state))).collect();
            if ready.is_empty() {
                break;
            }
            let one = |(step, values)| Box::pin(step_events(step, values, pool));
            let mut events = futures::stream::iter(ready).map(one).flatten_unordered(concurrency.max(1));
            while let Some(event) = events.next().await {
                if let ChainEvent::StepFinished { step, record } = &event {
                    state.steps.insert(step.clone(), record.clone());
                }
                yield event;
            }
        }
        yield ChainEvent::Finished(state);
    })
}

/// The values of a step's variables: answers and inputs that are there.
fn values(chain: &Chain, step: &Step, state: &ChainRun) -> Variables {
    let value = |name: &str| match (state.answer(name), chain.input(name)) {
        (Some(answer), _) => Some(answer.value.clone()),
        (None, Some(input)) => state.inputs.get(name).or(input.default.as_ref()).cloned(),
        (None, None) => None,
    };
    let names = step.template.variables.iter().map(|variable| &variable.name);
    names.filter_map(|name| Some((name.clone(), value(step.source(name))?))).collect()
}

fn step_events<'a>(step: &'a Step, values: Variables, pool: &'a dyn ModelPool) -> impl Stream<Item = ChainEvent> + 'a {
    stream! {
        let name = || step.name.clone();
        yield ChainEvent::StepStarted(name());
        let failed = |prompt: &[ChatMessage], written, reason| ChainEvent::StepFinished {
            step: name(),
            record: StepRecord::Failed { prompt: prompt.to_vec(), written, reason },
        };
        let prompt = match step.template.render(&values) {
            Ok(prompt) => prompt,
            Err(error) => {
                yield failed(&[], None, error.to_string());
                return;
            }
        };
        let model = match pool.model(&step.model) {
            Ok(model) => model,
            Err(error) => {
                yield failed(&prompt, None, format!("{} can't be reached: {error}", step.model));
                return;
            }
        };
        let mut request = GenerationRequest::new(Prompt::Chat(prompt.clone()), step.sampling, step.limits.clone());
        request.constraint = step.output.constraint().or_else(|| step.template.output.clone());
        let mut pieces = Box::pin(answer(&*model, request));
        while let Some(piece) = pieces.next().await {
            match piece {
                Piece::Text(text) => yield ChainEvent::Text { step: name(), text },
                Piece::End(Err(error)) => yield failed(&prompt, None, error.to_string()),
                Piece::End(Ok(written)) => match step.output.read(&written.text) {
                    Ok(value) => {
                        let answer = StepAnswer { prompt: prompt.clone(), written, value };
                        yield ChainEvent::StepFinished { step: name(), record: StepRecord::Done(answer) };
                    }
                    Err(mut reason) => {
                        if written.finish_reason == FinishReason::Length {
                            reason += ". It was cut off: allow it more tokens";
                        }
                        yield failed(&prompt, Some(written), reason);
                    }
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::super::StepOutput;
    use super::super::tests::{step, variable};
    use super::*;
    use crate::model_call::{GenerationEvent, GenerationStream, GenerationUsage, ModelCall, ModelCallError};
    use crate::model_pool::ModelReference;
    use crate::prompt::VariableKind;
    use serde_json::json;

    /// Answers with what is asked, in capitals; a question with digits gets its length.
    #[derive(Default)]
    struct Scripted(Rc<RefCell<Vec<String>>>);

    impl ModelPool for Scripted {
        fn model(&self, _: &ModelReference) -> Result<Rc<dyn ModelCall>, ModelCallError> {
            Ok(Rc::new(Self(Rc::clone(&self.0))))
        }
    }

    impl ModelCall for Scripted {
        fn generate(&self, request: GenerationRequest) -> GenerationStream {
            let Prompt::Chat(messages) = &request.prompt else { panic!("chains chat") };
            let question = messages[0].content.clone();
            let text = match &request.constraint {
                Some(_) => question.len().to_string(),
                None => question.to_uppercase(),
            };
            self.0.borrow_mut().push(question);
            Box::pin(futures::stream::iter([
                Ok(GenerationEvent::Text { text, ids: vec![1] }),
                Ok(GenerationEvent::Finished { reason: FinishReason::Stop, usage: GenerationUsage::default() }),
            ]))
        }
    }

    /// `end` waits for `left` and `right`, they for `start`; `side` and what waits for it can't be had.
    fn chain() -> Chain {
        use VariableKind::{Number, Text};
        let mut end = step("end", "{{ a }}+{{ b }}", &[("a", Text), ("b", Number)], StepOutput::Text);
        end.sources = [("a".to_owned(), "left".to_owned()), ("b".to_owned(), "right".to_owned())].into();
        let choice = StepOutput::Choice { options: vec!["yes".into()] };
        Chain {
            name: "c".into(),
            inputs: vec![variable("topic", Text)],
            steps: vec![
                end,
                step("left", "l {{ start }}", &[("start", Text)], StepOutput::Text),
                step("right", "r {{ start }}", &[("start", Text)], StepOutput::Number),
                step("start", "s {{ topic }}", &[("topic", Text)], StepOutput::Text),
                step("side", "is {{ topic }}?", &[("topic", Text)], choice),
                step("after", "{{ side }}", &[("side", Text)], StepOutput::Text),
            ],
        }
    }

    fn events_of(chain: &Chain, state: ChainRun) -> (Vec<ChainEvent>, Vec<String>) {
        let pool = Scripted::default();
        let events = pollster::block_on(run(chain, &pool, state, 2).unwrap().collect());
        let asked = pool.0.borrow().clone();
        (events, asked)
    }

    fn finished(events: &[ChainEvent]) -> ChainRun {
        let Some(ChainEvent::Finished(run)) = events.last() else { panic!("a run ends with its state") };
        run.clone()
    }

    fn inputs() -> Variables {
        [("topic".to_owned(), json!("{{ sea }}"))].into_iter().collect()
    }

    #[test]
    fn answers_feed_later_steps_and_a_failed_one_stops_only_what_waits_for_it() {
        let chain = chain();
        let (events, _) = events_of(&chain, ChainRun::new(&chain, inputs()));
        let run = finished(&events);
        assert_eq!(run.answer("left").unwrap().value, json!("L S {{ SEA }}"));
        assert_eq!(run.answer("right").unwrap().value, json!(13));
        assert_eq!(run.answer("end").unwrap().prompt[0].content, "L S {{ SEA }}+13");
        let StepRecord::Failed { reason, written: Some(_), .. } = &run.steps["side"] else { panic!("{run:?}") };
        assert!(reason.contains("one of yes"), "{reason}");
        assert!(!run.steps.contains_key("after") && !run.is_complete(&chain));
    }

    #[test]
    fn a_run_that_goes_on_is_the_run_that_was_never_stopped() {
        let chain = chain();
        let (events, asked) = events_of(&chain, ChainRun::new(&chain, inputs()));
        let whole = finished(&events);
        for stop in 0..events.len() {
            let mut state = ChainRun::new(&chain, inputs());
            for event in &events[..stop] {
                if let ChainEvent::StepFinished { step, record } = event {
                    state.steps.insert(step.clone(), record.clone());
                }
            }
            let state: ChainRun = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
            let done = state.steps.values().filter(|record| matches!(record, StepRecord::Done(_))).count();
            let (rest, asked_again) = events_of(&chain, state);
            assert_eq!(finished(&rest), whole, "stopped after {stop} events");
            assert_eq!(asked_again.len(), asked.len() - done);
        }
        let (_, asked_again) = events_of(&chain, whole.clone().without(&chain, "left"));
        assert_eq!(asked_again, ["l S {{ SEA }}", "is {{ sea }}?", "L S {{ SEA }}+13"]);
    }

    #[test]
    fn what_cannot_run_is_refused_before_anything_is_asked() {
        let chain = chain();
        let pool = Scripted::default();
        let refused = |chain: &Chain, state| run(chain, &pool, state, 1).err().unwrap().to_string();
        let without = ChainRun::new(&chain, Variables::new());
        assert!(refused(&chain, without).contains("the variable topic needs a value"));
        let mut changed = chain.clone();
        changed.name = "other".into();
        assert!(refused(&changed, ChainRun::new(&chain, inputs())).contains("start a new run"));
        let empty = Chain::default();
        assert!(refused(&empty, ChainRun::new(&empty, Variables::new())).contains("no steps"));
    }
}
