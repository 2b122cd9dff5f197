use std::cell::Cell;
use std::rc::Rc;

use super::super::asking::tests::{answer_all, model};
use super::super::asking::{Meaning, Paraphrase, Questions, Score};
use super::super::checks::Check;
use super::super::duplicates::Similarity;
use super::super::export::{Export, export};
use super::super::formats::Format;
use super::super::recipe::Recipe;
use super::super::records::{Container, Counted, ReadBytes};
use super::super::rows::ReadAs;
use super::super::steps::{
    Deduplicate, DropLeaks, DropRows, Edit, KeepRows, Noise, NoiseKind, Preferred, Rate, Split, Step,
};
use super::*;

/// A file of three formats, with rows that are none.
fn messy(rows: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        let line = match row % 7 {
            0 => format!(
                r#"{{"messages":[{{"role":"user","content":"What is {row}?"}},{{"role":"assistant","content":"It is the number {row}, of course, and nothing else."}}],"id":{row}}}"#
            ),
            1 => format!(r#"{{"instruction":"Say {} again","input":"","output":"{0} again"}}"#, row % 14),
            2 => format!(
                r#"{{"conversations":[{{"from":"human","value":"Go to {row}"}},{{"from":"gpt","value":"I went to {row} at once"}}]}}"#
            ),
            3 => format!(
                r#"{{"messages":[{{"role":"user","content":"{row} a"}},{{"role":"user","content":"b"}},{{"role":"assistant","content":"c"}}]}}"#
            ),
            4 => format!(r#"{{"messages":[{{"role":"user","content":"{row}"}},{{"role":"assistant","content":""}}]}}"#),
            5 => r#"{"messages":[{"role":"user","#.to_owned(),
            _ => format!(r#"{{"prompt":"p {row}","chosen":"good","rejected":"bad"}}"#),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn source(name: &str, text: &str) -> SourceFile {
    let (name, bytes) = (name.to_owned(), text.len() as u64);
    SourceFile { name, bytes, xxh128: None, read_as: ReadAs::Detect, protected_cells: false }
}

/// The rows of one file of JSON Lines.
pub(in crate::dataset) fn prepared(lines: &str) -> Preparation<MemoryFile> {
    let mut preparation = Preparation::open(Files::<MemoryFile>::default()).unwrap();
    let records = Container::JsonLines.read(lines.as_bytes()).unwrap();
    let opened = Opened::new(source("a.jsonl", lines), records, ReadBytes::default());
    pollster::block_on(preparation.read(opened, &Silent)).unwrap();
    preparation
}

fn steps() -> Vec<Step> {
    vec![
        Step::Repair(Check::RolesOutOfOrder {}),
        Step::Drop(Check::EmptyAnswer {}),
        Step::Deduplicate(Deduplicate::default()),
        Step::Edit(Edit { row: "messy.jsonl:1".to_owned(), to: r#"{"text":"Edited by hand."}"#.to_owned() }),
        Step::DropRows(DropRows { rows: vec!["messy.jsonl:3".to_owned()], reason: "too dull".to_owned() }),
        Step::KeepRows(KeepRows { rows: vec!["messy.jsonl:5".to_owned()] }),
        Step::Rate(Rate { row: "messy.jsonl:8".to_owned(), rating: 4.try_into().unwrap() }),
        Step::Noise(Noise { kind: NoiseKind::DroppedWords, share: 0.5, of_rows: 0.5, seed: 1, part: None }),
        Step::Questions(Questions {
            model: model(),
            count: 2,
            about: None,
            grounded: None,
            temperature: 0.7,
            seed: 0,
            keep_texts: true,
            part: None,
        }),
        Step::Paraphrase(Paraphrase { model: model(), copies: 1, of_rows: 0.2, temperature: 0.9, seed: 2, part: None }),
        Step::Score(Score { model: model(), criterion: "It is good.".to_owned(), at_least: 2 }),
        Step::DeduplicateByMeaning(Meaning {
            model: model(),
            similarity: Similarity::USUAL_OF_MEANINGS,
            keep: Preferred::Longest,
        }),
        Step::Deduplicate(Deduplicate { near: Some(Similarity::USUAL), ..Deduplicate::default() }),
        Step::Split(Split::default()),
        Step::DropLeaks(DropLeaks::default()),
    ]
}

fn prepare<F: StoredFile>(files: Files<F>, text: &str) -> Result<Preparation<F>, PreparationFault> {
    pollster::block_on(async {
        let mut preparation = Preparation::open(files)?;
        if !preparation.sources().last().is_some_and(|source| source.is_whole) {
            let read = ReadBytes::default();
            let records = Container::JsonLines.read(Counted::new(text.as_bytes(), &read)).unwrap();
            preparation.read(Opened::new(source("messy.jsonl", text), records, read), &Silent).await?;
        }
        let done = preparation.steps().len();
        for step in steps().into_iter().skip(done) {
            answer_all(&mut preparation, &step, 20)?;
            preparation.run(step, &Silent).await?;
        }
        Ok(preparation)
    })
}

/// Everything that a person can see of it.
fn outcome<F: StoredFile>(preparation: &Preparation<F>) -> String {
    let mut pass = preparation.pass();
    let mut words = Recipe::of(preparation, Vec::new()).to_text();
    for (row, state) in preparation.rows().iter().enumerate() {
        let (entry, text) = pass.text(row as u32).unwrap();
        let (text, name) = (text.to_owned(), preparation.name_of(entry.origin).unwrap());
        let why = preparation.why_dropped(row as u32).unwrap();
        words.push_str(&format!("{name} {:?} {:?} {why:?} {text}\n", state.part, state.rating));
    }
    preparation
        .read_aside(|bytes| {
            words.push_str(std::str::from_utf8(bytes).unwrap());
            Ok(())
        })
        .unwrap();
    let mut answers = Vec::new();
    pollster::block_on(preparation.write_used_answers(&mut answers, &Silent)).unwrap();
    words + std::str::from_utf8(&answers).unwrap()
}

/// Writes of this file fail after so many, and one of them is half done.
#[derive(Clone)]
struct Fragile {
    file: Rc<MemoryFile>,
    writes_left: Rc<Cell<u32>>,
}

impl Fragile {
    fn write(&self) -> io::Result<()> {
        let left = self.writes_left.get();
        self.writes_left.set(left.saturating_sub(1));
        if left == 0 { Err(io::Error::other("the tab crashed")) } else { Ok(()) }
    }
}

impl StoredFile for Fragile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(offset, buffer)
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let result = self.write();
        let written = if result.is_ok() { bytes.len() } else { bytes.len() / 2 };
        self.file.write_all_at(offset, &bytes[..written])?;
        result
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.write()?;
        self.file.truncate(length)
    }

    fn flush(&self) -> io::Result<()> {
        self.write()
    }
}

#[test]
fn nothing_is_lost_wherever_it_crashes() {
    let text = messy(60);
    let whole = outcome(&prepare(Files::<MemoryFile>::default(), &text).unwrap());
    let mut crashes = 0;
    for writes in 0.. {
        let files: [Rc<MemoryFile>; 7] = std::array::from_fn(|_| Rc::default());
        let fragile = |writes_left: u32| {
            let writes_left = Rc::new(Cell::new(writes_left));
            Files::from_array(files.clone().map(|file| Fragile { file, writes_left: writes_left.clone() }))
        };
        let has_crashed = prepare(fragile(writes), &text).is_err();
        crashes += u32::from(has_crashed);
        // It crashes once more on the way, a little later, and then no more.
        let _ = prepare(fragile(7), &text);
        assert_eq!(outcome(&prepare(fragile(u32::MAX), &text).unwrap()), whole, "after {writes} writes");
        if !has_crashed {
            break;
        }
    }
    assert!(crashes > 150, "{crashes}");
}

#[test]
fn a_preparation_does_what_its_steps_say() {
    let preparation = prepare(Files::<MemoryFile>::default(), &messy(60)).unwrap();
    let source = &preparation.sources()[0];
    assert_eq!((source.progressed.records, source.progressed.rows), (60, 52));
    let words = outcome(&preparation);
    let line = |name: &str| words.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap().to_owned();
    assert!(line("messy.jsonl:1").ends_with(r#"{"text":"Edited by hand."}"#));
    assert!(line("messy.jsonl:3").contains("too dull"));
    assert!(
        line("messy.jsonl:4").ends_with(r#"{"role":"user","content":"3 a\n\nb"},{"role":"assistant","content":"c"}]}"#)
    );
    assert!(line("messy.jsonl:5").contains("Some(") && !line("messy.jsonl:5").contains("empty"));
    assert!(line("messy.jsonl:8").contains("Some(4)"));
    assert!(line("messy.jsonl:16").contains(r#"Some(("it says the same as another row", Some(1)))"#));
    assert!(line("messy.jsonl:12").contains("an answer is empty"));
    assert!(words.contains(r#""line":6,"column":"#));
    // Copies are with what they were made from.
    let part = |line: &str| line.split(' ').nth(1).unwrap().to_owned();
    let copies: Vec<&str> = words.lines().filter(|line| line.contains("+1 ")).collect();
    assert!(copies.len() > 10);
    for copy in copies {
        let parent = line(copy.split('+').next().unwrap());
        assert!(part(copy) == part(&parent) || part(copy) == "None" || part(&parent) == "None", "{copy} {parent}");
    }
    for part in Part::ALL {
        assert!(preparation.rows().iter().any(|row| row.is_kept() && row.part == Some(part)), "{part:?}");
    }
}

#[test]
fn steps_are_taken_back() {
    let text = messy(40);
    let whole = outcome(&prepare(Files::<MemoryFile>::default(), &text).unwrap());
    let mut preparation = prepare(Files::<MemoryFile>::default(), &text).unwrap();
    for kept in [12, 8, 3, 0] {
        preparation.rewind(kept).unwrap();
        assert_eq!(preparation.steps().len(), kept);
        for step in steps().into_iter().skip(kept) {
            pollster::block_on(preparation.run(step, &Silent)).unwrap();
        }
        assert_eq!(outcome(&preparation), whole);
    }
    let answers = preparation.answer_count();
    preparation.clear().unwrap();
    // Who begins anew has asked already.
    assert!(answers > 50 && preparation.answer_count() == answers, "{answers}");
    assert!(preparation.rows().is_empty() && preparation.sources().is_empty());
}

#[test]
fn what_makes_no_sense_is_refused_and_does_nothing() {
    let mut preparation = prepare(Files::<MemoryFile>::default(), &messy(20)).unwrap();
    let before = outcome(&preparation);
    let mut refused = |step: Step| match pollster::block_on(preparation.run(step, &Silent)) {
        Err(PreparationFault::Refused(message)) => message,
        other => panic!("{:?}", other.cloned()),
    };
    assert!(refused(Step::Edit(Edit { row: "a".to_owned(), to: String::new() })).contains("there is no row a"));
    assert!(refused(Step::Edit(Edit { row: "messy.jsonl:6".to_owned(), to: String::new() })).contains("messy.jsonl:6"));
    let to = "{\"text\":\n3}".to_owned();
    assert!(refused(Step::Edit(Edit { row: "messy.jsonl:1".to_owned(), to })).contains("is no row"));
    assert!(
        refused(Step::Split(Split { train: 0.9, ..Split::default() }))
            .contains("train 0.9, validation 0.1 and test 0.1")
    );
    assert!(refused(Step::Repair(Check::MixedLanguages {})).contains("can't be repaired"));
    assert_eq!(outcome(&preparation), before);
}

#[test]
fn what_a_step_would_do_is_counted_and_not_done() {
    let words = |pair: usize| (0..20).map(|word| format!("p{pair}w{word} ")).collect::<String>();
    let text = |row: usize| format!("{{\"prompt\":\"{}\",\"completion\":\"Of {row}\"}}\n", words(row / 2));
    let mut preparation = prepared(&(0..80).map(text).collect::<String>());
    let steps = [
        Step::Deduplicate(Deduplicate { near: Some(Similarity::try_from(0.6).unwrap()), ..Deduplicate::default() }),
        Step::DropLeaks(DropLeaks { near: Similarity::try_from(0.6).unwrap() }),
        Step::Noise(Noise { kind: NoiseKind::Typos, share: 1.0, of_rows: 1.0, seed: 0, part: None }),
    ];
    let split = Split { near: Similarity::try_from(1.0).unwrap(), ..Split::default() };
    pollster::block_on(preparation.run(Step::Split(split), &Silent)).unwrap();
    let before = (outcome(&preparation), file_lengths(&preparation));
    for step in steps {
        let counts = pollster::block_on(preparation.counts_of(step.clone(), &Silent)).unwrap();
        assert_eq!((outcome(&preparation), file_lengths(&preparation)), before);
        assert!(counts.dropped + counts.added > 0, "{step:?}");
        assert_eq!(counts, pollster::block_on(preparation.run(step, &Silent)).unwrap().counts);
        preparation.rewind(1).unwrap();
    }
}

fn file_lengths(preparation: &Preparation<MemoryFile>) -> [u64; 3] {
    let Files { texts, entries, changes, .. } = &preparation.files;
    [texts, entries, changes].map(|file| file.length().unwrap())
}

#[test]
fn rows_are_exported_by_part_and_format() {
    let preparation = prepare(Files::<MemoryFile>::default(), &messy(60)).unwrap();
    let mut total = 0;
    for part in Part::ALL {
        let wanted = Export::new("a.jsonl".to_owned(), Format::OpenAiChat, Some(part));
        let (mut out, mut aside) = (Vec::new(), Vec::new());
        let exported = pollster::block_on(export(&preparation, &wanted, &mut out, &mut aside, &Silent)).unwrap();
        let (out, aside) = (String::from_utf8(out).unwrap(), String::from_utf8(aside).unwrap());
        assert_eq!(out.lines().count() as u64, exported.written);
        assert_eq!(aside.lines().count() as u64, exported.set_aside);
        assert!(out.lines().all(|line| line.starts_with(r#"{"messages":["#)));
        assert!(aside.lines().all(|line| line.contains("OpenAI chat has no place for")));
        total += exported.written + exported.set_aside;
    }
    assert_eq!(total, preparation.rows().iter().filter(|row| row.is_kept()).count() as u64);
}

#[test]
fn files_are_named_once_and_read_to_their_end() {
    pollster::block_on(async {
        let text = messy(10);
        let mut preparation = Preparation::open(Files::<MemoryFile>::default()).unwrap();
        let opened = |name: &str| {
            let records = Container::JsonLines.read(text.as_bytes()).unwrap();
            Opened::new(source(name, &text), records, ReadBytes::default())
        };
        preparation.begin_reading(opened("a")).unwrap();
        let other = preparation.read(opened("b"), &Silent).await.unwrap_err().to_string();
        assert!(other.contains("a is read first"), "{other}");
        let early = preparation.run(steps().remove(0), &Silent).await.unwrap_err().to_string();
        assert!(early.contains("a is read to its end first"), "{early}");
        preparation.read(opened("a"), &Silent).await.unwrap();
        let again = preparation.read(opened("a"), &Silent).await.unwrap_err().to_string();
        assert!(again.contains("a is there already"), "{again}");
        preparation.read(opened("b"), &Silent).await.unwrap();
        assert_eq!(preparation.row_named("b:2").unwrap(), preparation.sources()[0].progressed.rows + 1);
    });
}

/// Counts the bytes that are read.
#[derive(Default)]
struct Counting {
    file: MemoryFile,
    read_bytes: Cell<usize>,
}

impl StoredFile for Counting {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_bytes.set(self.read_bytes.get() + buffer.len());
        self.file.read_exact_at(offset, buffer)
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(offset, bytes)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }

    fn flush(&self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Asks to stop at once.
struct Impatient;

impl Pulse for Impatient {
    async fn beat(&self, _: Progress) -> Result<(), Stopped> {
        Err(Stopped)
    }
}

#[test]
fn rows_that_were_made_are_found_by_their_names_in_one_go() {
    let text: String = (0..3000).map(|row| format!("{{\"prompt\":\"q {row}\",\"completion\":\"a\"}}\n")).collect();
    let mut preparation = Preparation::open(Files::<Counting>::default()).unwrap();
    let records = Container::JsonLines.read(text.as_bytes()).unwrap();
    let opened = Opened::new(source("a", &text), records, ReadBytes::default());
    pollster::block_on(preparation.read(opened, &Silent)).unwrap();
    let noise = Noise { kind: NoiseKind::Casing, share: 1.0, of_rows: 1.0, seed: 0, part: None };
    pollster::block_on(preparation.run(Step::Noise(noise), &Silent)).unwrap();
    let mut names = preparation.row_names();
    let made: Vec<String> =
        (1..=3000).map(|row| format!("a:{row}+1")).filter(|name| names.find(name).is_ok()).collect();
    assert!(made.len() > 1000, "{}", made.len());
    let drop = |rows: &[String]| Step::DropRows(DropRows { rows: rows.to_vec(), reason: "no".to_owned() });
    let bytes_to_drop = |rows: &[String]| {
        preparation.files.entries.read_bytes.set(0);
        let counts = pollster::block_on(preparation.compute(drop(rows), &Silent)).unwrap().done.counts;
        assert_eq!(counts.dropped, rows.len() as u64);
        preparation.files.entries.read_bytes.get()
    };
    let (few, all) = (bytes_to_drop(&made[..10]), bytes_to_drop(&made));
    assert!(all <= few * 2, "{all} bytes for {} rows, {few} for ten", made.len());
    let stopped = pollster::block_on(preparation.run(drop(&made), &Impatient));
    assert!(matches!(stopped, Err(PreparationFault::Stopped)));
}
