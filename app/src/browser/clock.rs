//! Time in the page and in the worker, in milliseconds.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};

/// Milliseconds since the page or the worker started; never goes back.
pub fn now_ms() -> f64 {
    Reflect::get(&js_sys::global(), &JsValue::from_str("performance"))
        .ok()
        .and_then(|performance| performance.dyn_into::<web_sys::Performance>().ok())
        .map_or_else(js_sys::Date::now, |performance| performance.now())
}

/// Milliseconds since 1970, for what is stored.
pub fn unix_ms() -> f64 {
    js_sys::Date::now()
}
