//! Copying text.

use wasm_bindgen_futures::JsFuture;

/// Puts `text` on the clipboard; false where the browser forbids it.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else {
        return false;
    };
    // The clipboard is undefined on pages that are not a secure context.
    let clipboard = window.navigator().clipboard();
    if wasm_bindgen::JsValue::from(clipboard.clone()).is_undefined() {
        return false;
    }
    JsFuture::from(clipboard.write_text(text)).await.is_ok()
}
