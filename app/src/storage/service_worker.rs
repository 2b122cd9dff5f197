//! Registers the service worker that keeps the app's own files for offline use.

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// Registers `/service_worker.js`; without one the app works, but only online.
pub fn register() {
    let Some(window) = web_sys::window() else {
        return;
    };
    let container = window.navigator().service_worker();
    // Undefined outside a secure context and in some private windows.
    if JsValue::from(container.clone()).is_undefined() {
        return;
    }
    spawn_local(async move {
        if let Err(exception) = JsFuture::from(container.register("/service_worker.js")).await {
            leptos::logging::warn!("offline use is not available: {}", crate::browser::errors::describe(&exception));
        }
    });
}
