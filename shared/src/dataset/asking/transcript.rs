//! A row as a person would read it out: who says what.

use crate::dataset::row::{Comparison, Content, Judged, Message, Sample};

/// What a row says, for a model that judges it.
pub(super) fn transcript(sample: &Sample) -> String {
    let mut out = String::new();
    match sample {
        Sample::Conversation(messages) => say_all(&mut out, messages, ""),
        Sample::Preference(Comparison { prompt, chosen, rejected }) => {
            say_all(&mut out, prompt, "");
            say_all(&mut out, chosen, " (the better answer)");
            say_all(&mut out, rejected, " (the worse answer)");
        }
        Sample::Feedback(Judged { prompt, completion, is_good }) => {
            say_all(&mut out, prompt, "");
            say_all(&mut out, completion, of_answer(*is_good));
        }
        Sample::Text(text) => out.push_str(text),
        Sample::TextCompletion { prompt, completion } => {
            say(&mut out, "beginning", "", prompt);
            say(&mut out, "continuation", "", completion);
        }
        Sample::TextPreference(Comparison { prompt, chosen, rejected }) => {
            say(&mut out, "beginning", "", prompt);
            say(&mut out, "continuation", " (the better one)", chosen);
            say(&mut out, "continuation", " (the worse one)", rejected);
        }
        Sample::TextFeedback(Judged { prompt, completion, is_good }) => {
            say(&mut out, "beginning", "", prompt);
            say(&mut out, "continuation", of_answer(*is_good), completion);
        }
    }
    out
}

fn of_answer(is_good: bool) -> &'static str {
    if is_good { " (marked as good)" } else { " (marked as bad)" }
}

fn say_all(out: &mut String, messages: &[Message], note: &str) {
    for message in messages {
        match &message.content {
            Some(Content::Text(text)) => say(out, message.role.name(), note, text),
            Some(Content::Parts(parts)) => say(out, message.role.name(), note, parts.as_str()),
            None => {}
        }
        for call in &message.tool_calls {
            say(out, message.role.name(), note, &format!("calls {} with {}", call.name, call.arguments.as_str()));
        }
    }
}

fn say(out: &mut String, who: &str, note: &str, what: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&format!("{who}{note}: {what}"));
}
