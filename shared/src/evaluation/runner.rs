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
        let mut run = Run::of(work.suite, options.started_at);
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
    *asked = messages(&work.suite.prompts[index.prompt], &work.suite.cases[index.case])?;
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

/// A case's prompt, filled in. Only variables that the prompt declares are given to it: cases serve several prompts.
fn messages(prompt: &PromptTemplate, case: &Case) -> Result<Vec<ChatMessage>, String> {
    let is_declared = |name: &str| prompt.variables.iter().any(|variable| variable.name == name);
    let variables =
        case.variables.iter().filter(|(name, _)| is_declared(name)).map(|(name, value)| (name.clone(), value.clone()));
    let mut prompt = prompt.clone();
    if let Some(last) = prompt.messages.last_mut() {
        last.text = format!("{}{}{}", case.prompt_prefix, last.text, case.prompt_suffix);
    }
    prompt.render(&variables.collect()).map_err(|error| format!("the prompt can't be filled in: {error}"))
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
