//! Any bytes, whatever their name says that they are, are rows or set aside with a reason; rows go on as they are, through
//! every format and kind of file.
//!
//! The first bytes say what is done with the others: the file's name, how its columns are read, how it is compressed and what
//! its rows are written to, how documents are cut. So a file with four bytes before it is an input.

#![no_main]

use std::io::{Cursor, Write};

use shared::dataset::checks::Check;
use shared::dataset::documents::Chunking;
use shared::dataset::formats::{Format, Mapping, detect};
use shared::dataset::json::Tape;
use shared::dataset::measures::Measure;
use shared::dataset::records::{Columns, Compression, FileKind, Shares, WriteFault};
use shared::dataset::row::Row;
use shared::dataset::rows::{ReadAs, ReadRow, Rows};

const NAMES: [&str; 10] =
    ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt", "a.parquet", "a.md", "a.html", "a.pdf", "a.bin"];

const MAPPINGS: [&str; 5] = [
    "prompt=question,answer=answer,system=system",
    "messages=turns,role=speaker,content=words,roles.me=user,roles.bot=assistant",
    "prompt=a,answer=b,label=c",
    "prompt=a,chosen=b,rejected=c",
    "text=a",
];

/// Kinds of files that rows are written to.
const OUTPUTS: [&str; 6] = ["a.jsonl", "a.json", "a.csv", "a.txt", "a.parquet", "a.tsv.gz"];

/// Rows of an input that go through everything; more of them say nothing new.
const MOST_ROWS: usize = 200;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let [name, read_as, output, cut, bytes @ ..] = input else { return };
    let name = NAMES[usize::from(*name) % NAMES.len()];
    let file = match output % 4 {
        0 => compressed(Compression::Gzip, bytes),
        1 => compressed(Compression::Zstd, bytes),
        _ => bytes.to_vec(),
    };
    let Ok(kind) = FileKind::find(name, &file[..file.len().min(64 << 10)]) else { return };
    let (most, overlap) = (1 + usize::from(cut % 16) * 100, usize::from(cut / 16) * 10);
    let chunking = Chunking::new(most, overlap).unwrap_or(Chunking::USUAL);
    let Ok(records) = kind.read(Cursor::new(file.clone()), name, chunking) else { return };
    let read_as = match usize::from(*read_as) {
        at if at < Format::ALL.len() => ReadAs::Format(Format::ALL[at]),
        at if at < Format::ALL.len() + MAPPINGS.len() => {
            let mapping: Mapping = MAPPINGS[at - Format::ALL.len()].parse().expect("it is a mapping");
            ReadAs::Mapping(mapping)
        }
        _ => ReadAs::Detect,
    };
    let mut rows = Rows::new(records, read_as.clone());
    let mut all = Vec::new();
    while let Ok(Some(row)) = rows.next_row() {
        all.push(row);
    }
    if kind.can_be_shared() {
        assert_eq!(in_shares(file, &read_as), all, "shares have the rows of the whole file");
    }
    let read: Vec<Row> = all.into_iter().filter_map(|row| Some(row.content.ok()?.1)).take(MOST_ROWS).collect();
    read.iter().for_each(go_on);
    write(&read, OUTPUTS[usize::from(output / 4) % OUTPUTS.len()]);
});

fn compressed(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut writer = compression.writer(Vec::new());
    writer.write_all(bytes).and_then(|()| writer.finish()).expect("memory can be written to")
}

fn in_shares(file: Vec<u8>, read_as: &ReadAs) -> Vec<ReadRow> {
    let mut shares = Shares::new(Cursor::new(file));
    let mut all = Vec::new();
    while let Some(share) = shares.next_share().expect("memory can be read") {
        let mut rows = Rows::new(share.records(), read_as.clone());
        while let Some(row) = rows.next_row().expect("memory can be read") {
            all.push(row);
        }
    }
    all
}

/// A row comes back from the format of its kind, and can be looked at and mended.
fn go_on(row: &Row) {
    let own = row.sample.own_format();
    let mut text = String::new();
    own.write(row, &mut text).expect("its own format holds it");
    let mut tape = Tape::default();
    let value = tape.read(&text).expect("what is written is JSON");
    assert_eq!(&own.read(value).expect("what is written is a row"), row);
    assert!(detect(value).is_some(), "what is written is known again");
    for format in Format::ALL {
        let mut text = String::new();
        if format.write(row, &mut text).is_ok() {
            Tape::default().read(&text).expect("what is written is JSON");
        }
    }
    for check in Check::all() {
        let found = check.find(row);
        assert_eq!(check.describe(row).is_some(), found.is_some());
        check.repairing().repair(row);
    }
    Measure::of_all(row).count();
}

/// Rows are written to a file, and as many come back as it could hold.
fn write(rows: &[Row], name: &str) {
    let kind = FileKind::of_name(name).expect("rows are written to it");
    let texts = rows.iter().map(|row| {
        let mut text = String::new();
        row.sample.own_format().write(row, &mut text).expect("its own format holds it");
        text
    });
    let texts: Vec<String> = texts.collect();
    let mut columns = Columns::default();
    texts.iter().for_each(|text| columns.note(text));
    let (mut file, mut held) = (Vec::new(), 0);
    let mut writer = kind.writer(&mut file, columns).expect("memory can be written to");
    for text in &texts {
        match writer.write_record(text) {
            Ok(()) => held += 1,
            Err(WriteFault::Lacks(_)) => {}
            Err(WriteFault::Io(error)) => panic!("{error}"),
        }
    }
    writer.finish().expect("memory can be written to");
    if held == 0 {
        return;
    }
    let mut records = kind.read(Cursor::new(file), name, Chunking::USUAL).expect("what was written can be read");
    while let Some(record) = records.next_record().expect("memory can be read") {
        assert!(record.content.is_ok(), "{name}: {:?}", record.content.err());
        held -= 1;
    }
    assert_eq!(held, 0, "{name} gives back what it holds");
}
