//! Each container gives back what was written to it.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::dataset::documents::Chunking;
use crate::dataset::formats::Format;
use crate::dataset::json::JsonText;
use crate::dataset::random_rows::row;
use crate::dataset::row::Row;

const NAMES: [&str; 8] = ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt", "a.parquet", "a.csv.gz", "a.jsonl.zst"];

/// Writes rows, and gives those that the file can hold, and the file.
fn write(kind: FileKind, rows: &[String]) -> (Vec<String>, Vec<u8>) {
    let mut columns = Columns::default();
    rows.iter().for_each(|row| columns.note(row));
    let (mut file, mut held) = (Vec::new(), Vec::new());
    let mut writer = kind.writer(&mut file, columns).unwrap();
    for row in rows {
        match writer.write_record(row) {
            Ok(()) => held.push(row.clone()),
            Err(WriteFault::Lacks(_)) => {}
            Err(WriteFault::Io(error)) => panic!("{error}"),
        }
    }
    writer.finish().unwrap();
    (held, file)
}

fn read(kind: FileKind, file: Vec<u8>) -> Vec<String> {
    let mut records = kind.read(Cursor::new(file), "a", Chunking::USUAL).unwrap();
    let mut rows = Vec::new();
    while let Some(record) = records.next_record().unwrap() {
        rows.push(record.content.unwrap().to_string());
    }
    rows
}

/// What a kind of file keeps of columns that no format knows: tables have texts, Parquet no null and numbers as they are
/// computed with, and ChatML's text no null either.
fn as_kept(kind: FileKind, mut row: Row) -> Row {
    let is_table = matches!(kind, FileKind::Text { container: Container::Table { .. }, .. });
    let is_chatml = matches!(kind, FileKind::Text { container: Container::ChatMlText, .. });
    row.columns = row
        .columns
        .into_iter()
        .filter(|(_, value)| value.as_str() != "null" || !(is_table || is_chatml || kind == FileKind::Parquet))
        .map(|(name, value)| {
            let text = match (is_table, value.as_str()) {
                (true, json) if !json.starts_with('"') => serde_json::Value::from(json).to_string(),
                (false, "1.50") if kind == FileKind::Parquet => "1.5".to_owned(),
                (_, json) => json.to_owned(),
            };
            (name, JsonText::parse(&text).unwrap())
        })
        .collect();
    row
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn each_container_gives_back_the_rows_that_it_can_hold(
        rows in proptest::collection::vec(row(), 1..6),
        format in proptest::sample::select(Format::ALL.to_vec()),
        name in proptest::sample::select(NAMES.to_vec()),
        protects_cells in any::<bool>(),
    ) {
        let kind = FileKind::of_name(name).unwrap();
        let kind = if protects_cells { kind.with_protected_cells() } else { kind };
        let is_table = matches!(kind, FileKind::Text { container: Container::Table { .. }, .. });
        let mut written = Vec::new();
        for row in &rows {
            let mut text = String::new();
            // In a table, an empty list can't be told from a text.
            if format.write(row, &mut text).is_ok() && !(is_table && text.contains(":[]")) {
                written.push(text);
            }
        }
        let (held, file) = write(kind, &written);
        let is_of_texts = name == "a.txt";
        prop_assert!(is_of_texts || held == written);
        if held.is_empty() {
            return Ok(());
        }
        prop_assert_eq!(&write(kind, &written).1, &file, "not twice the same");
        let back = read(kind, file);
        let rows_of = |texts: &[String]| -> Vec<Row> {
            let row = |text: &String| {
                let json = JsonText::parse(text).unwrap();
                as_kept(kind, json.with(|value| format.read(value)).unwrap_or_else(|fault| panic!("{fault}: {text}")))
            };
            texts.iter().map(row).collect()
        };
        let (back, held) = (rows_of(&back), rows_of(&held));
        prop_assert_eq!(back, held, "{:?}", written);
    }
}

#[test]
fn a_table_s_formulas_are_kept_from_spreadsheets_and_come_back() {
    let rows = ["=1+1", "-5", "-5x", "+49 1", "'=x", "'t", "@a", "\tb", "plain", "", "a,\"b\"\nc"];
    let rows: Vec<String> =
        rows.iter().map(|text| serde_json::json!({"a": text, "b": -2, "c": [1]}).to_string()).collect();
    let plain = FileKind::of_name("a.csv").unwrap();
    let (_, file) = write(plain.with_protected_cells(), &rows);
    assert_eq!(
        String::from_utf8(file.clone()).unwrap(),
        "a,b,c\n'=1+1,-2,[1]\n-5,-2,[1]\n'-5x,-2,[1]\n'+49 1,-2,[1]\n''=x,-2,[1]\n't,-2,[1]\n'@a,-2,[1]\n\"'\tb\",-2,[1]\n\
         plain,-2,[1]\n\"\",-2,[1]\n\"a,\"\"b\"\"\nc\",-2,[1]\n"
    );
    let texts = |kind, file| -> Vec<String> {
        let texts = read(kind, file).into_iter().map(|row| serde_json::from_str::<serde_json::Value>(&row).unwrap());
        texts.map(|row| row["a"].as_str().unwrap_or("missing").to_owned()).collect()
    };
    let expected = ["=1+1", "-5", "-5x", "+49 1", "'=x", "'t", "@a", "\tb", "plain", "", "a,\"b\"\nc"];
    assert_eq!(texts(plain.with_protected_cells(), file.clone()), expected);
    assert_eq!(texts(plain, file)[0], "'=1+1");
    let (_, unprotected) = write(plain, &rows);
    assert_eq!(texts(plain, unprotected), expected);
}

#[test]
fn a_table_holds_no_zeros_and_other_files_do() {
    let rows = [r#"{"a":"b\u0000"}"#.to_owned(), r#"{"a":"c"}"#.to_owned()];
    for (name, count) in [("a.csv", 1), ("a.tsv", 1), ("a.jsonl", 2), ("a.parquet", 2)] {
        let kind = FileKind::of_name(name).unwrap();
        let (held, file) = write(kind, &rows);
        assert_eq!((held.len(), read(kind, file)), (count, held), "{name}");
    }
}

#[test]
fn a_column_without_a_name_comes_back() {
    let rows = [r#"{"":"b","c":"d"}"#.to_owned()];
    let (held, file) = write(FileKind::of_name("a.csv").unwrap(), &rows);
    assert_eq!(read(FileKind::of_name("a.csv").unwrap(), file), held);
}

#[test]
fn texts_have_one_object_a_line_and_conversations_an_empty_line_between_them() {
    let rows = [r#"{"a":1}"#.to_owned(), r#"{"a":[2]}"#.to_owned()];
    let written =
        |name: &str, rows: &[String]| String::from_utf8(write(FileKind::of_name(name).unwrap(), rows).1).unwrap();
    assert_eq!(written("a.json", &rows), "[\n{\"a\":1},\n{\"a\":[2]}\n]\n");
    assert_eq!(written("a.json", &[]), "[]\n");
    assert_eq!(written("a.jsonl", &rows), "{\"a\":1}\n{\"a\":[2]}\n");
    assert_eq!(written("a.csv", &[]), "\n");
    let turn = |role: &str| format!("<|im_start|>{role}\na<|im_end|>\n");
    let of = |text: &str| serde_json::json!({ "text": text }).to_string();
    let texts = [of(&turn("user")), of(&(turn("user") + &turn("system"))), of("a"), of(&turn("user"))];
    assert_eq!(written("a.txt", &texts), format!("{}\n{0}", turn("user")));
    let error = FileKind::of_name("a.xlsx").unwrap_err().to_string();
    assert!(error.starts_with("a.xlsx has an ending that no file of rows has here"), "{error}");
}
