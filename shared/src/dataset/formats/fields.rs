//! Reading fields of an object with faults that say where, and writing them.

use std::fmt;

use super::super::json::{JsonText, Kind, Value, write_text};

/// Why an object is no row, and where in it: `messages[2].content`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RowFault {
    /// The place, from the outside in.
    pub path: String,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return formatter.write_str(&self.reason);
        }
        write!(formatter, "{}: {}", self.path, self.reason)
    }
}

impl RowFault {
    /// A fault at a field, or of the whole row where that is empty.
    pub(super) fn at(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// The same fault, seen from one level further out.
    pub(super) fn within(mut self, outer: &str) -> Self {
        let joint = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{outer}{joint}{}", self.path);
        self
    }

    /// The same fault, of the item of a list.
    pub(super) fn in_item(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    fn kind(name: &str, expected: &str, found: Kind) -> Self {
        Self::at(name, format!("there is {found} where {expected} should be"))
    }
}

/// A field that must be there.
pub(super) fn required<'a>(object: Value<'a>, name: &str) -> Result<Value<'a>, RowFault> {
    object.get(name).ok_or_else(|| RowFault::at("", format!("{name} is missing")))
}

/// A text that must be there.
pub(super) fn text<'a>(object: Value<'a>, name: &str) -> Result<&'a str, RowFault> {
    let value = required(object, name)?;
    value.as_text().ok_or_else(|| RowFault::kind(name, "a text", value.kind()))
}

/// A text that may be missing.
pub(super) fn optional_text<'a>(object: Value<'a>, name: &str) -> Result<Option<&'a str>, RowFault> {
    if object.get(name).is_none() { Ok(None) } else { text(object, name).map(Some) }
}

/// Gives a list to `look`. In a table it is written as JSON in a cell.
pub(super) fn list<T>(
    object: Value<'_>,
    name: &str,
    look: impl FnOnce(Value<'_>) -> Result<T, RowFault>,
) -> Result<T, RowFault> {
    value_or_text(object, name, |value| match value.kind() {
        Kind::List => look(value),
        found => Err(RowFault::kind("", "a list", found)),
    })
}

/// Gives a value to `look`; a text that holds JSON is read as that.
pub(super) fn value_or_text<T>(
    object: Value<'_>,
    name: &str,
    look: impl FnOnce(Value<'_>) -> Result<T, RowFault>,
) -> Result<T, RowFault> {
    let value = required(object, name)?;
    let Some(text) = value.as_text() else { return look(value).map_err(|fault| fault.within(name)) };
    let json = JsonText::parse(text).map_err(|fault| {
        RowFault::at(name, format!("there is a text where a list or object should be, and it holds no JSON: {fault}"))
    })?;
    json.with(look).map_err(|fault| fault.within(name))
}

/// `true` or `false`, also as tables write them.
pub(super) fn truth(object: Value<'_>, name: &str) -> Result<bool, RowFault> {
    let value = required(object, name)?;
    match (value.as_bool(), value.as_text(), value.as_number()) {
        (Some(truth), _, _) => Ok(truth),
        (_, Some("true" | "True" | "TRUE" | "1"), _) | (_, _, Some("1")) => Ok(true),
        (_, Some("false" | "False" | "FALSE" | "0"), _) | (_, _, Some("0")) => Ok(false),
        _ => Err(RowFault::kind(name, "true or false", value.kind())),
    }
}

/// The tools that a row offers, in its column `tools`: a list, or JSON in a text.
pub(super) fn tools(object: Value<'_>) -> Result<Option<JsonText>, RowFault> {
    match object.get("tools") {
        None => Ok(None),
        // LLaMA-Factory and tables write none so.
        Some(value) if value.as_text() == Some("") => Ok(None),
        Some(_) => value_or_text(object, "tools", |value| Ok(Some(JsonText::from(value)))),
    }
}

/// Writes one object, field by field.
pub(super) struct Writer<'a> {
    out: &'a mut String,
    is_first: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, is_first: true }
    }

    /// A field whose value `write` writes.
    pub(super) fn field(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.push(',');
        }
        write_text(self.out, name);
        self.out.push(':');
        write(self.out);
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.field(name, |out| write_text(out, text));
    }

    pub(super) fn json(&mut self, name: &str, json: &str) {
        self.field(name, |out| out.push_str(json));
    }

    pub(super) fn truth(&mut self, name: &str, truth: bool) {
        self.json(name, if truth { "true" } else { "false" });
    }

    /// Bytes that were written so far, with what was there before.
    pub(super) fn length(&self) -> usize {
        self.out.len()
    }

    pub(super) fn end(self) {
        self.out.push('}');
    }
}

/// Writes a list.
pub(super) fn write_list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}
