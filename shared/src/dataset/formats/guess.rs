//! What columns of no known format may mean, by their names and what is in them: for a person to confirm.

use super::super::json::{JsonText, Kind, Value};
use super::mapping::{MappedMessages, MappedSample, Mapping};

/// What columns may mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// What is meant, perhaps.
    pub mapping: Mapping,
    /// How likely that is, from 0 to 1: how telling the names are, and how many of the rows can be read so.
    pub confidence: f64,
    /// Why, in a sentence.
    pub reason: String,
}

/// Names that columns of each meaning often have, the most telling first.
const PROMPT: &[&str] =
    &["prompt", "question", "query", "instruction", "input", "request", "problem", "user", "human", "task"];
const ANSWER: &[&str] =
    &["answer", "response", "completion", "output", "reply", "assistant", "solution", "target", "bot", "gpt"];
const SYSTEM: &[&str] = &["system", "systemprompt", "systemmessage", "context", "background", "passage"];
const CHOSEN: &[&str] = &["chosen", "preferred", "accepted", "better", "winner", "positive"];
const REJECTED: &[&str] = &["rejected", "dispreferred", "refused", "worse", "loser", "negative"];
const LABEL: &[&str] = &["label", "isgood", "good", "correct", "iscorrect", "thumbsup", "accepted"];
const MESSAGES: &[&str] =
    &["messages", "conversation", "conversations", "dialogue", "dialog", "chat", "turns", "thread", "data"];
const TEXT: &[&str] = &["text", "content", "document", "body", "article", "story"];
const ROLE: &[&str] = &["role", "from", "speaker", "author", "sender", "who", "name"];
const CONTENT: &[&str] = &["content", "value", "text", "message", "utterance", "body"];

impl Mapping {
    /// What the columns of some rows, which are objects, may mean; `None` where nothing is likely.
    pub fn guess(samples: &[JsonText]) -> Option<Guess> {
        let mut columns: Vec<String> = Vec::new();
        for sample in samples {
            sample.with(|row| {
                for (name, value) in row.entries().filter(|(_, value)| !value.is_null()) {
                    if value.as_text() != Some("") && !columns.iter().any(|known| known == name) {
                        columns.push(name.to_owned());
                    }
                }
            });
        }
        let system = find(&columns, SYSTEM);
        candidates(&columns, samples)
            .into_iter()
            .filter_map(|(sample, messages, weight)| {
                let is_text = matches!(sample, MappedSample::Text { .. });
                let system = system.filter(|_| !is_text);
                let mapping = Mapping { sample, system: system.map(|(name, _)| name.to_owned()), messages };
                let read = samples.iter().filter(|sample| sample.with(|row| mapping.read(row).is_ok())).count();
                let part = read as f64 / samples.len().max(1) as f64;
                let confidence = weight * system.map_or(1.0, |(_, weight)| weight) * part;
                let reason = format!(
                    "{mapping}, as columns of these names often mean; {read} of {} rows can be read so",
                    samples.len()
                );
                (read > 0).then_some(Guess { mapping, confidence, reason })
            })
            .reduce(|best, other| if other.confidence > best.confidence { other } else { best })
    }
}

/// What may be meant, with how telling the names are.
fn candidates(columns: &[String], samples: &[JsonText]) -> Vec<(MappedSample, MappedMessages, f64)> {
    let mut found = Vec::new();
    if let Some((column, weight)) = find(columns, MESSAGES)
        && let Some((messages, fields_weight)) = fields_of(samples, column)
    {
        found.push((MappedSample::Messages { messages: column.to_owned() }, messages, weight * fields_weight));
    }
    let prompt = find(columns, PROMPT);
    if let (Some((prompt, first)), Some((chosen, second)), Some((rejected, third))) =
        (prompt, find(columns, CHOSEN), find(columns, REJECTED))
    {
        let (prompt, chosen, rejected) = (prompt.to_owned(), chosen.to_owned(), rejected.to_owned());
        let sample = MappedSample::Preference { prompt, chosen, rejected };
        found.push((sample, MappedMessages::default(), first * second * third));
    }
    if let (Some((prompt, first)), Some((answer, second))) = (prompt, find(columns, ANSWER)) {
        let (prompt, answer) = (prompt.to_owned(), answer.to_owned());
        if let Some((label, _)) = find(columns, LABEL) {
            let (prompt, answer, label) = (prompt.clone(), answer.clone(), label.to_owned());
            let sample = MappedSample::Feedback { prompt, answer, label };
            // As likely as an answer alone, and it says more: the first of two that are as likely is taken.
            found.push((sample, MappedMessages::default(), first * second));
        }
        found.push((MappedSample::Answer { prompt, answer }, MappedMessages::default(), first * second));
    }
    if let Some((text, weight)) = find(columns, TEXT) {
        // Any of the others says more.
        found.push((MappedSample::Text { text: text.to_owned() }, MappedMessages::default(), weight * 0.5));
    }
    found
}

/// The column that has the most telling of some names, and how telling that is.
fn find<'a>(columns: &'a [String], names: &[&str]) -> Option<(&'a str, f64)> {
    let plain = |name: &str| -> String {
        name.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    names.iter().enumerate().find_map(|(rank, name)| {
        let column = columns.iter().find(|column| plain(column) == *name)?;
        Some((&**column, 1.0 - 0.03 * rank as f64))
    })
}

/// What the messages of a column call their role and their content.
fn fields_of(samples: &[JsonText], column: &str) -> Option<(MappedMessages, f64)> {
    let names = |list: Value<'_>| -> Vec<String> {
        list.items().next().into_iter().flat_map(Value::entries).map(|(name, _)| name.to_owned()).collect()
    };
    let fields = samples.iter().find_map(|sample| {
        let fields = sample.with(|row| {
            let value = row.get(column)?;
            match value.as_text() {
                Some(text) => JsonText::parse(text).ok().map(|json| json.with(names)),
                None => (value.kind() == Kind::List).then(|| names(value)),
            }
        });
        fields.filter(|fields| !fields.is_empty())
    })?;
    let ((role, first), (content, second)) = (find(&fields, ROLE)?, find(&fields, CONTENT)?);
    let messages = MappedMessages { role: role.to_owned(), content: content.to_owned(), ..MappedMessages::default() };
    (role != content).then_some((messages, first * second))
}
