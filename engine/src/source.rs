//! Where a model file's bytes come from: a file, OPFS, or memory; read in pieces, never as a whole.

use std::io;

/// A file that can be read at any offset.
pub trait ReadAt {
    /// Its length.
    fn size_bytes(&self) -> u64;

    /// Fills `buffer` from `offset_bytes`.
    ///
    /// # Errors
    /// What the system says, `UnexpectedEof` past the end.
    fn read_exact_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// The whole file as memory, where the system maps it: weights then need no copy.
    #[cfg(not(target_arch = "wasm32"))]
    fn mapped(&self) -> Option<std::sync::Arc<memmap2::Mmap>> {
        None
    }
}

impl ReadAt for Vec<u8> {
    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }

    fn read_exact_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = usize::try_from(offset_bytes)
            .ok()
            .and_then(|start| self.get(start..start.checked_add(buffer.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

/// A file on disk, mapped into memory.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug)]
pub struct FileSource {
    map: std::sync::Arc<memmap2::Mmap>,
}

#[cfg(not(target_arch = "wasm32"))]
impl FileSource {
    /// Maps the file at `path`.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &std::path::Path) -> io::Result<Self> {
        let file = std::fs::File::open(path)?;
        #[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
        // SAFETY: the companion's model files are written under another name and renamed when complete, so nobody
        // changes them in place; a file of the user's own that is cut short while in use can end the process, as in
        // every engine that maps its weights.
        let map = unsafe { memmap2::Mmap::map(&file)? };
        Ok(Self { map: std::sync::Arc::new(map) })
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl ReadAt for FileSource {
    fn size_bytes(&self) -> u64 {
        self.map.len() as u64
    }

    fn read_exact_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = usize::try_from(offset_bytes)
            .ok()
            .and_then(|start| self.map.get(start..start.checked_add(buffer.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn mapped(&self) -> Option<std::sync::Arc<memmap2::Mmap>> {
        Some(self.map.clone())
    }
}
