//! Where the assistant's answers are in the text that a chat template makes: found, never guessed.

use std::ops::Range;

use minijinja::Value;
use minijinja::value::Serde;
use serde::{Deserialize, Serialize};

use super::MaskError;
use super::conversation::{Conversation, TemplateMessage};
use crate::chat_template::{ChatTemplate, RenderOptions, TemplateError};

/// How answers were found in the text: in the first of these ways that suits all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// There is no template: it is known which text is learned.
    PlainText,
    /// The template says it itself, with `{% generation %}` and `{% endgeneration %}`.
    GenerationMarks,
    /// The text up to an answer, ended with the opening of the assistant's turn, is how the text that ends with the answer
    /// begins, and that is how the whole begins. What the second has more is the answer.
    Prefix,
    /// Templates that write earlier turns in another way than the last (Qwen 3 leaves out what was thought) break that
    /// rule. There other texts are put in the place of the answer and of the message before it; where the whole changes is
    /// their place. Between the two, and behind the answer, must stand what the template writes there when the
    /// conversation ends with it, letter for letter.
    Probes,
}

/// A text and the answers in it.
pub(super) struct Found {
    pub(super) text: String,
    /// Those that are learned, in bytes of the text, in order.
    pub(super) answers: Vec<Range<usize>>,
    pub(super) place: Place,
}

/// Renders a conversation and finds what is learned of it.
pub(super) fn find(
    template: &ChatTemplate,
    conversation: &Conversation,
    options: RenderOptions<'_>,
) -> Result<Found, MaskError> {
    let finder = Finder { template, conversation, values: conversation.values(), options };
    let text = finder.render(&finder.values, false)?;
    if template.has_generation_marks() {
        let answers = finder.marked_answers(&text)?;
        return Ok(Found { text, answers, place: Place::GenerationMarks });
    }
    let mut place = Place::Prefix;
    let mut answers: Vec<Range<usize>> = Vec::new();
    for (index, message) in conversation.messages.iter().enumerate() {
        if message.is_learned {
            let answer = match finder.by_prefix(index, &text)? {
                Some(answer) => answer,
                None => {
                    place = Place::Probes;
                    finder.by_probes(index, &text)?
                }
            };
            if answers.last().is_some_and(|last| answer.start < last.end) {
                return Err(uncertain(index, "it seems to begin before the answer that comes earlier ends"));
            }
            answers.push(answer);
        }
    }
    Ok(Found { text, answers, place })
}

fn uncertain(index: usize, reason: &'static str) -> MaskError {
    MaskError::Uncertain { message: index + 1, reason }
}

/// Texts put in the place of others: no two begin or end with the same letter, so of any text at least two of them differ
/// in the first letter, and in the last.
const PROBES: [&str; 3] = ["Alpha 11 probe K", "zeta 22 probe w", "Quince 33 probe V"];

/// What a template may write around a probe that it does not around the text in whose place it is: quotation marks where
/// that was a number, a line break where it was empty.
const MOST_AROUND_A_PROBE_BYTES: usize = 4;

struct Finder<'a> {
    template: &'a ChatTemplate,
    conversation: &'a Conversation,
    values: Vec<Value>,
    options: RenderOptions<'a>,
}

impl Finder<'_> {
    fn render(&self, messages: &[Value], add_generation_prompt: bool) -> Result<String, TemplateError> {
        let options = RenderOptions { add_generation_prompt, ..self.options };
        self.template.render_values(messages, &self.conversation.tools, options)
    }

    /// What the template itself marks.
    fn marked_answers(&self, text: &str) -> Result<Vec<Range<usize>>, MaskError> {
        let parts = self
            .template
            .generated_parts(&self.values, &self.conversation.tools, self.options, text)?
            .ok_or_else(|| MaskError::Marks("with them the text is another, or one has no end".to_owned()))?;
        let messages = &self.conversation.messages;
        let assistants: Vec<&TemplateMessage> = messages.iter().filter(|message| message.is_assistant).collect();
        if assistants.iter().all(|message| message.is_learned) {
            return Ok(parts);
        }
        // Which part is of a message that is not learned can be told where each message has one.
        if parts.len() != assistants.len() {
            return Err(MaskError::Marks(format!(
                "some of the row's {} answers are not learned, but the template marks {} parts",
                assistants.len(),
                parts.len()
            )));
        }
        Ok(parts.into_iter().zip(assistants).filter(|(_, message)| message.is_learned).map(|(part, _)| part).collect())
    }

    /// The answer at `index`, if the text up to it and with it are how `text` begins.
    fn by_prefix(&self, index: usize, text: &str) -> Result<Option<Range<usize>>, MaskError> {
        let up_to_it = self.render(&self.values[..=index], false)?;
        if !text.starts_with(&up_to_it) {
            return Ok(None);
        }
        // There may be nothing before it, and not every template takes that.
        let Ok(prompt) = self.render(&self.values[..index], true) else { return Ok(None) };
        Ok(up_to_it.starts_with(&prompt).then_some(prompt.len()..up_to_it.len()))
    }

    /// The answer at `index`, by putting other texts in its place and in that of the message before it.
    fn by_probes(&self, index: usize, text: &str) -> Result<Range<usize>, MaskError> {
        let all = self.values.len();
        let up_to_it = self.render(&self.values[..=index], false)?;
        let tail = &up_to_it[self.place_of(index, index + 1, false, &up_to_it)?.end..];
        let own = self.place_of(index, all, false, text)?;
        let start = match index.checked_sub(1) {
            Some(before) => {
                let prompt = self.render(&self.values[..index], true)?;
                let prompt_tail = &prompt[self.place_of(before, index, true, &prompt)?.end..];
                let before_end = self.place_of(before, all, false, text)?.end;
                text[before_end..].starts_with(prompt_tail).then_some(before_end + prompt_tail.len())
            }
            // Nothing comes before it, so what opens the assistant's turn is there only once.
            None => {
                let prompt = self.render(&self.values[..=index], true)?;
                let opening = prompt.strip_prefix(&up_to_it).filter(|opening| !opening.is_empty());
                opening.and_then(|opening| match text[..own.start].match_indices(opening).collect::<Vec<_>>()[..] {
                    [(at, _)] => Some(at + opening.len()),
                    _ => None,
                })
            }
        };
        let start = start
            .filter(|start| *start <= own.start)
            .ok_or_else(|| uncertain(index, "it does not begin as the assistant's turn does in a prompt"))?;
        if !text[own.end..].starts_with(tail) {
            return Err(uncertain(index, "it does not end as it does where it is the last message"));
        }
        Ok(start..own.end + tail.len())
    }

    /// Where the text of message `index` is in `rendered`, which is made of the first `count` messages.
    fn place_of(
        &self,
        index: usize,
        count: usize,
        add_generation_prompt: bool,
        rendered: &str,
    ) -> Result<Range<usize>, MaskError> {
        let place = Probed::ALL.into_iter().find_map(|probed| {
            let mut values = self.values[..count].to_vec();
            let mut render_with = |probe| {
                values[index] = self.conversation.messages[index].with(probed, probe)?;
                self.render(&values, add_generation_prompt).ok().map(|other| (probe, other))
            };
            let others = PROBES.into_iter().map(&mut render_with).collect::<Option<Vec<_>>>()?;
            let start = others.iter().map(|(_, other)| common_start(rendered, other)).min()?;
            // An empty text shares its surroundings with itself.
            let after = others.iter().map(|(_, other)| common_end(rendered, other)).min()?.min(rendered.len() - start);
            let shows = |(probe, other): &(&str, String)| {
                let changed = other.get(start..other.len() - after).unwrap_or_default();
                other.matches(probe).count() == 1
                    && changed.contains(probe)
                    && changed.len() <= probe.len() + MOST_AROUND_A_PROBE_BYTES
            };
            others.iter().all(shows).then_some(start..rendered.len() - after)
        });
        place.ok_or_else(|| uncertain(index, "another text in its place does not show up in one place"))
    }
}

/// Finds each answer in both ways and counts those that both find: they must say the same.
#[cfg(test)]
pub(super) fn agreements(template: &ChatTemplate, conversation: &Conversation, options: RenderOptions<'_>) -> usize {
    let finder = Finder { template, conversation, values: conversation.values(), options };
    let text = finder.render(&finder.values, false).unwrap();
    let learned = (0..conversation.messages.len()).filter(|index| conversation.messages[*index].is_learned);
    learned
        .filter(|&index| match (finder.by_prefix(index, &text), finder.by_probes(index, &text)) {
            (Ok(Some(one)), Ok(other)) => {
                assert_eq!(one, other, "message {index} of {text:?}");
                true
            }
            _ => false,
        })
        .count()
}

/// A text of a message that another is put in the place of.
#[derive(Clone, Copy)]
enum Probed {
    /// What it says after its thoughts.
    AfterThoughts,
    /// All that it says.
    Content,
    /// The name of the tool that it calls.
    ToolName,
    /// What it thought.
    Reasoning,
}

impl Probed {
    /// In the order in which they are tried: not every template shows all of them, nor has every message all.
    const ALL: [Self; 4] = [Self::AfterThoughts, Self::Content, Self::ToolName, Self::Reasoning];
}

/// How models that write their thoughts in the answer end them.
const THOUGHTS_END: &str = "</think>";

impl TemplateMessage {
    /// The message with another text in that place, if it has such a place.
    fn with(&self, probed: Probed, probe: &str) -> Option<Value> {
        let mut fields = self.fields.clone();
        match probed {
            Probed::AfterThoughts => {
                let (thoughts, _) = fields.get("content")?.as_str()?.rsplit_once(THOUGHTS_END)?;
                let content = format!("{thoughts}{THOUGHTS_END}\n\n{probe}");
                fields.insert("content".to_owned(), content.into());
            }
            Probed::Content => {
                fields.insert("content".to_owned(), probe.into());
            }
            Probed::ToolName => *fields.get_mut("tool_calls")?.pointer_mut("/0/function/name")? = probe.into(),
            Probed::Reasoning => *fields.get_mut("reasoning_content")? = probe.into(),
        }
        Some(Value::from(Serde(fields)))
    }
}

/// Bytes that both texts begin with, whole characters.
fn common_start(one: &str, other: &str) -> usize {
    let mut length = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    while !one.is_char_boundary(length) {
        length -= 1;
    }
    length
}

/// Bytes that both texts end with, whole characters.
fn common_end(one: &str, other: &str) -> usize {
    let mut length = one.bytes().rev().zip(other.bytes().rev()).take_while(|(one, other)| one == other).count();
    while !one.is_char_boundary(one.len() - length) {
        length -= 1;
    }
    length
}
