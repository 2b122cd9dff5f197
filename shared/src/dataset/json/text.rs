//! JSON that is kept as it is: columns that no format knows, tools, arguments.

use std::fmt;

use super::{Fault, Tape, Value};

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
}

impl From<Value<'_>> for JsonText {
    fn from(value: Value<'_>) -> Self {
        Self(value.to_string())
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
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x00..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
