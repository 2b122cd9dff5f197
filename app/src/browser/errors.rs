//! What JavaScript throws, in words.

use wasm_bindgen::{JsCast, JsValue};

/// The message of an exception, or the value itself where it is not an `Error`.
pub fn describe(exception: &JsValue) -> String {
    if let Some(error) = exception.dyn_ref::<js_sys::Error>() {
        return String::from(error.message());
    }
    if let Some(error) = exception.dyn_ref::<web_sys::DomException>() {
        return error.message();
    }
    exception.as_string().unwrap_or_else(|| format!("{exception:?}"))
}

/// The name of a DOM exception (`QuotaExceededError`, `NotFoundError`, ...), empty for anything else.
pub fn name(exception: &JsValue) -> String {
    if let Some(error) = exception.dyn_ref::<web_sys::DomException>() {
        return error.name();
    }
    exception.dyn_ref::<js_sys::Error>().map(|error| String::from(error.name())).unwrap_or_default()
}
