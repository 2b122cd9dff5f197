//! Rows of a Parquet file: one row group after the other, some rows at a time.

use std::io::{self, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::arrow::{FieldLevels, ProjectionMask, parquet_to_arrow_field_levels, parquet_to_arrow_schema};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::super::{Broken, FaultPlace, Place, Record, Records};
use super::columns::{self, Columns};
use super::footer;
use super::pages::RowGroup;
use super::source::Source;
use crate::dataset::json::Tape;

/// Bytes of rows that are read at a time, by what the file says of their size.
const BATCH_BYTES: i64 = 4 << 20;

/// Rows that are read at a time.
const MOST_BATCH_ROWS: i64 = 1024;

/// A file begins and ends so.
const MARK: &[u8] = b"PAR1";

/// The length of the footer, and the mark.
const END_BYTES: usize = 8;

/// Reads a Parquet file.
pub(in crate::dataset::records) struct Parquet<R> {
    source: Arc<Source<R>>,
    metadata: Arc<ParquetMetaData>,
    levels: FieldLevels,
    /// The row group that comes next.
    next_group: usize,
    group: Option<ParquetRecordBatchReader>,
    list_values: Arc<AtomicU64>,
    batch: Option<Batch>,
    /// The row that comes next, from 1.
    row: u64,
    tape: Tape,
}

struct Batch {
    columns: Columns,
    next: usize,
    rows: usize,
}

/// What comes next.
enum Step {
    /// The row of that place in the batch.
    Row(usize),
    /// Rows that can't be read.
    Broken(String),
    End,
}

impl<R: Read + Seek + Send + 'static> Parquet<R> {
    /// Reads the footer.
    ///
    /// # Errors
    /// The file can't be read, or is no Parquet file that can be.
    pub(in crate::dataset::records) fn new(file: R) -> io::Result<Self> {
        let source = Arc::new(Source::new(file)?);
        let bad = |reason: String| io::Error::new(io::ErrorKind::InvalidData, format!("the Parquet file {reason}"));
        check_footer(&source)?.map_err(bad)?;
        let opened = contained(|| {
            let metadata = ParquetMetaDataReader::new().parse_and_finish(&*source)?;
            let schema = metadata.file_metadata().schema_descr();
            let fields = columns::as_views(parquet_to_arrow_schema(schema, None)?.fields());
            let levels = parquet_to_arrow_field_levels(schema, ProjectionMask::all(), Some(&fields))?;
            Ok((Arc::new(metadata), fields, levels))
        });
        let (metadata, fields, levels) = match opened {
            Ok(opened) => opened,
            Err(reason) => return Err(source.take_failure().unwrap_or_else(|| bad(format!("is damaged: {reason}")))),
        };
        columns::check(&fields).map_err(|reason| bad(format!("can't be read: {reason}")))?;
        Ok(Self {
            source,
            metadata,
            levels,
            next_group: 0,
            group: None,
            list_values: Arc::default(),
            batch: None,
            row: 1,
            tape: Tape::default(),
        })
    }

    fn step(&mut self) -> io::Result<Step> {
        loop {
            if let Some(batch) = &mut self.batch {
                if batch.next < batch.rows {
                    batch.next += 1;
                    return Ok(Step::Row(batch.next - 1));
                }
                self.batch = None;
            }
            let Some(group) = &mut self.group else {
                if self.next_group == self.metadata.num_row_groups() {
                    return Ok(Step::End);
                }
                match self.open_group() {
                    Ok(group) => {
                        self.group = Some(group);
                        self.next_group += 1;
                        continue;
                    }
                    Err(reason) => {
                        self.next_group += 1;
                        return self.broken(&reason);
                    }
                }
            };
            self.list_values.store(0, Ordering::Relaxed);
            match contained(|| Ok(group.next().transpose()?.map(|batch| (batch.num_rows(), Columns::new(&batch))))) {
                Ok(Some((rows, columns))) => self.batch = Some(Batch { columns, next: 0, rows }),
                Ok(None) => self.group = None,
                Err(reason) => return self.broken(&reason),
            }
        }
    }

    fn open_group(&self) -> Result<ParquetRecordBatchReader, String> {
        let group =
            RowGroup::new(self.source.clone(), self.metadata.clone(), self.next_group, self.list_values.clone());
        group.check()?;
        let metadata = self.metadata.row_group(self.next_group);
        let row_bytes = metadata.total_byte_size() / metadata.num_rows().max(1);
        let rows = (BATCH_BYTES / row_bytes.max(1)).clamp(1, MOST_BATCH_ROWS).min(metadata.num_rows().max(1));
        let rows = usize::try_from(rows).unwrap_or(1);
        contained(|| ParquetRecordBatchReader::try_new_with_row_groups(&self.levels, &group, rows, None))
    }

    /// The rest of the row group can't be read; the next is looked at.
    fn broken(&mut self, reason: &str) -> io::Result<Step> {
        self.group = None;
        if let Some(failure) = self.source.take_failure() {
            return Err(failure);
        }
        let (number, groups) = (self.next_group, self.metadata.num_row_groups());
        Ok(Step::Broken(format!(
            "from here on row group {number} of {groups} can't be read: {reason}. Fetch or write the file again"
        )))
    }

    /// Rows before the next row group, by what the footer says.
    fn rows_before_next_group(&self) -> u64 {
        let groups = &self.metadata.row_groups()[..self.next_group];
        groups.iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).fold(0, u64::saturating_add)
    }
}

impl<R: Read + Seek + Send + 'static> Records for Parquet<R> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        let step = self.step()?;
        let (place, at) = (Place::Row { row: self.row }, FaultPlace::Row { row: self.row });
        let content = match step {
            Step::End => return Ok(None),
            Step::Broken(reason) => {
                self.row = self.rows_before_next_group().saturating_add(1);
                Err(Broken { at, reason, bytes: &[] })
            }
            Step::Row(in_batch) => {
                self.row += 1;
                let mut out = self.tape.build();
                let columns = self.batch.as_ref().map(|batch| &batch.columns);
                match columns.map_or(Ok(()), |columns| columns.write(in_batch, &mut out)) {
                    Ok(()) => Ok(out.finish()),
                    Err(reason) => Err(Broken { at, reason, bytes: &[] }),
                }
            }
        };
        Ok(Some(Record { place, content }))
    }
}

/// Looks at a file's end before the `parquet` crate does; says what is wrong with it.
fn check_footer<R: Read + Seek + Send>(source: &Source<R>) -> io::Result<Result<(), String>> {
    let size_bytes = source.size_bytes();
    let end = source.read_at(size_bytes.saturating_sub(END_BYTES as u64), END_BYTES)?;
    let Some(length) = end.strip_suffix(MARK).and_then(|length| <[u8; 4]>::try_from(length).ok()) else {
        return Ok(Err(format!(
            "is cut off or damaged: it should end with PAR1, behind the list of its columns. It has {size_bytes} bytes; \
             fetch it again"
        )));
    };
    let length = u32::from_le_bytes(length);
    let Some(start) = size_bytes.checked_sub(u64::from(length) + END_BYTES as u64) else {
        return Ok(Err(format!(
            "is damaged: it should end with {length} bytes about its columns, and has {size_bytes}"
        )));
    };
    let footer = source.read_at(start, usize::try_from(length).unwrap_or(usize::MAX))?;
    Ok(footer::check(&footer).map_err(|reason| format!("can't be read: {reason}")))
}

/// Keeps a panic of the crate, which damaged files can cause, from ending the program. In a tab a panic ends the worker, and
/// the page says so.
fn contained<T>(work: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err("what is in it contradicts itself".to_owned()),
    }
}
