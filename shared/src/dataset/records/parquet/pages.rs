//! The pages of a row group's columns, unpacked here and not by the `parquet` crate: without C, so that all codecs work in a
//! tab too, and never to more than a page may have.

use std::io::{Read, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::SerializedPageReader;
use ruzstd::decoding::StreamingDecoder;

use super::source::Source;

/// Most bytes of a page once it is unpacked; writers make pages of a MiB.
const MOST_PAGE_BYTES: usize = 256 << 20;

/// Most values that a list column may have in one batch: a few bytes of a file can claim billions of them.
const MOST_LIST_VALUES: u64 = 64 << 20;

/// One row group of a file.
pub(super) struct RowGroup<R> {
    source: Arc<Source<R>>,
    metadata: Arc<ParquetMetaData>,
    index: usize,
    /// Values of list columns since the batch began.
    list_values: Arc<AtomicU64>,
}

impl<R: Read + Seek + Send + 'static> RowGroup<R> {
    /// The group of that number, which must be there. Whoever reads a batch sets `list_values` to 0 before.
    pub(super) fn new(
        source: Arc<Source<R>>,
        metadata: Arc<ParquetMetaData>,
        index: usize,
        list_values: Arc<AtomicU64>,
    ) -> Self {
        Self { source, metadata, index, list_values }
    }

    fn group(&self) -> &RowGroupMetaData {
        self.metadata.row_group(self.index)
    }

    /// Says what is impossible in what the footer claims of the group.
    pub(super) fn check(&self) -> Result<(), String> {
        let group = self.group();
        if group.num_rows() < 0 {
            return Err(format!("it claims to have {} rows", group.num_rows()));
        }
        for column in group.columns() {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let length = column.compressed_size();
            let end = u64::try_from(start).ok().zip(u64::try_from(length).ok()).map(|(start, length)| start + length);
            let size_bytes = self.source.size_bytes();
            if end.is_none_or(|end| end > size_bytes) {
                let name = column.column_path();
                return Err(format!(
                    "its column {name} should have {length} bytes at {start}, and the file has {size_bytes}"
                ));
            }
        }
        Ok(())
    }
}

impl<R: Read + Seek + Send + 'static> RowGroups for RowGroup<R> {
    fn num_rows(&self) -> usize {
        usize::try_from(self.group().num_rows()).unwrap_or(0)
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        let column = self.group().column(column);
        let codec = Codec::new(column.compression())?;
        // So the crate leaves the pages packed.
        let unpacked = column.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        let pages = SerializedPageReader::new(self.source.clone(), &unpacked, self.num_rows(), None)?;
        let is_list = column.column_descr().max_rep_level() > 0;
        let list_values = is_list.then(|| self.list_values.clone());
        Ok(Box::new(OneChunk(Some(Box::new(Pages { pages, codec, list_values })))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.group()))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

struct OneChunk(Option<Box<dyn PageReader>>);

impl Iterator for OneChunk {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageIterator for OneChunk {}

struct Pages<R: Read + Seek + Send + 'static> {
    pages: SerializedPageReader<Source<R>>,
    codec: Codec,
    list_values: Option<Arc<AtomicU64>>,
}

impl<R: Read + Seek + Send + 'static> Pages<R> {
    fn unpack(&self, mut page: Page) -> Result<Page> {
        let values = u64::from(page.num_values());
        match &mut page {
            Page::DataPage { buf, .. } => *buf = self.codec.unpack(buf)?,
            Page::DictionaryPage { buf, .. } => {
                *buf = self.codec.unpack(buf)?;
                if values > buf.len() as u64 {
                    return Err(ParquetError::General(format!(
                        "a dictionary of {} bytes claims to have {values} values",
                        buf.len()
                    )));
                }
            }
            Page::DataPageV2 { buf, is_compressed: true, def_levels_byte_len, rep_levels_byte_len, .. } => {
                // What says where lists and missing values are is never packed.
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                let levels = usize::try_from(levels).unwrap_or(usize::MAX);
                if levels > buf.len() {
                    return Err(ParquetError::General("a page is shorter than it claims".to_owned()));
                }
                if levels < buf.len() {
                    let unpacked = self.codec.unpack(&buf.slice(levels..))?;
                    *buf = [&buf[..levels], &unpacked].concat().into();
                }
            }
            Page::DataPageV2 { .. } => {}
        }
        if let Some(list_values) = &self.list_values
            && page.is_data_page()
            && list_values.fetch_add(values, Ordering::Relaxed) + values > MOST_LIST_VALUES
        {
            return Err(ParquetError::General(format!(
                "lists of a few rows claim to have more than {MOST_LIST_VALUES} values"
            )));
        }
        Ok(page)
    }
}

impl<R: Read + Seek + Send + 'static> Iterator for Pages<R> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl<R: Read + Seek + Send + 'static> PageReader for Pages<R> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        page.map(|page| self.unpack(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

/// How pages are packed.
#[derive(Clone, Copy)]
enum Codec {
    None,
    Snappy,
    Gzip,
    Zstd,
    Lz4,
}

impl Codec {
    fn new(compression: Compression) -> Result<Self> {
        Ok(match compression {
            Compression::UNCOMPRESSED => Self::None,
            Compression::SNAPPY => Self::Snappy,
            Compression::GZIP(_) => Self::Gzip,
            Compression::ZSTD(_) => Self::Zstd,
            Compression::LZ4_RAW => Self::Lz4,
            other => {
                return Err(ParquetError::NYI(format!(
                    "its pages are packed by {other}; Snappy, gzip, Zstandard and LZ4_RAW can be read. Write the file again \
                     with one of these"
                )));
            }
        })
    }

    fn unpack(self, packed: &Bytes) -> Result<Bytes> {
        let damaged = |reason: &dyn std::fmt::Display| ParquetError::General(format!("a page is damaged: {reason}"));
        let too_long = || ParquetError::General(format!("a page has more than {} MiB", MOST_PAGE_BYTES >> 20));
        let limited = |reader: &mut dyn Read| {
            let mut unpacked = Vec::with_capacity(packed.len().saturating_mul(3).min(MOST_PAGE_BYTES));
            let read = reader.take(MOST_PAGE_BYTES as u64 + 1).read_to_end(&mut unpacked);
            read.map_err(|error| damaged(&error))?;
            if unpacked.len() > MOST_PAGE_BYTES { Err(too_long()) } else { Ok(Bytes::from(unpacked)) }
        };
        match self {
            Self::None => Ok(packed.clone()),
            _ if packed.is_empty() => Ok(Bytes::new()),
            Self::Gzip => limited(&mut MultiGzDecoder::new(&packed[..])),
            Self::Zstd => {
                let mut decoder = StreamingDecoder::new(&packed[..]).map_err(|error| damaged(&error))?;
                limited(&mut decoder)
            }
            Self::Snappy => {
                let length = snap::raw::decompress_len(packed).map_err(|error| damaged(&error))?;
                // Three bytes of it stand for 64 at most.
                if length > MOST_PAGE_BYTES || length > packed.len().saturating_mul(64) {
                    return Err(too_long());
                }
                let unpacked = snap::raw::Decoder::new().decompress_vec(packed);
                unpacked.map(Bytes::from).map_err(|error| damaged(&error))
            }
            Self::Lz4 => {
                // How long the page is stands in its header, which is not seen here: a byte stands for 255 at most.
                let mut most = packed.len().saturating_mul(4).max(1 << 10);
                loop {
                    match lz4_flex::block::decompress(packed, most.min(MOST_PAGE_BYTES)) {
                        Ok(unpacked) => return Ok(unpacked.into()),
                        Err(lz4_flex::block::DecompressError::OutputTooSmall { .. }) if most < MOST_PAGE_BYTES => {
                            most = most.saturating_mul(4);
                        }
                        Err(error) => return Err(damaged(&error)),
                    }
                }
            }
        }
    }
}
