//! JSON that is kept as it is: columns that no format knows, tools, arguments.

use std::fmt;

use super::plain::plain_length;
use super::{Fault, Kind, Tape, Value};

/// One JSON value, written without spaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JsonText(String);

impl JsonText {
    /// A text of JSON, checked.
    ///
    /// # Errors
    /// It is not one JSON value.
    pub fn parse(source: &str) -> Result<Self, Fault> {
        let mut tape = Tape::default();
        tape.read(source).map(Self::from)
    }

    /// A text as a value.
    pub fn of_text(text: &str) -> Self {
        let mut json = String::new();
        write_text(&mut json, text);
        Self(json)
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the value to `look`.
    pub fn with<T>(&self, look: impl FnOnce(Value<'_>) -> T) -> T {
        let mut tape = Tape::default();
        match tape.read(&self.0) {
            Ok(value) => look(value),
            Err(fault) => unreachable!("it was checked when it was made: {fault}"),
        }
    }

    /// Gives everything in it that may hold words or digits to `look`: texts, numbers as they are written, names of fields.
    pub fn for_each_leaf(&self, look: &mut dyn FnMut(&str)) {
        match self.0.as_bytes().first() {
            Some(b'"' | b'[' | b'{') => self.with(|value| for_each_leaf(value, look)),
            Some(b'-' | b'0'..=b'9') => look(&self.0),
            _ => {}
        }
    }

    /// Gives every text in it to `look`, the names of fields left out.
    pub fn for_each_text(&self, look: &mut dyn FnMut(&str)) {
        // Most columns hold no text.
        if self.0.contains('"') {
            self.with(|value| for_each_text(value, look));
        }
    }

    /// Lets `replace` change every text, number and name of a field in it. A number that is changed becomes a text. Where an
    /// object would have a name twice, all stays as it is.
    pub fn change_leaves(&mut self, replace: &mut dyn FnMut(&mut String)) {
        if matches!(self.0.as_bytes().first(), Some(b'"' | b'[' | b'{' | b'-' | b'0'..=b'9')) {
            let mut changed = String::new();
            self.with(|value| write_changed(value, &mut changed, replace));
            if changed != self.0 && Tape::default().read(&changed).is_ok() {
                self.0 = changed;
            }
        }
    }
}

fn for_each_leaf(value: Value<'_>, look: &mut dyn FnMut(&str)) {
    if let Some(leaf) = value.as_text().or_else(|| value.as_number()) {
        look(leaf);
    }
    value.items().for_each(|item| for_each_leaf(item, look));
    for (name, value) in value.entries() {
        look(name);
        for_each_leaf(value, look);
    }
}

fn for_each_text(value: Value<'_>, look: &mut dyn FnMut(&str)) {
    if let Some(text) = value.as_text() {
        look(text);
    }
    value.items().for_each(|item| for_each_text(item, look));
    value.entries().for_each(|(_, value)| for_each_text(value, look));
}

fn write_changed(value: Value<'_>, out: &mut String, replace: &mut dyn FnMut(&mut String)) {
    match value.kind() {
        Kind::Text => {
            let mut text = value.as_text().unwrap_or_default().to_owned();
            replace(&mut text);
            write_text(out, &text);
        }
        Kind::List => {
            out.push('[');
            for (place, item) in value.items().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                write_changed(item, out, replace);
            }
            out.push(']');
        }
        Kind::Object => {
            out.push('{');
            for (place, (name, value)) in value.entries().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                let mut name = name.to_owned();
                replace(&mut name);
                write_text(out, &name);
                out.push(':');
                write_changed(value, out, replace);
            }
            out.push('}');
        }
        Kind::Number => {
            let number = value.as_number().unwrap_or_default();
            let mut text = number.to_owned();
            replace(&mut text);
            if text == number {
                out.push_str(number);
            } else {
                write_text(out, &text);
            }
        }
        Kind::Null | Kind::Bool => value.write(out),
    }
}

impl From<Value<'_>> for JsonText {
    fn from(value: Value<'_>) -> Self {
        let mut text = String::new();
        value.write(&mut text);
        Self(text)
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Writes a text in quotation marks. Only what must be escaped is: readers take UTF-8, and people read it.
pub fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let at = plain_length(rest.as_bytes());
        out.push_str(&rest[..at]);
        let Some(&special) = rest.as_bytes().get(at) else { break };
        match special {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => out.push_str(&format!("\\u{control:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_numbers_and_names_are_leaves_and_can_be_changed() {
        let mut json = JsonText::parse(r#"{"a":[1.50,true,null,"b"],"c":{}}"#).unwrap();
        let mut leaves = Vec::new();
        json.for_each_leaf(&mut |leaf| leaves.push(leaf.to_owned()));
        assert_eq!(leaves, ["a", "1.50", "b", "c"]);
        json.change_leaves(&mut |leaf| leaf.insert_str(0, if leaf == "c" { "" } else { "x" }));
        assert_eq!(json.as_str(), r#"{"xa":["x1.50",true,null,"xb"],"c":{}}"#);
        let before = json.clone();
        json.change_leaves(&mut |leaf| *leaf = "same".to_owned());
        assert_eq!(json, before, "no object has a name twice");
        let mut number = JsonText::parse("17").unwrap();
        number.change_leaves(&mut |leaf| *leaf = "[CARD_1]".to_owned());
        assert_eq!(number.as_str(), "\"[CARD_1]\"");
    }

    proptest! {
        #[test]
        fn texts_come_back_as_they_were(text in ".*", other in "[\\x00-\\x7f]*") {
            for text in [text, other] {
                let mut json = String::new();
                write_text(&mut json, &text);
                let mut tape = Tape::default();
                prop_assert_eq!(tape.read(&json).unwrap().as_text(), Some(&*text));
                prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            }
        }
    }
}
