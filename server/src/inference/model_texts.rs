//! Tokenizers and chat templates by file, the last few of them: a header takes a moment to read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use engine::ModelText;
use shared::model_call::ModelCallError;

const MOST_KEPT: usize = 4;

/// The text sides of the models last asked about.
#[derive(Default)]
pub(super) struct ModelTexts {
    /// Most recently used last.
    kept: Mutex<Vec<(PathBuf, Arc<ModelText>)>>,
}

impl ModelTexts {
    /// The text side of the model at `path`, by `read` where it isn't at hand.
    pub(super) fn get(
        &self,
        path: &Path,
        read: impl FnOnce() -> Result<ModelText, ModelCallError>,
    ) -> Result<Arc<ModelText>, ModelCallError> {
        if let Some(found) = self.take(path) {
            return Ok(self.keep(path, found));
        }
        // Not under the lock: others need not wait for the disk. Two may read the same header; that does no harm.
        let text = Arc::new(read()?);
        Ok(self.keep(path, text))
    }

    /// Forgets the file at `path`.
    pub(super) fn forget(&self, path: &Path) {
        self.take(path);
    }

    fn take(&self, path: &Path) -> Option<Arc<ModelText>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let index = kept.iter().position(|(known, _)| known == path)?;
        Some(kept.remove(index).1)
    }

    fn keep(&self, path: &Path, text: Arc<ModelText>) -> Arc<ModelText> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| known != path);
        if kept.len() >= MOST_KEPT {
            kept.remove(0);
        }
        kept.push((path.to_owned(), Arc::clone(&text)));
        text
    }
}
