//! The browser's private file system: folders, small JSON files, and files read and written at any offset.

use std::io;

use engine::source::ReadAt;
use js_sys::{Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemRemoveOptions, FileSystemSyncAccessHandle,
};

use crate::browser::errors;
use crate::browser::scope;

/// A folder.
#[derive(Clone)]
pub struct Directory {
    handle: FileSystemDirectoryHandle,
}

impl Directory {
    /// The app's own root folder.
    ///
    /// # Errors
    /// Where the browser has no such file system or forbids it.
    pub async fn root() -> Result<Self, String> {
        let storage = scope::storage_manager().ok_or(NO_STORAGE)?;
        let handle = JsFuture::from(storage.get_directory())
            .await
            .map_err(|exception| format!("{NO_STORAGE}: {}", errors::describe(&exception)))?;
        Ok(Self { handle: handle.unchecked_into() })
    }

    /// The folder `name` in this one, made where it is missing.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn make_directory(&self, name: &str) -> Result<Self, String> {
        let options = FileSystemGetDirectoryOptions::new();
        options.set_create(true);
        let handle = JsFuture::from(self.handle.get_directory_handle_with_options(name, &options))
            .await
            .map_err(|exception| format!("folder {name:?} can't be made: {}", errors::describe(&exception)))?;
        Ok(Self { handle: handle.unchecked_into() })
    }

    /// The folder `name` in this one, if there is one.
    pub async fn find_directory(&self, name: &str) -> Option<Self> {
        let handle = JsFuture::from(self.handle.get_directory_handle(name)).await.ok()?;
        Some(Self { handle: handle.unchecked_into() })
    }

    /// Names of what is in here.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn names(&self) -> Result<Vec<String>, String> {
        let listing = |exception: JsValue| format!("stored files can't be listed: {}", errors::describe(&exception));
        let keys = self.handle.keys();
        let mut names = Vec::new();
        loop {
            let step = JsFuture::from(keys.next().map_err(listing)?).await.map_err(listing)?;
            let step: js_sys::IteratorNext = step.unchecked_into();
            if step.done() {
                return Ok(names);
            }
            names.extend(step.value().as_string());
        }
    }

    /// Removes the file or folder `name` with all it holds; fine where there is none.
    ///
    /// # Errors
    /// What the browser says, for example while another tab uses it.
    pub async fn remove(&self, name: &str) -> Result<(), String> {
        let options = FileSystemRemoveOptions::new();
        options.set_recursive(true);
        match JsFuture::from(self.handle.remove_entry_with_options(name, &options)).await {
            Ok(_) => Ok(()),
            Err(exception) if errors::name(&exception) == "NotFoundError" => Ok(()),
            Err(exception) => Err(in_use_or(name, &exception)),
        }
    }

    /// The file `name` as it is now, if there is one.
    pub async fn find_file(&self, name: &str) -> Option<web_sys::File> {
        let handle = JsFuture::from(self.handle.get_file_handle(name)).await.ok()?;
        let handle: FileSystemFileHandle = handle.unchecked_into();
        JsFuture::from(handle.get_file()).await.ok()?.dyn_into().ok()
    }

    /// Opens the file `name` for reading; several readers may have it open.
    ///
    /// # Errors
    /// What the browser says; browsers without shared readers refuse the second one.
    pub async fn open_to_read(&self, name: &str) -> Result<SyncFile, String> {
        let handle = JsFuture::from(self.handle.get_file_handle(name))
            .await
            .map_err(|exception| format!("{name:?} can't be opened: {}", errors::describe(&exception)))?;
        let options = Object::new();
        set(&options, "mode", &JsValue::from_str("read-only"));
        sync_handle(&handle, &options).await.map_err(|exception| in_use_or(name, &exception))
    }

    /// Opens the file `name` for reading and writing, made where it is missing; nobody else may have it open.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn open_to_write(&self, name: &str) -> Result<SyncFile, String> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let handle = JsFuture::from(self.handle.get_file_handle_with_options(name, &options))
            .await
            .map_err(|exception| format!("{name:?} can't be made: {}", errors::describe(&exception)))?;
        sync_handle(&handle, &Object::new()).await.map_err(|exception| in_use_or(name, &exception))
    }

    /// The JSON value in file `name`; `None` where it is missing or unreadable, which callers treat alike.
    pub async fn read_json<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let text = JsFuture::from(self.find_file(name).await?.text()).await.ok()?;
        serde_json::from_str(&text.as_string()?).ok()
    }

    /// Writes `value` as JSON into file `name`.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), String> {
        let text = serde_json::to_vec_pretty(value).map_err(|error| error.to_string())?;
        let file = self.open_to_write(name).await?;
        file.truncate(0)?;
        file.write_at(0, &text)?;
        file.flush()
    }
}

const NO_STORAGE: &str = "this browser does not let the page keep files (a private window, or an old browser)";

async fn sync_handle(handle: &JsValue, options: &Object) -> Result<SyncFile, JsValue> {
    // web-sys has the options of this method behind an unstable flag only.
    let method: js_sys::Function = Reflect::get(handle, &JsValue::from_str("createSyncAccessHandle"))?.dyn_into()?;
    let promise: js_sys::Promise = method.call1(handle, options)?.dyn_into()?;
    let handle = JsFuture::from(promise).await?;
    Ok(SyncFile { handle: handle.unchecked_into() })
}

fn set(object: &Object, key: &str, value: &JsValue) {
    // Setting a field of a fresh plain object does not fail.
    let _ = Reflect::set(object, &JsValue::from_str(key), value);
}

fn in_use_or(name: &str, exception: &JsValue) -> String {
    if errors::name(exception) == "NoModificationAllowedError" {
        format!("{name:?} is in use, perhaps by another tab with this app; close it and try again")
    } else {
        format!("{name:?}: {}", errors::describe(exception))
    }
}

/// An open file; closed when dropped.
pub struct SyncFile {
    handle: FileSystemSyncAccessHandle,
}

impl SyncFile {
    /// Its length now.
    ///
    /// # Errors
    /// What the browser says.
    pub fn len_bytes(&self) -> Result<u64, String> {
        self.handle.get_size().map(|size| size as u64).map_err(|exception| errors::describe(&exception))
    }

    /// Cuts or extends it.
    ///
    /// # Errors
    /// What the browser says.
    pub fn truncate(&self, size_bytes: u64) -> Result<(), String> {
        self.handle.truncate_with_f64(size_bytes as f64).map_err(|exception| errors::describe(&exception))
    }

    /// Writes all of `bytes` at `offset_bytes`.
    ///
    /// # Errors
    /// A full disk or quota, in words.
    pub fn write_at(&self, offset_bytes: u64, bytes: &[u8]) -> Result<(), String> {
        let options = at(offset_bytes);
        let written = self.handle.write_with_u8_array_and_options(bytes, &options).map_err(|exception| {
            if errors::name(&exception) == "QuotaExceededError" {
                "the browser's storage is full; delete a model or free disk space, then resume".to_owned()
            } else {
                format!("writing failed: {}", errors::describe(&exception))
            }
        })?;
        if written as usize == bytes.len() {
            Ok(())
        } else {
            Err("the browser wrote less than it was given; its storage is probably full".to_owned())
        }
    }

    /// Makes sure that what was written stays.
    ///
    /// # Errors
    /// What the browser says.
    pub fn flush(&self) -> Result<(), String> {
        self.handle.flush().map_err(|exception| errors::describe(&exception))
    }

    /// Fills `buffer` from `offset_bytes`.
    ///
    /// # Errors
    /// What the browser says; `UnexpectedEof` past the end.
    pub fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            let options = at(offset_bytes + filled as u64);
            let read = self
                .handle
                .read_with_u8_array_and_options(&mut buffer[filled..], &options)
                .map_err(|exception| io::Error::other(errors::describe(&exception)))?;
            if read as usize == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read as usize;
        }
        Ok(())
    }
}

fn at(offset_bytes: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at_f64(offset_bytes as f64);
    options
}

impl Drop for SyncFile {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// A file opened for reading, as the engine wants it.
pub struct SyncFileSource {
    file: SyncFile,
    size_bytes: u64,
}

impl SyncFileSource {
    /// Reads from `file`.
    ///
    /// # Errors
    /// When its length can't be read.
    pub fn new(file: SyncFile) -> Result<Self, String> {
        let size_bytes = file.len_bytes()?;
        Ok(Self { file, size_bytes })
    }
}

impl ReadAt for SyncFileSource {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_exact_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset_bytes, buffer)
    }
}
