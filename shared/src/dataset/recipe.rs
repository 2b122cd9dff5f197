//! A recipe: the files, the steps and what is written, as a plain text file (YAML). The same files and the same recipe give
//! the same bytes everywhere.

use serde::{Deserialize, Serialize};

use super::export::Export;
use super::preparation::{Preparation, SourceFile, StoredFile};
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
        let SourceFile { name, bytes, xxh128, read_as } = file.clone();
        Self { name, bytes: Some(bytes), xxh128, read_as }
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
        Self { quern_recipe: VERSION, files, steps, exports }
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
        let recipe: Self = serde_saphyr::from_str(text).map_err(|error| RecipeFault::Text(error.to_string()))?;
        if recipe.quern_recipe == VERSION { Ok(recipe) } else { Err(RecipeFault::Version(recipe.quern_recipe)) }
    }

    /// Writes it.
    pub fn to_text(&self) -> String {
        let yaml = serde_saphyr::to_string(self).unwrap_or_default();
        format!("# How a dataset is made. `quern data run THIS_FILE` makes it again, byte for byte.\n{yaml}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::Check;
    use super::super::duplicates::Similarity;
    use super::super::formats::Format;
    use super::super::measures::Measure;
    use super::super::preparation::Part;
    use super::super::steps::{Deduplicate, Edit, Filter, Noise, NoiseKind, Preferred, Split};
    use super::*;
    use expect_test::expect;

    fn recipe() -> Recipe {
        let file = |name: &str, read_as| {
            (&SourceFile { name: name.to_owned(), bytes: 7, xxh128: Some("ab".to_owned()), read_as }).into()
        };
        Recipe::new(
            vec![file("messy.jsonl", ReadAs::Detect), file("b.csv", ReadAs::Format(Format::OpenAiChat))],
            vec![
                Step::Repair(Check::RolesOutOfOrder),
                Step::Deduplicate(Deduplicate { near: Some(Similarity::USUAL), keep: Preferred::Longest }),
                Step::Filter(Filter { measure: Measure::AnswerWords, at_least: Some(2.0), at_most: None }),
                Step::Edit(Edit { row: "messy.jsonl:2".to_owned(), to: "{\"text\":\"a: b\\n# c\"}".to_owned() }),
                Step::Noise(Noise { kind: NoiseKind::DroppedWords, share: 0.1, of_rows: 0.5, seed: 3 }),
                Step::Split(Split { evenly_by: Some("label".to_owned()), ..Split::default() }),
            ],
            vec![Export { file: "train.jsonl".to_owned(), format: Format::OpenAiChat, part: Some(Part::Train) }],
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
            this is no recipe of Quern: error: line 4 column 3: unknown variant `dedupe`, expected one of repair, drop, deduplicate, filter, balance, edit, rate, drop-rows, keep-rows, noise, split, drop-leaks
             --> <input>:4:3
              |
            2 | files: []
            3 | steps:
            4 | - dedupe: {}
              |   ^ unknown variant `dedupe`, expected one of repair, drop, deduplicate, filter, balance, edit, rate, drop-rows, keep-rows, noise, split, drop-leaks"#]].assert_eq(&fault("quern-recipe: 1\nfiles: []\nsteps:\n- dedupe: {}\n"));
        expect![[r#"
            this is no recipe of Quern: error: line 1 column 1: expected mapping start
             --> <input>:1:1
              |
            1 | - a
              | ^ expected mapping start"#]]
        .assert_eq(&fault("- a\n"));
    }
}
