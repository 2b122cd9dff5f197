//! Reads little-endian values one after another through a window over the file.

use crate::error::EngineError;
use crate::source::ReadAt;

const WINDOW_BYTES: usize = 256 << 10;

/// A forward reader that fetches the file a window at a time.
pub struct Cursor<'a> {
    source: &'a dyn ReadAt,
    window: Vec<u8>,
    window_offset_bytes: u64,
    position_in_window: usize,
}

impl<'a> Cursor<'a> {
    /// A reader at the start of `source`.
    pub fn new(source: &'a dyn ReadAt) -> Self {
        Self { source, window: Vec::new(), window_offset_bytes: 0, position_in_window: 0 }
    }

    /// How far into the file the next read begins.
    pub fn offset_bytes(&self) -> u64 {
        self.window_offset_bytes + self.position_in_window as u64
    }

    /// The next `length` bytes. `what` names them in the error at the end of the file.
    ///
    /// # Errors
    /// The file ends first, or can't be read.
    pub fn take(&mut self, length: u64, what: &str) -> Result<&[u8], EngineError> {
        let offset_bytes = self.offset_bytes();
        let remaining = self.source.size_bytes().saturating_sub(offset_bytes);
        if length > remaining {
            return Err(EngineError::Malformed(format!(
                "it ends at byte {}, inside {what} ({length} bytes at offset {offset_bytes})",
                self.source.size_bytes()
            )));
        }
        let length = length as usize;
        if self.window.len() - self.position_in_window < length {
            let window_bytes = (remaining as usize).min(length.max(WINDOW_BYTES));
            self.window.resize(window_bytes, 0);
            self.source.read_exact_at(offset_bytes, &mut self.window).map_err(|cause| EngineError::Read {
                offset_bytes,
                wanted_bytes: window_bytes as u64,
                cause,
            })?;
            self.window_offset_bytes = offset_bytes;
            self.position_in_window = 0;
        }
        let start = self.position_in_window;
        self.position_in_window += length;
        Ok(&self.window[start..start + length])
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// As [`Cursor::take`].
    pub fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], EngineError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N as u64, what)?);
        Ok(bytes)
    }

    /// The next 32-bit number.
    ///
    /// # Errors
    /// As [`Cursor::take`].
    pub fn u32(&mut self, what: &str) -> Result<u32, EngineError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// The next 64-bit number.
    ///
    /// # Errors
    /// As [`Cursor::take`].
    pub fn u64(&mut self, what: &str) -> Result<u64, EngineError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// The next 64-bit number, which must be at most `limit`.
    ///
    /// # Errors
    /// As [`Cursor::take`], or the number is larger.
    pub fn count(&mut self, limit: u64, what: &str) -> Result<u64, EngineError> {
        let count = self.u64(what)?;
        if count > limit {
            return Err(EngineError::Malformed(format!("{what} is {count}; at most {limit} is accepted")));
        }
        Ok(count)
    }

    /// The next length-prefixed UTF-8 string of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Cursor::count`], or it is not UTF-8.
    pub fn string(&mut self, limit: u64, what: &str) -> Result<&str, EngineError> {
        let length = self.count(limit, what)?;
        let offset_bytes = self.offset_bytes();
        std::str::from_utf8(self.take(length, what)?)
            .map_err(|_| EngineError::Malformed(format!("{what} at offset {offset_bytes} is not UTF-8 text")))
    }
}
