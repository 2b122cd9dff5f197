//! The typed key-value pairs at the head of a GGUF file.

use std::collections::BTreeMap;
use std::ops::Range;

use shared::tokenizer::TextList;

use super::cursor::Cursor;
use super::limits;
use crate::error::EngineError;

/// One metadata value. Integers of every width widen to one of two types.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// u8, u16, u32 and u64.
    Unsigned(u64),
    /// i8, i16, i32 and i64.
    Signed(i64),
    /// f32 and f64.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// UTF-8 text.
    String(String),
    /// A list of integers (of any width and sign) or truth values.
    Integers(Vec<i64>),
    /// A list of f32 or f64.
    Floats(Vec<f32>),
    /// A list of texts.
    Strings(TextList),
    /// A list of lists, skipped: no key we read holds one.
    Nested,
}

/// The metadata of one file.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    values: BTreeMap<String, Value>,
    places: Vec<(String, Range<u64>)>,
}

impl Metadata {
    /// Reads `count` key-value pairs.
    ///
    /// # Errors
    /// A malformed pair, or two of one key.
    pub fn read(cursor: &mut Cursor<'_>, count: u64) -> Result<Self, EngineError> {
        let mut values = BTreeMap::new();
        let mut places = Vec::new();
        for _ in 0..count {
            let start = cursor.offset_bytes();
            let key = cursor.string(limits::NAME_BYTES, "a metadata key")?.to_owned();
            let type_id = cursor.u32("a metadata type")?;
            let value = read_value(cursor, type_id, &key)?;
            places.push((key.clone(), start..cursor.offset_bytes()));
            if values.insert(key.clone(), value).is_some() {
                return Err(EngineError::Malformed(format!("the metadata key {key:?} is there twice")));
            }
        }
        Ok(Self { values, places })
    }

    /// Where in the file each pair lies, key, type and value, in the file's order.
    pub fn places(&self) -> &[(String, Range<u64>)] {
        &self.places
    }

    /// The value of `key`, if the file has one.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Removes and returns the value of `key`, so that a vocabulary moves to its place without a copy.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.values.remove(key)
    }

    /// All keys and values, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A truth value.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A non-negative integer that fits 32 bits.
    pub fn integer(&self, key: &str) -> Option<u32> {
        match self.get(key)? {
            Value::Unsigned(number) => u32::try_from(*number).ok(),
            Value::Signed(number) => u32::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A finite number.
    pub fn number(&self, key: &str) -> Option<f32> {
        match self.get(key)? {
            Value::Float(number) => Some(*number as f32).filter(|number| number.is_finite()),
            Value::Unsigned(number) => Some(*number as f32),
            Value::Signed(number) => Some(*number as f32),
            _ => None,
        }
    }

    /// As [`Metadata::integer`], but it must be there and at least 1.
    ///
    /// # Errors
    /// It is missing, not an integer, or 0.
    pub fn required_size(&self, key: &str) -> Result<usize, EngineError> {
        self.integer(key)
            .filter(|&size| size > 0)
            .map(|size| size as usize)
            .ok_or_else(|| EngineError::Metadata { key: key.to_owned(), expected: "a positive integer" })
    }

    /// As [`Metadata::number`], but it must be there.
    ///
    /// # Errors
    /// It is missing or not a finite number.
    pub fn required_number(&self, key: &str) -> Result<f32, EngineError> {
        self.number(key).ok_or_else(|| EngineError::Metadata { key: key.to_owned(), expected: "a finite number" })
    }
}

fn read_value(cursor: &mut Cursor<'_>, type_id: u32, key: &str) -> Result<Value, EngineError> {
    Ok(match type_id {
        8 => Value::String(cursor.string(limits::STRING_BYTES, key)?.to_owned()),
        9 => read_array(cursor, key)?,
        _ => match read_scalar(cursor, type_id, key)? {
            Scalar::Unsigned(number) => Value::Unsigned(number),
            Scalar::Signed(number) => Value::Signed(number),
            Scalar::Float(number) => Value::Float(number),
            Scalar::Bool(flag) => Value::Bool(flag),
        },
    })
}

enum Scalar {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
}

fn read_scalar(cursor: &mut Cursor<'_>, type_id: u32, key: &str) -> Result<Scalar, EngineError> {
    Ok(match type_id {
        0 => Scalar::Unsigned(u64::from(cursor.array::<1>(key)?[0])),
        1 => Scalar::Signed(i64::from(i8::from_le_bytes(cursor.array(key)?))),
        2 => Scalar::Unsigned(u64::from(u16::from_le_bytes(cursor.array(key)?))),
        3 => Scalar::Signed(i64::from(i16::from_le_bytes(cursor.array(key)?))),
        4 => Scalar::Unsigned(u64::from(cursor.u32(key)?)),
        5 => Scalar::Signed(i64::from(i32::from_le_bytes(cursor.array(key)?))),
        6 => Scalar::Float(f64::from(f32::from_le_bytes(cursor.array(key)?))),
        7 => match cursor.array::<1>(key)?[0] {
            0 => Scalar::Bool(false),
            1 => Scalar::Bool(true),
            other => {
                return Err(EngineError::Malformed(format!("{key:?} holds {other} where 0 or 1 is a truth value")));
            }
        },
        10 => Scalar::Unsigned(cursor.u64(key)?),
        11 => Scalar::Signed(i64::from_le_bytes(cursor.array(key)?)),
        12 => Scalar::Float(f64::from_le_bytes(cursor.array(key)?)),
        other => return Err(EngineError::Malformed(format!("{key:?} has the unknown metadata type {other}"))),
    })
}

fn read_array(cursor: &mut Cursor<'_>, key: &str) -> Result<Value, EngineError> {
    let element_type = cursor.u32(key)?;
    let length = cursor.count(limits::ARRAY_ELEMENTS, key)?;
    match element_type {
        8 => {
            let mut list = TextList::default();
            for _ in 0..length {
                list.push(cursor.string(limits::STRING_BYTES, key)?);
                if list.text_bytes() as u64 > limits::ARRAY_STRING_BYTES {
                    return Err(EngineError::Malformed(format!(
                        "the texts of {key:?} are longer than {} bytes",
                        limits::ARRAY_STRING_BYTES
                    )));
                }
            }
            Ok(Value::Strings(list))
        }
        9 => {
            // One level is skipped element by element; deeper nesting has no use and is refused.
            for _ in 0..length {
                let inner_type = cursor.u32(key)?;
                let inner_length = cursor.count(limits::ARRAY_ELEMENTS, key)?;
                for _ in 0..inner_length {
                    match inner_type {
                        8 => {
                            cursor.string(limits::STRING_BYTES, key)?;
                        }
                        9 => return Err(EngineError::Malformed(format!("{key:?} nests lists three deep"))),
                        _ => {
                            read_scalar(cursor, inner_type, key)?;
                        }
                    }
                }
            }
            Ok(Value::Nested)
        }
        6 | 12 => {
            let mut list = Vec::new();
            for _ in 0..length {
                if let Scalar::Float(number) = read_scalar(cursor, element_type, key)? {
                    list.push(number as f32);
                }
            }
            Ok(Value::Floats(list))
        }
        _ => {
            let mut list = Vec::new();
            for _ in 0..length {
                list.push(match read_scalar(cursor, element_type, key)? {
                    Scalar::Unsigned(number) => number as i64,
                    Scalar::Signed(number) => number,
                    Scalar::Bool(flag) => i64::from(flag),
                    Scalar::Float(_) => 0,
                });
            }
            Ok(Value::Integers(list))
        }
    }
}
