//! The `tests`, `scenarios` and `defaultTest` of a configuration.

use serde_json::Value;

use super::super::finding::Place;
use super::super::nunjucks;
use super::super::yaml::{Node, Shape};
use super::super::{MOST_CASES, csv, too_many_cases};
use super::reader::Reader;
use crate::evaluation::{Case, Check, ModelSource};
use crate::prompt::Variables;

/// What `tests: {path: …}` is told.
const GENERATED_TESTS: &str =
    "tests with a `path` come from a program or a service; write them out, or name a CSV, JSONL or YAML file";

/// A test before lists of values are multiplied.
#[derive(Clone, Default)]
pub(super) struct Test {
    pub(super) case: Case,
    pub(super) place: Place,
    pub(super) keeps_lists: bool,
    pub(super) leaves_out_default_checks: bool,
    /// Who grades its answers, by the role promptfoo gives: `text`, `embedding`.
    pub(super) grader: Option<ModelSource>,
    pub(super) embedder: Option<ModelSource>,
}

impl Reader<'_> {
    /// All cases: tests with the default's values and checks, multiplied where a variable has a list of texts.
    pub(super) fn cases(&mut self, root: &Node) -> (Vec<Case>, Test) {
        let default = root.get("defaultTest").and_then(|node| self.default_test(node)).unwrap_or_default();
        let mut tests = Vec::new();
        if let Some(node) = root.get("tests") {
            self.tests(node, &mut tests);
        }
        let scenarios = root.get("scenarios");
        if tests.is_empty() && scenarios.is_none() {
            tests.push(Test::default());
        }
        for scenario in scenarios.map(|node| self.items(node, "scenarios").to_vec()).unwrap_or_default() {
            self.scenario(&scenario, &mut tests);
        }
        let mut graders =
            Test { grader: default.grader.clone(), embedder: default.embedder.clone(), ..Test::default() };
        let mut cases = Vec::new();
        for test in tests {
            self.one_grader(&mut graders, &test);
            if !self.expand(test, &default, &mut cases) {
                break;
            }
        }
        (cases, graders)
    }

    /// A test without a configuration around it.
    pub(super) fn lone_test(&mut self, node: &Node, cases: &mut Vec<Case>) {
        if let Some(test) = self.test(node) {
            if test.grader.is_some() || test.embedder.is_some() {
                self.findings
                    .warn(&test.place, "the grading provider of a single test is left out; choose one for all");
            }
            self.expand(test, &Test::default(), cases);
        }
    }

    /// The suite has one grader: the first that is named.
    pub(super) fn one_grader(&mut self, all: &mut Test, test: &Test) {
        let grades = [("grader", &mut all.grader, &test.grader), ("embedder", &mut all.embedder, &test.embedder)];
        for (role, kept, wanted) in grades {
            let Some(wanted) = wanted else { continue };
            if kept.get_or_insert_with(|| wanted.clone()) != wanted {
                let message = format!("this test names another {role} than the ones before; an evaluation has one");
                self.findings.refuse(&test.place, message);
            }
        }
    }

    fn default_test(&mut self, node: &Node) -> Option<Test> {
        match node.text() {
            Some(reference) => {
                let document = self.document(reference, &node.place)?;
                self.test(&document)
            }
            None => self.test(node),
        }
    }

    fn tests(&mut self, node: &Node, tests: &mut Vec<Test>) {
        match &node.shape {
            Shape::Text(reference) => self.test_file(reference, &node.place, tests),
            Shape::Null => {}
            Shape::List(items) => {
                for item in items {
                    match item.text() {
                        Some(reference) => self.test_file(reference, &item.place, tests),
                        None if item.get("path").is_some() => self.findings.refuse(&item.place, GENERATED_TESTS),
                        None => tests.extend(self.test(item)),
                    }
                    if tests.len() > MOST_CASES {
                        self.findings.refuse(&node.place, too_many_cases(MOST_CASES));
                        return;
                    }
                }
            }
            Shape::Map(_) if node.get("path").is_some() => self.findings.refuse(&node.place, GENERATED_TESTS),
            _ => self.findings.refuse(&node.place, format!("tests must be a list or a file, but is {}", node.kind())),
        }
    }

    fn test_file(&mut self, reference: &str, place: &Place, tests: &mut Vec<Test>) {
        if reference.contains("://") && !reference.starts_with("file://") {
            self.findings.refuse(place, format!("{reference} is not fetched; download it and name the file"));
            return;
        }
        if !reference.ends_with(".csv") && !reference.ends_with(".jsonl") {
            if let Some(document) = self.document(reference, place) {
                match &document.shape {
                    Shape::Map(_) => tests.extend(self.test(&document)),
                    _ => self.tests(&document, tests),
                }
            }
            return;
        }
        let Some((path, text)) = self.file(reference, place) else { return };
        if reference.ends_with(".csv") {
            match csv::read_rows(text.as_bytes(), &path, MOST_CASES) {
                Ok(imported) => {
                    imported
                        .warnings
                        .into_iter()
                        .for_each(|finding| self.findings.warn(&finding.place, finding.message));
                    let place = place.clone();
                    tests.extend(imported.value.into_iter().map(|case| Test {
                        case,
                        place: place.clone(),
                        ..Test::default()
                    }));
                }
                Err(refused) => self.findings.refuse_all(refused),
            }
            return;
        }
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match Node::read_json_line(line, &path, index as u64 + 1) {
                Ok(node) => tests.extend(self.test(&node)),
                Err(refused) => self.findings.refuse_all(refused),
            }
            if tests.len() > MOST_CASES {
                self.findings.refuse(place, too_many_cases(MOST_CASES));
                return;
            }
        }
    }

    /// Every set of values of a scenario with every test of it.
    fn scenario(&mut self, node: &Node, tests: &mut Vec<Test>) {
        let document;
        let node = match node.text() {
            Some(reference) => match self.document(reference, &node.place) {
                Some(found) => {
                    document = found;
                    &document
                }
                None => return,
            },
            None => node,
        };
        let (mut values, mut asked) = (Vec::new(), Vec::new());
        for (key, value) in self.entries(node, "a scenario") {
            match key.as_str() {
                "config" => self.tests(value, &mut values),
                "tests" => self.tests(value, &mut asked),
                "description" => {}
                _ => self.unknown(key, value, "a scenario"),
            }
        }
        if asked.is_empty() {
            asked.push(Test::default());
        }
        for data in &values {
            for test in &asked {
                let mut merged = test.clone();
                merged.case = merge(&data.case, &test.case);
                merged.case.checks = [data.case.checks.clone(), test.case.checks.clone()].concat();
                merged.grader = test.grader.clone().or_else(|| data.grader.clone());
                merged.embedder = test.embedder.clone().or_else(|| data.embedder.clone());
                tests.push(merged);
            }
        }
    }

    /// One test.
    pub(super) fn test(&mut self, node: &Node) -> Option<Test> {
        let mut test = Test { place: node.place.clone(), ..Test::default() };
        for (key, value) in self.entries(node, "a test") {
            match key.as_str() {
                "description" => test.case.description = self.text(value, "a test's description"),
                "vars" => test.case.variables = self.variables(value),
                "assert" => test.case.checks = self.checks(value, &mut test),
                "threshold" => test.case.threshold = self.number(value, "a test's threshold"),
                "metadata" => test.case.tags = self.tags(value),
                "options" => self.options(value, &mut test),
                "provider" | "providers" | "prompts" => self.findings.refuse(
                    &value.place,
                    format!(
                        "a test's own {key} is not supported: every case is asked of every model with every prompt"
                    ),
                ),
                "providerOutput" => self.findings.refuse(&value.place, "providerOutput: answers come from models here"),
                "assertScoringFunction" => {
                    self.findings.refuse(&value.place, "assertScoringFunction is a program; nothing is executed here");
                }
                _ => self.unknown(key, value, "a test"),
            }
        }
        Some(test)
    }

    fn options(&mut self, node: &Node, test: &mut Test) {
        for (key, value) in self.entries(node, "a test's options") {
            match key.as_str() {
                "prefix" => test.case.prompt_prefix = self.template(value),
                "suffix" => test.case.prompt_suffix = self.template(value),
                "disableVarExpansion" => test.keeps_lists = matches!(value.shape, Shape::Boolean(true)),
                "disableDefaultAsserts" => test.leaves_out_default_checks = matches!(value.shape, Shape::Boolean(true)),
                "provider" => self.graders(value, test),
                "transform" | "postprocess" | "transformVars" => {
                    self.findings.refuse(&value.place, format!("{key} is a program; nothing is executed here"));
                }
                "rubricPrompt" | "factuality" => self.ignore(key, value, "grading uses prompts of its own"),
                "repeat" => self.ignore(key, value, "every case is asked once"),
                "storeOutputAs" => {
                    self.findings
                        .refuse(&value.place, "storeOutputAs hands an answer to the next test; cases stand alone");
                }
                _ => self.unknown(key, value, "a test's options"),
            }
        }
    }

    /// A grader by itself, or one per role.
    pub(super) fn graders(&mut self, node: &Node, test: &mut Test) {
        let has_roles =
            ["text", "embedding", "classification", "moderation"].iter().any(|role| node.get(role).is_some());
        if !has_roles {
            test.grader = self.grading_provider(node);
            return;
        }
        for (role, value) in self.entries(node, "a grading provider") {
            match role.as_str() {
                "text" => test.grader = self.grading_provider(value),
                "embedding" => test.embedder = self.grading_provider(value),
                _ => self.ignore(role, value, "no check uses it"),
            }
        }
    }

    fn template(&mut self, node: &Node) -> String {
        let Some(text) = self.text(node, "a prefix or suffix") else { return String::new() };
        self.translated(&text, &node.place).map(|translated| translated.text).unwrap_or_default()
    }

    /// `metadata` as tags `key: value`.
    fn tags(&mut self, node: &Node) -> Vec<String> {
        let mut tags = Vec::new();
        for (key, value) in self.entries(node, "a test's metadata") {
            let values = match &value.shape {
                Shape::List(items) => items.iter().collect(),
                _ => vec![value],
            };
            for value in values {
                match value.shape {
                    Shape::Map(_) | Shape::List(_) | Shape::Null => {
                        self.ignore(key, value, "metadata is kept as tags, which are texts");
                    }
                    _ if key == "tags" => tags.push(nunjucks::plain_text(&value.value())),
                    _ => tags.push(format!("{key}: {}", nunjucks::plain_text(&value.value()))),
                }
            }
        }
        tags
    }

    fn variables(&mut self, node: &Node) -> Variables {
        match &node.shape {
            Shape::Text(reference) => match self.document(reference, &node.place) {
                Some(document) => self.variables(&document),
                None => Variables::new(),
            },
            Shape::List(files) => files.iter().flat_map(|file| self.variables(file)).collect(),
            Shape::Null => Variables::new(),
            _ => {
                let mut variables = Variables::new();
                for (name, value) in self.entries(node, "vars") {
                    match value.shape {
                        Shape::Null => self
                            .findings
                            .warn(&value.place, format!("the variable {name} has no value and is left out")),
                        _ => {
                            let loaded = self.loaded(value.value(), &value.place);
                            variables.insert(name.clone(), loaded);
                        }
                    }
                    if name == "assert" {
                        self.findings.warn(
                            &value.place,
                            "`assert` is a variable here; move it one level out to check the answer",
                        );
                    }
                }
                variables
            }
        }
    }

    /// A value, from its file where it names one.
    fn loaded(&mut self, value: Value, place: &Place) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.loaded(item, place)).collect(),
            Value::String(text) if text.starts_with("file://") => {
                let ending = text.rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase();
                if matches!(
                    ending.as_str(),
                    "pdf" | "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" | "mp3" | "wav" | "mp4"
                ) {
                    self.findings.refuse(place, format!("{text} is not text; models here read text only"));
                    return Value::Null;
                }
                if matches!(ending.as_str(), "yaml" | "yml") {
                    return self.document(&text, place).map_or(Value::Null, |node| node.value().to_string().into());
                }
                self.file(&text, place).map_or(Value::Null, |(_, content)| content.trim().into())
            }
            other => other,
        }
    }

    /// The cases that a test stands for. `false` where there are too many.
    fn expand(&mut self, test: Test, default: &Test, cases: &mut Vec<Case>) -> bool {
        let mut case = merge(&default.case, &test.case);
        let default_checks: &[Check] = if test.leaves_out_default_checks { &[] } else { &default.case.checks };
        case.checks = [default_checks, &test.case.checks].concat();
        let keeps_lists = test.keeps_lists || default.keeps_lists;
        let is_multiplied = |value: &Value| match value {
            Value::Array(items) => !keeps_lists && items.first().is_some_and(Value::is_string),
            _ => false,
        };
        let mut combinations = vec![Variables::new()];
        for (name, value) in &case.variables {
            let values = match value {
                Value::Array(items) if is_multiplied(value) => items.clone(),
                other => vec![other.clone()],
            };
            if combinations.len().saturating_mul(values.len()) > MOST_CASES - cases.len().min(MOST_CASES) {
                self.findings.refuse(&test.place, too_many_cases(MOST_CASES));
                return false;
            }
            combinations = combinations
                .iter()
                .flat_map(|combination| {
                    values.iter().map(|value| {
                        let mut combination = combination.clone();
                        combination.insert(name.clone(), value.clone());
                        combination
                    })
                })
                .collect();
        }
        for mut variables in combinations {
            if let Err(why) = nunjucks::resolve_values(&mut variables) {
                self.findings.refuse(&test.place, format!("a variable can't be filled in: {why}"));
                return true;
            }
            let mut case = Case { variables, ..case.clone() };
            let Case { variables, checks, .. } = &mut case;
            checks.iter_mut().for_each(|check| render_metrics(check, variables));
            cases.push(case);
        }
        true
    }
}

/// A test over its default: its own fields first. Checks are the caller's.
fn merge(default: &Case, test: &Case) -> Case {
    let mut variables = default.variables.clone();
    variables.extend(test.variables.clone());
    let own_or = |own: &String, usual: &String| if own.is_empty() { usual.clone() } else { own.clone() };
    let own_keys: Vec<&str> = test.tags.iter().map(|tag| tag_key(tag)).collect();
    let inherited = default.tags.iter().filter(|tag| !own_keys.contains(&tag_key(tag)));
    Case {
        description: test.description.clone().or_else(|| default.description.clone()),
        variables,
        checks: Vec::new(),
        threshold: test.threshold.or(default.threshold),
        tags: inherited.chain(&test.tags).cloned().collect(),
        prompt_prefix: own_or(&test.prompt_prefix, &default.prompt_prefix),
        prompt_suffix: own_or(&test.prompt_suffix, &default.prompt_suffix),
    }
}

/// The key of a tag `key: value`; a tag without one is of `tags`.
pub(in crate::evaluation::formats) fn tag_key(tag: &str) -> &str {
    tag.split_once(": ").map_or("tags", |(key, _)| key)
}

/// A metric's name can have variables in it.
fn render_metrics(check: &mut Check, variables: &Variables) {
    let metric = match check {
        Check::One(one) => &mut one.metric,
        Check::Set(set) => {
            set.checks.iter_mut().for_each(|check| render_metrics(check, variables));
            &mut set.metric
        }
    };
    if let Some(name) = metric
        && let Ok(Value::String(rendered)) = nunjucks::render_value(&Value::String(name.clone()), variables)
    {
        *name = rendered;
    }
}
