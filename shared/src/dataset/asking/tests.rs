use std::collections::HashMap;
use std::rc::Rc;

use futures::StreamExt;

use super::*;
use crate::dataset::duplicates::Similarity;
use crate::dataset::preparation::{Files, MemoryFile, Opened, Preparation, Silent, SourceFile};
use crate::dataset::recipe::Recipe;
use crate::dataset::records::{Container, ReadBytes};
use crate::dataset::rows::ReadAs;
use crate::dataset::steps::{Preferred, Split, Step};
use crate::model_call::{
    Embedding, EmbeddingFuture, FinishReason, GenerationEvent, GenerationRequest, GenerationStream, GenerationUsage,
    ModelCall, ModelCallError, ModelCallErrorKind, Prompt,
};

/// Answers by what it is asked; the last message decides.
pub(in crate::dataset) struct Fake;

pub(in crate::dataset) fn model() -> ModelReference {
    ModelReference::companion("fake")
}

/// What a fake model says: always the same.
fn said(request: &GenerationRequest) -> String {
    let Prompt::Chat(messages) = &request.prompt else { return String::new() };
    let (system, user) = (messages[0].content.as_str(), messages[1].content.as_str());
    let inner = |name: &str| {
        let after = user.split_once(&format!("<{name}>\n")).map(|(_, rest)| rest).unwrap_or_default();
        after.split_once(&format!("\n</{name}>")).map(|(inner, _)| inner.to_owned()).unwrap_or_default()
    };
    let text = inner("text");
    if system.contains("questions and answers") {
        if text.contains("nonsense") {
            return "I would rather not.".to_owned();
        }
        let pair = |number: usize, answer: &str| {
            let question = format!("What of {text} {number}?");
            serde_json::json!({"question": question, "answer": answer})
        };
        let pairs = [pair(1, &text), pair(2, "Zebras fly."), pair(1, &text), pair(3, "")];
        return format!("```json\n{}\n```", serde_json::json!({"pairs": pairs}));
    }
    if system.contains("You judge") {
        let score = 1 + inner("row").len() % 5;
        return serde_json::json!({"reason": "so", "score": if score == 3 { 9 } else { score }}).to_string();
    }
    if let Some(to) = system.strip_prefix("You translate from ").and_then(|rest| rest.split(' ').nth(2)) {
        return if to.starts_with("German") { format!("DE {text}") } else { format!("{text}, translated back") };
    }
    match request.sampling.seed % 2 {
        0 => format!("\"{text}, in other words\""),
        _ => text.chars().filter(|it| !it.is_ascii_digit()).collect::<String>() + " differently",
    }
}

impl ModelCall for Fake {
    fn generate(&self, request: GenerationRequest) -> GenerationStream {
        let text = said(&request);
        if text.contains("endless") {
            let error = "the prompt is too long".to_owned();
            let kind = ModelCallErrorKind::ContextLengthExceeded;
            return Box::pin(futures::stream::iter([Err(ModelCallError { kind, message: error, param: None })]));
        }
        let reason = if text.contains("tireless") { FinishReason::Length } else { FinishReason::Stop };
        let finished = GenerationEvent::Finished { reason, usage: GenerationUsage::default() };
        Box::pin(futures::stream::iter([Ok(GenerationEvent::Text { text, ids: Vec::new() }), Ok(finished)]))
    }

    /// By the letters of a text: texts of the same letters mean the same.
    fn embed(&self, texts: Vec<String>) -> EmbeddingFuture {
        let one = |text: String| {
            let mut vector = vec![0.01; 26];
            for letter in text.bytes().filter(u8::is_ascii_lowercase) {
                vector[usize::from(letter - b'a')] += 1.0;
            }
            Embedding { vector, tokens: 1 }
        };
        Box::pin(std::future::ready(Ok(texts.into_iter().map(one).collect())))
    }
}

/// Rows of a file.
fn prepared(lines: &str) -> Preparation<MemoryFile> {
    let mut preparation = Preparation::open(Files::<MemoryFile>::default()).unwrap();
    let (name, read_as) = ("a".to_owned(), ReadAs::Detect);
    let file = SourceFile { name, bytes: 0, xxh128: None, read_as, protected_cells: false };
    let records = Container::JsonLines.read(lines.as_bytes()).unwrap();
    pollster::block_on(preparation.read(Opened::new(file, records, ReadBytes::default()), &Silent)).unwrap();
    preparation
}

/// Asks the fake all that a step wants to know, so many requests at a time; says how many were asked.
pub(in crate::dataset) fn answer_all<F: crate::dataset::preparation::StoredFile>(
    preparation: &mut Preparation<F>,
    step: &Step,
    most: usize,
) -> Result<u64, PreparationFault> {
    let mut asked = 0;
    loop {
        let open = pollster::block_on(open_requests(preparation, step, most, &Silent))?;
        if open.requests.is_empty() {
            assert_eq!(open.open, 0);
            return Ok(asked);
        }
        let given = ask(open.requests, Rc::new(Fake), "fake".to_owned(), 3);
        let given: Vec<Answer> =
            pollster::block_on(given.collect::<Vec<_>>()).into_iter().flat_map(Result::unwrap).collect();
        asked += u64::from(preparation.record_answers(&given)?);
    }
}

/// Asks, and does the step.
fn run(preparation: &mut Preparation<MemoryFile>, step: Step) -> Vec<(String, u64)> {
    let refused = pollster::block_on(preparation.run(step.clone(), &Silent)).unwrap_err();
    assert!(matches!(refused, PreparationFault::Unanswered { .. }), "{refused}");
    answer_all(preparation, &step, 2).unwrap();
    pollster::block_on(preparation.run(step, &Silent)).unwrap().unused.clone()
}

/// The rows that are kept, a line each: name and text.
fn kept(preparation: &Preparation<MemoryFile>) -> Vec<String> {
    let mut pass = preparation.pass();
    let rows = (0..preparation.rows().len() as u32).filter(|row| preparation.rows()[*row as usize].is_kept());
    rows.map(|row| {
        let (entry, text) = pass.text(row).unwrap();
        format!("{} {text}", preparation.name_of(entry.origin).unwrap())
    })
    .collect()
}

fn questions() -> Questions {
    Questions {
        model: model(),
        count: 3,
        about: None,
        grounded: Some(0.6),
        temperature: 0.7,
        seed: 0,
        keep_texts: false,
        part: None,
    }
}

const TEXTS: &str = r#"{"text":"Geese swim","source":"a.pdf","page":3}
{"text":"nonsense"}
{"text":" "}
{"prompt":"Not a","completion":"text alone"}
"#;

#[test]
fn questions_are_made_of_texts_with_all_that_is_known_of_them() {
    let mut preparation = prepared(TEXTS);
    let unused = run(&mut preparation, Step::Questions(questions()));
    let count = |reason: &str, rows| (reason.to_owned(), rows);
    assert_eq!(
        unused,
        [
            count("an answer is not in the text", 1),
            count("a question is asked twice", 1),
            count("a question or its answer is empty", 1),
            count("the answer is no list of questions with answers", 1),
        ]
    );
    let pair = r#"a:1+1 {"messages":[{"role":"user","content":"What of Geese swim 1?"},{"role":"assistant","content":"Geese swim"}],"source":"a.pdf","page":3,"made_from":"a:1"}"#;
    assert_eq!(
        kept(&preparation),
        [r#"a:3 {"text":" "}"#, r#"a:4 {"prompt":"Not a","completion":"text alone"}"#, pair]
    );
    assert_eq!(preparation.why_dropped(0).unwrap().unwrap().0, "questions were made of the text");
    assert_eq!(preparation.why_dropped(1).unwrap().unwrap().0, "no question came of the text");

    // What was asked is known, also after the step was taken back; other settings that are not asked for need no model.
    preparation.rewind(0).unwrap();
    let step = Step::Questions(Questions { grounded: None, keep_texts: true, ..questions() });
    assert_eq!(answer_all(&mut preparation, &step, 9).unwrap(), 0);
    pollster::block_on(preparation.run(step, &Silent)).unwrap();
    assert_eq!(kept(&preparation).len(), 4 + 2);
    let other = Step::Questions(Questions { seed: 1, ..questions() });
    let open = pollster::block_on(open_requests(&preparation, &other, 1, &Silent)).unwrap();
    assert_eq!((open.requests.len(), open.open, open.answered), (1, 2, 0));
}

const ASKED: &str = r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"Name 3 geese"},{"role":"assistant","content":"No"},{"role":"user","content":"Why?"},{"role":"assistant","content":"a"}],"k":1}
{"messages":[{"role":"user","content":"Name geese"},{"role":"assistant","content":"b"}]}
{"messages":[{"role":"user","content":"tireless"},{"role":"assistant","content":"c"}]}
{"messages":[{"role":"user","content":"endless"},{"role":"assistant","content":"d"}]}
{"text":"No one asks"}
"#;

fn count(reason: &str, rows: u64) -> (String, u64) {
    (reason.to_owned(), rows)
}

#[test]
fn what_the_person_says_is_said_in_other_words_and_answers_stay() {
    let mut preparation = prepared(ASKED);
    let step = Paraphrase { model: model(), copies: 2, of_rows: 1.0, temperature: 0.9, seed: 0, part: None };
    let unused = run(&mut preparation, Step::Paraphrase(step.clone()));
    assert_eq!(
        unused,
        [
            count("a number is missing in the answer", 1),
            count("the answer was cut off", 2),
            count("the row is too long for the model", 2),
        ]
    );
    let made = kept(&preparation)[5..].to_vec();
    assert_eq!(
        made,
        [
            r#"a:1+1 {"messages":[{"role":"system","content":"s"},{"role":"user","content":"Name 3 geese, in other words"},{"role":"assistant","content":"No"},{"role":"user","content":"Why?, in other words"},{"role":"assistant","content":"a"}],"k":1}"#,
            r#"a:2+1 {"messages":[{"role":"user","content":"Name geese, in other words"},{"role":"assistant","content":"b"}]}"#,
            r#"a:2+2 {"messages":[{"role":"user","content":"Name geese differently"},{"role":"assistant","content":"b"}]}"#,
        ]
    );
    // A copy is with its parent, whatever the split.
    for seed in 0..9 {
        preparation.rewind(1).unwrap();
        let (train, validation, test) = (0.4, 0.3, 0.3);
        let split = Step::Split(Split { seed, train, validation, test, ..Split::default() });
        pollster::block_on(preparation.run(split, &Silent)).unwrap();
        let part = |row: usize| preparation.rows()[row].part;
        assert_eq!((part(5), part(6), part(7)), (part(0), part(1), part(1)));
    }
    // Half of the rows: the same half each time.
    let half = Step::Paraphrase(Paraphrase { of_rows: 0.5, seed: 4, ..step });
    let open =
        |preparation: &Preparation<_>| pollster::block_on(open_requests(preparation, &half, 99, &Silent)).unwrap();
    assert!(open(&preparation).open < 20 && open(&preparation) == open(&preparation));
}

#[test]
fn a_model_is_asked_about_the_rows_of_a_part_only() {
    let mut preparation = prepared(ASKED);
    let step = |part| {
        let (copies, of_rows, temperature, seed) = (1, 1.0, 0.9, 0);
        Step::Paraphrase(Paraphrase { model: model(), copies, of_rows, temperature, seed, part })
    };
    let open = |preparation: &Preparation<MemoryFile>, part| {
        pollster::block_on(open_requests(preparation, &step(part), 99, &Silent)).map(|open| open.open)
    };
    let early = open(&preparation, Some(Part::Train)).unwrap_err().to_string();
    assert!(early.contains("none is in it; split the rows first"), "{early}");
    let all = open(&preparation, None).unwrap();
    let split = Split { train: 0.5, validation: 0.0, test: 0.5, ..Split::default() };
    pollster::block_on(preparation.run(Step::Split(split), &Silent)).unwrap();
    let [training, test] = [Part::Train, Part::Test].map(|part| open(&preparation, Some(part)).unwrap());
    assert!(training > 0 && test > 0 && training + test == all, "{training} {test} {all}");
    assert!(step(Some(Part::Train)).title().contains("one copy of each row of the part train"));
}

#[test]
fn prompts_are_asked_in_other_manners() {
    let mut preparation = prepared(ASKED);
    let step = PromptVariation {
        model: model(),
        manners: Manner::ALL.into(),
        copies: 3,
        of_rows: 1.0,
        temperature: 0.9,
        seed: 0,
        part: None,
    };
    let open = pollster::block_on(open_requests(&preparation, &Step::VaryPrompts(step.clone()), 99, &Silent)).unwrap();
    let manners: HashMap<String, u32> = open.requests.iter().fold(HashMap::new(), |mut counts, (_, request)| {
        let Request::Text(text) = request else { panic!("{request:?}") };
        *counts.entry(text.messages[0].content.clone()).or_default() += 1;
        counts
    });
    assert_eq!((open.open, manners.len()), (15, 5), "{manners:?}");
    run(&mut preparation, Step::VaryPrompts(step.clone()));
    assert_eq!(kept(&preparation).len(), 5 + 3);
    let none = Step::VaryPrompts(PromptVariation { manners: Vec::new(), ..step });
    assert!(pollster::block_on(preparation.run(none, &Silent)).unwrap_err().to_string().contains("no manner"));
}

#[test]
fn a_translation_is_asked_there_and_back() {
    let mut preparation = prepared(ASKED);
    let step = BackTranslation {
        model: model(),
        via: "German".to_owned(),
        from: "English".to_owned(),
        of_rows: 1.0,
        temperature: 0.0,
        seed: 0,
        part: None,
    };
    let step = Step::BackTranslate(step);
    let open = pollster::block_on(open_requests(&preparation, &step, 99, &Silent)).unwrap();
    assert_eq!((open.requests.len(), open.open), (5, 10));
    let unused = run(&mut preparation, step);
    assert_eq!(unused, [count("the answer was cut off", 1), count("the row is too long for the model", 1)]);
    assert_eq!(
        kept(&preparation)[6],
        r#"a:2+1 {"messages":[{"role":"user","content":"DE Name geese, translated back"},{"role":"assistant","content":"b"}]}"#
    );
}

#[test]
fn scores_are_seen_before_a_threshold_is_chosen_and_drops_have_reasons() {
    let mut preparation = prepared(ASKED);
    let score = Score { model: model(), criterion: "It is good. ".to_owned(), at_least: 3 };
    let spread = |preparation: &Preparation<MemoryFile>| {
        pollster::block_on(score_histogram(preparation, &score, &Silent)).unwrap()
    };
    assert_eq!((spread(&preparation).open, spread(&preparation).without), (5, 0));
    let unused = run(&mut preparation, Step::Score(score.clone()));
    let known = spread(&preparation);
    assert_eq!(known.histogram.begins, [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(known.open, 0);
    let dropped = preparation.rows().iter().filter(|row| !row.is_kept()).count() as u64;
    preparation.rewind(0).unwrap();
    let all = spread(&preparation);
    assert_eq!(all.histogram.counts[0] + all.histogram.counts[1], dropped);
    assert_eq!(all.histogram.counts.iter().sum::<u64>() + all.without, 5);
    assert_eq!(unused.iter().map(|(_, count)| count).sum::<u64>(), all.without);
    // Another threshold asks nobody.
    let strict = Step::Score(Score { at_least: 5, ..score.clone() });
    assert_eq!(answer_all(&mut preparation, &strict, 9).unwrap(), 0);
    pollster::block_on(preparation.run(strict, &Silent)).unwrap();
    let first = (0..5).find_map(|row| preparation.why_dropped(row).unwrap()).unwrap().0;
    assert!(first.starts_with("it is scored ") && first.ends_with(", and 5 is the least: It is good."), "{first}");
    let none = Step::Score(Score { at_least: 6, ..score });
    assert!(pollster::block_on(preparation.run(none, &Silent)).unwrap_err().to_string().contains("none is 6"));
}

#[test]
fn rows_that_mean_the_same_are_dropped_with_the_row_they_are_like() {
    let lines = ["listen to the tale", "quartz", "the silent late to", "late the to silent, yes", ""];
    let lines: String = lines.iter().map(|text| format!("{{\"text\":\"{text}\"}}\n")).collect();
    let mut preparation = prepared(&lines);
    let similarity = Similarity::try_from(0.99).unwrap();
    let step = Meaning { model: model(), similarity, keep: Preferred::First };
    run(&mut preparation, Step::DeduplicateByMeaning(step.clone()));
    assert_eq!(
        preparation.why_dropped(2).unwrap(),
        Some(("it means the same as another row, 1.00 alike".to_owned(), Some(0)))
    );
    assert_eq!(kept(&preparation).len(), 4);
    preparation.rewind(0).unwrap();
    let similarity = Similarity::try_from(0.9).unwrap();
    let step = Step::DeduplicateByMeaning(Meaning { similarity, keep: Preferred::Longest, ..step });
    pollster::block_on(preparation.run(step, &Silent)).unwrap();
    assert_eq!(preparation.why_dropped(0).unwrap().unwrap().1, Some(3));
    assert_eq!(kept(&preparation).len(), 3);
}

#[test]
fn two_models_meanings_are_not_compared() {
    let mut preparation = prepared("{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
    let step =
        Step::DeduplicateByMeaning(Meaning { model: model(), similarity: Similarity::USUAL, keep: Preferred::First });
    let open = pollster::block_on(open_requests(&preparation, &step, 9, &Silent)).unwrap();
    let by = |place: usize, who: &str| Answer {
        key: open.requests[place].0,
        model: who.to_owned(),
        said: Said::Direction(Direction::new(&[1.0, 0.5]).unwrap()),
    };
    preparation.record_answers(&[by(0, "one"), by(1, "other")]).unwrap();
    let refused = pollster::block_on(preparation.run(step, &Silent)).unwrap_err().to_string();
    assert!(refused.contains("by one and by other"), "{refused}");
}

/// The steps done, and what is written beside the recipe.
fn outcome(preparation: &Preparation<MemoryFile>) -> (Vec<String>, String, Vec<u8>) {
    let mut written = Vec::new();
    let answers = pollster::block_on(preparation.write_used_answers(&mut written, &Silent)).unwrap();
    let recipe = Recipe::of(preparation, Vec::new()).with_answers(answers);
    (kept(preparation), recipe.to_text(), written)
}

#[test]
fn a_recipe_with_its_answers_needs_no_model_and_has_the_same_bytes() {
    let lines = [TEXTS, ASKED].concat();
    let steps = || {
        let rewrite = Paraphrase { model: model(), copies: 1, of_rows: 0.7, temperature: 0.9, seed: 2, part: None };
        let score = Score { model: model(), criterion: "Good".to_owned(), at_least: 2 };
        let same = Meaning { model: model(), similarity: Similarity::USUAL_OF_MEANINGS, keep: Preferred::First };
        [Step::Questions(questions()), Step::Paraphrase(rewrite), Step::Score(score), Step::DeduplicateByMeaning(same)]
    };
    let done = |most: usize, extra: bool| {
        let mut preparation = prepared(&lines);
        if extra {
            // Answers to what no step asks in the end are not written.
            answer_all(&mut preparation, &Step::Questions(Questions { seed: 9, ..questions() }), 9).unwrap();
        }
        for step in steps() {
            answer_all(&mut preparation, &step, most).unwrap();
            pollster::block_on(preparation.run(step, &Silent)).unwrap();
        }
        outcome(&preparation)
    };
    let (rows, recipe, written) = done(1, false);
    assert_eq!(done(7, true), (rows.clone(), recipe.clone(), written.clone()));
    let keys: Vec<&str> = std::str::from_utf8(&written).unwrap().lines().map(|line| &line[8..40]).collect();
    assert!(keys.is_sorted() && keys.len() > 10, "{keys:?}");

    let mut replayed = prepared(&lines);
    let answers: Vec<Answer> =
        std::str::from_utf8(&written).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    replayed.record_answers(&answers).unwrap();
    for step in Recipe::parse(&recipe).unwrap().steps {
        pollster::block_on(replayed.run(step, &Silent)).unwrap();
    }
    assert_eq!(outcome(&replayed), (rows, recipe, written));
}
