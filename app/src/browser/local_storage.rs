//! JSON values in the browser's local storage.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Every key of ours begins with this.
const PREFIX: &str = "quern.";

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// The value under `key`; `None` where there is none, it is not readable any more, or storage is forbidden.
pub fn load<T: DeserializeOwned>(key: &str) -> Option<T> {
    let text = storage()?.get_item(&format!("{PREFIX}{key}")).ok()??;
    serde_json::from_str(&text).ok()
}

/// Keeps `value` under `key`.
///
/// # Errors
/// What to tell the person: storage is full or forbidden.
pub fn save<T: Serialize>(key: &str, value: &T) -> Result<(), String> {
    let text = serde_json::to_string(value).map_err(|error| error.to_string())?;
    storage()
        .ok_or("this browser does not let the page keep data (private window, or site data blocked)")?
        .set_item(&format!("{PREFIX}{key}"), &text)
        .map_err(|_| "the browser's local storage is full; delete old conversations".to_owned())
}

/// Forgets the value under `key`.
pub fn remove(key: &str) {
    if let Some(storage) = storage() {
        // Only a forbidden storage fails here, and it holds nothing.
        let _ = storage.remove_item(&format!("{PREFIX}{key}"));
    }
}
