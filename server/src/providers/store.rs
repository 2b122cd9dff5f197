//! The providers that are kept, one file each, which nobody but the person's own programs can read.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use shared::api::providers::{ProviderChange, is_provider_name};

use super::api_key::ApiKey;
use super::base_url::BaseUrl;
use super::error::ProviderError;
use super::provider::{Provider, checked_models, checked_name};
use crate::database::now_unix_s;
use crate::file_lock::FileLock;
use crate::random;
use crate::synced_folder::sync_folder;

/// The folder in the data folder.
const FOLDER: &str = "providers";

/// The end of files that are not written yet.
const PART_ENDING: &str = ".part";

/// The providers that are kept. Files are read and written on a thread that may wait; whoever changes one holds the lock,
/// so that another tab or command neither brings an old key back nor loses a change.
#[derive(Clone, Debug)]
pub struct ProviderStore {
    folder: PathBuf,
}

impl ProviderStore {
    /// Those in a data folder.
    pub fn new(data_dir: &Path) -> Self {
        Self { folder: data_dir.join(FOLDER) }
    }

    /// All of them, by name. What can't be read is told in the log, and does not keep the others away.
    ///
    /// # Errors
    /// The folder can't be read.
    pub async fn all(&self) -> Result<Vec<Provider>, ProviderError> {
        self.blocking(Self::read_all).await
    }

    /// The provider of that name, if there is one.
    ///
    /// # Errors
    /// Its file can't be used.
    pub async fn find(&self, name: &str) -> Result<Option<Provider>, ProviderError> {
        let name = name.to_owned();
        self.blocking(move |store| store.read(&name)).await
    }

    /// The provider of that name.
    ///
    /// # Errors
    /// There is none, or its file can't be used.
    pub async fn get(&self, name: &str) -> Result<Provider, ProviderError> {
        self.find(name).await?.ok_or_else(|| ProviderError::Unknown(name.to_owned()))
    }

    /// Adds a provider, or makes it another one. A key that is there goes to no other address than it was given for.
    ///
    /// # Errors
    /// Something of it can't be used, or the file can't be written; then everything is as it was.
    pub async fn change(&self, name: &str, change: ProviderChange) -> Result<Provider, ProviderError> {
        let name = checked_name(name)?.to_owned();
        self.locked(move |store| store.write_changed(name, change)).await
    }

    /// Forgets a provider and its key.
    ///
    /// # Errors
    /// There is none, or its file can't be deleted.
    pub async fn remove(&self, name: &str) -> Result<(), ProviderError> {
        let name = checked_name(name)?.to_owned();
        self.locked(move |store| store.delete(&name)).await
    }

    /// Does work that waits for a disk.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, ProviderError> + Send + 'static,
    ) -> Result<T, ProviderError> {
        let store = self.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// The same while nobody else changes a provider, also where the caller does not wait for its end.
    async fn locked<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, ProviderError> + Send + 'static,
    ) -> Result<T, ProviderError> {
        self.blocking(|store| {
            create_private_folder(&store.folder).map_err(ProviderError::file("creating the folder", &store.folder))
        })
        .await?;
        let path = self.folder.with_extension("lock");
        let lock = FileLock::acquire(&path, || {}).await.map_err(ProviderError::file("locking", &path))?;
        self.blocking(move |store| {
            let _lock = lock;
            work(store)
        })
        .await
    }

    fn read_all(&self) -> Result<Vec<Provider>, ProviderError> {
        let reading = |error| ProviderError::file("reading the folder", &self.folder)(error);
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(reading(error)),
        };
        let mut names = Vec::new();
        for file in files {
            let file_name = file.map_err(reading)?.file_name();
            let name = file_name.to_str().and_then(|name| name.strip_suffix(".json"));
            names.extend(name.filter(|name| is_provider_name(name)).map(str::to_owned));
        }
        names.sort();
        let mut providers = Vec::new();
        for name in names {
            match self.read(&name) {
                Ok(provider) => providers.extend(provider),
                Err(error) => tracing::warn!(%error, "a provider can't be used"),
            }
        }
        Ok(providers)
    }

    fn read(&self, name: &str) -> Result<Option<Provider>, ProviderError> {
        if !is_provider_name(name) {
            return Ok(None);
        }
        let path = self.path(name);
        let json = match fs::read_to_string(&path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ProviderError::file("reading", &path)(error)),
        };
        Provider::from_json(name, &json).map(Some).map_err(|reason| ProviderError::Damaged { path, reason })
    }

    fn write_changed(&self, name: String, change: ProviderChange) -> Result<Provider, ProviderError> {
        let base_url = BaseUrl::parse(&change.base_url)?;
        let models = checked_models(change.models)?;
        let key = match &change.key {
            Some(text) => ApiKey::parse(text)?,
            None => match self.read(&name)? {
                Some(Provider { key: Some(_), base_url: old, .. }) if old != base_url => {
                    return Err(ProviderError::KeyIsForAnotherAddress { name });
                }
                kept => kept.and_then(|kept| kept.key),
            },
        };
        let provider = Provider { name, base_url, key, models, changed_at_unix_s: now_unix_s() };
        self.write(&provider)?;
        Ok(provider)
    }

    fn delete(&self, name: &str) -> Result<(), ProviderError> {
        for part in self.parts(name)? {
            fs::remove_file(&part).map_err(ProviderError::file("deleting", &part))?;
        }
        // Also a file that can't be read: removing it is what its error advises.
        let path = self.path(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ProviderError::Unknown(name.to_owned())),
            Err(error) => Err(ProviderError::file("deleting", &path)(error)),
        }
    }

    /// What programs left behind that ended while they wrote; it holds the key. Nobody writes now.
    fn parts(&self, name: &str) -> Result<Vec<PathBuf>, ProviderError> {
        let reading = |error| ProviderError::file("reading the folder", &self.folder)(error);
        let beginning = format!(".{name}-");
        let mut parts = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(reading)? {
            let file = file.map_err(reading)?;
            let file_name = file.file_name();
            let middle = file_name
                .to_str()
                .and_then(|text| text.strip_prefix(&beginning))
                .and_then(|text| text.strip_suffix(PART_ENDING));
            // The part of another name that begins like this one has one more hyphen.
            if middle.is_some_and(|random| !random.contains('-')) {
                parts.push(file.path());
            }
        }
        Ok(parts)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    /// Writes a file that is whole or as it was.
    fn write(&self, provider: &Provider) -> Result<(), ProviderError> {
        let part = self.folder.join(format!(".{}{PART_ENDING}", random::identifier(&provider.name)));
        let path = self.path(&provider.name);
        let written = write_private(&part, provider.to_json().as_bytes()).and_then(|()| fs::rename(&part, &path));
        if written.is_err() {
            // It holds a key; where it was never created there is nothing to remove.
            let _ = fs::remove_file(&part);
        }
        written.and_then(|()| sync_folder(&self.folder)).map_err(ProviderError::file("writing", &path))
    }
}

fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700).create(folder)?;
        // One that was there may be open to others.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
    }
    #[cfg(not(unix))]
    builder.create(folder)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(base_url: &str, key: Option<&str>) -> ProviderChange {
        ProviderChange { base_url: base_url.to_owned(), key: key.map(str::to_owned), models: vec!["m".to_owned()] }
    }

    fn store() -> (tempfile::TempDir, ProviderStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = ProviderStore::new(folder.path());
        (folder, store)
    }

    #[tokio::test]
    async fn providers_are_kept_by_name_until_they_are_removed() {
        let (folder, store) = store();
        assert_eq!(store.all().await.unwrap(), []);
        let vllm = store.change("vllm", change("http://127.0.0.1:8000/v1/", None)).await.unwrap();
        let openai = store.change("openai", change("https://api.openai.com/v1", Some("sk-secret"))).await.unwrap();
        std::fs::write(folder.path().join("providers/broken.json"), "{").unwrap();
        assert_eq!(store.all().await.unwrap(), [openai.clone(), vllm]);
        assert_eq!(store.get("openai").await.unwrap(), openai);
        store.remove("openai").await.unwrap();
        store.remove("broken").await.unwrap();
        assert!(matches!(store.remove("openai").await, Err(ProviderError::Unknown(_))));
        assert!(matches!(store.get("openai").await, Err(ProviderError::Unknown(_))));
        assert_eq!(store.all().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_was_never_finished_is_removed_with_its_provider() {
        let (folder, store) = store();
        for name in ["a", "a-b"] {
            store.change(name, change("https://a.example/v1", Some("k"))).await.unwrap();
            let part = format!("providers/.{}.part", random::identifier(name));
            fs::write(folder.path().join(part), "sk-secret").unwrap();
        }
        store.remove("a").await.unwrap();
        let mut left: Vec<_> =
            fs::read_dir(&store.folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert!(matches!(&left[..], [part, file] if part.starts_with(".a-b-") && file == "a-b.json"), "{left:?}");
    }

    #[tokio::test]
    async fn a_change_waits_for_another_programs() {
        let (_folder, store) = store();
        store.change("p", change("https://a.example/v1", Some("k"))).await.unwrap();
        let lock = FileLock::acquire(&store.folder.with_extension("lock"), || {}).await.unwrap();
        let (other, mut waiting) = (store.clone(), Box::pin(store.remove("p")));
        assert!(futures::poll!(&mut waiting).is_pending());
        let waited = tokio::time::timeout(std::time::Duration::from_millis(300), &mut waiting).await;
        assert!(waited.is_err() && other.find("p").await.unwrap().is_some(), "it was not waited for");
        drop(lock);
        waiting.await.unwrap();
        assert_eq!(other.find("p").await.unwrap(), None);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nobody_else_can_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, store) = store();
        let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
        fs::create_dir(folder.path().join("providers")).unwrap();
        fs::set_permissions(folder.path().join("providers"), fs::Permissions::from_mode(0o755)).unwrap();
        for key in ["first", "second"] {
            store.change("openai", change("https://api.openai.com/v1", Some(key))).await.unwrap();
            assert_eq!((mode("providers"), mode("providers/openai.json")), (0o700, 0o600));
        }
        assert_eq!(fs::read_dir(folder.path().join("providers")).unwrap().count(), 1, "no part is left");
    }

    #[tokio::test]
    async fn a_key_is_for_the_address_that_it_was_given_for() {
        let (_folder, store) = store();
        let has_key = async |change| store.change("p", change).await.map(|provider| provider.key.is_some());
        assert!(has_key(change("https://a.example/v1", Some("k"))).await.unwrap());
        assert!(has_key(change("https://A.example:443/v1/", None)).await.unwrap(), "the same address");
        for other in ["https://b.example/v1", "https://a.example:444/v1", "https://a.example/v2", "http://localhost/v1"]
        {
            assert!(
                matches!(has_key(change(other, None)).await, Err(ProviderError::KeyIsForAnotherAddress { .. })),
                "{other}"
            );
        }
        assert!(store.get("p").await.unwrap().key.is_some(), "what is refused changes nothing");
        assert!(!has_key(change("https://b.example/v1", Some(""))).await.unwrap());
        assert!(!has_key(change("https://a.example/v1", None)).await.unwrap(), "none was kept");
    }

    #[tokio::test]
    async fn names_lead_to_no_other_files() {
        let (folder, store) = store();
        std::fs::write(folder.path().join("x.json"), "{}").unwrap();
        for name in ["../x", "", "A", ".x", "a/b"] {
            assert!(store.find(name).await.unwrap().is_none());
            assert!(matches!(store.remove(name).await, Err(ProviderError::Name(_))));
            assert!(matches!(store.change(name, change("https://a.example", None)).await, Err(ProviderError::Name(_))));
        }
        assert!(folder.path().join("x.json").exists());
    }
}
