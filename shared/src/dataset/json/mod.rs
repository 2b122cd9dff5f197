//! JSON of datasets (RFC 8259), read at the speed of the disk: a parser fills a [`Tape`] that is used again for the next
//! row, and a [`Value`] looks at it. Numbers stay as they are written, and an object whose names are not unique is
//! refused, because which of the two is meant nobody knows.

mod builder;
mod fault;
mod layout;
mod parser;
mod plain;
mod text;
mod value;

pub(super) use self::builder::Builder;
pub use self::fault::{Fault, Reason};
pub use self::layout::laid_out;
pub use self::text::{JsonText, write_text};
pub use self::value::{Kind, Value};

/// Values within values that a row may have, as many as other readers of JSON take.
pub const MOST_LEVELS: usize = 128;

/// One value after the other, each in the place of the last.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
    /// Texts that are not in the source as they are: unescaped ones, and those of other containers than JSON.
    texts: String,
}

/// A value, or the beginning of one: what is in it follows, names and values in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Null,
    Bool(bool),
    /// As it is written.
    Number(Span),
    Text(Span),
    List {
        /// The node after its last.
        end: u32,
    },
    Object {
        /// The node after its last.
        end: u32,
    },
}

/// A text in the source or on the tape, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: u32,
    length: u32,
    is_in_source: bool,
}

impl Tape {
    /// Reads one value.
    ///
    /// # Errors
    /// It is not one JSON value, and where it stops being one.
    pub fn read<'a>(&'a mut self, source: &'a str) -> Result<Value<'a>, Fault> {
        self.clear();
        parser::Parser::new(self, source).read().map_err(|fault| *fault)?;
        Ok(Value::new(self, source, 0))
    }

    /// An object of texts, of a table's row.
    pub fn table_row<'a, 'b>(&'a mut self, columns: impl Iterator<Item = (&'b str, &'b str)>) -> Value<'a> {
        let mut builder = self.build();
        let row = builder.open();
        for (name, text) in columns {
            builder.text(name);
            builder.text(text);
        }
        builder.close_object(row);
        builder.finish()
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.texts.clear();
    }

    /// Puts a text on the tape.
    fn keep(&mut self, text: &str) -> Span {
        let start = self.texts.len();
        self.texts.push_str(text);
        Span::new(start, text.len(), false)
    }

    fn close_list(&mut self, at: usize) {
        self.nodes[at] = Node::List { end: index(self.nodes.len()) };
    }

    fn close_object(&mut self, at: usize) {
        self.nodes[at] = Node::Object { end: index(self.nodes.len()) };
    }
}

impl Span {
    fn new(start: usize, length: usize, is_in_source: bool) -> Self {
        Self { start: index(start), length: index(length), is_in_source }
    }
}

/// Places on a tape: no row is longer than 4 GiB, which the parser checks first.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
