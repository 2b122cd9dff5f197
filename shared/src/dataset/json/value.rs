//! A look at a value on a tape.

use std::fmt;

use super::text::write_text;
use super::{Node, Span, Tape};

/// A value on a tape.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    tape: &'a Tape,
    source: &'a str,
    at: usize,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// An object.
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}

impl<'a> Value<'a> {
    pub(super) fn new(tape: &'a Tape, source: &'a str, at: usize) -> Self {
        Self { tape, source, at }
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        match self.node() {
            Node::Null => Kind::Null,
            Node::Bool(_) => Kind::Bool,
            Node::Number(_) => Kind::Number,
            Node::Text(_) => Kind::Text,
            Node::List { .. } => Kind::List,
            Node::Object { .. } => Kind::Object,
        }
    }

    /// True for `null`, which many writers give where a value is missing.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The text, if it is one.
    pub fn as_text(self) -> Option<&'a str> {
        match self.node() {
            Node::Text(span) => Some(self.slice(span)),
            _ => None,
        }
    }

    /// `true` or `false`, if it is one of them.
    pub fn as_bool(self) -> Option<bool> {
        match self.node() {
            Node::Bool(is_true) => Some(is_true),
            _ => None,
        }
    }

    /// The number as it is written, if it is one.
    pub fn as_number(self) -> Option<&'a str> {
        match self.node() {
            Node::Number(span) => Some(self.slice(span)),
            _ => None,
        }
    }

    /// The values of a list; none if it is no list.
    pub fn items(self) -> impl Iterator<Item = Self> + use<'a> {
        let end = match self.node() {
            Node::List { end } => end as usize,
            _ => 0,
        };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            let item = (at < end).then_some(Self { at, ..self })?;
            at = item.after();
            Some(item)
        })
    }

    /// The names and values of an object; none if it is no object.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let end = match self.node() {
            Node::Object { end } => end as usize,
            _ => 0,
        };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            let name = (at < end).then_some(Self { at, ..self })?.as_text()?;
            let value = Self { at: at + 1, ..self };
            at = value.after();
            Some((name, value))
        })
    }

    /// An object's value of that name; `null` counts as missing.
    pub fn get(self, name: &str) -> Option<Self> {
        let Node::Object { end } = self.node() else { return None };
        let mut at = self.at + 1;
        while at < end as usize {
            let value = Self { at: at + 1, ..self };
            // Most names are told apart by their lengths.
            if let Node::Text(span) = self.tape.nodes[at]
                && span.length as usize == name.len()
                && self.slice(span) == name
            {
                return Some(value).filter(|value| !value.is_null());
            }
            at = value.after();
        }
        None
    }

    /// Writes it without spaces.
    pub fn write(self, out: &mut String) {
        match self.node() {
            Node::Null => out.push_str("null"),
            Node::Bool(is_true) => out.push_str(if is_true { "true" } else { "false" }),
            Node::Number(span) => out.push_str(self.slice(span)),
            Node::Text(span) => write_text(out, self.slice(span)),
            Node::List { .. } => {
                out.push('[');
                for (place, item) in self.items().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Node::Object { .. } => {
                out.push('{');
                for (place, (name, value)) in self.entries().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    write_text(out, name);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    fn node(self) -> Node {
        self.tape.nodes[self.at]
    }

    /// The node after it.
    fn after(self) -> usize {
        match self.node() {
            Node::List { end } | Node::Object { end } => end as usize,
            _ => self.at + 1,
        }
    }

    fn slice(self, span: Span) -> &'a str {
        let from: &'a str = if span.is_in_source { self.source } else { &self.tape.texts };
        &from[span.start as usize..span.start as usize + span.length as usize]
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        formatter.write_str(&text)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
