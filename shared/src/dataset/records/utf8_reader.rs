//! Texts as UTF-8, whatever they are written in: UTF-16 is told by its byte order mark.

use std::io::{self, Read};

/// How much of UTF-16 is decoded at a time, in bytes.
const CHUNK_BYTES: usize = 64 << 10;

/// UTF-16, as its byte order mark says.
#[derive(Clone, Copy)]
enum Utf16 {
    LittleEndian,
    BigEndian,
}

/// Gives a text as UTF-8: one in UTF-16 is decoded, without its mark and with U+FFFD for halves of characters; all else is
/// given as it is.
pub(in crate::dataset) struct Utf8Reader<R> {
    source: R,
    state: State,
}

enum State {
    /// The mark is not read yet, but for a byte perhaps.
    Beginning(Vec<u8>),
    /// Bytes that are given as they are: the first, and all that follow.
    AsItIs(io::Cursor<Vec<u8>>),
    Wide {
        encoding: Utf16,
        /// What is not decoded yet.
        bytes: Vec<u8>,
        /// What is not given yet.
        text: io::Cursor<String>,
    },
}

impl Utf16 {
    fn find(first_bytes: &[u8]) -> Option<Self> {
        match first_bytes {
            [0xFF, 0xFE, ..] => Some(Self::LittleEndian),
            [0xFE, 0xFF, ..] => Some(Self::BigEndian),
            _ => None,
        }
    }

    /// Takes what is whole from the beginning of `bytes`, or all at the end of the text.
    fn take(self, bytes: &mut Vec<u8>, is_over: bool) -> String {
        let unit = |pair: &[u8; 2]| match self {
            Self::LittleEndian => u16::from_le_bytes(*pair),
            Self::BigEndian => u16::from_be_bytes(*pair),
        };
        let (pairs, rest) = bytes.as_chunks::<2>();
        let ends_in_character = pairs.last().is_some_and(|pair| (0xD800..0xDC00).contains(&unit(pair)));
        let pairs = &pairs[..pairs.len() - usize::from(ends_in_character && !is_over)];
        let characters = char::decode_utf16(pairs.iter().map(unit));
        let mut text: String = characters.map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        if is_over && !rest.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        let taken = if is_over { bytes.len() } else { pairs.len() * 2 };
        bytes.drain(..taken);
        text
    }
}

impl<R: Read> Utf8Reader<R> {
    pub(in crate::dataset) fn new(source: R) -> Self {
        Self { source, state: State::Beginning(Vec::new()) }
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.state {
                State::AsItIs(first) => match first.read(buffer)? {
                    0 => return self.source.read(buffer),
                    read => return Ok(read),
                },
                State::Beginning(first) => {
                    let mut byte = [0];
                    let read = self.source.read(&mut byte)?;
                    first.extend_from_slice(&byte[..read]);
                    if read == 0 || first.len() == 2 {
                        let first = std::mem::take(first);
                        self.state = match Utf16::find(&first) {
                            None => State::AsItIs(io::Cursor::new(first)),
                            Some(encoding) => State::Wide { encoding, bytes: Vec::new(), text: io::Cursor::default() },
                        };
                    }
                }
                State::Wide { encoding, bytes, text } => {
                    let read = text.read(buffer)?;
                    if read > 0 || buffer.is_empty() {
                        return Ok(read);
                    }
                    let there = bytes.len();
                    bytes.resize(there + CHUNK_BYTES, 0);
                    let read = self.source.read(&mut bytes[there..]);
                    bytes.truncate(there + *read.as_ref().unwrap_or(&0));
                    let is_over = read? == 0;
                    *text = io::Cursor::new(encoding.take(bytes, is_over));
                    if is_over && text.get_ref().is_empty() {
                        return Ok(0);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_decoded_however_it_comes_and_all_else_is_given_as_it_is() {
        let text = "é😀\n{\"a\"}".repeat(20_000);
        let units: Vec<u16> = std::iter::once(0xFEFF).chain(text.encode_utf16()).collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let read = |bytes: &[u8], at_a_time: u64| {
            let (mut reader, mut out) = (Utf8Reader::new(bytes), Vec::new());
            while reader.by_ref().take(at_a_time).read_to_end(&mut out).unwrap() > 0 {}
            out
        };
        for wide in [little, big] {
            assert_eq!(read(&wide, 3), text.as_bytes());
            let cut = [&wide[..], &[0xD8]].concat();
            assert_eq!(read(&cut, 1000), format!("{text}\u{fffd}").as_bytes());
        }
        assert_eq!(read(b"\xFF\xFEa\0\x3D\xD8", 9), "a\u{fffd}".as_bytes());
        for plain in [&b""[..], b"a", b"\xFF", b"\xFF\xFF\xFE", "\u{feff}a".as_bytes()] {
            assert_eq!(read(plain, 9), plain);
        }
    }
}
