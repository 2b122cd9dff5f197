//! What a run of an evaluation left: every cell with its answer and verdict, readable without the suite.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::suite::hexadecimal_digest;
use super::{Answer, Case, EvaluationSuite, Verdict};
use crate::model_call::ChatMessage;

/// The version of a run's JSON. Others are refused rather than misread.
pub const RUN_FORMAT: u32 = 1;

/// Most characters of a case's title that is taken from its variables.
const MOST_TITLE_CHARACTERS: usize = 80;

/// Which prompt was asked of which model over which case: positions in the suite's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CellIndex {
    /// The model.
    pub model: usize,
    /// The prompt.
    pub prompt: usize,
    /// The case.
    pub case: usize,
}

/// One answer and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Whose it is.
    #[serde(flatten)]
    pub index: CellIndex,
    /// Answered and judged, or why not.
    #[serde(flatten)]
    pub outcome: CellOutcome,
    /// From the call to the verdict.
    pub seconds: f64,
}

/// What became of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CellOutcome {
    /// The model answered.
    Judged {
        /// What it said.
        answer: Box<Answer>,
        /// How good that is.
        verdict: Verdict,
    },
    /// There is no whole answer.
    Failed {
        /// What was asked, as far as it came.
        asked: Vec<ChatMessage>,
        /// Why there is no answer, in a sentence for a person.
        reason: String,
    },
}

impl Cell {
    /// From 0 to 1; a cell without an answer scores 0.
    pub fn score(&self) -> f64 {
        self.verdict().map_or(0.0, |verdict| verdict.score)
    }

    /// Whether it is good enough.
    pub fn is_passed(&self) -> bool {
        self.verdict().is_some_and(|verdict| verdict.is_passed)
    }

    /// Whether something else than the answer is to blame: the model failed, or nobody could judge.
    pub fn is_error(&self) -> bool {
        self.verdict().is_none_or(|verdict| verdict.is_error)
    }

    /// The verdict, where there is an answer.
    pub fn verdict(&self) -> Option<&Verdict> {
        match &self.outcome {
            CellOutcome::Judged { verdict, .. } => Some(verdict),
            CellOutcome::Failed { .. } => None,
        }
    }

    /// The answer, where there is one.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            CellOutcome::Judged { answer, .. } => Some(answer),
            CellOutcome::Failed { .. } => None,
        }
    }

    /// Why it passed or not.
    pub fn reason(&self) -> &str {
        match &self.outcome {
            CellOutcome::Judged { verdict, .. } => &verdict.reason,
            CellOutcome::Failed { reason, .. } => reason,
        }
    }
}

/// A case, as far as reports need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCase {
    /// What tells it from other cases in this run and the next: a digest of its variables, and which one of its equals
    /// it is.
    pub id: String,
    /// Its description, or the beginning of its variables.
    pub title: String,
    /// What it is grouped by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// [`RUN_FORMAT`].
    pub format: u32,
    /// [`EvaluationSuite::digest`] of the suite.
    pub suite_digest: String,
    /// What the suite is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// When it began, as the caller told (ISO 8601).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// Names of the prompts.
    pub prompts: Vec<String>,
    /// Labels of the models.
    pub models: Vec<String>,
    /// The cases.
    pub cases: Vec<RunCase>,
    /// All cells, by model, prompt and case.
    pub cells: Vec<Cell>,
    /// How long it took, without the time before it was resumed.
    pub seconds: f64,
}

/// Why a text is no run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRun {
    /// It is of another version.
    #[error("this run has format {0}, but this program reads format {RUN_FORMAT}; use a version that matches")]
    Format(u64),
    /// It is something else.
    #[error("this is not a run of an evaluation: {0}")]
    Shape(String),
    /// The suite is not the one that it was made with.
    #[error("the evaluation has changed since this run; start a new one, or take the evaluation back to what it was")]
    OtherSuite,
}

impl Run {
    /// A run without cells.
    pub fn from_suite(suite: &EvaluationSuite, started_at: Option<String>) -> Self {
        Self {
            format: RUN_FORMAT,
            suite_digest: suite.digest(),
            description: suite.description.clone(),
            started_at,
            prompts: suite.prompts.iter().map(|prompt| prompt.name.clone()).collect(),
            models: suite.models.iter().map(|model| model.label.clone()).collect(),
            cases: run_cases(&suite.cases),
            cells: Vec::new(),
            seconds: 0.0,
        }
    }

    /// Reads a run's JSON, or the document that [`super::report::json`] makes of one.
    ///
    /// # Errors
    /// It is something else, of another version, or its cells point past its lists.
    pub fn from_json(text: &str) -> Result<Self, InvalidRun> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| InvalidRun::Shape(error.to_string()))?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if format != u64::from(RUN_FORMAT) => return Err(InvalidRun::Format(format)),
            _ => {}
        }
        let value = match value {
            serde_json::Value::Object(mut document) if document.contains_key("run") => {
                document.shift_remove("run").unwrap_or_default()
            }
            other => other,
        };
        let run: Self = serde_json::from_value(value).map_err(|error| InvalidRun::Shape(error.to_string()))?;
        let is_inside = |index: CellIndex| {
            index.model < run.models.len() && index.prompt < run.prompts.len() && index.case < run.cases.len()
        };
        match run.cells.iter().find(|cell| !is_inside(cell.index)) {
            Some(cell) => Err(InvalidRun::Shape(format!("it has a cell at {:?}, which is past its end", cell.index))),
            None => Ok(run),
        }
    }

    /// The cells to go on from with this suite. Cells that failed are left out, so that they are tried again.
    ///
    /// # Errors
    /// The suite is another one.
    pub fn cells_to_resume(&self, suite: &EvaluationSuite) -> Result<Vec<Cell>, InvalidRun> {
        if self.suite_digest != suite.digest() {
            return Err(InvalidRun::OtherSuite);
        }
        Ok(self.cells.iter().filter(|cell| !cell.is_error()).cloned().collect())
    }

    /// Every pair of model and prompt that has cells, with its cells by case.
    pub fn columns(&self) -> BTreeMap<(usize, usize), Vec<&Cell>> {
        let mut columns: BTreeMap<(usize, usize), Vec<&Cell>> = BTreeMap::new();
        for cell in &self.cells {
            columns.entry((cell.index.model, cell.index.prompt)).or_default().push(cell);
        }
        columns
    }
}

fn run_cases(cases: &[Case]) -> Vec<RunCase> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let with_id = |case: &Case| {
        let mut digest = hexadecimal_digest(&(&case.variables, &case.prompt_prefix, &case.prompt_suffix));
        digest.truncate(16);
        let times = seen.entry(digest.clone()).and_modify(|times| *times += 1).or_insert(1);
        let id = if *times == 1 { digest } else { format!("{digest}-{times}") };
        RunCase { id, title: title(case), tags: case.tags.clone() }
    };
    cases.iter().map(with_id).collect()
}

fn title(case: &Case) -> String {
    let text = case.description.clone().unwrap_or_else(|| {
        let pairs = case.variables.iter().map(|(name, value)| match value {
            serde_json::Value::String(text) => format!("{name}: {text}"),
            other => format!("{name}: {other}"),
        });
        pairs.collect::<Vec<_>>().join(", ")
    });
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST_TITLE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.is_empty() => "no variables".to_owned(),
        None => line,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::catalog::Money;
    use crate::model_call::{FinishReason, GenerationUsage};
    use serde_json::json;

    /// A run of one prompt on `models` models over a case per score: 1 passes, 0 has no answer, others fail. Answers
    /// take one second more each, and the second one has no price.
    pub(in crate::evaluation) fn run_of(models: usize, scores: &[f64]) -> Run {
        let of_model = |model| {
            scores.iter().enumerate().map(move |(case, &score)| cell(CellIndex { model, prompt: 0, case }, score))
        };
        let numbered = |index: usize| RunCase {
            id: format!("id {index}"),
            title: format!("number: {index}"),
            tags: if index.is_multiple_of(2) { vec!["even".into()] } else { Vec::new() },
        };
        Run {
            description: "a run".into(),
            prompts: vec!["short".into()],
            models: ["small", "large"].iter().take(models).map(|&name| name.into()).collect(),
            cases: (0..scores.len()).map(numbered).collect(),
            cells: (0..models).flat_map(of_model).collect(),
            seconds: 1.0,
            ..Run::from_suite(&EvaluationSuite::default(), None)
        }
    }

    fn cell(index: CellIndex, score: f64) -> Cell {
        let asked = vec![ChatMessage { role: "user".into(), content: format!("say {}", index.case) }];
        if score == 0.0 {
            let outcome = CellOutcome::Failed { asked, reason: "the model said nothing".into() };
            return Cell { index, outcome, seconds: 1.0 };
        }
        let part = Verdict::new(score == 1.0, score, if score == 1.0 { "right" } else { "half right" });
        let verdict = Verdict {
            parts: vec![("contains".into(), part.clone())],
            named_scores: BTreeMap::from([("tone".to_owned(), score)]),
            ..part
        };
        let usage = GenerationUsage {
            prompt_tokens: 10,
            completion_tokens: 2,
            prefill_seconds: 1.0,
            decode_seconds: index.case as f64,
            ..GenerationUsage::default()
        };
        let answer = Answer {
            prompt: asked,
            text: "one\ntwo".into(),
            finish_reason: FinishReason::Stop,
            usage,
            cost: (index.case != 1).then(|| Money { amount: 1.5, currency: "USD".into() }),
            log_probabilities: None,
        };
        Cell { index, outcome: CellOutcome::Judged { answer: Box::new(answer), verdict }, seconds: 1.0 }
    }

    fn case(value: &str) -> Case {
        let serde_json::Value::Object(variables) = json!({"text": value}) else { unreachable!() };
        Case { variables, ..Case::default() }
    }

    #[test]
    fn cases_keep_their_ids_when_others_come_and_go() {
        let ids = |cases: &[Case]| run_cases(cases).into_iter().map(|case| case.id).collect::<Vec<_>>();
        let all = ids(&[case("a"), case("b"), case("a")]);
        assert_eq!(ids(&[case("b"), case("a"), case("a")]), [&*all[1], &*all[0], &*all[2]]);
        assert_ne!(all[0], all[2]);
        assert_eq!(
            run_cases(&[case("a\n b"), Case::default()]).iter().map(|case| &*case.title).collect::<Vec<_>>(),
            ["text: a b", "no variables"]
        );
    }

    #[test]
    fn a_run_of_another_kind_is_refused() {
        let run = Run::from_suite(&EvaluationSuite { cases: vec![case("a")], ..EvaluationSuite::default() }, None);
        let mut json = serde_json::to_value(&run).unwrap();
        assert_eq!(Run::from_json(&json.to_string()), Ok(run));
        let failed =
            json!({"model": 7, "prompt": 0, "case": 0, "outcome": "failed", "asked": [], "reason": "", "seconds": 1});
        json["cells"] = json!([failed]);
        assert!(matches!(Run::from_json(&json.to_string()), Err(InvalidRun::Shape(_))));
        json["format"] = json!(2);
        assert_eq!(Run::from_json(&json.to_string()), Err(InvalidRun::Format(2)));
        assert!(Run::from_json("[]").unwrap_err().to_string().starts_with("this is not a run"));
    }
}
