//! What the page (`Window`) and the worker (`WorkerGlobalScope`) both have under different types.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::errors::describe;

/// The storage manager of the page or of the worker.
pub fn storage_manager() -> Option<web_sys::StorageManager> {
    let global = js_sys::global();
    let storage = if let Some(window) = global.dyn_ref::<web_sys::Window>() {
        window.navigator().storage()
    } else {
        global.dyn_ref::<web_sys::WorkerGlobalScope>()?.navigator().storage()
    };
    // Undefined outside a secure context.
    (!JsValue::from(storage.clone()).is_undefined()).then_some(storage)
}

/// Sends an HTTP request from the page or from the worker.
///
/// # Errors
/// The browser's sentence when no response came (offline, blocked, aborted).
pub async fn fetch(request: &web_sys::Request) -> Result<web_sys::Response, JsValue> {
    let global = js_sys::global();
    let promise = if let Some(window) = global.dyn_ref::<web_sys::Window>() {
        window.fetch_with_request(request)
    } else if let Some(worker) = global.dyn_ref::<web_sys::WorkerGlobalScope>() {
        worker.fetch_with_request(request)
    } else {
        return Err(JsValue::from_str("this is neither a page nor a worker"));
    };
    JsFuture::from(promise).await?.dyn_into()
}

/// Like [`fetch`], for callers that only tell the person.
///
/// # Errors
/// The browser's sentence.
pub async fn fetch_or_describe(request: &web_sys::Request) -> Result<web_sys::Response, String> {
    fetch(request).await.map_err(|exception| describe(&exception))
}
