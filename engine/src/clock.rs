//! Seconds since some fixed moment, natively and in a worker.

/// Seconds since some fixed moment; only differences mean something.
#[cfg(not(target_arch = "wasm32"))]
pub fn now_seconds() -> f64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
}

/// Seconds since some fixed moment; only differences mean something.
#[cfg(target_arch = "wasm32")]
pub fn now_seconds() -> f64 {
    // `performance` is a global of pages and workers alike; Date is coarser but always there.
    js_sys::Reflect::get(&js_sys::global(), &"performance".into())
        .ok()
        .and_then(|performance| {
            let now: js_sys::Function = js_sys::Reflect::get(&performance, &"now".into()).ok()?.into();
            now.call0(&performance).ok()?.as_f64()
        })
        .unwrap_or_else(js_sys::Date::now)
        / 1000.0
}
