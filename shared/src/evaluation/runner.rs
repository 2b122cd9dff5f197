//! Runs an evaluation: every prompt is asked of every model over every case, and each answer judged.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use async_stream::stream;
use futures::{Stream, StreamExt};

use super::assertions::{Assertion, Graders};
use super::run::{Cell, CellIndex, CellOutcome, Run};
use super::{Answer, Case, Check, EvaluationSuite, InvalidSuite, ModelChoice, ModelSource, Verdict, compare, judge};
use crate::catalog::Money;
use crate::model_call::{
    ChatMessage, FinishReason, GenerationEvent, GenerationLimits, GenerationRequest, GenerationUsage,
    LogProbabilitiesWanted, ModelCall, ModelCallError, ModelCallErrorKind, Prompt,
};
use crate::model_pool::{Clock, ModelPool, ModelReference};
use crate::prompt::PromptTemplate;

/// How to run.
pub struct RunOptions<'a> {
    /// How many cells are worked on at a time; at least one is. A suite's own number comes first.
    pub concurrency: usize,
    /// How often a call is made again after the model or the connection failed.
    pub most_retries: u32,
    /// Cells of an earlier run of this suite, which are not run again ([`Run::cells_to_resume`]).
    pub done: Vec<Cell>,
    /// When the run begins (ISO 8601), for its report.
    pub started_at: Option<String>,
    /// What a call costs; `None` where no price is known.
    pub price: &'a dyn Fn(&ModelReference, &GenerationUsage) -> Option<Money>,
}

impl Default for RunOptions<'_> {
    fn default() -> Self {
        Self { concurrency: 1, most_retries: 2, done: Vec::new(), started_at: None, price: &|_, _| None }
    }
}

/// What happens during a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent {
    /// It begins.
    Started {
        /// All cells.
        total_cells: usize,
        /// How many of them were done before.
        done_cells: usize,
    },
    /// A cell is asked, or asked again: its text begins anew.
    CellStarted(CellIndex),
    /// A cell's answer goes on.
    Text {
        /// Whose it is.
        index: CellIndex,
        /// What to append.
        text: String,
    },
    /// A cell has its answer and verdict, or the reason why not. Where the answers to a case are compared with each
    /// other, its cells come a second time.
    CellFinished(Cell),
    /// All is done; the last event.
    Finished(Run),
}

/// Runs `suite`. Dropping the stream stops the work.
///
/// Cells are asked by model, then by prompt, then by case, so that a model is loaded once and the beginning of a
/// prompt is read once where the model remembers it. A cell that fails is recorded with its reason, and the others go
/// on.
///
/// # Errors
/// The suite is not whole, or the models that judge can't be reached.
pub fn run<'a>(
    suite: &'a EvaluationSuite,
    pool: &'a dyn ModelPool,
    clock: &'a dyn Clock,
    options: RunOptions<'a>,
) -> Result<impl Stream<Item = RunEvent> + 'a, InvalidSuite> {
    suite.validate()?;
    let graders = graders(suite, pool)?;
    Ok(events(Work { suite, pool, clock, price: options.price, most_retries: options.most_retries, graders }, options))
}

/// What all cells share.
struct Work<'a> {
    suite: &'a EvaluationSuite,
    pool: &'a dyn ModelPool,
    clock: &'a dyn Clock,
    price: &'a dyn Fn(&ModelReference, &GenerationUsage) -> Option<Money>,
    most_retries: u32,
    graders: Graders,
}

fn graders(suite: &EvaluationSuite, pool: &dyn ModelPool) -> Result<Graders, InvalidSuite> {
    let find = |source: &Option<ModelSource>, role: &str| match source {
        Some(ModelSource::Known(reference)) => pool
            .model(reference)
            .map(Some)
            .map_err(|error| InvalidSuite(vec![format!("the {role} {reference} can't be reached: {error}")])),
        _ => Ok(None),
    };
    Ok(Graders { grader: find(&suite.grader, "grading model")?, embedder: find(&suite.embedder, "embedding model")? })
}

fn events<'a>(work: Work<'a>, options: RunOptions<'a>) -> impl Stream<Item = RunEvent> + 'a {
    stream! {
        let started = work.clock.now_seconds();
        let mut run = Run::from_suite(work.suite, options.started_at);
        let all = indices(work.suite);
        let mut cells: BTreeMap<CellIndex, Cell> = options.done.into_iter().map(|cell| (cell.index, cell)).collect();
        cells.retain(|index, _| all.contains(index));
        yield RunEvent::Started { total_cells: all.len(), done_cells: cells.len() };
        let left: Vec<CellIndex> = all.into_iter().filter(|index| !cells.contains_key(index)).collect();
        let concurrency = work.suite.concurrency.unwrap_or(options.concurrency).max(1);
        {
            let one = |index| Box::pin(cell_events(&work, index));
            let mut events = futures::stream::iter(left).map(one).flatten_unordered(concurrency);
            while let Some(event) = events.next().await {
                if let RunEvent::CellFinished(cell) = &event {
                    cells.insert(cell.index, cell.clone());
                }
                yield event;
            }
        }
        for (index, case) in work.suite.cases.iter().enumerate().filter(|(_, case)| is_comparison(case)) {
            for cell in compared(&work, index, case, &cells).await {
                cells.insert(cell.index, cell.clone());
                yield RunEvent::CellFinished(cell);
            }
        }
        run.cells = cells.into_values().collect();
        run.seconds = work.clock.now_seconds() - started;
        yield RunEvent::Finished(run);
    }
}

/// All cells of a suite.
fn indices(suite: &EvaluationSuite) -> BTreeSet<CellIndex> {
    let mut indices = BTreeSet::new();
    for (model, choice) in suite.models.iter().enumerate() {
        for (prompt, _) in suite.prompts.iter().enumerate().filter(|(_, template)| choice.is_asked(template)) {
            indices.extend((0..suite.cases.len()).map(|case| CellIndex { model, prompt, case }));
        }
    }
    indices
}

/// The cell's beginning, its text, and its end; again from the beginning where a call is made again.
fn cell_events<'a>(work: &'a Work<'a>, index: CellIndex) -> impl Stream<Item = RunEvent> + 'a {
    stream! {
        let (choice, case) = (&work.suite.models[index.model], &work.suite.cases[index.case]);
        let started = work.clock.now_seconds();
        let mut asked = Vec::new();
        let mut retries_left = work.most_retries;
        let answered = 'attempts: loop {
            yield RunEvent::CellStarted(index);
            let (call, reference) = match prepare(work, choice, index, &mut asked) {
                Ok(prepared) => prepared,
                Err(reason) => break Err(reason),
            };
            let request = request(choice, &work.suite.prompts[index.prompt], case, asked.clone());
            let mut attempt = Attempt::default();
            let mut generation = call.generate(request);
            while let Some(event) = generation.next().await {
                match event {
                    Ok(GenerationEvent::Text { text, .. }) => {
                        attempt.text.push_str(&text);
                        if !text.is_empty() {
                            yield RunEvent::Text { index, text };
                        }
                    }
                    Ok(event) => attempt.note(event),
                    Err(error) if error.kind == ModelCallErrorKind::Unavailable && retries_left > 0 => {
                        retries_left -= 1;
                        continue 'attempts;
                    }
                    Err(error) => break 'attempts Err(failure(work.most_retries, &error)),
                }
            }
            break attempt.answer(asked.clone(), |usage| (work.price)(&reference, usage));
        };
        let outcome = match answered {
            Ok(answer) => {
                let verdict = judge(case, &answer, &work.graders).await;
                CellOutcome::Judged { answer: Box::new(answer), verdict }
            }
            Err(reason) => CellOutcome::Failed { asked, reason },
        };
        yield RunEvent::CellFinished(Cell { index, outcome, seconds: work.clock.now_seconds() - started });
    }
}

/// The model to ask, and in `asked` what to ask it.
fn prepare(
    work: &Work<'_>,
    choice: &ModelChoice,
    index: CellIndex,
    asked: &mut Vec<ChatMessage>,
) -> Result<(Rc<dyn ModelCall>, ModelReference), String> {
    let prompt = &work.suite.prompts[index.prompt];
    let messages = work.suite.cases[index.case].messages(prompt);
    *asked = messages.map_err(|error| format!("the prompt can't be filled in: {error}"))?;
    let ModelSource::Known(reference) = &choice.model else {
        return Err(format!("{:?} is not one of your models", choice.label));
    };
    let call = work.pool.model(reference).map_err(|error| format!("{reference} can't be reached: {error}"))?;
    Ok((call, reference.clone()))
}

fn failure(most_retries: u32, error: &ModelCallError) -> String {
    match (error.kind, most_retries) {
        (ModelCallErrorKind::Unavailable, 1..) => format!("{error} (tried {} times)", most_retries + 1),
        _ => error.to_string(),
    }
}

fn request(
    choice: &ModelChoice,
    prompt: &PromptTemplate,
    case: &Case,
    messages: Vec<ChatMessage>,
) -> GenerationRequest {
    let limits =
        GenerationLimits { max_tokens: choice.max_tokens, stop: choice.stop.clone(), ..GenerationLimits::default() };
    let mut request = GenerationRequest::new(Prompt::Chat(messages), choice.sampling, limits);
    request.constraint = prompt.output.clone().or_else(|| choice.output.clone());
    let is_perplexity = |assertion: &Assertion| matches!(assertion, Assertion::Perplexity { .. });
    request.log_probabilities =
        has(&case.checks, is_perplexity).then_some(LogProbabilitiesWanted { top: 0, of_prompt: false });
    request
}

/// Whether one of the checks, or of the checks within, is so.
fn has(checks: &[Check], is_so: fn(&Assertion) -> bool) -> bool {
    checks.iter().any(|check| match check {
        Check::One(one) => is_so(&one.assertion),
        Check::Set(set) => has(&set.checks, is_so),
    })
}

fn is_comparison(case: &Case) -> bool {
    case.checks.iter().any(|check| match check {
        Check::One(one) => matches!(one.assertion, Assertion::SelectBest { .. }),
        Check::Set(_) => false,
    })
}

/// One attempt at an answer.
#[derive(Default)]
struct Attempt {
    text: String,
    log_probabilities: Vec<f32>,
    end: Option<(FinishReason, GenerationUsage)>,
}

impl Attempt {
    fn note(&mut self, event: GenerationEvent) {
        match event {
            GenerationEvent::LogProbabilities { tokens } => {
                self.log_probabilities.extend(tokens.iter().filter_map(|token| token.log_probability));
            }
            GenerationEvent::Finished { reason, usage } => self.end = Some((reason, usage)),
            GenerationEvent::Started { .. } | GenerationEvent::Prefill { .. } | GenerationEvent::Text { .. } => {}
        }
    }

    fn answer(
        self,
        prompt: Vec<ChatMessage>,
        price: impl Fn(&GenerationUsage) -> Option<Money>,
    ) -> Result<Answer, String> {
        let Some((finish_reason, usage)) = self.end else {
            return Err("the model's answer broke off; run this case again".to_owned());
        };
        let log_probabilities = (!self.log_probabilities.is_empty()).then_some(self.log_probabilities);
        Ok(Answer { prompt, text: self.text, finish_reason, cost: price(&usage), usage, log_probabilities })
    }
}

/// The cells of a case after its answers have been compared with each other; none where that was done before.
async fn compared(work: &Work<'_>, index: usize, case: &Case, cells: &BTreeMap<CellIndex, Cell>) -> Vec<Cell> {
    let of_case: Vec<&Cell> = cells.values().filter(|cell| cell.index.case == index).collect();
    let is_compared = |verdict: &Verdict| verdict.parts.iter().any(|(name, _)| name == "select-best");
    let answered: Vec<(&Cell, &Answer, &Verdict)> =
        of_case.into_iter().filter_map(|cell| Some((cell, cell.answer()?, cell.verdict()?))).collect();
    if answered.is_empty() || answered.iter().all(|(_, _, verdict)| is_compared(verdict)) {
        return Vec::new();
    }
    let answers: Vec<&Answer> = answered.iter().map(|(_, answer, _)| *answer).collect();
    let mut verdicts = Vec::new();
    for (_, answer, verdict) in &answered {
        // A comparison with fewer answers, before the run was stopped, no longer counts.
        verdicts.push(if is_compared(verdict) { judge(case, answer, &work.graders).await } else { (*verdict).clone() });
    }
    let verdicts = compare(case, &answers, verdicts, &work.graders).await;
    let with = |(cell, answer, _): (&Cell, &Answer, &Verdict), verdict| Cell {
        outcome: CellOutcome::Judged { answer: Box::new(answer.clone()), verdict },
        ..cell.clone()
    };
    answered.into_iter().zip(verdicts).map(|(cell, verdict)| with(cell, verdict)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::WeightedAssertion;
    use crate::model_call::GenerationStream;
    use crate::prompt::{MessageTemplate, Variable, VariableKind};
    use std::cell::RefCell;

    /// Answers with the last message in capitals, piece by piece. What the message asks for can go wrong.
    #[derive(Default)]
    struct Scripted {
        /// Messages asked so far.
        asked: RefCell<Vec<String>>,
    }

    struct Pool(Rc<Scripted>);

    impl ModelPool for Pool {
        fn model(&self, reference: &ModelReference) -> Result<Rc<dyn ModelCall>, ModelCallError> {
            if reference.name == "absent" {
                return Err(error(ModelCallErrorKind::ModelNotFound, "it is not loaded"));
            }
            Ok(Rc::new(Handle(Rc::clone(&self.0))))
        }
    }

    struct Handle(Rc<Scripted>);

    fn error(kind: ModelCallErrorKind, message: &str) -> ModelCallError {
        ModelCallError { kind, message: message.to_owned(), param: None }
    }

    impl ModelCall for Handle {
        fn generate(&self, request: GenerationRequest) -> GenerationStream {
            let Prompt::Chat(messages) = &request.prompt else { panic!("evaluations chat") };
            let text = messages.last().unwrap().content.clone();
            let attempts = {
                let mut asked = self.0.asked.borrow_mut();
                asked.push(text.clone());
                asked.iter().filter(|other| **other == text).count()
            };
            let mut events = vec![Ok(GenerationEvent::Started { prompt_ids: vec![1] })];
            let pieces: Vec<char> = text.to_uppercase().chars().collect();
            events.extend(
                pieces.chunks(3).map(|piece| Ok(GenerationEvent::Text { text: piece.iter().collect(), ids: vec![2] })),
            );
            let usage = GenerationUsage { prompt_tokens: 1, completion_tokens: 2, ..GenerationUsage::default() };
            if request.constraint.is_some() {
                let best = r#"{"reason": "longer", "best": 1}"#;
                events = vec![Ok(GenerationEvent::Text { text: best.into(), ids: Vec::new() })];
                events.push(Ok(GenerationEvent::Finished { reason: FinishReason::Stop, usage }));
            } else if text.contains("unavailable") && (text.contains("always") || attempts == 1) {
                events.truncate(2);
                events.push(Err(error(ModelCallErrorKind::Unavailable, "the connection was lost")));
            } else if text.contains("too long") {
                events = vec![Err(error(ModelCallErrorKind::ContextLengthExceeded, "the prompt is too long"))];
            } else if !text.contains("breaks off") {
                events.push(Ok(GenerationEvent::Finished { reason: FinishReason::Stop, usage }));
            }
            // A model takes its time: others get their turn before each event.
            Box::pin(futures::stream::iter(events).then(|event| async {
                let mut has_waited = false;
                std::future::poll_fn(|context| {
                    if std::mem::replace(&mut has_waited, true) {
                        return std::task::Poll::Ready(());
                    }
                    context.waker().wake_by_ref();
                    std::task::Poll::Pending
                })
                .await;
                event
            }))
        }
    }

    /// Stands still.
    struct Stopped;

    impl Clock for Stopped {
        fn now_seconds(&self) -> f64 {
            0.0
        }
    }

    fn prompt(name: &str, text: &str) -> PromptTemplate {
        let variable = Variable {
            name: "text".into(),
            kind: VariableKind::Text,
            default: None,
            required: true,
            description: String::new(),
        };
        PromptTemplate {
            name: name.into(),
            variables: vec![variable],
            messages: vec![MessageTemplate { role: "user".into(), text: text.into() }],
            ..PromptTemplate::default()
        }
    }

    fn check(parts: serde_json::Value) -> Check {
        Check::One(WeightedAssertion::parse(&serde_json::from_value(parts).unwrap(), None, None).unwrap())
    }

    fn case(text: &str) -> Case {
        let serde_json::Value::Object(variables) = serde_json::json!({"text": text, "unused": 1}) else {
            unreachable!()
        };
        let checks = vec![check(serde_json::json!({"type": "contains", "value": "A"}))];
        Case { variables, checks, ..Case::default() }
    }

    fn suite() -> EvaluationSuite {
        let texts = ["sea", "sky", "unavailable once", "unavailable always", "too long", "breaks off, a"];
        EvaluationSuite {
            prompts: vec![prompt("plain", "{{text}}"), prompt("polite", "Please: {{text}}")],
            models: ["browser:one", "companion:absent", "companion:two"]
                .map(|reference| ModelChoice::greedy(reference.parse().unwrap()))
                .into(),
            cases: texts.map(case).into(),
            ..EvaluationSuite::default()
        }
    }

    fn all_events(suite: &EvaluationSuite, options: RunOptions<'_>) -> (Vec<RunEvent>, Vec<String>) {
        let model = Rc::new(Scripted::default());
        let pool = Pool(Rc::clone(&model));
        let events = pollster::block_on(run(suite, &pool, &Stopped, options).unwrap().collect::<Vec<_>>());
        let asked = model.asked.borrow().clone();
        (events, asked)
    }

    /// How many cells were begun and not ended.
    fn most_at_a_time(events: &[RunEvent]) -> usize {
        let mut begun = BTreeSet::new();
        let mut most = 0;
        for event in events {
            match event {
                RunEvent::CellStarted(index) => _ = begun.insert(*index),
                RunEvent::CellFinished(cell) => _ = begun.remove(&cell.index),
                _ => {}
            }
            most = most.max(begun.len());
        }
        most
    }

    fn finished(events: &[RunEvent]) -> Run {
        let Some(RunEvent::Finished(run)) = events.last() else { panic!("a run ends with its result") };
        run.clone()
    }

    #[test]
    fn every_cell_is_asked_once_and_a_failing_one_keeps_its_reason() {
        let suite = suite();
        let price = |_: &ModelReference, usage: &GenerationUsage| {
            Some(Money { amount: f64::from(usage.completion_tokens), currency: "USD".into() })
        };
        let (events, asked) = all_events(&suite, RunOptions { price: &price, ..RunOptions::default() });
        assert_eq!(events[0], RunEvent::Started { total_cells: 36, done_cells: 0 });
        let run = finished(&events);
        let of = |model, prompt| -> Vec<String> {
            let cells = run.cells.iter().filter(|cell| (cell.index.model, cell.index.prompt) == (model, prompt));
            cells.map(|cell| format!("{} {}", cell.is_passed(), cell.reason())).collect()
        };
        assert_eq!(
            of(0, 0),
            [
                "true all checks passed",
                "false the answer does not contain “A”",
                "true all checks passed",
                "false the connection was lost (tried 3 times)",
                "false the prompt is too long",
                "false the model's answer broke off; run this case again",
            ]
        );
        assert!(of(1, 1).iter().all(|line| line == "false companion:absent can't be reached: it is not loaded"));
        let answer = run.cells[0].answer().unwrap();
        assert_eq!((&*answer.text, answer.cost.as_ref().unwrap().amount), ("SEA", 2.0));
        // By model, prompt and case, attempts one after the other.
        let first: Vec<&str> = asked[..10].iter().map(String::as_str).collect();
        let always = "unavailable always";
        let once = "unavailable once";
        assert_eq!(
            first,
            ["sea", "sky", once, once, always, always, always, "too long", "breaks off, a", "Please: sea"]
        );
    }

    #[test]
    fn the_pieces_of_a_text_are_the_answer_and_begin_anew_with_each_attempt() {
        let suite = suite();
        for concurrency in [1, 5, 100] {
            let (events, _) = all_events(&suite, RunOptions { concurrency, ..RunOptions::default() });
            let mut texts: BTreeMap<CellIndex, String> = BTreeMap::new();
            for event in &events {
                match event {
                    RunEvent::CellStarted(index) => _ = texts.insert(*index, String::new()),
                    RunEvent::Text { index, text } => texts.get_mut(index).unwrap().push_str(text),
                    RunEvent::CellFinished(cell) => {
                        if let Some(answer) = cell.answer() {
                            assert_eq!(texts[&cell.index], answer.text);
                        }
                    }
                    _ => {}
                }
            }
            assert_eq!(texts.len(), 36);
            assert_eq!(most_at_a_time(&events), concurrency.min(36));
            let one_by_one = finished(&all_events(&suite, RunOptions::default()).0);
            assert_eq!(finished(&events), one_by_one, "{concurrency} at a time");
        }
    }

    #[test]
    fn a_run_that_goes_on_is_the_run_that_was_never_stopped() {
        let suite = suite();
        let (events, asked) = all_events(&suite, RunOptions { concurrency: 3, ..RunOptions::default() });
        let whole = finished(&events);
        for stop in [0, 1, events.len() / 3, events.len() / 2, events.len() - 1] {
            let done: Vec<Cell> = events[..stop]
                .iter()
                .filter_map(|event| match event {
                    RunEvent::CellFinished(cell) => Some(cell.clone()),
                    _ => None,
                })
                .collect();
            let done_cells = done.len();
            let (rest, asked_again) = all_events(&suite, RunOptions { done, ..RunOptions::default() });
            assert_eq!(rest[0], RunEvent::Started { total_cells: 36, done_cells });
            assert_eq!(finished(&rest), whole, "stopped after {stop} events");
            assert!(asked_again.len() <= asked.len() && (done_cells == 0) == (asked_again.len() == asked.len()));
        }
        let tried_again = whole.cells_to_resume(&suite).unwrap();
        assert_eq!(tried_again.len(), 12, "those that failed are asked again");
        let other = EvaluationSuite { description: "other".into(), ..suite };
        assert!(whole.cells_to_resume(&other).is_err());
    }

    #[test]
    fn the_best_answer_of_a_case_is_found_when_all_are_there() {
        let mut suite = suite();
        suite.models.truncate(1);
        suite.cases.truncate(1);
        suite.cases[0].checks.push(check(serde_json::json!({"type": "select-best", "value": "the longer one"})));
        suite.grader = Some(ModelSource::Known("browser:judge".parse().unwrap()));
        let (events, asked) = all_events(&suite, RunOptions::default());
        let run = finished(&events);
        assert_eq!(run.cells.iter().map(Cell::is_passed).collect::<Vec<_>>(), [false, true]);
        assert_eq!(asked.len(), 3);
        let (_, asked) = all_events(&suite, RunOptions { done: run.cells.clone(), ..RunOptions::default() });
        assert_eq!(asked, Vec::<String>::new(), "a comparison is not made twice");
        let (events, _) = all_events(&suite, RunOptions { done: run.cells[..1].to_vec(), ..RunOptions::default() });
        assert_eq!(finished(&events), run);
    }

    #[test]
    fn a_suite_that_cannot_run_says_why_before_anything_is_asked() {
        let mut suite = suite();
        suite.grader = Some(ModelSource::Known("companion:absent".parse().unwrap()));
        let pool = Pool(Rc::default());
        let refused = run(&suite, &pool, &Stopped, RunOptions::default()).err().unwrap();
        assert_eq!(refused.to_string(), "the grading model companion:absent can't be reached: it is not loaded");
    }
}
