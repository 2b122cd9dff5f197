//! Files that are compressed as a whole: gzip (RFC 1952) and Zstandard (RFC 8878), read and written a piece at a time, so
//! that a small file that unpacks to a huge one takes no more memory than another.

use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::damage::Damage;

/// How much is put into one frame of Zstandard: what a decoder has to keep at most.
const FRAME_BYTES: usize = 8 << 20;

/// A last block of Zstandard with nothing in it, and a checksum, which is not looked at.
const LAST_BLOCK: &[u8] = &[1, 0, 0, 0, 0, 0, 0];

/// How far into a file is looked to find what is in it.
const FIRST_BYTES: u64 = 64 << 10;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// gzip, `.gz`; several one after the other are one file.
    Gzip,
    /// Zstandard, `.zst`; likewise.
    Zstd,
}

impl Compression {
    /// Both, with the bytes that such a file begins with and the endings of its name.
    const ALL: [(Self, &'static [u8], [&'static str; 2]); 2] =
        [(Self::Gzip, b"\x1F\x8B", [".gz", ".gzip"]), (Self::Zstd, b"\x28\xB5\x2F\xFD", [".zst", ".zstd"])];

    /// Finds it by a file's first bytes.
    pub fn find(first_bytes: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, mark, _)| first_bytes.starts_with(mark)).map(|(it, ..)| it)
    }

    /// Finds it by a file's name; gives the name of what is in it too: `rows.csv` of `rows.csv.gz`.
    pub fn of_name(file_name: &str) -> (&str, Option<Self>) {
        let lower = file_name.to_ascii_lowercase();
        for (it, _, endings) in Self::ALL {
            if let Some(ending) = endings.into_iter().find(|ending| lower.ends_with(ending)) {
                return (&file_name[..file_name.len() - ending.len()], Some(it));
            }
        }
        (file_name, None)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The first bytes of what is in a file, as far as its own first bytes go.
    pub(super) fn first_bytes_within(self, first_bytes: &[u8]) -> Vec<u8> {
        let mut within = Vec::new();
        // What can't be read on is read again, and told, when the rows are.
        let _ = self.reader(first_bytes).take(FIRST_BYTES).read_to_end(&mut within);
        within
    }

    /// Reads what is in a file.
    pub(super) fn reader<'a>(self, source: impl Read + Send + 'a) -> Box<dyn Read + Send + 'a> {
        let source = Watched { source, failure: None, is_over: false };
        match self {
            Self::Gzip => Box::new(GzipReader { decoder: MultiGzDecoder::new(source) }),
            Self::Zstd => Box::new(ZstdReader {
                source: BufReader::new(source),
                decoder: FrameDecoder::new(),
                is_in_frame: false,
                cut_off: None,
            }),
        }
    }

    /// Compresses what is written; the same bytes give the same file, without time or name. What is written last comes with
    /// [`CompressedWriter::finish`].
    pub fn writer<W: Write>(self, out: W) -> CompressedWriter<W> {
        CompressedWriter(match self {
            Self::Gzip => Encoder::Gzip(Box::new(GzEncoder::new(out, flate2::Compression::default()))),
            Self::Zstd => Encoder::Zstd { out, frame: Vec::new() },
        })
    }
}

/// Writes a compressed file.
pub struct CompressedWriter<W: Write>(Encoder<W>);

enum Encoder<W: Write> {
    Gzip(Box<GzEncoder<W>>),
    Zstd { out: W, frame: Vec<u8> },
}

impl<W: Write> CompressedWriter<W> {
    /// Writes the end of the file, and gives back what was written to.
    ///
    /// # Errors
    /// It can't be written.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Zstd { mut out, frame } => {
                write_frame(&mut out, &frame)?;
                Ok(out)
            }
        }
    }
}

impl<W: Write> Write for CompressedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Encoder::Gzip(encoder) => encoder.write(bytes),
            Encoder::Zstd { out, frame } => {
                let taken = bytes.len().min(FRAME_BYTES - frame.len());
                frame.extend_from_slice(&bytes[..taken]);
                if frame.len() == FRAME_BYTES {
                    write_frame(out, frame)?;
                    frame.clear();
                }
                Ok(taken)
            }
        }
    }

    /// What is not compressed yet stays so: pieces that are too small take more space.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_frame(out: &mut impl Write, content: &[u8]) -> io::Result<()> {
    out.write_all(&compress_to_vec(content, CompressionLevel::Fastest))
}

/// Keeps why a source could not be read, or that it is over, which decoders mix up with what is wrong in it.
struct Watched<R> {
    source: R,
    failure: Option<io::Error>,
    is_over: bool,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer);
        match &read {
            Ok(0) if !buffer.is_empty() => self.is_over = true,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.failure = Some(io::Error::new(error.kind(), error.to_string()));
            }
            _ => {}
        }
        read
    }
}

impl<R> Watched<R> {
    /// What is meant by an error of a decoder.
    fn meaning(&mut self, compression: Compression, error: &dyn std::fmt::Display) -> io::Error {
        if let Some(failure) = self.failure.take() {
            return failure;
        }
        let (name, good) = (compression.name(), "the rows before that are whole");
        let end = match compression {
            Compression::Gzip => "a checksum and the length of what is in it",
            Compression::Zstd => "a block that says that it is the last",
        };
        Damage::error(if self.is_over {
            format!(
                "the file is cut off: {name} data ends with {end}, and the file ends before; {good}. Fetch or compress it \
                 again"
            )
        } else {
            format!("the file is damaged: its {name} data can't be unpacked on ({error}); {good}. Fetch it again")
        })
    }
}

struct GzipReader<R> {
    decoder: MultiGzDecoder<Watched<R>>,
}

impl<R: Read> Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.decoder.read(buffer) {
            Ok(length) => Ok(length),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(self.decoder.get_mut().meaning(Compression::Gzip, &error)),
        }
    }
}

struct ZstdReader<R> {
    source: BufReader<Watched<R>>,
    decoder: FrameDecoder,
    is_in_frame: bool,
    /// Why the frame is not whole; what of it is there is given first.
    cut_off: Option<io::Error>,
}

impl<R: Read> ZstdReader<R> {
    /// Goes to the next frame that holds something; false at the end of the file.
    fn begin_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.source.by_ref().take(length), &mut io::sink())? < length {
                        return Err(self.meaning(&"a part that is to be skipped is not whole"));
                    }
                }
                Err(error) => return Err(self.meaning(&error)),
            }
        }
        Ok(false)
    }

    /// Ends a frame that is cut off, so that the decoder gives what it still holds back for what might refer to it.
    fn end_frame(&mut self, error: &dyn std::fmt::Display) -> io::Result<()> {
        let is_over = self.source.get_ref().is_over;
        let meaning = self.meaning(error);
        if !is_over || self.decoder.decode_blocks(LAST_BLOCK, BlockDecodingStrategy::UptoBlocks(1)).is_err() {
            return Err(meaning);
        }
        self.cut_off = Some(meaning);
        Ok(())
    }

    fn meaning(&mut self, error: &dyn std::fmt::Display) -> io::Error {
        self.source.get_mut().meaning(Compression::Zstd, error)
    }
}

impl<R: Read> Read for ZstdReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_in_frame {
                if buffer.is_empty() || !self.begin_frame()? {
                    return Ok(0);
                }
                self.is_in_frame = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                if let Err(error) = self.decoder.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1)) {
                    self.end_frame(&error)?;
                }
            }
            let length = self.decoder.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            if let Some(error) = self.cut_off.take() {
                return Err(error);
            }
            let expected = self.decoder.get_checksum_from_data();
            if expected.is_some() && expected != self.decoder.get_calculated_checksum() {
                return Err(self.meaning(&"its checksum is another"));
            }
            self.is_in_frame = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::{Broken, Container, FileKind};
    use super::*;
    use crate::dataset::documents::Chunking;

    const ROWS: &str = "{\"a\": 1}\n{\"a\": 2}\n{\"a\": \"three\"}\n";

    fn packed(compression: Compression, content: &[u8]) -> Vec<u8> {
        let mut writer = compression.writer(Vec::new());
        writer.write_all(content).unwrap();
        writer.finish().unwrap()
    }

    fn rows(name: &str, file: Vec<u8>) -> Vec<String> {
        let kind = FileKind::find(name, &file[..file.len().min(64 << 10)]).unwrap();
        let mut records = kind.read(Cursor::new(file), name, Chunking::USUAL).unwrap();
        let mut rows = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            rows.push(match record.content {
                Ok(value) => format!("{} {value}", record.place),
                Err(Broken { at, reason, .. }) => format!("{at}: {reason}"),
            });
        }
        rows
    }

    #[test]
    fn what_is_compressed_is_read_also_in_several_parts() {
        let expected = ["line 1 {\"a\":1}", "line 2 {\"a\":2}", "line 3 {\"a\":\"three\"}"];
        // What a player of such files may skip, as `pzstd` writes it.
        let skipped = b"\x50\x2A\x4D\x18\x04\x00\x00\x00abcd";
        for compression in [Compression::Gzip, Compression::Zstd] {
            assert_eq!(rows("a", packed(compression, ROWS.as_bytes())), expected);
            let (first, second) = ROWS.as_bytes().split_at(12);
            let mut parts = packed(compression, first);
            if compression == Compression::Zstd {
                parts.extend(skipped);
            }
            parts.extend(packed(compression, second));
            assert_eq!(rows("a.jsonl.gz", parts), expected);
            assert_eq!(packed(compression, ROWS.as_bytes()), packed(compression, ROWS.as_bytes()));
        }
        let table = packed(Compression::Gzip, b"a\n1\n");
        assert_eq!(rows("rows.csv.gz", table.clone()), ["line 2 {\"a\":\"1\"}"]);
        assert!(FileKind::find("rows.gz", &table).is_err(), "nothing says that it is a table");
    }

    #[test]
    fn what_other_programs_compress_is_read() {
        // `gzip -n9` and `zstd -19 --check` wrote these.
        let gzip = b"\x1F\x8B\x08\x00\x00\x00\x00\x00\x02\x03\xAB\x56\x4A\x54\xB2\x52\x30\xAC\xE5\xAA\x06\x33\x8C\x60\
             \x0C\xA5\x92\x8C\xA2\xD4\x54\xA5\x5A\x2E\x00\x17\x14\x3F\x5C\x21\x00\x00\x00";
        let zstd = b"\x28\xB5\x2F\xFD\x24\x21\xDD\x00\x00\x98\x7B\x22\x61\x22\x3A\x20\x31\x7D\x0A\x32\x22\x74\x68\x72\
             \x65\x65\x22\x7D\x0A\x02\x00\x80\x08\x0E\xE5\x08\x30\x1F\x63\xFA";
        for file in [gzip.to_vec(), zstd.to_vec()] {
            assert_eq!(rows("a", file), ["line 1 {\"a\":1}", "line 2 {\"a\":2}", "line 3 {\"a\":\"three\"}"]);
        }
        let mut damaged = zstd.to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(rows("a", damaged).last().unwrap().contains("its checksum is another"));
    }

    #[test]
    fn whole_rows_of_a_file_that_is_cut_off_or_damaged_are_kept() {
        let many: String = (0..20_000_u64).map(|it| format!("{{\"a\": {}}}\n", it * it * 7919)).collect();
        for compression in [Compression::Gzip, Compression::Zstd] {
            let whole = packed(compression, many.as_bytes());
            let cut = rows("a.jsonl.gz", whole[..whole.len() / 2].to_vec());
            let (last, good) = cut.split_last().unwrap();
            assert!(last.contains("the file is cut off: ") && last.contains("ends with a"), "{last}");
            assert!(last.starts_with(&format!("line {}: ", cut.len())), "{last}");
            assert!(good.len() > 100 && good.iter().all(|row| row.contains("{\"a\":")), "{}", good.len());
            let mut damaged = whole.clone();
            let middle = whole.len() / 2;
            damaged[middle..middle + 40].fill(0xFF);
            let damaged = rows("a.jsonl.gz", damaged);
            assert!(damaged.last().unwrap().contains("the file is damaged: "), "{:?}", damaged.last());
            let mut checksum = whole.clone();
            let last = checksum.len() - 5;
            checksum[last] ^= 1;
            if compression == Compression::Gzip {
                assert!(rows("a.jsonl.gz", checksum).last().unwrap().contains("the file is damaged: "));
            }
        }
    }

    #[test]
    fn a_bomb_is_unpacked_piece_by_piece() {
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"{").unwrap();
        io::copy(&mut io::repeat(b' ').take(200 << 20), &mut gzip).unwrap();
        let file = gzip.finish().unwrap();
        assert!(file.len() < 1 << 20);
        let [row] = &rows("a.jsonl.gz", file)[..] else { panic!("one line") };
        assert!(row.starts_with("line 1: the line has 209715201 bytes"), "{row}");
        // A frame that asks for a window of 3.75 TiB.
        let window = b"\x28\xB5\x2F\xFD\x00\xFF\x01\x00\x00";
        let mut records = Container::JsonLines.read(Compression::Zstd.reader(&window[..])).unwrap();
        let error = records.next_record().map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("can't be unpacked"), "{error}");
    }

    /// A recipe gives the same bytes everywhere: so no other part of the program may bring another compressor in.
    #[test]
    fn what_is_packed_has_the_same_bytes_everywhere() {
        let text: String = (0..2000).map(|row| format!("{{\"text\":\"row {row} of {}\"}}\n", row * row)).collect();
        let hash = |compression: Compression| {
            let mut packed = compression.writer(Vec::new());
            packed.write_all(text.as_bytes()).unwrap();
            xxhash_rust::xxh3::xxh3_64(&packed.finish().unwrap())
        };
        expect_test::expect!["9351d7d0d3587e19 7220a9696022352f"].assert_eq(&format!(
            "{:x} {:x}",
            hash(Compression::Gzip),
            hash(Compression::Zstd)
        ));
    }
}
