//! Columns as Arrow holds them, read row by row as the JSON values that a JSON file would have.
//!
//! What is null in a column or a structure is left out, because a structure has a place for every name that any row has. Times
//! are texts (ISO 8601), bytes base64, NaN and infinities null.

use std::fmt::{Debug, Display};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions::{
    date32_to_datetime, date64_to_datetime, time32ms_to_time, time32s_to_time, time64ns_to_time, time64us_to_time,
    timestamp_ms_to_datetime, timestamp_ns_to_datetime, timestamp_s_to_datetime, timestamp_us_to_datetime,
};
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::extension::{ExtensionType, Json};
use arrow_schema::{DataType, Field, FieldRef, Fields, TimeUnit};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::super::MOST_RECORD_BYTES;
use crate::dataset::json::Builder;

/// Columns within columns, as many as JSON may have values within values.
const MOST_LEVELS: usize = crate::dataset::json::MOST_LEVELS - 1;

/// Writes the value of a place.
type Leaf = Box<dyn Fn(usize, &mut Builder<'_>) + Send>;

/// Why a value can't be read.
type Written = Result<(), String>;

/// The same columns with texts and bytes as views: not copied out of their page, so that a text that a page holds once and
/// names a million times takes no more room than one.
pub(super) fn as_views(fields: &Fields) -> Fields {
    fields.iter().map(as_view).collect()
}

fn as_view(field: &FieldRef) -> FieldRef {
    let kind = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::List(item) => DataType::List(as_view(item)),
        DataType::Map(entries, is_sorted) => DataType::Map(as_view(entries), *is_sorted),
        DataType::Struct(fields) => DataType::Struct(as_views(fields)),
        other => other.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(kind))
}

/// Says which column can't be read, and why.
pub(super) fn check(fields: &Fields) -> Result<(), String> {
    check_fields(fields, "", 0)
}

fn check_fields(fields: &Fields, path: &str, level: usize) -> Result<(), String> {
    for (at, field) in fields.iter().enumerate() {
        let path = if path.is_empty() { field.name().clone() } else { format!("{path}.{}", field.name()) };
        if fields[..at].iter().any(|other| other.name() == field.name()) {
            return Err(format!("the column {path} comes twice; rename one"));
        }
        check_field(field, &path, level + 1)?;
    }
    Ok(())
}

fn check_field(field: &Field, path: &str, level: usize) -> Result<(), String> {
    if level > MOST_LEVELS {
        return Err(format!("the column {path} is nested more than {MOST_LEVELS} levels deep"));
    }
    match field.data_type() {
        DataType::Struct(fields) => check_fields(fields, path, level),
        DataType::List(item) => check_field(item, path, level + 1),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(parts) if parts.len() == 2 && *parts[0].data_type() == DataType::Utf8View => {
                check_field(&parts[1], path, level + 1)
            }
            _ => Err(format!(
                "the column {path} maps from others than texts, which JSON can't; leave it out of the file"
            )),
        },
        other if is_leaf(other) => Ok(()),
        other => Err(format!("the column {path} is of {other}, which JSON has no value for; leave it out of the file")),
    }
}

fn is_leaf(kind: &DataType) -> bool {
    use DataType::{
        BinaryView, Boolean, Date32, Date64, Decimal32, Decimal64, Decimal128, Decimal256, FixedSizeBinary, Null,
        Time32, Time64, Timestamp, Utf8View,
    };
    let is_known = matches!(
        kind,
        Null | Boolean
            | Utf8View
            | BinaryView
            | FixedSizeBinary(_)
            | Date32
            | Date64
            | Time32(_)
            | Time64(_)
            | Timestamp(..)
            | Decimal32(..)
            | Decimal64(..)
            | Decimal128(..)
            | Decimal256(..)
    );
    is_known || kind.is_integer() || kind.is_floating()
}

/// The columns of some rows.
pub(super) struct Columns(Vec<(String, Column)>);

/// A column, or a part of one.
struct Column {
    nulls: Option<NullBuffer>,
    values: Values,
}

enum Values {
    Text(StringViewArray),
    /// Texts that hold JSON.
    Json(StringViewArray),
    /// What needs no more than its place.
    Leaf(Leaf),
    List(OffsetBuffer<i32>, Box<Column>),
    Map(OffsetBuffer<i32>, StringViewArray, Box<Column>),
    Struct(Vec<(String, Column)>),
}

impl Columns {
    pub(super) fn new(batch: &RecordBatch) -> Self {
        let schema = batch.schema();
        Self(named(schema.fields(), batch.columns()))
    }

    /// Writes a row as an object.
    pub(super) fn write(&self, row: usize, out: &mut Builder<'_>) -> Written {
        write_object(&self.0, row, out)
    }
}

fn named(fields: &Fields, arrays: &[ArrayRef]) -> Vec<(String, Column)> {
    fields.iter().zip(arrays).map(|(field, array)| (field.name().clone(), Column::new(field, array))).collect()
}

impl Column {
    fn new(field: &Field, array: &ArrayRef) -> Self {
        let is_json = field.extension_type_name() == Some(Json::NAME);
        let values = match array.data_type() {
            DataType::Utf8View if is_json => Values::Json(array.as_string_view().clone()),
            DataType::Utf8View => Values::Text(array.as_string_view().clone()),
            DataType::Struct(fields) => Values::Struct(named(fields, array.as_struct().columns())),
            DataType::List(item) => {
                let list = array.as_list::<i32>();
                Values::List(list.offsets().clone(), Box::new(Self::new(item, list.values())))
            }
            DataType::Map(entries, _) => {
                let map = array.as_map();
                let DataType::Struct(parts) = entries.data_type() else {
                    unreachable!("a map's entries are structures")
                };
                let values = Self::new(&parts[1], map.values());
                Values::Map(map.offsets().clone(), map.keys().as_string_view().clone(), Box::new(values))
            }
            _ => Values::Leaf(leaf(array)),
        };
        Self { nulls: array.logical_nulls(), values }
    }

    fn is_null(&self, at: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(at))
    }

    fn write(&self, at: usize, out: &mut Builder<'_>) -> Written {
        if self.is_null(at) {
            out.null();
            return Ok(());
        }
        match &self.values {
            Values::Text(texts) => {
                let text = texts.value(at);
                check_size(out, text.len())?;
                out.text(text);
            }
            Values::Json(texts) => {
                let text = texts.value(at);
                check_size(out, text.len())?;
                out.json(text).map_err(|fault| format!("a column of JSON holds none: {fault}"))?;
            }
            Values::Leaf(write) => write(at, out),
            Values::Struct(fields) => write_object(fields, at, out)?,
            Values::List(offsets, items) => {
                let list = out.open();
                for item in range(offsets, at) {
                    check_size(out, 0)?;
                    items.write(item, out)?;
                }
                out.close_list(list);
            }
            Values::Map(offsets, names, values) => {
                let entries = range(offsets, at);
                let object = out.open();
                for entry in entries.clone() {
                    let name = names.value(entry);
                    check_size(out, name.len())?;
                    if (entries.start..entry).any(|earlier| names.value(earlier) == name) {
                        return Err(format!("the name {name:?} comes twice in one map"));
                    }
                    if !values.is_null(entry) {
                        out.text(name);
                        values.write(entry, out)?;
                    }
                }
                out.close_object(object);
            }
        }
        Ok(())
    }
}

fn range(offsets: &OffsetBuffer<i32>, at: usize) -> std::ops::Range<usize> {
    // Arrow checks that they grow from 0.
    offsets[at] as usize..offsets[at + 1] as usize
}

fn write_object(fields: &[(String, Column)], at: usize, out: &mut Builder<'_>) -> Written {
    let object = out.open();
    for (name, column) in fields {
        if !column.is_null(at) {
            out.text(name);
            column.write(at, out)?;
        }
    }
    out.close_object(object);
    Ok(())
}

fn check_size(out: &Builder<'_>, more: usize) -> Written {
    if out.size_bytes() + more > MOST_RECORD_BYTES {
        return Err(format!("the row has more than {} MiB", MOST_RECORD_BYTES >> 20));
    }
    Ok(())
}

fn leaf(array: &ArrayRef) -> Leaf {
    use DataType as Kind;
    let array = array.clone();
    match array.data_type() {
        Kind::Boolean => {
            let truths = array.as_boolean().clone();
            Box::new(move |at, out| out.truth(truths.value(at)))
        }
        Kind::Int8 => numbers::<Int8Type>(&array),
        Kind::Int16 => numbers::<Int16Type>(&array),
        Kind::Int32 => numbers::<Int32Type>(&array),
        Kind::Int64 => numbers::<Int64Type>(&array),
        Kind::UInt8 => numbers::<UInt8Type>(&array),
        Kind::UInt16 => numbers::<UInt16Type>(&array),
        Kind::UInt32 => numbers::<UInt32Type>(&array),
        Kind::UInt64 => numbers::<UInt64Type>(&array),
        Kind::Float16 => values::<Float16Type>(&array, |it, out| float(it.to_f32(), it.to_f32().is_finite(), out)),
        Kind::Float32 => values::<Float32Type>(&array, |it, out| float(it, it.is_finite(), out)),
        Kind::Float64 => values::<Float64Type>(&array, |it, out| float(it, it.is_finite(), out)),
        Kind::Decimal32(..) => decimals::<Decimal32Type>(&array),
        Kind::Decimal64(..) => decimals::<Decimal64Type>(&array),
        Kind::Decimal128(..) => decimals::<Decimal128Type>(&array),
        Kind::Decimal256(..) => decimals::<Decimal256Type>(&array),
        Kind::Date32 => values::<Date32Type>(&array, |it, out| time(date32_to_datetime(it).map(|it| it.date()), out)),
        Kind::Date64 => values::<Date64Type>(&array, |it, out| time(date64_to_datetime(it).map(|it| it.date()), out)),
        Kind::Time32(TimeUnit::Second) => values::<Time32SecondType>(&array, |it, out| time(time32s_to_time(it), out)),
        Kind::Time32(_) => values::<Time32MillisecondType>(&array, |it, out| time(time32ms_to_time(it), out)),
        Kind::Time64(TimeUnit::Microsecond) => {
            values::<Time64MicrosecondType>(&array, |it, out| time(time64us_to_time(it), out))
        }
        Kind::Time64(_) => values::<Time64NanosecondType>(&array, |it, out| time(time64ns_to_time(it), out)),
        Kind::Timestamp(unit, zone) => {
            // Parquet keeps moments in UTC and does not say in which zone they were; others are of no known zone.
            let zone = if zone.is_some() { "Z" } else { "" };
            match unit {
                TimeUnit::Second => moments::<TimestampSecondType, _>(&array, zone, timestamp_s_to_datetime),
                TimeUnit::Millisecond => moments::<TimestampMillisecondType, _>(&array, zone, timestamp_ms_to_datetime),
                TimeUnit::Microsecond => moments::<TimestampMicrosecondType, _>(&array, zone, timestamp_us_to_datetime),
                TimeUnit::Nanosecond => moments::<TimestampNanosecondType, _>(&array, zone, timestamp_ns_to_datetime),
            }
        }
        Kind::BinaryView => {
            let bytes = array.as_binary_view().clone();
            Box::new(move |at, out| out.text(&BASE64_STANDARD.encode(bytes.value(at))))
        }
        Kind::FixedSizeBinary(_) => {
            let bytes = array.as_fixed_size_binary().clone();
            Box::new(move |at, out| out.text(&BASE64_STANDARD.encode(bytes.value(at))))
        }
        _ => Box::new(|_, out| out.null()),
    }
}

fn values<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    write: impl Fn(T::Native, &mut Builder<'_>) + Send + 'static,
) -> Leaf {
    let values = array.as_primitive::<T>().values().clone();
    Box::new(move |at, out| write(values[at], out))
}

fn numbers<T: ArrowPrimitiveType<Native: Display>>(array: &ArrayRef) -> Leaf {
    values::<T>(array, |number, out| out.number(number))
}

fn decimals<T: DecimalType>(array: &ArrayRef) -> Leaf {
    let numbers = array.as_primitive::<T>().clone();
    Box::new(move |at, out| out.number(numbers.value_as_string(at)))
}

/// As short as it can be to be read as the same number.
fn float(number: impl Debug, is_finite: bool, out: &mut Builder<'_>) {
    if is_finite { out.number(format_args!("{number:?}")) } else { out.null() }
}

/// A day or a time of day.
fn time(time: Option<impl Debug>, out: &mut Builder<'_>) {
    match time {
        Some(time) => out.displayed(format_args!("{time:?}")),
        None => out.null(),
    }
}

fn moments<T: ArrowPrimitiveType<Native = i64>, M: Debug>(
    array: &ArrayRef,
    zone: &'static str,
    moment: impl Fn(i64) -> Option<M> + Send + 'static,
) -> Leaf {
    values::<T>(array, move |it, out| match moment(it) {
        // ISO 8601, with as much of a second as there is.
        Some(moment) => out.displayed(format_args!("{moment:?}{zone}")),
        None => out.null(),
    })
}
