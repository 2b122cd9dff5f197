//! Cases from CSV as promptfoo has them (RFC 4180): a column per variable, and columns that begin with two
//! underscores: `__expected` (also `__expected1` and so on), `__description`, `__prefix`, `__suffix`, `__metric`,
//! `__threshold`, `__metadata:KEY` (`KEY[]` for several) and `__config:__expected:threshold`.

use std::io::Read;

use super::finding::{Finding, Findings, Imported, Place, Refused};
use super::nunjucks::{self, escape_value, plain_text, resolve_values};
use super::promptfoo::tag_key;
use super::{expectation, too_many_cases};
use crate::evaluation::assertions::AssertionParts;
use crate::evaluation::{Case, Check};

/// Names of special columns, without their underscores.
const SPECIAL_COLUMNS: [&str; 9] =
    ["expected", "prefix", "suffix", "description", "providerOutput", "metric", "threshold", "metadata", "config"];

/// Reads cases, row by row, and no more than `most`. `file` is the name that messages show.
///
/// # Errors
/// Rows that can't be read, each with its line; more rows than `most`.
pub fn read(source: impl Read, file: &str, most: usize) -> Result<Imported<Vec<Case>>, Refused> {
    let mut imported = read_rows(source, file, most)?;
    let mut findings = Findings::default();
    for (index, case) in imported.value.iter_mut().enumerate() {
        if let Err(why) = resolve_values(&mut case.variables) {
            let place = Place { file: file.to_owned(), ..Place::default() };
            findings.refuse(&place, format!("case {}: a value can't be filled in: {why}", index + 1));
        }
    }
    findings.finish(())?;
    Ok(imported)
}

/// The same, values as they stand in the file: templates in them are not filled in.
pub(super) fn read_rows(source: impl Read, file: &str, most: usize) -> Result<Imported<Vec<Case>>, Refused> {
    let mut reader = csv::ReaderBuilder::new().from_reader(source);
    let place = |line: u64| Place { file: file.to_owned(), line, column: 0 };
    let header = reader.headers().map_err(|error| Refused::at(place(1), describe(&error)))?;
    let columns: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    let mut findings = Findings::default();
    for column in &columns {
        let is_slip = !column.starts_with("__")
            && column.strip_prefix('_').is_some_and(|name| SPECIAL_COLUMNS.iter().any(|known| name.starts_with(known)));
        if is_slip {
            findings.warn(&place(1), format!("the column {column} is a variable; did you mean _{column}?"));
        }
    }
    let mut cases = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| Refused::at(place(line_of(&error)), describe(&error)))?;
        if cases.len() == most {
            return Err(Refused::at(Place { file: file.to_owned(), ..Place::default() }, too_many_cases(most)));
        }
        let place = place(record.position().map_or(0, csv::Position::line));
        cases.push(case(&columns, &record, &place, &mut findings));
    }
    if cases.is_empty() {
        findings.refuse(&place(1), "there are no rows below the header");
    }
    findings.finish(cases)
}

fn line_of(error: &csv::Error) -> u64 {
    error.position().map_or(1, csv::Position::line)
}

fn describe(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("this row has {len} fields, but the header has {expected_len}; is a comma or a quote missing?")
        }
        csv::ErrorKind::Utf8 { .. } => "this row is not UTF-8; save the file as UTF-8".to_owned(),
        _ => format!("this is not CSV: {error}"),
    }
}

fn case(columns: &[String], record: &csv::StringRecord, place: &Place, findings: &mut Findings) -> Case {
    let mut case = Case::default();
    let mut expected = Vec::new();
    let mut thresholds = Vec::new();
    let mut metric = None;
    for (column, value) in columns.iter().zip(record) {
        let is_empty = value.trim().is_empty();
        match column.as_str() {
            name if name.starts_with("__expected") && !is_empty => match expectation::read(value.trim()) {
                Ok(one) => expected.push(one),
                Err(why) => findings.refuse(place, why),
            },
            name if name.starts_with("__expected") => {}
            "__prefix" => case.prompt_prefix = template(value, place, findings),
            "__suffix" => case.prompt_suffix = template(value, place, findings),
            "__description" => case.description = (!value.is_empty()).then(|| value.to_owned()),
            "__metric" => metric = (!is_empty).then(|| value.to_owned()),
            "__threshold" => case.threshold = number(value),
            "__providerOutput" if is_empty => {}
            "__providerOutput" => findings.refuse(place, "__providerOutput: answers come from models here"),
            name => {
                if let Some(key) = name.strip_prefix("__metadata:") {
                    case.tags.extend(tags(key, value));
                } else if let Some(setting) = name.strip_prefix("__config:") {
                    match threshold_setting(setting, value) {
                        Ok(setting) => thresholds.push(setting),
                        Err(why) => findings.refuse(place, why),
                    }
                } else if name == "__metadata" {
                    findings.warn(place, "the column __metadata has no effect; name a key: __metadata:topic");
                } else {
                    case.variables.insert(name.to_owned(), value.into());
                }
            }
        }
    }
    for (index, threshold) in thresholds {
        let Some(one) = expected.get_mut(index) else { continue };
        match expectation::assertion(AssertionParts { threshold: Some(threshold), ..one.to_parts() }) {
            Ok(changed) => *one = changed,
            Err(why) => findings.refuse(place, why),
        }
    }
    expected.iter_mut().for_each(|one| one.metric.clone_from(&metric));
    case.checks = expected.into_iter().map(Check::One).collect();
    case
}

fn template(text: &str, place: &Place, findings: &mut Findings) -> String {
    match nunjucks::translate(text) {
        Ok(translated) => translated.text,
        Err(fault) => {
            findings.refuse(place, fault.message);
            String::new()
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// `__config:__expected2:threshold`: which expectation (from 0) and its threshold.
fn threshold_setting(setting: &str, value: &str) -> Result<(usize, f64), String> {
    let unknown = || format!("the column __config:{setting} is not known; write __config:__expected1:threshold");
    let (column, key) = setting.split_once(':').ok_or_else(unknown)?;
    let index = match column.strip_prefix("__expected") {
        Some("") => 0,
        Some(number) => number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).ok_or_else(unknown)?,
        None => return Err(unknown()),
    };
    if key != "threshold" {
        return Err(unknown());
    }
    let threshold = number(value).ok_or_else(|| format!("__config:{setting} must be a number, but is {value:?}"))?;
    Ok((index, threshold))
}

/// Tags of a column `__metadata:KEY`; with `KEY[]` they stand between commas, `\,` being a comma of its own.
fn tags(key: &str, value: &str) -> Vec<String> {
    if value.trim().is_empty() {
        return Vec::new();
    }
    let (key, values) = match key.strip_suffix("[]") {
        Some(key) => {
            let parts = value.replace("\\,", "\u{e000}");
            (key, parts.split(',').map(|part| part.trim().replace('\u{e000}', ",")).collect())
        }
        None => (key, vec![value.to_owned()]),
    };
    values.into_iter().map(|value| if key == "tags" { value } else { format!("{key}: {value}") }).collect()
}

/// Writes cases. What a row can't say (sets of checks, weights, values that are no texts) is named in the warnings;
/// JSONL can say it.
pub fn write(cases: &[Case]) -> Imported<String> {
    let mut warnings: Vec<Finding> = Vec::new();
    let mut warn = |index: usize, message: &str| {
        let message = format!("case {}: {message}", index + 1);
        warnings.push(Finding { place: Place::default(), message });
    };
    let mut columns = Columns::default();
    let rows: Vec<Vec<(Column, String)>> =
        cases.iter().enumerate().map(|(index, case)| row(index, case, &mut warn)).collect();
    rows.iter().flatten().for_each(|(column, _)| columns.add(column));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header: Vec<String> = columns.0.iter().map(Column::name).collect();
    // Writing to memory can't fail, and all rows have the header's length.
    let mut is_written = writer.write_record(&header).is_ok();
    for row in &rows {
        let field =
            |column: &Column| row.iter().find(|(other, _)| other == column).map_or("", |(_, text)| text.as_str());
        is_written &= writer.write_record(columns.0.iter().map(field)).is_ok();
    }
    let text = writer.into_inner().ok().filter(|_| is_written).and_then(|bytes| String::from_utf8(bytes).ok());
    Imported { value: text.unwrap_or_default(), warnings }
}

/// A column, in the order that columns are written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Variable(String),
    Description,
    Prefix,
    Suffix,
    Expected(usize),
    Metric,
    Threshold,
    Metadata(String),
}

impl Column {
    fn name(&self) -> String {
        match self {
            Self::Variable(name) => name.clone(),
            Self::Description => "__description".to_owned(),
            Self::Prefix => "__prefix".to_owned(),
            Self::Suffix => "__suffix".to_owned(),
            Self::Expected(index) => format!("__expected{}", index + 1),
            Self::Metric => "__metric".to_owned(),
            Self::Threshold => "__threshold".to_owned(),
            Self::Metadata(key) => format!("__metadata:{key}[]"),
        }
    }
}

/// The columns of a file: variables as they come, then the special ones.
#[derive(Default)]
struct Columns(Vec<Column>);

impl Columns {
    fn add(&mut self, column: &Column) {
        if self.0.contains(column) {
            return;
        }
        let position = match column {
            Column::Variable(_) => self.0.iter().position(|other| !matches!(other, Column::Variable(_))),
            special => self.0.iter().position(|other| !matches!(other, Column::Variable(_)) && other > special),
        };
        self.0.insert(position.unwrap_or(self.0.len()), column.clone());
    }
}

fn row(index: usize, case: &Case, warn: &mut impl FnMut(usize, &str)) -> Vec<(Column, String)> {
    let mut row = Vec::new();
    for (name, value) in &case.variables {
        if name.starts_with("__") {
            warn(index, "a variable whose name begins with two underscores is left out");
            continue;
        }
        if !value.is_string() {
            warn(index, "values that are no texts become texts; JSONL keeps them");
        }
        row.push((Column::Variable(name.clone()), escape_value(&plain_text(value))));
    }
    row.extend(case.description.clone().map(|text| (Column::Description, text)));
    for (column, template) in [(Column::Prefix, &case.prompt_prefix), (Column::Suffix, &case.prompt_suffix)] {
        match nunjucks::check_ours(template) {
            Ok(()) if template.is_empty() => {}
            Ok(()) => row.push((column, template.clone())),
            Err(fault) => warn(index, &fault.message),
        }
    }
    let mut metrics = Vec::new();
    for check in &case.checks {
        let line = match check {
            Check::One(one) if one.weight == 1.0 => {
                expectation::write(one).inspect(|_| metrics.push(one.metric.clone()))
            }
            _ => None,
        };
        match line {
            Some(line) => row.push((Column::Expected(metrics.len() - 1), line)),
            None => warn(index, "a check that a cell can't say is left out; JSONL keeps it"),
        }
    }
    metrics.dedup();
    match &metrics[..] {
        [] | [None] => {}
        [Some(metric)] => row.push((Column::Metric, metric.clone())),
        _ => warn(index, "a row has one metric for all its checks, so theirs are left out; JSONL keeps them"),
    }
    row.extend(case.threshold.map(|threshold| (Column::Threshold, threshold.to_string())));
    let mut keys: Vec<&str> = case.tags.iter().map(|tag| tag_key(tag)).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let values = case.tags.iter().filter(|tag| tag_key(tag) == key);
        let values = values.map(|tag| tag.strip_prefix(&format!("{key}: ")).unwrap_or(tag).replace(',', "\\,"));
        row.push((Column::Metadata(key.to_owned()), values.collect::<Vec<_>>().join(",")));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Variables;
    use proptest::prelude::*;
    use serde_json::Value;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
    }

    #[test]
    fn columns_mean_what_they_mean_in_promptfoo() {
        let text = "\u{feff}topic ,text,__expected,__description,__threshold,__metadata:kind[],__metadata:level,_expected\n\
                    sea,\"a, \"\"b\"\"\nc {{topic}}\",wet,first,0.5,\"x, y\\, z\",easy,q\nsky,d,,,,,,\n";
        let imported = read(text.as_bytes(), "cases.csv", 10).unwrap();
        let first = &imported.value[0];
        assert_eq!(first.variables, variables(&[("topic", "sea"), ("text", "a, \"b\"\nc sea"), ("_expected", "q")]));
        assert_eq!(first.description.as_deref(), Some("first"));
        assert_eq!(first.threshold, Some(0.5));
        assert_eq!(first.tags, ["kind: x", "kind: y, z", "level: easy"]);
        assert_eq!(first.checks, [Check::One(expectation::read("wet").unwrap())]);
        let second =
            Case { variables: variables(&[("topic", "sky"), ("text", "d"), ("_expected", "")]), ..Case::default() };
        assert_eq!(imported.value[1], second);
        let warning = imported.warnings[0].to_string();
        assert_eq!(warning, "cases.csv, line 1: the column _expected is a variable; did you mean __expected?");
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, message) in [
            (
                "a,b\n1,2\n3\n",
                "x.csv, line 3: this row has 1 fields, but the header has 2; is a comma or a quote missing?",
            ),
            ("a\n", "x.csv, line 1: there are no rows below the header"),
            ("a,__expected\n1,\"javascript: true\"\n", "x.csv, line 2: \"javascript: true\" is a program"),
            (
                "a,__config:__expected:weight\n1,2\n",
                "x.csv, line 2: the column __config:__expected:weight is not known",
            ),
        ] {
            let refused = read(text.as_bytes(), "x.csv", 10).unwrap_err().to_string();
            assert!(refused.starts_with(message), "{refused}");
        }
        assert!(
            read(&b"a\n\xff\n"[..], "x.csv", 10).unwrap_err().to_string().contains("line 2: this row is not UTF-8")
        );
    }

    /// A file that never ends.
    struct Endless;

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let text = b"a\n";
            buffer[..2].copy_from_slice(text);
            Ok(2)
        }
    }

    #[test]
    fn a_huge_file_is_refused_at_the_first_row_too_many() {
        let refused = read(Endless, "big.csv", 1000).unwrap_err().to_string();
        assert!(refused.starts_with("big.csv: the file has more than 1000 cases"), "{refused}");
    }

    proptest! {
        #[test]
        fn written_cases_are_read_back(
            rows in proptest::collection::vec((any::<String>(), "[a{}%,\"\n ]{0,9}", proptest::option::of("[a-z, ]{1,6}"), 0..3u8), 1..6),
        ) {
            let cases: Vec<Case> = rows
                .into_iter()
                .map(|(one, two, tag, threshold)| Case {
                    variables: variables(&[("one", &one), ("two two", &two)]),
                    threshold: (threshold > 0).then(|| f64::from(threshold) / 3.0),
                    tags: tag.map(|tag| format!("kind: {}", tag.trim())).into_iter().filter(|tag| tag != "kind: ").collect(),
                    ..Case::default()
                })
                .collect();
            let written = write(&cases);
            prop_assert_eq!(&written.warnings, &[]);
            prop_assert_eq!(read(written.value.as_bytes(), "", 10).unwrap().value, cases);
        }
    }
}
