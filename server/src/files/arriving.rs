//! A file on its way to the disk: under another name until it is whole, so that a file is there in full or not at all.

use std::io::{self, Write as _};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::FileError;
use crate::downloads::checksum::Checksum;
use crate::synced_folder::sync_folder;

/// Bytes that come; what was written is gone if this is dropped before its end.
pub(crate) struct Arriving {
    out: Box<dyn AsyncWrite + Send + Unpin>,
    path: TempPath,
    sha256: Sha256,
    bytes: u64,
    most_bytes: u64,
}

/// A file that is whole, but not under its name yet.
pub(crate) struct Arrived {
    path: TempPath,
    /// Its sum in hexadecimal digits.
    pub(crate) sha256: String,
    /// Its size.
    pub(crate) bytes: u64,
}

impl Arriving {
    /// Begins one in `folder`, which is made where it is not there.
    pub(crate) fn begin(folder: &Path, most_bytes: u64) -> Result<Self, FileError> {
        std::fs::create_dir_all(folder)?;
        let (file, path) = NamedTempFile::new_in(folder)?.into_parts();
        let out = Box::new(tokio::fs::File::from_std(file));
        Ok(Self { out, path, sha256: Sha256::new(), bytes: 0, most_bytes })
    }

    /// Takes the next bytes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.most_bytes {
            return Err(FileError::TooLarge { most_bytes: self.most_bytes });
        }
        self.sha256.update(bytes);
        Ok(self.out.write_all(bytes).await?)
    }

    /// All bytes are there, and on the disk.
    pub(crate) async fn finish(mut self) -> Result<Arrived, FileError> {
        self.out.flush().await?;
        drop(self.out);
        let path = self.path;
        let synced = tokio::task::spawn_blocking(move || -> io::Result<TempPath> {
            std::fs::File::open(&path)?.sync_all()?;
            Ok(path)
        });
        let path = synced.await.map_err(|_| io::Error::other("the thread that writes to the disk died"))??;
        Ok(Arrived { path, sha256: Checksum::from(self.sha256).to_string(), bytes: self.bytes })
    }
}

impl Arrived {
    /// Writes a small file whose bytes are here.
    pub(super) fn write(folder: &Path, bytes: &[u8]) -> Result<Self, FileError> {
        std::fs::create_dir_all(folder)?;
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        let sha256 = Checksum::of_bytes(bytes).to_string();
        Ok(Self { path: file.into_temp_path(), sha256, bytes: bytes.len() as u64 })
    }

    /// Where it is for now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it under its name for good.
    pub(crate) fn keep(self, path: &Path) -> Result<(), FileError> {
        self.path.persist(path).map_err(|error| error.error)?;
        if let Some(folder) = path.parent() {
            sync_folder(folder)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use super::*;

    /// A disk that is full after so many bytes.
    struct FullDisk {
        free_bytes: usize,
    }

    impl AsyncWrite for FullDisk {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.free_bytes);
            self.free_bytes -= taken;
            Poll::Ready(if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) })
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn names_in(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[tokio::test]
    async fn on_a_full_disk_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let mut arriving = Arriving::begin(folder.path(), 1000).unwrap();
        assert_eq!(names_in(folder.path()), 1);
        arriving.out = Box::new(FullDisk { free_bytes: 5 });
        let error = arriving.write(b"more than five").await.unwrap_err();
        assert!(error.to_string().contains("disk"), "{error}");
        let error = crate::error::ApiError::from(error);
        assert_eq!((error.status.as_u16(), error.code.as_deref()), (507, Some("insufficient_storage")));
        drop(arriving);
        assert_eq!(names_in(folder.path()), 0);
    }

    #[tokio::test]
    async fn a_file_has_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut arriving = Arriving::begin(folder.path(), 3).unwrap();
        arriving.write(b"ab").await.unwrap();
        arriving.write(b"c").await.unwrap();
        let arrived = arriving.finish().await.unwrap();
        assert_eq!(arrived.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let path = folder.path().join("file");
        assert!(!path.exists());
        arrived.keep(&path).unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), names_in(folder.path())), (b"abc".to_vec(), 1));
        let mut arriving = Arriving::begin(folder.path(), 3).unwrap();
        assert!(matches!(arriving.write(b"abcd").await, Err(FileError::TooLarge { most_bytes: 3 })));
    }
}
