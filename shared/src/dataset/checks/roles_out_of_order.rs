//! Turns in an order that chat templates refuse, or render as something that no model has seen.

use super::{About, Known};
use crate::dataset::row::{Comparison, Content, Judged, Message, Role, Row, Sample};

/// What people read of it.
pub(super) const ABOUT: About = About {
    title: "Roles out of order",
    explanation: "Chat templates expect one system message, at the beginning, and then the person and the assistant in turns; many \
                  refuse anything else while training, hours later.",
    repair: Some("Put turns in order and join those that are alike"),
};

pub(super) struct RolesOutOfOrder;

impl Known for RolesOutOfOrder {
    fn find(&self, row: &Row) -> Option<&'static str> {
        match &row.sample {
            Sample::Conversation(messages) => fault(messages, &[]),
            Sample::Preference(Comparison { prompt, chosen, rejected }) => {
                fault(prompt, chosen).or_else(|| fault(prompt, rejected))
            }
            Sample::Feedback(Judged { prompt, completion, .. }) => fault(prompt, completion),
            _ => None,
        }
    }

    fn repair(&self, row: &Row) -> Option<Row> {
        self.find(row)?;
        let mut row = row.clone();
        let answers = match &mut row.sample {
            Sample::Conversation(messages) => vec![messages],
            Sample::Preference(Comparison { prompt, chosen, rejected }) => {
                *prompt = in_order(prompt);
                vec![chosen, rejected]
            }
            Sample::Feedback(Judged { prompt, completion, .. }) => {
                *prompt = in_order(prompt);
                vec![completion]
            }
            _ => return None,
        };
        for messages in answers {
            *messages = in_order(messages);
            if let Some(last) = messages.iter().rposition(|message| message.role == Role::Assistant) {
                messages.truncate(last + 1);
            }
        }
        self.find(&row).is_none().then_some(row)
    }
}

/// What is out of order in a conversation and how it goes on, if something is.
fn fault(prompt: &[Message], answer: &[Message]) -> Option<&'static str> {
    let messages: Vec<&Message> = prompt.iter().chain(answer).collect();
    let turns = match &*messages {
        [first, turns @ ..] if first.is_instruction() => turns,
        turns => turns,
    };
    if turns.iter().any(|message| message.is_instruction()) {
        return Some("a system message is not the first");
    }
    match turns.first() {
        None => return Some("nobody says anything"),
        Some(first) if first.role != Role::User => return Some("the person does not begin"),
        Some(_) => {}
    }
    for pair in turns.windows(2) {
        match (pair[0].role, pair[1].role) {
            (Role::User, Role::User) => return Some("the person has two turns in a row"),
            (Role::Assistant, Role::Assistant) if pair[0].tool_calls.is_empty() => {
                return Some("the assistant has two turns in a row");
            }
            (before, Role::Tool) if before != Role::Tool && pair[0].tool_calls.is_empty() => {
                return Some("a tool answers that was not called");
            }
            (Role::Tool, Role::User) => return Some("the assistant says nothing after a tool's answer"),
            _ => {}
        }
    }
    let ends_well = turns.last().is_some_and(|last| last.role == Role::Assistant);
    (!ends_well).then_some("it does not end with an answer")
}

fn in_order(messages: &[Message]) -> Vec<Message> {
    let (systems, turns): (Vec<&Message>, Vec<&Message>) =
        messages.iter().partition(|message| message.is_instruction());
    let mut ordered: Vec<Message> = Vec::with_capacity(messages.len());
    for message in systems.into_iter().chain(turns) {
        let joins = ordered.last().is_some_and(|last| {
            let of_the_same = last.role == message.role || (last.is_instruction() && message.is_instruction());
            let is_plain = |message: &Message| message.plain_text().is_some() && message.tool_calls.is_empty();
            // Of one message that is learned and one that is not, no one is made; nor is a name or a field given up.
            let agrees =
                last.is_learned == message.is_learned && last.name == message.name && last.more == message.more;
            of_the_same && message.role != Role::Tool && is_plain(last) && is_plain(message) && agrees
        });
        match ordered.last_mut() {
            Some(Message { content: Some(Content::Text(text)), .. }) if joins => {
                text.push_str("\n\n");
                text.push_str(message.plain_text().unwrap_or_default());
            }
            _ => ordered.push(message.clone()),
        }
    }
    ordered
}
