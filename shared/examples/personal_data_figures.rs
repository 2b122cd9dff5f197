//! How much of what `tests/clients/personal_data/make.py` writes is found, what is found there that isn't, and how fast.
//!
//! usage: `cargo run --release -p shared --example personal_data_figures -- FOLDER [--show]`
//!
//! With `--show` it also prints what is missed and what is wrong.
#![expect(clippy::print_stdout, reason = "its output is all that an example is for")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

use serde::Deserialize;
use shared::dataset::personal_data::{Kind, find};

#[derive(Deserialize)]
struct Labelled {
    #[serde(default)]
    locale: String,
    text: String,
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    start: usize,
    end: usize,
    kind: Kind,
}

/// What was asked and what was answered. A value counts as found where the same bytes are found as the same kind.
#[derive(Clone, Copy, Default)]
struct Counts {
    right: u32,
    missed: u32,
    wrong: u32,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.right += other.right;
        self.missed += other.missed;
        self.wrong += other.wrong;
    }

    fn precision(self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.wrong).max(1))
    }

    fn recall(self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.missed).max(1))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("usage: personal_data_figures FOLDER [--show]")?;
    let shows = arguments.iter().any(|argument| argument == "--show");
    let labelled = read(&format!("{folder}/labelled.jsonl"))?;
    let benign = read(&format!("{folder}/benign.jsonl"))?;

    let mut counts: BTreeMap<(Kind, &str), Counts> = BTreeMap::new();
    for row in &labelled {
        let found: Vec<(Range<usize>, Kind)> =
            find(&row.text, &Kind::ALL).into_iter().map(|found| (found.range, found.kind)).collect();
        let wanted: Vec<(Range<usize>, Kind)> =
            row.spans.iter().map(|span| (span.start..span.end, span.kind)).collect();
        for one in &wanted {
            let counts = counts.entry((one.1, &row.locale)).or_default();
            if found.contains(one) {
                counts.right += 1;
            } else {
                counts.missed += 1;
                show(shows, "missed", row, one);
            }
        }
        for one in found.iter().filter(|one| !wanted.contains(one)) {
            counts.entry((one.1, &row.locale)).or_default().wrong += 1;
            show(shows, "wrong", row, one);
        }
    }

    println!("| kind | values | precision | recall | lowest precision | lowest recall |");
    println!("|---|---|---|---|---|---|");
    for kind in Kind::ALL {
        let of_kind: Vec<(&str, Counts)> = counts
            .iter()
            .filter(|((other, _), _)| *other == kind)
            .map(|((_, locale), counts)| (*locale, *counts))
            .collect();
        let mut all = Counts::default();
        of_kind.iter().for_each(|(_, counts)| all.add(*counts));
        let lowest = |figure: fn(Counts) -> f64| {
            let lowest = of_kind.iter().min_by(|one, other| figure(one.1).total_cmp(&figure(other.1)));
            lowest.map_or_else(String::new, |(locale, counts)| format!("{:.3} ({locale})", figure(*counts)))
        };
        println!(
            "| {} | {} | {:.4} | {:.4} | {} | {} |",
            kind.name(),
            all.right + all.missed,
            all.precision(),
            all.recall(),
            lowest(Counts::precision),
            lowest(Counts::recall)
        );
    }

    println!("\nphone numbers by locale:");
    for ((_, locale), counts) in counts.iter().filter(|((kind, _), _)| *kind == Kind::Phone) {
        println!("| {locale} | {:.4} | {:.4} |", counts.precision(), counts.recall());
    }

    let bytes: usize = benign.iter().map(|row| row.text.len()).sum();
    let mut wrong: BTreeMap<Kind, u32> = BTreeMap::new();
    for row in &benign {
        for found in find(&row.text, &Kind::ALL) {
            *wrong.entry(found.kind).or_default() += 1;
            show(shows, "benign", row, &(found.range, found.kind));
        }
    }
    let all: u32 = wrong.values().sum();
    println!(
        "\nbenign: {all} found in {bytes} bytes, {:.2} per 100 kB: {wrong:?}",
        f64::from(all) * 1e5 / bytes as f64
    );

    let prose = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness; \
                 in 1775 there were a king with a large jaw and a queen with a plain face - on the throne of England.\n";
    time("prose", &prose.repeat(200_000));
    time("prose without a digit", &prose.replace("1775", "those days").replace(['-', 'S'], " ").repeat(200_000));
    time("labelled texts", &labelled.iter().map(|row| &*row.text).collect::<Vec<_>>().join("\n"));
    time("benign texts", &benign.iter().map(|row| &*row.text).collect::<Vec<_>>().join("\n"));
    Ok(())
}

fn read(path: &str) -> Result<Vec<Labelled>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn show(shows: bool, what: &str, row: &Labelled, (range, kind): &(Range<usize>, Kind)) {
    if shows {
        println!("{what} {} {}: {:?} in {:?}", row.locale, kind.name(), &row.text[range.clone()], row.text);
    }
}

fn time(what: &str, text: &str) {
    let fastest = (0..5)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(find(std::hint::black_box(text), &Kind::ALL));
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{what}: {:.0} MB/s", text.len() as f64 / 1e6 / fastest.as_secs_f64());
}
