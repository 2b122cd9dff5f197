//! Turns in an order that chat templates refuse, or render as something that no model has seen.

use super::{About, Known};
use crate::dataset::row::{Content, Message, Role, Row, Sample};

/// What people read of it.
pub(super) const ABOUT: About = About {
    title: "Roles out of order",
    explanation: "Chat templates expect one system message, at the beginning, and then the person and the assistant in turns; many \
                  refuse anything else while training, hours later.",
    repair: Some("Put the system message first, join turns of the same role, cut what follows the last answer"),
};

pub(super) struct RolesOutOfOrder;

impl Known for RolesOutOfOrder {
    fn find(&self, row: &Row) -> Option<&'static str> {
        match &row.sample {
            Sample::Conversation(messages) => fault(messages, true),
            Sample::Preference(comparison) => fault(&comparison.prompt, false),
            Sample::Feedback(judged) => fault(&judged.prompt, false),
            _ => None,
        }
    }

    fn repair(&self, row: &Row) -> Option<Row> {
        self.find(row)?;
        let mut row = row.clone();
        let (messages, ends_with_answer) = match &mut row.sample {
            Sample::Conversation(messages) => (messages, true),
            Sample::Preference(comparison) => (&mut comparison.prompt, false),
            Sample::Feedback(judged) => (&mut judged.prompt, false),
            _ => return None,
        };
        *messages = in_order(messages);
        if ends_with_answer && let Some(last) = messages.iter().rposition(|message| message.role == Role::Assistant) {
            messages.truncate(last + 1);
        }
        self.find(&row).is_none().then_some(row)
    }
}

fn is_system(message: &Message) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

/// What is out of order, if something is. Only a conversation has to end with an answer.
fn fault(messages: &[Message], ends_with_answer: bool) -> Option<&'static str> {
    let turns = match messages {
        [first, turns @ ..] if is_system(first) => turns,
        turns => turns,
    };
    if turns.iter().any(is_system) {
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
    (ends_with_answer && !ends_well).then_some("it does not end with an answer")
}

fn in_order(messages: &[Message]) -> Vec<Message> {
    let (systems, turns): (Vec<&Message>, Vec<&Message>) = messages.iter().partition(|message| is_system(message));
    let mut ordered: Vec<Message> = Vec::with_capacity(messages.len());
    for message in systems.into_iter().chain(turns) {
        let joins = ordered.last().is_some_and(|last| {
            let of_the_same = last.role == message.role || (is_system(last) && is_system(message));
            let is_plain = |message: &Message| message.plain_text().is_some() && message.tool_calls.is_empty();
            of_the_same && message.role != Role::Tool && is_plain(last) && is_plain(message)
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
