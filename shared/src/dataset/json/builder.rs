//! Values that come from elsewhere than JSON's text, such as a table's cells and columns: put on a tape one by one.

use std::fmt::{Display, Write};

use super::parser::Parser;
use super::{Fault, Node, Tape, Value};

/// Puts a value on a tape. Whoever calls closes what they open, and gives an object names and values in turn.
pub(in crate::dataset) struct Builder<'a> {
    tape: &'a mut Tape,
}

/// A list or an object that is not closed yet.
pub(in crate::dataset) struct Opened(usize);

impl Tape {
    /// Begins a value in the place of the last.
    pub(in crate::dataset) fn build(&mut self) -> Builder<'_> {
        self.clear();
        Builder { tape: self }
    }
}

impl<'a> Builder<'a> {
    pub(in crate::dataset) fn null(&mut self) {
        self.tape.nodes.push(Node::Null);
    }

    pub(in crate::dataset) fn truth(&mut self, truth: bool) {
        self.tape.nodes.push(Node::Bool(truth));
    }

    /// A number, which must be displayed as JSON writes it.
    pub(in crate::dataset) fn number(&mut self, number: impl Display) {
        let span = self.tape.keep_displayed(number);
        self.tape.nodes.push(Node::Number(span));
    }

    /// A text, or an object's name.
    pub(in crate::dataset) fn text(&mut self, text: &str) {
        let span = self.tape.keep(text);
        self.tape.nodes.push(Node::Text(span));
    }

    /// A text as something displays itself.
    pub(in crate::dataset) fn displayed(&mut self, text: impl Display) {
        let span = self.tape.keep_displayed(text);
        self.tape.nodes.push(Node::Text(span));
    }

    /// A value that is written as JSON.
    ///
    /// # Errors
    /// It is not one JSON value.
    pub(in crate::dataset) fn json(&mut self, source: &str) -> Result<(), Fault> {
        let (offset, first) = (self.tape.keep(source).start, self.tape.nodes.len());
        Parser::new(self.tape, source).read().map_err(|fault| *fault)?;
        for node in &mut self.tape.nodes[first..] {
            if let Node::Text(span) | Node::Number(span) = node
                && span.is_in_source
            {
                (span.start, span.is_in_source) = (span.start + offset, false);
            }
        }
        Ok(())
    }

    pub(in crate::dataset) fn open(&mut self) -> Opened {
        self.tape.nodes.push(Node::Null);
        Opened(self.tape.nodes.len() - 1)
    }

    pub(in crate::dataset) fn close_list(&mut self, opened: Opened) {
        self.tape.close_list(opened.0);
    }

    pub(in crate::dataset) fn close_object(&mut self, opened: Opened) {
        self.tape.close_object(opened.0);
    }

    /// How much is on the tape: texts in bytes, and a byte for each value.
    pub(in crate::dataset) fn size_bytes(&self) -> usize {
        self.tape.texts.len() + self.tape.nodes.len()
    }

    /// The value, once all is closed.
    pub(in crate::dataset) fn finish(self) -> Value<'a> {
        Value::new(self.tape, "", 0)
    }
}

impl Tape {
    fn keep_displayed(&mut self, it: impl Display) -> super::Span {
        let start = self.texts.len();
        // A text takes whatever is written to it.
        let _ = write!(self.texts, "{it}");
        super::Span::new(start, self.texts.len() - start, false)
    }
}
