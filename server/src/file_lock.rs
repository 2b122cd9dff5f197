//! One process at a time: a lock file beside what is being written, waited for without blocking a thread.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How often a waiting process asks again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Held while it lives; the operating system releases it if the process dies.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits until no other process, and no other task of this one, holds the lock at `path`. `waiting` is called
    /// once if it has to wait. The file stays behind: deleting it would let two processes lock different files.
    ///
    /// # Errors
    /// The lock file can't be created or locked.
    pub(crate) async fn acquire(path: &Path, waiting: impl FnOnce()) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            // Not a blocking lock on a thread of its own: that could not be cancelled and would hold up shutdown.
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_second_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.lock");
        let first = FileLock::acquire(&path, || panic!("nobody to wait for")).await.unwrap();
        let (told, heard) = tokio::sync::oneshot::channel();
        let second = tokio::spawn(async move { FileLock::acquire(&path, || told.send(()).unwrap()).await });
        heard.await.unwrap();
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap().unwrap();
    }
}
