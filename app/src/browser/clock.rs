//! Time in the page and in the worker, in milliseconds.

use std::future::Future;
use std::pin::Pin;

use gloo_timers::future::TimeoutFuture;
use js_sys::Reflect;
use send_wrapper::SendWrapper;
use shared::catalog::CalendarDate;
use shared::model_pool::{Clock, Timer};
use shared::patient_model::Pause;
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

/// `2026-01-31T12:05:09Z`: the moment now, for what is stored.
pub fn now_iso() -> String {
    let text = String::from(js_sys::Date::new_0().to_iso_string());
    text.split_once('.').map_or_else(|| text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// `31 Jan 2026, 12:05`, as people write it where they are.
pub fn local_words(unix_ms: f64) -> String {
    written(&unix_ms.into(), &[("dateStyle", "medium"), ("timeStyle", "short")])
}

/// `31 Jan 2026`, as people write it where they are, of a moment as [`now_iso`] gives it.
pub fn local_day(iso: &str) -> String {
    written(&iso.into(), &[("dateStyle", "medium")])
}

fn written(moment: &JsValue, styles: &[(&str, &str)]) -> String {
    let options = js_sys::Object::new();
    for &(key, value) in styles {
        // A plain object takes any key.
        let _ = Reflect::set(&options, &key.into(), &value.into());
    }
    // No language has that name, so the browser takes the person's.
    js_sys::Date::new(moment).to_locale_string("default", &options).into()
}

/// The browser's clock, for shared code.
pub struct BrowserClock;

impl Clock for BrowserClock {
    fn now_seconds(&self) -> f64 {
        now_ms() / 1000.0
    }
}

impl Timer for BrowserClock {
    fn sleep(&self, seconds: f64) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(timeout(seconds))
    }
}

/// Done once so many seconds have passed, for models that are asked again.
pub fn pause(seconds: f64) -> Pause {
    // The page has one thread; the wrapper is for native builds, whose streams must be `Send`.
    Box::pin(SendWrapper::new(timeout(seconds)))
}

fn timeout(seconds: f64) -> TimeoutFuture {
    // A browser's timer counts milliseconds in 31 bits.
    TimeoutFuture::new((seconds * 1000.0).clamp(0.0, f64::from(i32::MAX)) as u32)
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
