//! One question asked several times, and the answer that most agree on (self-consistency, Wang et al. 2022).

use async_stream::stream;
use fancy_regex::Regex;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answering::{Piece, Written, answer};
use crate::model_call::{GenerationRequest, ModelCall, ModelCallError};

/// What counts as the answer in what a model wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum AnswerPart {
    /// All of it; runs of spaces count as one.
    Whole,
    /// The last line that isn't empty, without a full stop.
    LastLine,
    /// What the last match of this regular expression has in its first group, or as a whole.
    Pattern {
        /// The expression.
        pattern: String,
    },
    /// All of it as JSON: the order of fields and how numbers are written don't count.
    Json,
}

/// An expression that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pattern:?} is no regular expression: {message}; correct it, or compare last lines")]
pub struct InvalidPattern {
    /// The expression.
    pub pattern: String,
    /// What is wrong.
    pub message: String,
}

/// How samples voted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    /// The different answers, the one with most votes first; with as many votes, the one given first.
    pub groups: Vec<VoteGroup>,
    /// Samples that failed or have no answer in them.
    pub without_answer: Vec<usize>,
}

/// Samples that gave the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteGroup {
    /// The answer.
    pub answer: String,
    /// The samples, in order.
    pub samples: Vec<usize>,
}

impl Vote {
    /// The answer that most gave; `None` where there is none, or several have as many votes.
    pub fn winner(&self) -> Option<&str> {
        let first = self.groups.first()?;
        (!self.is_tied()).then_some(first.answer.as_str())
    }

    /// Several answers have the most votes.
    pub fn is_tied(&self) -> bool {
        matches!(&self.groups[..], [first, second, ..] if first.samples.len() == second.samples.len())
    }

    /// The most frequent answer's share of all samples, from 0 to 1; samples without an answer agree with none.
    pub fn agreement(&self) -> f64 {
        let all = self.answers() + self.without_answer.len();
        self.groups.first().map_or(0.0, |first| first.samples.len() as f64 / all as f64)
    }

    /// How spread the answers are: the entropy of their shares in bits, 0 where all are alike.
    pub fn entropy_bits(&self) -> f64 {
        let all = self.answers() as f64;
        let shares = self.groups.iter().map(|group| group.samples.len() as f64 / all);
        shares.map(|share| share * (1.0 / share).log2()).sum()
    }

    fn answers(&self) -> usize {
        self.groups.iter().map(|group| group.samples.len()).sum()
    }
}

/// What happens while a question is asked several times.
#[derive(Clone, Debug, PartialEq)]
pub enum SampleEvent {
    /// A sample goes on.
    Text {
        /// Which.
        sample: usize,
        /// What to append.
        text: String,
    },
    /// A sample has ended, or failed; the others go on.
    Finished {
        /// Which.
        sample: usize,
        /// What the model wrote.
        written: Result<Written, ModelCallError>,
    },
    /// The vote of all samples that have ended: it comes after each of them, and the last one is the result.
    Vote(Vote),
}

/// Asks `request` so many times, `concurrency` at a time, each with another seed: that of the request and those after
/// it. The request's temperature must be above 0, else all samples are the same. Dropping the stream stops the work.
///
/// # Errors
/// The pattern is no regular expression.
pub fn sample<'a>(
    model: &'a dyn ModelCall,
    request: &'a GenerationRequest,
    samples: usize,
    part: &AnswerPart,
    concurrency: usize,
) -> Result<impl Stream<Item = SampleEvent> + 'a, InvalidPattern> {
    let reader = Reader::new(part)?;
    let one = move |sample: usize| {
        let mut request = request.clone();
        request.sampling.seed = request.sampling.seed.wrapping_add(sample as u64);
        Box::pin(answer(model, request).map(move |piece| (sample, piece)))
    };
    Ok(stream! {
        let mut answers: Vec<Option<Option<String>>> = vec![None; samples];
        let mut pieces = futures::stream::iter(0..samples).map(one).flatten_unordered(concurrency.max(1));
        while let Some((sample, piece)) = pieces.next().await {
            match piece {
                Piece::Text(text) => yield SampleEvent::Text { sample, text },
                Piece::End(written) => {
                    answers[sample] = Some(written.as_ref().ok().and_then(|written| reader.read(&written.text)));
                    yield SampleEvent::Finished { sample, written };
                    yield SampleEvent::Vote(count(&answers));
                }
            }
        }
    })
}

/// The vote of texts that are there already.
///
/// # Errors
/// The pattern is no regular expression.
pub fn vote(texts: &[&str], part: &AnswerPart) -> Result<Vote, InvalidPattern> {
    let reader = Reader::new(part)?;
    Ok(count(&texts.iter().map(|text| Some(reader.read(text))).collect::<Vec<_>>()))
}

/// Counts the samples that have ended.
fn count(answers: &[Option<Option<String>>]) -> Vote {
    let mut vote = Vote { groups: Vec::new(), without_answer: Vec::new() };
    for (sample, answer) in answers.iter().enumerate() {
        match answer {
            None => {}
            Some(None) => vote.without_answer.push(sample),
            Some(Some(answer)) => match vote.groups.iter_mut().find(|group| group.answer == *answer) {
                Some(group) => group.samples.push(sample),
                None => vote.groups.push(VoteGroup { answer: answer.clone(), samples: vec![sample] }),
            },
        }
    }
    vote.groups.sort_by_key(|group| std::cmp::Reverse(group.samples.len()));
    vote
}

/// Finds the answer in a text.
enum Reader {
    Whole,
    LastLine,
    Pattern(Regex),
    Json,
}

impl Reader {
    fn new(part: &AnswerPart) -> Result<Self, InvalidPattern> {
        Ok(match part {
            AnswerPart::Whole => Self::Whole,
            AnswerPart::LastLine => Self::LastLine,
            AnswerPart::Pattern { pattern } => Self::Pattern(
                Regex::new(pattern)
                    .map_err(|error| InvalidPattern { pattern: pattern.clone(), message: error.to_string() })?,
            ),
            AnswerPart::Json => Self::Json,
        })
    }

    fn read(&self, text: &str) -> Option<String> {
        let answer = match self {
            Self::Whole => text.to_owned(),
            Self::LastLine => {
                text.lines().map(str::trim).rfind(|line| !line.is_empty())?.trim_end_matches('.').to_owned()
            }
            Self::Pattern(pattern) => {
                let found = pattern.captures_iter(text).map_while(Result::ok).last()?;
                found.get(1).or_else(|| found.get(0))?.as_str().to_owned()
            }
            Self::Json => canonical(serde_json::from_str(text).ok()?).to_string(),
        };
        let answer = answer.split_whitespace().collect::<Vec<_>>().join(" ");
        (!answer.is_empty()).then_some(answer)
    }
}

/// The same for values that mean the same: fields sorted, whole numbers without a fraction.
fn canonical(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(canonical).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> =
                fields.into_iter().map(|(name, value)| (name, canonical(value))).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(fields.into_iter().collect())
        }
        Value::Number(number) => match number.as_f64() {
            // Up to here a float holds every whole number.
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => Value::from(float as i64),
            _ => Value::Number(number),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_call::{
        FinishReason, GenerationEvent, GenerationLimits, GenerationStream, GenerationUsage, ModelCallErrorKind, Prompt,
    };
    use crate::sampling::SamplingParameters;

    /// Answers by the seed.
    struct Scripted(Vec<&'static str>);

    impl ModelCall for Scripted {
        fn generate(&self, request: GenerationRequest) -> GenerationStream {
            let text = self.0[(request.sampling.seed - 40) as usize];
            if text == "fails" {
                let error =
                    ModelCallError { kind: ModelCallErrorKind::Unavailable, message: "lost".into(), param: None };
                return Box::pin(futures::stream::iter([Err(error)]));
            }
            let usage = GenerationUsage::default();
            let mut events: Vec<_> = text
                .split_inclusive('\n')
                .map(|text| Ok(GenerationEvent::Text { text: text.into(), ids: vec![1] }))
                .collect();
            events.push(Ok(GenerationEvent::Finished { reason: FinishReason::Stop, usage }));
            Box::pin(futures::stream::iter(events))
        }
    }

    #[test]
    fn most_votes_win_and_a_failed_sample_ends_nothing() {
        let model = Scripted(vec!["2 + 2\nAnswer: 4", "Answer: 5", "fails", "well,\nAnswer: 4.\n"]);
        let sampling = SamplingParameters { seed: 40, ..SamplingParameters::default() };
        let request = GenerationRequest::new(Prompt::Text("2+2?".into()), sampling, GenerationLimits::default());
        for concurrency in [0, 1, 4] {
            let events = sample(&model, &request, 4, &AnswerPart::LastLine, concurrency).unwrap();
            let events: Vec<SampleEvent> = pollster::block_on(events.collect());
            let Some(SampleEvent::Vote(vote)) = events.last() else { panic!("the vote comes last") };
            assert_eq!(vote.winner(), Some("Answer: 4"));
            assert_eq!((vote.groups[0].samples.as_slice(), vote.without_answer.as_slice()), (&[0, 3][..], &[2][..]));
            assert_eq!(vote.agreement(), 0.5);
            // By hand: -(2/3 log2 2/3 + 1/3 log2 1/3).
            assert!((vote.entropy_bits() - 0.918_295_834).abs() < 1e-9);
            let failed = events.iter().filter(|it| matches!(it, SampleEvent::Finished { written: Err(_), .. }));
            assert_eq!(failed.count(), 1);
        }
    }

    #[test]
    fn answers_are_compared_by_what_they_mean() {
        let of = |texts: &[&str], part: AnswerPart| vote(texts, &part).unwrap();
        let json = of(&[r#"{"a": 1.0, "b": [2]}"#, r#"{"b":[2],"a":1}"#, "{"], AnswerPart::Json);
        assert_eq!((json.winner(), json.agreement()), (Some(r#"{"a":1,"b":[2]}"#), 2.0 / 3.0));
        let number = AnswerPart::Pattern { pattern: r"(\d+) apples".into() };
        assert_eq!(of(&["first 2 apples, then 3 apples", "none"], number).groups[0].answer, "3");
        let tied = of(&["a", "b"], AnswerPart::Whole);
        assert_eq!((tied.is_tied(), tied.winner(), tied.agreement()), (true, None, 0.5));
        let none = of(&[], AnswerPart::Whole);
        assert_eq!((none.winner(), none.agreement(), none.entropy_bits()), (None, 0.0, 0.0));
        assert!(vote(&[], &AnswerPart::Pattern { pattern: "(".into() }).is_err());
    }
}
