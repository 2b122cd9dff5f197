//! A recipe: the files, the steps and what is written, as a plain text file (YAML). The same files and the same recipe give
//! the same bytes everywhere.

use serde::{Deserialize, Serialize};

use super::export::{Export, check_names};
use super::preparation::{Preparation, PreparationFault, SourceFile, StoredFile, UsedAnswers};
use super::rows::ReadAs;
use super::steps::Step;

/// What this code writes and reads.
const VERSION: u32 = 1;

/// How a dataset is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Recipe {
    /// Which recipes this is one of.
    pub quern_recipe: u32,
    /// The files, in the order in which they are read.
    pub files: Vec<RecipeFile>,
    /// What models answered; without it, it is in [`RecipeAnswers::USUAL_NAME`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<RecipeAnswers>,
    /// What is done, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What is written then.
    #[serde(default)]
    pub exports: Vec<Export>,
}

/// A file of a recipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RecipeFile {
    /// Its path, from the folder that the recipe is in.
    pub name: String,
    /// Its length; a file of another length is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Its hash, as `xxh128sum` prints it; a file with another is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xxh128: Option<String>,
    /// What its rows are read as.
    #[serde(default)]
    pub read_as: ReadAs,
    /// Of a table: the apostrophes before what spreadsheets would take for formulas are none of the cells' own, as in tables
    /// that are written here, and are taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected_cells: bool,
}

/// The file with what models answered, with which the steps that ask need no model any more. Answers are only ever added
/// to it, so a longer file that begins with what the recipe was made with is the same to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RecipeAnswers {
    /// Its path, from the folder that the recipe is in.
    pub name: String,
    /// How much of it the recipe was made with; a shorter file is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The hash of that much, as `xxh128sum` prints it; a file with another is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xxh128: Option<String>,
}

impl RecipeAnswers {
    /// Its name where a recipe says none.
    pub const USUAL_NAME: &str = "answers.jsonl";
}

impl From<UsedAnswers> for RecipeAnswers {
    fn from(written: UsedAnswers) -> Self {
        let UsedAnswers { bytes, xxh128, .. } = written;
        Self { name: Self::USUAL_NAME.to_owned(), bytes: Some(bytes), xxh128: Some(xxh128) }
    }
}

impl RecipeFile {
    /// Why a file is not the one that is meant, if it isn't.
    pub fn differs_from(&self, file: &SourceFile) -> Option<String> {
        let name = &self.name;
        match (self.bytes, &self.xxh128) {
            (Some(bytes), _) if bytes != file.bytes => {
                Some(format!("{name} has {} bytes; the recipe was made with {bytes}", file.bytes))
            }
            (_, Some(hash)) => {
                let found = file.xxh128.as_ref().filter(|found| *found != hash)?;
                Some(format!("{name} has the hash {found}; the recipe was made with {hash}"))
            }
            _ => None,
        }
    }
}

impl From<&SourceFile> for RecipeFile {
    fn from(file: &SourceFile) -> Self {
        let SourceFile { name, bytes, xxh128, read_as, protected_cells } = file.clone();
        Self { name, bytes: Some(bytes), xxh128, read_as, protected_cells }
    }
}

/// Why a text is no recipe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipeFault {
    /// It can't be read.
    #[error("this is no recipe of Quern: {0}")]
    Text(String),
    /// It is of a later kind.
    #[error("the recipe is of version {0}, and this Quern reads version {VERSION}; use a newer one")]
    Version(u32),
}

impl Recipe {
    /// A recipe of this version.
    pub fn new(files: Vec<RecipeFile>, steps: Vec<Step>, exports: Vec<Export>) -> Self {
        Self { quern_recipe: VERSION, files, answers: None, steps, exports }
    }

    /// The same with the file of answers that was written beside it, if one was.
    pub fn with_answers(self, answers: Option<UsedAnswers>) -> Self {
        Self { answers: answers.map(Into::into), ..self }
    }

    /// What was done so far.
    pub fn of<F: StoredFile>(preparation: &Preparation<F>, exports: Vec<Export>) -> Self {
        let files = preparation.sources().iter().map(|source| (&source.file).into()).collect();
        Self::new(files, preparation.steps().map(|done| done.step.clone()).collect(), exports)
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is none, with line and column.
    pub fn parse(text: &str) -> Result<Self, RecipeFault> {
        let recipe: Self = serde_saphyr::from_str(text).map_err(|error| RecipeFault::Text(advised(&error)))?;
        if recipe.quern_recipe == VERSION { Ok(recipe) } else { Err(RecipeFault::Version(recipe.quern_recipe)) }
    }

    /// The name of the file with what models answered.
    pub fn answers_name(&self) -> &str {
        self.answers.as_ref().map_or(RecipeAnswers::USUAL_NAME, |answers| &answers.name)
    }

    /// Makes sure, before anything is done, that a recipe of somebody else's writes nothing elsewhere than into its own folder
    /// and the one for its output, nor over its own files.
    ///
    /// # Errors
    /// Which name must be another one.
    pub fn check_names(&self) -> Result<(), PreparationFault> {
        check_names(&self.exports)?;
        let answers = self.answers_name();
        let leads_elsewhere = answers.starts_with(['/', '\\'])
            || answers.contains(':')
            || answers.split(['/', '\\']).any(|part| part == "..");
        let is_taken = self.files.iter().any(|file| file.name == answers)
            || self.exports.iter().any(|export| export.file == answers);
        let reason = match (leads_elsewhere, is_taken) {
            (true, _) => "leads out of the recipe's folder, and answers are written to it",
            (_, true) => "is also the name of another of the recipe's files",
            (false, false) => return Ok(()),
        };
        Err(PreparationFault::Refused(format!(
            "the file of answers {answers:?} {reason}; call it for example answers.jsonl"
        )))
    }

    /// Writes it.
    pub fn to_text(&self) -> String {
        let yaml = serde_saphyr::to_string(self).unwrap_or_default();
        format!("# How a dataset is made. `quern data run THIS_FILE` makes it again, byte for byte.\n{yaml}")
    }
}

/// Why a text is no recipe, with advice where the reader's own words say little.
fn advised(error: &serde_saphyr::Error) -> String {
    let mut told = error.to_string();
    if told.contains("expected mapping start") {
        told.push_str(
            "\nfields belong there, as `name: value`; a step that needs none ends in `{}`, as `- deduplicate: {}`",
        );
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::asking::{BackTranslation, Manner, Meaning, Paraphrase, PromptVariation, Questions, Score};
    use super::super::checks::Check;
    use super::super::duplicates::Similarity;
    use super::super::export::Formulas;
    use super::super::formats::Format;
    use super::super::measures::Measure;
    use super::super::preparation::Part;
    use super::super::steps::{Deduplicate, Edit, Filter, Noise, NoiseKind, Preferred, Split};
    use super::*;
    use crate::model_pool::ModelReference;
    use expect_test::expect;

    #[test]
    fn a_file_that_is_another_than_the_recipe_s_is_told() {
        let found = |bytes, hash: Option<&str>| SourceFile {
            name: "a.csv".to_owned(),
            bytes,
            xxh128: hash.map(str::to_owned),
            read_as: ReadAs::Detect,
            protected_cells: false,
        };
        let wanted = RecipeFile::from(&found(7, Some("ab")));
        assert_eq!(wanted.differs_from(&found(7, Some("ab"))), None);
        let longer = wanted.differs_from(&found(8, Some("ab")));
        assert_eq!(longer.as_deref(), Some("a.csv has 8 bytes; the recipe was made with 7"));
        let other = wanted.differs_from(&found(7, Some("cd")));
        assert_eq!(other.as_deref(), Some("a.csv has the hash cd; the recipe was made with ab"));
        // Before the file is read its hash is not known.
        assert_eq!(wanted.differs_from(&found(7, None)), None);
        let any = RecipeFile { bytes: None, xxh128: None, ..wanted };
        assert_eq!(any.differs_from(&found(8, Some("cd"))), None);
    }

    fn asking() -> Vec<Step> {
        let model = ModelReference::companion("openai/gpt");
        let questions = Questions {
            model: model.clone(),
            count: 3,
            about: Some("Ask as a newcomer would.".to_owned()),
            grounded: Some(Questions::RECOMMENDED_GROUNDED),
            temperature: 0.7,
            seed: 0,
            keep_texts: false,
            part: None,
        };
        let paraphrase =
            Paraphrase { model: model.clone(), copies: 2, of_rows: 0.5, temperature: 0.9, seed: 3, part: None };
        let manners = vec![Manner::Command, Manner::FewWords];
        let (of_rows, temperature, seed) = (1.0, 0.9, 0);
        let variation =
            PromptVariation { model: model.clone(), manners, copies: 1, of_rows, temperature, seed, part: None };
        let (via, from) = ("German".to_owned(), "English".to_owned());
        let translation =
            BackTranslation { model: model.clone(), via, from, of_rows, temperature: 0.0, seed, part: None };
        let criterion = "The answer is right: complete, and to the point.".to_owned();
        let score = Score { model, criterion, at_least: 4 };
        let (model, similarity) = (ModelReference::browser("bge-small"), Similarity::USUAL_OF_MEANINGS);
        vec![
            Step::Questions(questions),
            Step::Paraphrase(paraphrase),
            Step::VaryPrompts(variation),
            Step::BackTranslate(translation),
            Step::Score(score),
            Step::DeduplicateByMeaning(Meaning { model, similarity, keep: Preferred::First }),
        ]
    }

    #[test]
    fn steps_that_ask_are_easily_read_and_written() {
        let answers = UsedAnswers { count: 2, bytes: 9, xxh128: "cd".to_owned() };
        let recipe = Recipe::new(Vec::new(), asking(), Vec::new()).with_answers(Some(answers));
        let text = recipe.to_text();
        assert_eq!(Recipe::parse(&text).unwrap(), recipe);
        expect![[r##"
            # How a dataset is made. `quern data run THIS_FILE` makes it again, byte for byte.
            quern-recipe: 1
            files: []
            answers:
              name: answers.jsonl
              bytes: 9
              xxh128: cd
            steps:
            - questions:
                model: companion:openai/gpt
                count: 3
                about: Ask as a newcomer would.
                grounded: 0.6
                temperature: 0.7
                seed: 0
                keep-texts: false
            - paraphrase:
                model: companion:openai/gpt
                copies: 2
                of-rows: 0.5
                temperature: 0.9
                seed: 3
            - vary-prompts:
                model: companion:openai/gpt
                manners:
                - command
                - few-words
                copies: 1
                of-rows: 1.0
                temperature: 0.9
                seed: 0
            - back-translate:
                model: companion:openai/gpt
                via: German
                from: English
                of-rows: 1.0
                temperature: 0.0
                seed: 0
            - score:
                model: companion:openai/gpt
                criterion: "The answer is right: complete, and to the point."
                at-least: 4
            - deduplicate-by-meaning:
                model: browser:bge-small
                similarity: 0.95
                keep: first
            exports: []
        "##]]
        .assert_eq(&text);
        let short = "quern-recipe: 1\nfiles: []\nsteps:\n- questions:\n    model: companion:m\n- paraphrase:\n    model: companion:m\n";
        let steps = Recipe::parse(short).unwrap().steps;
        let titles: Vec<String> = steps.iter().map(Step::title).collect();
        assert_eq!(
            titles,
            [
                "Ask up to 3 questions of each text (companion:m)",
                "Say it in other words: one copy of each row (companion:m)"
            ]
        );
        let nobody = short.replace("companion:m", "m");
        assert!(Recipe::parse(&nobody).unwrap_err().to_string().contains("write browser:NAME or companion:NAME"));
    }

    fn recipe() -> Recipe {
        let file = |name: &str, read_as| {
            let (name, xxh128) = (name.to_owned(), Some("ab".to_owned()));
            (&SourceFile { name, bytes: 7, xxh128, read_as, protected_cells: false }).into()
        };
        Recipe::new(
            vec![file("messy.jsonl", ReadAs::Detect), file("b.csv", ReadAs::Format(Format::OpenAiChat))],
            vec![
                Step::Repair(Check::RolesOutOfOrder {}),
                Step::Deduplicate(Deduplicate { near: Some(Similarity::USUAL), keep: Preferred::Longest }),
                Step::Filter(Filter { measure: Measure::AnswerWords, at_least: Some(2.0), at_most: None }),
                Step::Edit(Edit { row: "messy.jsonl:2".to_owned(), to: "{\"text\":\"a: b\\n# c\"}".to_owned() }),
                Step::Noise(Noise { kind: NoiseKind::DroppedWords, share: 0.1, of_rows: 0.5, seed: 3, part: None }),
                Step::Split(Split { evenly_by: Some("label".to_owned()), ..Split::default() }),
            ],
            vec![Export::new("train.jsonl".to_owned(), Format::OpenAiChat, Some(Part::Train))],
        )
    }

    #[test]
    fn a_recipe_is_a_plain_text_that_reads_back() {
        let text = recipe().to_text();
        assert_eq!(Recipe::parse(&text).unwrap(), recipe());
        expect![[r##"
            # How a dataset is made. `quern data run THIS_FILE` makes it again, byte for byte.
            quern-recipe: 1
            files:
            - name: messy.jsonl
              bytes: 7
              xxh128: ab
              read-as: detect
            - name: b.csv
              bytes: 7
              xxh128: ab
              read-as:
                format: openai-chat
            steps:
            - repair:
                check: roles-out-of-order
            - deduplicate:
                near: 0.8
                keep: longest
            - filter:
                measure: answer-words
                at-least: 2.0
            - edit:
                row: messy.jsonl:2
                to: "{\"text\":\"a: b\\n# c\"}"
            - noise:
                kind: dropped-words
                share: 0.1
                of-rows: 0.5
                seed: 3
            - split:
                seed: 0
                train: 0.8
                validation: 0.1
                test: 0.1
                near: 0.8
                evenly-by: label
            exports:
            - file: train.jsonl
              format: openai-chat
              part: train
        "##]]
        .assert_eq(&text);
    }

    #[test]
    fn the_recipe_in_the_documents_can_be_read() {
        let document = include_str!("../../../docs/recipes.md");
        let (_, example) = document.split_once("```yaml\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        let recipe = Recipe::parse(example).unwrap();
        recipe.check_names().unwrap();
        assert_eq!((recipe.files.len(), recipe.steps.len(), recipe.exports.len()), (4, 12, 3));
        for check in Check::all() {
            let name = serde_json::to_value(&check).unwrap();
            assert!(document.contains(&format!("`{}`", name["check"].as_str().unwrap())), "{name}");
        }
        for measure in Measure::ALL {
            let name = serde_json::to_value(measure).unwrap();
            assert!(document.contains(&format!("`{}`", name.as_str().unwrap())), "{name}");
        }
    }

    #[test]
    fn tables_are_protected_and_ratings_are_written_as_the_recipe_says() {
        let text = "quern-recipe: 1\nfiles:\n- name: a.csv\n  protected-cells: true\nsteps:\n- keep-rated:\n    at-least: 4\nexports:\n- file: b.csv\n  format: alpaca\n  formulas: as-is\n  rating: true\n";
        let recipe = Recipe::parse(text).unwrap();
        assert!(recipe.files[0].protected_cells && recipe.exports[0].rating);
        assert_eq!(recipe.exports[0].formulas, Formulas::AsIs);
        assert_eq!(Recipe::parse(&recipe.to_text()).unwrap(), recipe);
    }

    #[test]
    fn answers_are_kept_in_a_file_of_their_own_in_the_recipes_folder() {
        let fault = |name: &str| {
            let answers = RecipeAnswers { name: name.to_owned(), bytes: None, xxh128: None };
            let checked = Recipe { answers: Some(answers), ..recipe() }.check_names();
            checked.err().map(|fault| fault.to_string()).unwrap_or_default()
        };
        assert_eq!(recipe().check_names().err().map(|fault| fault.to_string()), None);
        assert_eq!(fault("kept/answers.jsonl"), "");
        for elsewhere in ["../a.jsonl", "/a.jsonl", "a/../../b", "C:a", "\\\\host\\a"] {
            assert!(fault(elsewhere).contains("leads out of the recipe's folder"), "{elsewhere}");
        }
        for taken in ["messy.jsonl", "train.jsonl"] {
            assert!(fault(taken).contains("another of the recipe's files"), "{taken}");
        }
    }

    #[test]
    fn misspelled_fields_and_steps_that_say_too_little_are_told() {
        let fault = |step: &str| {
            let text = format!("quern-recipe: 1\nfiles: []\nsteps:\n- {step}\n");
            Recipe::parse(&text).unwrap_err().to_string().lines().next().unwrap_or_default().to_owned()
        };
        for step in
            ["drop: {check: empty-answer, kind: 1}", "repair: {check: harsh-words, word: a}", "split: {tests: 1}"]
        {
            assert!(fault(step).contains("unknown field `"), "{}", fault(step));
        }
        expect![[r#"this is no recipe of Quern: error: line 4 column 3: invalid type: string "empty-answer", expected `check:` and its name"#]].assert_eq(&fault("drop: empty-answer"));
        expect!["this is no recipe of Quern: error: line 4 column 10: unknown variant `empty`, expected one of empty-answer, truncated-answer, roles-out-of-order, nothing-to-learn, encoding-damage, secrets, personal-data, harsh-words, mixed-languages"].assert_eq(&fault("drop: {check: empty}"));
        expect!["this is no recipe of Quern: error: line 5 column 1: expected mapping start"]
            .assert_eq(&fault("deduplicate"));
        expect!["this is no recipe of Quern: error: line 4 column 14: expected mapping start"]
            .assert_eq(&fault("deduplicate:"));
        expect!["this is no recipe of Quern: error: line 4 column 12: missing field `measure`"]
            .assert_eq(&fault("filter: {at-least: 3}"));
    }

    #[test]
    fn what_is_no_recipe_is_told() {
        let fault = |text: &str| Recipe::parse(text).unwrap_err().to_string();
        expect!["the recipe is of version 2, and this Quern reads version 1; use a newer one"]
            .assert_eq(&fault("quern-recipe: 2\nfiles: []\n"));
        expect![[r#"
            this is no recipe of Quern: error: line 5 column 11: a similarity of 0.3 makes no sense here: it is above 0.5 and at most 1, usually 0.8
             --> <input>:5:11
              |
            3 | steps:
            4 | - deduplicate:
            5 |     near: 0.3
              |           ^ a similarity of 0.3 makes no sense here: it is above 0.5 and at most 1, usually 0.8"#]].assert_eq(&fault("quern-recipe: 1\nfiles: []\nsteps:\n- deduplicate:\n    near: 0.3\n"));
        expect![[r#"
            this is no recipe of Quern: error: line 4 column 3: unknown variant `dedupe`, expected one of repair, drop, deduplicate, filter, keep-rated, balance, edit, rate, drop-rows, keep-rows, noise, questions, paraphrase, back-translate, vary-prompts, score, deduplicate-by-meaning, split, drop-leaks
             --> <input>:4:3
              |
            2 | files: []
            3 | steps:
            4 | - dedupe: {}
              |   ^ unknown variant `dedupe`, expected one of repair, drop, deduplicate, filter, keep-rated, balance, edit, rate, drop-rows, keep-rows, noise, questions, paraphrase, back-translate, vary-prompts, score, deduplicate-by-meaning, split, drop-leaks"#]].assert_eq(&fault("quern-recipe: 1\nfiles: []\nsteps:\n- dedupe: {}\n"));
        expect![[r#"
            this is no recipe of Quern: error: line 1 column 1: expected mapping start
             --> <input>:1:1
              |
            1 | - a
              | ^ expected mapping start
            fields belong there, as `name: value`; a step that needs none ends in `{}`, as `- deduplicate: {}`"#]]
        .assert_eq(&fault("- a\n"));
    }
}
