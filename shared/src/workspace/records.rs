//! The documents that pages keep.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{Document, DocumentKind};
use crate::dataset::formats::Format;
use crate::evaluation::report::summarize;
use crate::evaluation::{Cell, CellIndex, EvaluationSuite, ModelSource, Run};
use crate::model_pool::ModelReference;
use crate::optimization::{Optimization, Outcome};
use crate::prompt::chain::{Chain, ChainRun};
use crate::prompt::few_shot::ExampleChoice;
use crate::prompt::{Example, PromptTemplate, PromptVersion, Variables, VersionHistory, VersionScore};

/// A prompt as a person works on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromptRecord {
    /// What is being edited; versions are made of it when the person says so.
    pub template: PromptTemplate,
    /// Values to try it with.
    pub values: Variables,
    /// Examples that those of the template are chosen from.
    pub example_pool: Vec<Example>,
    /// How they are chosen.
    pub example_choice: ExampleChoice,
    /// What was kept.
    pub versions: VersionHistory,
    /// The version that the editing began with, by id.
    pub base: Option<String>,
}

impl PromptRecord {
    /// Gives a variable another name, also where it has values; texts stay as they are.
    pub fn rename_variable(&mut self, index: usize, name: &str) {
        let Some(variable) = self.template.variables.get_mut(index) else { return };
        let before = std::mem::replace(&mut variable.name, name.to_owned());
        let examples = self.template.examples.iter_mut().chain(&mut self.example_pool);
        for values in examples.map(|example| &mut example.variables).chain([&mut self.values]) {
            // A value under the new name belongs to another variable of that name.
            if !values.contains_key(name)
                && let Some(value) = values.shift_remove(&before)
            {
                values.insert(name.to_owned(), value);
            }
        }
    }

    /// Writes down what a run gave versions whose content it asked, and returns how many scores that were.
    pub fn take_scores(&mut self, run_id: &str, run: &RunRecord) -> usize {
        let mut count = 0;
        for column in summarize(&run.run).columns {
            let asked = run.suite.prompts.iter().find(|prompt| prompt.name == column.prompt);
            let answered = run.suite.models.iter().find(|choice| choice.label == column.model);
            let (Some(asked), Some(ModelSource::Known(model))) = (asked, answered.map(|choice| &choice.model)) else {
                continue;
            };
            // Evaluations give their copies names of their own.
            let is_asked = |version: &&PromptVersion| {
                PromptTemplate { name: asked.name.clone(), ..version.template.clone() } == *asked
            };
            let Some(id) = self.versions.versions().iter().find(is_asked).map(|version| version.id.clone()) else {
                continue;
            };
            let score = VersionScore {
                run: run_id.to_owned(),
                model: model.clone(),
                score: column.all.score.mean,
                interval: column.all.score.interval,
                cases: column.all.cells,
            };
            count += usize::from(self.versions.record_score(&id, score).is_ok());
        }
        count
    }
}

impl Document for PromptRecord {
    const KIND: DocumentKind = DocumentKind::Prompt;
    const FORMAT: u32 = 1;

    fn title(&self) -> String {
        or_untitled(&self.template.name, "Untitled prompt")
    }
}

/// A chain of prompts as a person works on it, and its last run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChainRecord {
    /// The chain.
    pub chain: Chain,
    /// Values to start it with.
    pub inputs: Variables,
    /// What the last run has so far.
    pub run: Option<ChainRun>,
}

impl ChainRecord {
    /// The last run, where it is one of the chain as it is now and of these values: it can be gone on with.
    pub fn current_run(&self) -> Option<&ChainRun> {
        self.run.as_ref().filter(|run| run.chain == self.chain.digest() && run.inputs == self.inputs)
    }
}

impl Document for ChainRecord {
    const KIND: DocumentKind = DocumentKind::Chain;
    const FORMAT: u32 = 1;

    fn title(&self) -> String {
        or_untitled(&self.chain.name, "Untitled chain")
    }
}

impl Document for EvaluationSuite {
    const KIND: DocumentKind = DocumentKind::Suite;
    const FORMAT: u32 = 1;

    fn title(&self) -> String {
        or_untitled(&self.description, "Untitled evaluation")
    }
}

/// A dataset: what a person calls it and what is written of it. Its rows and steps are in files of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetRecord {
    /// What people call it.
    pub name: String,
    /// The format of what is exported.
    pub format: Format,
}

impl Default for DatasetRecord {
    fn default() -> Self {
        Self { name: String::new(), format: Format::OpenAiChat }
    }
}

impl Document for DatasetRecord {
    const KIND: DocumentKind = DocumentKind::Dataset;
    const FORMAT: u32 = 1;

    fn title(&self) -> String {
        or_untitled(&self.name, "Untitled dataset")
    }
}

/// A run of an evaluation. While it goes on, cells are in its log; when it ends, they are here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The evaluation that it is of.
    pub suite_id: String,
    /// That evaluation as it was when the run began.
    pub suite: EvaluationSuite,
    /// What there is.
    pub run: Run,
    /// Every cell was asked.
    pub is_finished: bool,
}

impl RunRecord {
    /// A run that begins. `started_at` is ISO 8601.
    pub fn begin(suite_id: String, suite: EvaluationSuite, started_at: String) -> Self {
        let run = Run::from_suite(&suite, Some(started_at));
        Self { suite_id, suite, run, is_finished: false }
    }

    /// Adds the cells of the run's log, the later ones over the earlier. Lines that are no cell are left out: they were
    /// cut off by a crash, and their cells are asked again.
    pub fn take_log(&mut self, lines: &[String]) {
        let mut cells: BTreeMap<CellIndex, Cell> =
            std::mem::take(&mut self.run.cells).into_iter().map(|cell| (cell.index, cell)).collect();
        let is_inside = |index: CellIndex| {
            index.model < self.run.models.len()
                && index.prompt < self.run.prompts.len()
                && index.case < self.run.cases.len()
        };
        let logged = lines.iter().filter_map(|line| serde_json::from_str::<Cell>(line).ok());
        cells.extend(logged.filter(|cell| is_inside(cell.index)).map(|cell| (cell.index, cell)));
        self.run.cells = cells.into_values().collect();
    }
}

impl Document for RunRecord {
    const KIND: DocumentKind = DocumentKind::Run;
    const FORMAT: u32 = 1;

    fn title(&self) -> String {
        let passed = self.run.cells.iter().filter(|cell| cell.is_passed()).count();
        let state = if self.is_finished { "" } else { ", not finished" };
        format!("{passed} of {} passed{state}", self.run.cells.len())
    }

    fn belongs_to(&self) -> Option<&str> {
        Some(&self.suite_id)
    }
}

/// A search for a better prompt. Its calls are in its log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OptimizationRecord {
    /// The evaluation whose cases it uses.
    pub suite_id: String,
    /// What was asked for.
    pub optimization: Optimization,
    /// Who grades answers, where a check needs somebody.
    pub grader: Option<ModelReference>,
    /// Who turns texts into vectors, where a check needs somebody.
    pub embedder: Option<ModelReference>,
    /// When it began (ISO 8601).
    pub started_at: String,
    /// What it found; `None` until it has ended.
    pub outcome: Option<Outcome>,
}

impl Document for OptimizationRecord {
    const KIND: DocumentKind = DocumentKind::Optimization;
    const FORMAT: u32 = 1;

    fn title(&self) -> String {
        let state = match &self.outcome {
            None => "not finished",
            Some(outcome) if outcome.proof.is_significant => "better",
            Some(_) => "nothing better shown",
        };
        format!("{} · {state}", self.optimization.start.name)
    }

    fn belongs_to(&self) -> Option<&str> {
        Some(&self.suite_id)
    }
}

fn or_untitled(name: &str, untitled: &str) -> String {
    if name.trim().is_empty() { untitled.to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Case, CellOutcome, ModelChoice};
    use crate::prompt::{MessageTemplate, Variable, VariableKind};
    use crate::workspace::{read_body, write_body};
    use serde_json::json;

    fn cell(case: usize, reason: &str) -> Cell {
        let index = CellIndex { model: 0, prompt: 0, case };
        let outcome = CellOutcome::Failed { asked: Vec::new(), reason: reason.into() };
        Cell { index, outcome, seconds: 1.0 }
    }

    #[test]
    fn scores_go_to_the_version_that_was_asked_whatever_its_copy_was_called() {
        let message = |text: &str| MessageTemplate { role: "user".into(), text: text.into() };
        let prompt = |name: &str, text: &str| PromptTemplate {
            name: name.into(),
            messages: vec![message(text)],
            ..PromptTemplate::default()
        };
        let mut record = PromptRecord::default();
        let kept = record.versions.add(prompt("mine", "a"), None, "2026-01-01", "").unwrap();
        let other = record.versions.add(prompt("mine", "b"), Some(&kept), "2026-01-02", "").unwrap();
        let suite = EvaluationSuite {
            prompts: vec![prompt("mine 2", "a"), prompt("foreign", "c")],
            models: vec![ModelChoice::greedy("browser:small".parse().unwrap())],
            cases: vec![Case::default()],
            ..EvaluationSuite::default()
        };
        let mut run = RunRecord::begin("suite".into(), suite, "2026-01-03".into());
        run.run.cells.push(cell(0, "nobody answered"));
        assert_eq!((record.take_scores("run", &run), record.take_scores("run", &run)), (1, 1));
        let scores = &record.versions.get(&kept).unwrap().scores;
        assert_eq!(scores.len(), 1, "the same run counts once");
        assert_eq!((scores[0].score, scores[0].cases, scores[0].model.to_string()), (0.0, 1, "browser:small".into()));
        assert_eq!(record.versions.get(&other).unwrap().scores, []);
    }

    #[test]
    fn a_variable_keeps_its_values_under_its_new_name() {
        let variable = |name: &str| Variable {
            name: name.into(),
            kind: VariableKind::Text,
            default: None,
            required: true,
            description: String::new(),
        };
        let values = |name: &str| [(name.to_owned(), json!("v"))].into_iter().collect::<Variables>();
        let mut record = PromptRecord { values: values("old"), ..PromptRecord::default() };
        record.template.variables = vec![variable("old"), variable("taken")];
        record.template.examples = vec![Example { variables: values("old"), answer: "a".into() }];
        record.rename_variable(0, "new");
        assert_eq!((&record.values, &record.template.examples[0].variables), (&values("new"), &values("new")));
        record.values.insert("taken".into(), json!("w"));
        record.rename_variable(0, "taken");
        assert_eq!(record.values["taken"], json!("w"), "another variable's value is not overwritten");
    }

    #[test]
    fn a_run_goes_on_from_its_log() {
        let suite = EvaluationSuite {
            prompts: vec![PromptTemplate { name: "short".into(), ..PromptTemplate::default() }],
            models: vec![ModelChoice::greedy("browser:small".parse().unwrap())],
            cases: vec![Case::default(), Case::default()],
            ..EvaluationSuite::default()
        };
        let mut record = RunRecord::begin("suite".into(), suite, "2026-01-01".into());
        record.run.cells.push(cell(0, "first"));
        let line = |cell: &Cell| serde_json::to_string(cell).unwrap();
        record.take_log(&[line(&cell(0, "second")), line(&cell(1, "other")), line(&cell(7, "outside")), "{".into()]);
        assert_eq!(record.run.cells, [cell(0, "second"), cell(1, "other")]);
        assert_eq!(record.title(), "0 of 2 passed, not finished");
        assert_eq!(read_body(RunRecord::FORMAT, &write_body(&record).unwrap()), Ok(record));
    }
}
