//! Time in the page and in the worker, in milliseconds.

use js_sys::Reflect;
use shared::catalog::CalendarDate;
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

/// The day it is, in UTC.
///
/// # Panics
/// Never: browsers write dates as ISO 8601.
pub fn today() -> CalendarDate {
    let text = String::from(js_sys::Date::new_0().to_iso_string());
    match text.get(..10).unwrap_or_default().parse() {
        Ok(date) => date,
        Err(error) => unreachable!("the browser's clock: {error}"),
    }
}
