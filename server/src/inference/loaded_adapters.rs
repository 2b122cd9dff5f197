//! The adapters beside one model in memory: read on first use, and again where their files have changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use engine::adapter::LoraAdapter;
use engine::adapter::peft::{CONFIG_FILE_NAME, WEIGHTS_FILE_NAME};
use engine::gguf::GgufFile;
use engine::models::Hyperparameters;
use engine::source::FileSource;
use engine::{EngineError, Model};
use shared::model_call::ModelCallError;

/// How many are kept beside a model: small ones, but those of large models count.
const MOST_KEPT: usize = 8;

/// The adapters beside one model.
#[derive(Default)]
pub(super) struct LoadedAdapters {
    /// Most recently used last.
    kept: Vec<(PathBuf, Option<Version>)>,
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    modified: SystemTime,
    size_bytes: u64,
}

impl LoadedAdapters {
    /// Makes `model`, whose file is `base`, compute with the adapter at `path`, or with none. Adapters whose files are gone
    /// or have changed are let go.
    ///
    /// # Errors
    /// The adapter can't be read, or is one for another model; the model then computes with none.
    pub(super) fn choose(&mut self, model: &mut Model, base: &Path, path: Option<&Path>) -> Result<(), ModelCallError> {
        let name = |path: &Path| path.to_string_lossy().into_owned();
        self.kept.retain(|(path, version)| {
            let is_current = version.is_some() && *version == Version::of(path);
            if !is_current {
                model.remove_adapter(&name(path));
            }
            is_current
        });
        let Some(path) = path else { return Ok(model.use_adapter(None)?) };
        match self.kept.iter().position(|(kept, _)| kept == path) {
            Some(index) => {
                let used = self.kept.remove(index);
                self.kept.push(used);
            }
            None => {
                model.use_adapter(None)?;
                // Before it is read: a file that changes meanwhile is read again.
                let version = Version::of(path);
                let adapter = read(path, base)?;
                if self.kept.len() >= MOST_KEPT {
                    model.remove_adapter(&name(&self.kept.remove(0).0));
                }
                pollster::block_on(model.load_adapter(&name(path), &adapter))?;
                tracing::info!(adapter = %path.display(), "loaded");
                self.kept.push((path.to_owned(), version));
            }
        }
        Ok(model.use_adapter(Some(&name(path)))?)
    }
}

impl Version {
    /// That of an adapter; `None` where it is not there.
    fn of(path: &Path) -> Option<Self> {
        let file = if path.is_dir() { path.join(WEIGHTS_FILE_NAME) } else { path.to_owned() };
        let metadata = std::fs::metadata(file).ok()?;
        Some(Self { modified: metadata.modified().ok()?, size_bytes: metadata.len() })
    }
}

/// Reads an adapter for the model in the file `base`: a GGUF file, or a folder as PEFT writes it.
fn read(path: &Path, base: &Path) -> Result<LoraAdapter, ModelCallError> {
    let refused = |reason: String| ModelCallError::unavailable(format!("the adapter {}: {reason}", path.display()));
    if !path.is_dir() {
        let bytes = std::fs::read(path).map_err(|error| refused(format!("it can't be read: {error}")))?;
        return LoraAdapter::from_gguf(&bytes).map_err(|error| refused(error.to_string()));
    }
    let file = |name: &str| {
        std::fs::read(path.join(name)).map_err(|error| refused(format!("its {name} can't be read: {error}")))
    };
    let config = String::from_utf8(file(CONFIG_FILE_NAME)?)
        .map_err(|_| refused(format!("its {CONFIG_FILE_NAME} is no text in UTF-8")))?;
    let weights = file(WEIGHTS_FILE_NAME)?;
    let source = FileSource::open(base)
        .map_err(|error| refused(format!("its model's file {} can't be opened: {error}", base.display())))?;
    let sizes = GgufFile::read(&source).and_then(|file| Hyperparameters::read(&file));
    let sizes = sizes.map_err(|error: EngineError| refused(error.to_string()))?;
    LoraAdapter::from_peft(&config, &weights, &sizes).map_err(|error| refused(error.to_string()))
}
