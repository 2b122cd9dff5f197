//! What is found of a small set of labelled texts, so that no change makes it worse unseen. The set was written by
//! `tests/clients/personal_data/make.py shared/tests/personal_data --seed 3 --values 4 --benign 300 --without-keys`;
//! figures of a large one, of another seed, are in `docs/experiments.md`.

use serde::Deserialize;
use shared::dataset::personal_data::{Kind, Placeholders, find};

const LABELLED: &str = include_str!("personal_data/labelled.jsonl");
const BENIGN: &str = include_str!("personal_data/benign.jsonl");

#[derive(Deserialize)]
struct Text {
    text: String,
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Span {
    start: usize,
    end: usize,
    kind: Kind,
}

fn texts(lines: &str) -> Vec<Text> {
    lines.lines().map(|line| serde_json::from_str(line).expect("the set is JSON")).collect()
}

fn found_in(text: &str) -> Vec<Span> {
    find(text, &Kind::ALL)
        .into_iter()
        .map(|found| Span { start: found.range.start, end: found.range.end, kind: found.kind })
        .collect()
}

#[test]
fn nearly_everything_is_found_and_hardly_anything_else() {
    let texts = texts(LABELLED);
    for kind in Kind::ALL {
        let (mut right, mut missed, mut wrong) = (0, 0, 0);
        for text in &texts {
            let found = found_in(&text.text);
            let wanted = text.spans.iter().filter(|span| span.kind == kind);
            right += wanted.clone().filter(|span| found.contains(span)).count();
            missed += wanted.filter(|span| !found.contains(span)).count();
            wrong += found.iter().filter(|span| span.kind == kind && !text.spans.contains(span)).count();
        }
        let precision = right as f64 / (right + wrong) as f64;
        let recall = right as f64 / (right + missed) as f64;
        assert!(precision >= 0.97 && recall >= 0.92, "{kind:?}: precision {precision}, recall {recall}");
    }
}

#[test]
fn texts_without_personal_data_are_left_alone() {
    let texts = texts(BENIGN);
    let found: Vec<_> = texts.iter().flat_map(|text| found_in(&text.text)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn all_that_is_replaced_comes_back() {
    let mut placeholders = Placeholders::default();
    for text in texts(LABELLED) {
        let replaced = placeholders.replace(&text.text, &Kind::ALL);
        let replaced = replaced.map_or_else(|| text.text.clone(), |replaced| replaced.text);
        assert_eq!(placeholders.restore(&replaced), text.text);
    }
}
