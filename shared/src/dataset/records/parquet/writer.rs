//! A Parquet file, written as Hugging Face's datasets do: messages are lists of structures. What no type holds is JSON in a
//! text, marked as such. The same rows give the same bytes.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, NullArray, RecordBatch, StringArray, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::extension::Json;
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::super::columns::{ColumnType, Columns};
use super::super::output::{RecordWriter, WriteFault, Written};
use crate::dataset::json::{Tape, Value};

/// Rows as text that are made into columns at a time.
const BATCH_BYTES: usize = 4 << 20;

/// Packed bytes after which a row group is written.
const GROUP_BYTES: usize = 64 << 20;

/// Writes a Parquet file.
pub(in crate::dataset::records) struct ParquetWriter<W: Write + Send> {
    writer: ArrowWriter<W>,
    columns: Columns,
    fields: Fields,
    tape: Tape,
    /// The rows of the next batch, as a list in JSON that is not closed yet.
    batch: String,
    rows: usize,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins the file.
    pub(in crate::dataset::records) fn new(out: W, columns: Columns) -> io::Result<Self> {
        let fields = fields_of(columns.types());
        let properties =
            WriterProperties::builder().set_created_by("quern".to_owned()).set_compression(Compression::SNAPPY).build();
        // Arrow's own schema would say nothing more, and other readers take JSON for an unknown type by it.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let schema = Arc::new(Schema::new(fields.clone()));
        let writer = ArrowWriter::try_new_with_options(out, schema, options)?;
        Ok(Self { writer, columns, fields, tape: Tape::default(), batch: String::new(), rows: 0 })
    }

    fn write_batch(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        self.batch.push(']');
        let invalid = |error: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidInput, error.to_string());
        let list = self.tape.read(&self.batch).map_err(|fault| invalid(&fault))?;
        let rows: Vec<Option<Value<'_>>> = list.items().map(Some).collect();
        let arrays = arrays_of(self.columns.types(), &rows);
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(self.rows));
        let schema = Arc::new(Schema::new(self.fields.clone()));
        let batch = RecordBatch::try_new_with_options(schema, arrays, &options).map_err(|error| invalid(&error))?;
        self.writer.write(&batch)?;
        if self.writer.in_progress_size() > GROUP_BYTES {
            self.writer.flush()?;
        }
        self.batch.clear();
        self.rows = 0;
        Ok(())
    }
}

impl<W: Write + Send> RecordWriter for ParquetWriter<W> {
    fn write_record(&mut self, row: &str) -> Result<(), WriteFault> {
        let value = self.tape.read(row).map_err(|fault| io::Error::new(io::ErrorKind::InvalidInput, fault))?;
        if let Some(unknown) = self.columns.unknown(value) {
            return Err(WriteFault::Lacks(format!("the column {unknown}, which it was not begun with")));
        }
        let types = self.columns.types();
        let is_other =
            |&(name, value): &(&str, Value<'_>)| !types.iter().any(|(known, it)| known == name && it.suits(value));
        if let Some((name, _)) = value.entries().find(is_other) {
            return Err(WriteFault::Lacks(format!("what is in the column {name}: it was begun with another type")));
        }
        self.batch.push(if self.batch.is_empty() { '[' } else { ',' });
        self.batch.push_str(row);
        self.rows += 1;
        if self.batch.len() >= BATCH_BYTES {
            self.write_batch()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<Written> {
        self.write_batch()?;
        self.writer.into_inner()?.flush()?;
        Ok(Written::default())
    }
}

fn fields_of(columns: &[(String, ColumnType)]) -> Fields {
    columns.iter().map(|(name, kind)| field_of(name, kind)).collect()
}

fn field_of(name: &str, kind: &ColumnType) -> Field {
    let field = |kind| Field::new(name, kind, true);
    match kind {
        ColumnType::Missing => field(DataType::Null),
        ColumnType::Truth => field(DataType::Boolean),
        ColumnType::Integer => field(DataType::Int64),
        ColumnType::Float => field(DataType::Float64),
        ColumnType::Text => field(DataType::Utf8),
        ColumnType::List(item) => field(DataType::List(Arc::new(field_of("element", item)))),
        // Parquet has no structures without fields.
        ColumnType::Object(fields) if !fields.is_empty() => field(DataType::Struct(fields_of(fields))),
        ColumnType::Object(_) | ColumnType::Json => field(DataType::Utf8).with_extension_type(Json::default()),
    }
}

fn arrays_of(columns: &[(String, ColumnType)], rows: &[Option<Value<'_>>]) -> Vec<ArrayRef> {
    let of = |name: &str| rows.iter().map(|row| row.and_then(|row| row.get(name))).collect::<Vec<_>>();
    columns.iter().map(|(name, kind)| array_of(name, kind, &of(name))).collect()
}

/// Values of a type as an array. `suits` was asked before.
fn array_of(name: &str, kind: &ColumnType, values: &[Option<Value<'_>>]) -> ArrayRef {
    let nulls = || NullBuffer::from_iter(values.iter().map(Option::is_some));
    match (kind, field_of(name, kind).data_type()) {
        (ColumnType::Missing, _) => Arc::new(NullArray::new(values.len())),
        (ColumnType::Truth, _) => {
            Arc::new(values.iter().map(|value| value.and_then(Value::as_bool)).collect::<BooleanArray>())
        }
        (ColumnType::Integer, _) => {
            Arc::new(values.iter().map(|value| value.and_then(Value::as_number)?.parse().ok()).collect::<Int64Array>())
        }
        (ColumnType::Float, _) => Arc::new(
            values.iter().map(|value| value.and_then(Value::as_number)?.parse().ok()).collect::<Float64Array>(),
        ),
        (ColumnType::Text, _) => {
            Arc::new(values.iter().map(|value| value.and_then(Value::as_text)).collect::<StringArray>())
        }
        (ColumnType::List(item), DataType::List(field)) => {
            let length = |value: &Option<Value<'_>>| value.map_or(0, |value| value.items().count());
            let offsets = OffsetBuffer::from_lengths(values.iter().map(length));
            let items = values.iter().flatten().flat_map(|value| value.items());
            let items: Vec<_> = items.map(|item| Some(item).filter(|item| !item.is_null())).collect();
            let items = array_of("element", item, &items);
            Arc::new(ListArray::new(field.clone(), offsets, items, Some(nulls())))
        }
        (ColumnType::Object(columns), DataType::Struct(fields)) => {
            Arc::new(StructArray::new(fields.clone(), arrays_of(columns, values), Some(nulls())))
        }
        _ => Arc::new(values.iter().map(|value| value.map(|value| value.to_string())).collect::<StringArray>()),
    }
}
