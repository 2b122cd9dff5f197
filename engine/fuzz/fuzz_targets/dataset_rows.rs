//! Any bytes, whatever their name says that they are, are rows or set aside with a reason; rows go on as they are.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use shared::dataset::checks::Check;
use shared::dataset::documents::Chunking;
use shared::dataset::formats::{Format, detect};
use shared::dataset::json::Tape;
use shared::dataset::measures::Measure;
use shared::dataset::records::FileKind;
use shared::dataset::rows::{ReadAs, Rows};

#[derive(Arbitrary, Debug)]
struct Input {
    name: u8,
    format: Option<u8>,
    bytes: Vec<u8>,
}

const NAMES: [&str; 9] = ["a.jsonl", "a.json", "a.csv", "a.tsv.gz", "a.txt", "a.parquet", "a.md", "a.html", "a.pdf"];

libfuzzer_sys::fuzz_target!(|input: Input| {
    let name = NAMES[usize::from(input.name) % NAMES.len()];
    let Ok(kind) = FileKind::find(name, &input.bytes) else { return };
    let Ok(records) = kind.read(Cursor::new(input.bytes), name, Chunking::USUAL) else { return };
    let format = |number| ReadAs::Format(Format::ALL[usize::from(number) % Format::ALL.len()]);
    let mut rows = Rows::new(records, input.format.map_or(ReadAs::Detect, format));
    while let Ok(Some(read)) = rows.next_row() {
        let Ok((_, row)) = read.content else { continue };
        let own = row.sample.own_format();
        let mut text = String::new();
        own.write(&row, &mut text).expect("its own format holds it");
        let mut tape = Tape::default();
        let value = tape.read(&text).expect("what is written is JSON");
        assert_eq!(own.read(value).expect("what is written is a row"), row);
        assert!(detect(value).is_some(), "what is written is known again");
        for check in Check::all() {
            check.find(&row);
            check.repairing().repair(&row);
        }
        Measure::of_all(&row).count();
    }
});
