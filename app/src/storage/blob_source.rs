//! A `File` or `Blob` as the engine wants it; needs no lock, so two tabs can read one file in every browser.

use std::io;

use engine::source::ReadAt;

use crate::browser::errors::describe;

/// Reads slices of a blob synchronously; works in a worker only.
pub struct BlobSource {
    blob: web_sys::Blob,
    reader: web_sys::FileReaderSync,
}

impl BlobSource {
    /// Reads from `blob`.
    ///
    /// # Errors
    /// Outside a worker.
    pub fn new(blob: web_sys::Blob) -> Result<Self, String> {
        let reader = web_sys::FileReaderSync::new().map_err(|exception| describe(&exception))?;
        Ok(Self { blob, reader })
    }
}

impl ReadAt for BlobSource {
    fn size_bytes(&self) -> u64 {
        self.blob.size() as u64
    }

    fn read_exact_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end_bytes = offset_bytes + buffer.len() as u64;
        if end_bytes > self.size_bytes() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let bytes = self
            .blob
            .slice_with_f64_and_f64(offset_bytes as f64, end_bytes as f64)
            .and_then(|slice| self.reader.read_as_array_buffer(&slice))
            .map_err(|exception| io::Error::other(describe(&exception)))?;
        let bytes = js_sys::Uint8Array::new(&bytes);
        if bytes.length() as usize != buffer.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.copy_to(buffer);
        Ok(())
    }
}
