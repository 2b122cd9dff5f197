//! A `File` or `Blob` as the engine wants it; needs no lock, so two tabs can read one file in every browser.

use std::io;

use engine::source::ReadAt;
use wasm_bindgen::JsValue;

use crate::browser::errors::describe;

/// Reads slices of a blob synchronously; works in a worker only.
pub struct BlobSource {
    blob: web_sys::Blob,
    reader: web_sys::FileReaderSync,
    /// The other end is closed: what is handed over to it is freed at once. Buffers that wait for the garbage collector
    /// take half a gigabyte while a large file is read.
    away: web_sys::MessagePort,
}

impl BlobSource {
    /// Reads from `blob`.
    ///
    /// # Errors
    /// Outside a worker.
    pub fn new(blob: web_sys::Blob) -> Result<Self, String> {
        let reader = web_sys::FileReaderSync::new().map_err(|exception| describe(&exception))?;
        let channel = web_sys::MessageChannel::new().map_err(|exception| describe(&exception))?;
        channel.port2().close();
        Ok(Self { blob, reader, away: channel.port1() })
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
        let read = self
            .blob
            .slice_with_f64_and_f64(offset_bytes as f64, end_bytes as f64)
            .and_then(|slice| self.reader.read_as_array_buffer(&slice))
            .map_err(|exception| io::Error::other(describe(&exception)))?;
        let bytes = js_sys::Uint8Array::new(&read);
        let is_whole = bytes.length() as usize == buffer.len();
        if is_whole {
            bytes.copy_to(buffer);
        }
        // Where that fails, the garbage collector does it.
        let _ = self.away.post_message_with_transferable(&JsValue::NULL, &js_sys::Array::of1(&read));
        if is_whole { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}
