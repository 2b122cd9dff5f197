//! Rows for random tests.

use proptest::prelude::*;

use super::json::JsonText;
use super::row::{Arguments, Comparison, Content, Judged, Message, Role, Row, Sample, ToolCall};

pub(super) fn user(text: &str) -> Message {
    Message::new(Role::User, text)
}

pub(super) fn assistant(text: &str) -> Message {
    Message::new(Role::Assistant, text)
}

pub(super) fn system(text: &str) -> Message {
    Message::new(Role::System, text)
}

fn json() -> impl Strategy<Value = JsonText> {
    prop_oneof![Just("1.50"), Just("null"), Just("{\"a\":[true,\"é\\n\"]}"), Just("\"text\""), Just("[]")]
        .prop_map(|text| JsonText::parse(text).unwrap())
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-c \"\\\\\n{\\[é😀]{0,6}", 1 => Just("<|im_end|>".to_owned()), 1 => Just(String::new())]
}

fn tool_call() -> impl Strategy<Value = ToolCall> {
    let arguments = prop_oneof![
        Just(r#"{"city":"Oslo"}"#.to_owned()),
        Just(r#"{"city": "Oslo"}"#.to_owned()),
        Just("{}".to_owned()),
        words(),
    ];
    (proptest::option::of("[a-c]{1,2}"), "[a-c]{1,3}", arguments).prop_map(|(id, name, arguments)| ToolCall {
        id,
        name,
        arguments: Arguments::from_text(&arguments),
    })
}

fn role() -> impl Strategy<Value = Role> {
    proptest::sample::select(Role::NAMES.map(|(_, role)| role).to_vec())
}

/// Mostly plain, and everything that a message can have.
fn message() -> impl Strategy<Value = Message> {
    let parts = JsonText::parse(r#"[{"type":"text","text":"a"}]"#).unwrap();
    let content = prop_oneof![
        8 => words().prop_map(|text| Some(Content::Text(text))),
        1 => Just(Some(Content::Parts(parts))),
        1 => Just(None),
    ];
    let rarely = |chance| proptest::option::weighted(chance, "[a-c]{1,2}");
    let more = proptest::option::weighted(0.1, ("reasoning|from|audio", words())).prop_map(|more| {
        let column = |(name, text): (String, String)| {
            let mut json = String::new();
            super::json::write_text(&mut json, &text);
            (name, JsonText::parse(&json).unwrap())
        };
        more.map(column).into_iter().collect::<Vec<_>>()
    });
    let calls = prop_oneof![8 => Just(Vec::new()), 2 => proptest::collection::vec(tool_call(), 1..3)];
    (role(), content, calls, rarely(0.1), rarely(0.1), proptest::option::weighted(0.2, any::<bool>()), more).prop_map(
        |(role, content, tool_calls, tool_call_id, name, is_learned, more)| Message {
            role,
            content,
            tool_calls,
            tool_call_id,
            name,
            is_learned,
            more,
        },
    )
}

/// A conversation as most are, or any messages.
fn conversation() -> impl Strategy<Value = Vec<Message>> {
    let turns = (proptest::option::of(words()), proptest::collection::vec((words(), words()), 1..4)).prop_map(
        |(first, turns)| {
            let turns = turns.into_iter().flat_map(|(question, answer)| [user(&question), assistant(&answer)]);
            first.map(|text| system(&text)).into_iter().chain(turns).collect()
        },
    );
    prop_oneof![turns, proptest::collection::vec(message(), 0..4)]
}

fn pair() -> impl Strategy<Value = (Vec<Message>, Vec<Message>, Vec<Message>)> {
    let answer =
        || prop_oneof![words().prop_map(|text| vec![assistant(&text)]), proptest::collection::vec(message(), 0..3)];
    let prompt = conversation().prop_flat_map(|prompt| {
        let length = prompt.len();
        (Just(prompt), 0..=length)
    });
    (
        prompt.prop_map(|(mut prompt, length)| {
            prompt.truncate(length);
            prompt
        }),
        answer(),
        answer(),
    )
}

/// Rows of all kinds, as most are and as they hardly ever are.
pub(super) fn row() -> impl Strategy<Value = Row> {
    let sample = prop_oneof![
        conversation().prop_map(Sample::Conversation),
        pair().prop_map(|(prompt, chosen, rejected)| Sample::Preference(Comparison { prompt, chosen, rejected })),
        (pair(), any::<bool>()).prop_map(|((prompt, completion, _), is_good)| {
            Sample::Feedback(Judged { prompt, completion, is_good })
        }),
        words().prop_map(Sample::Text),
        (words(), words()).prop_map(|(prompt, completion)| Sample::TextCompletion { prompt, completion }),
        (words(), words(), words())
            .prop_map(|(prompt, chosen, rejected)| { Sample::TextPreference(Comparison { prompt, chosen, rejected }) }),
        (words(), words(), any::<bool>())
            .prop_map(|(prompt, completion, is_good)| { Sample::TextFeedback(Judged { prompt, completion, is_good }) }),
    ];
    let tools = proptest::option::weighted(0.2, Just(JsonText::parse(r#"[{"name":"weather"}]"#).unwrap()));
    let columns = proptest::option::weighted(0.3, ("source|text|label|messages|input\\.source", json()));
    (sample, tools, columns).prop_map(|(sample, tools, columns)| Row {
        sample,
        tools,
        columns: columns.into_iter().collect(),
    })
}
