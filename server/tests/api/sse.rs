//! Reads server-sent events strictly: `data:` lines and comments, each followed by an empty line, nothing else.

use serde_json::Value;

/// The JSON of each event before `[DONE]`, which must come last and once.
#[track_caller]
pub(crate) fn chunks(text: &str) -> Vec<Value> {
    let mut events: Vec<&str> = text.strip_suffix("\n\n").expect("the last event is ended").split("\n\n").collect();
    events.retain(|event| !event.starts_with(':'));
    assert_eq!(events.pop(), Some("data: [DONE]"));
    events.iter().map(|event| chunk(event)).collect()
}

#[track_caller]
fn chunk(event: &str) -> Value {
    let data = event.strip_prefix("data: ").unwrap_or_else(|| panic!("not a data line: {event:?}"));
    assert!(!data.contains('\n'), "one line an event: {event:?}");
    serde_json::from_str(data).unwrap_or_else(|error| panic!("{error} in {data:?}"))
}
