//! What columns rows have, and of which types. A table and a Parquet file begin with them or are built of them, so whoever
//! writes one looks at all rows first.

use crate::dataset::json::{Kind, Tape, Value};

/// Fields from which on an object is kept as JSON and no structure.
const MANY_FIELDS: usize = 64;

/// The columns of rows, in the order in which they first came.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    tape: Tape,
    columns: Vec<(String, ColumnType)>,
}

/// What is in a column, or in a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ColumnType {
    /// Nothing but null.
    Missing,
    Truth,
    /// Whole numbers of 64 bits.
    Integer,
    Float,
    Text,
    List(Box<ColumnType>),
    /// Objects with these fields, of which some may be missing.
    Object(Vec<(String, ColumnType)>),
    /// Values of several types, or objects that have no field in common: what can only be written as JSON.
    Json,
}

impl Columns {
    /// Notes the columns of a row, which is a JSON object in text.
    pub fn note(&mut self, row: &str) {
        if let Ok(row) = self.tape.read(row) {
            note_fields(&mut self.columns, row);
        }
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| &**name)
    }

    pub(super) fn types(&self) -> &[(String, ColumnType)] {
        &self.columns
    }

    /// A column of a row that was not noted.
    pub(super) fn unknown<'a>(&self, row: Value<'a>) -> Option<&'a str> {
        row.entries().map(|(name, _)| name).find(|name| !self.columns.iter().any(|(known, _)| known == name))
    }
}

fn note_fields(fields: &mut Vec<(String, ColumnType)>, object: Value<'_>) {
    for (place, (name, value)) in object.entries().enumerate() {
        // Most rows have the same columns in the same places.
        let is_there = fields.get(place).is_some_and(|(known, _)| known == name);
        let known = if is_there { Some(place) } else { fields.iter().position(|(known, _)| known == name) };
        match known {
            Some(known) => fields[known].1.note(value),
            None => {
                let mut kind = ColumnType::Missing;
                kind.note(value);
                fields.push((name.to_owned(), kind));
            }
        }
    }
}

impl ColumnType {
    fn note(&mut self, value: Value<'_>) {
        if value.is_null() || *self == Self::Json {
            return;
        }
        if *self == Self::Missing {
            *self = match value.kind() {
                Kind::List => Self::List(Box::new(Self::Missing)),
                Kind::Object => Self::Object(Vec::new()),
                Kind::Bool => Self::Truth,
                Kind::Text => Self::Text,
                _ => number_type(value),
            };
        }
        match (&mut *self, value.kind()) {
            (Self::List(item), Kind::List) => value.items().for_each(|value| item.note(value)),
            (Self::Object(fields), Kind::Object) => {
                let is_new = |name: &str| !fields.iter().any(|(known, _)| known == name);
                let is_other = !fields.is_empty()
                    && value.entries().next().is_some()
                    && value.entries().all(|(name, _)| is_new(name));
                if is_other {
                    *self = Self::Json;
                    return;
                }
                note_fields(fields, value);
                if fields.len() >= MANY_FIELDS {
                    *self = Self::Json;
                }
            }
            (Self::Truth, Kind::Bool) | (Self::Text, Kind::Text) => {}
            (Self::Integer | Self::Float, Kind::Number) => match number_type(value) {
                Self::Integer => {}
                other => *self = other,
            },
            _ => *self = Self::Json,
        }
    }

    /// Whether a value is of this type.
    pub(super) fn suits(&self, value: Value<'_>) -> bool {
        if value.is_null() {
            return true;
        }
        match (self, value.kind()) {
            (Self::Json, _) | (Self::Truth, Kind::Bool) | (Self::Text, Kind::Text) => true,
            (Self::Integer | Self::Float, Kind::Number) => {
                let found = number_type(value);
                found == *self || found == Self::Integer
            }
            (Self::List(item), Kind::List) => value.items().all(|value| item.suits(value)),
            (Self::Object(fields), Kind::Object) => value
                .entries()
                .all(|(name, value)| fields.iter().any(|(known, kind)| known == name && kind.suits(value))),
            _ => false,
        }
    }
}

/// Whole numbers that 64 bits hold are kept as such, and others as floating point if that says the same.
fn number_type(value: Value<'_>) -> ColumnType {
    let number = value.as_number().unwrap_or_default();
    let is_whole = !number.contains(['.', 'e', 'E']);
    match number.parse::<f64>() {
        _ if number.parse::<i64>().is_ok_and(|it| it.to_string() == number) => ColumnType::Integer,
        Ok(float) if float.is_finite() && !is_whole => ColumnType::Float,
        _ => ColumnType::Json,
    }
}
