//! The time, natively and in a worker.

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

/// Today in UTC, as `YYYY-MM-DD`.
#[cfg(not(target_arch = "wasm32"))]
pub fn today() -> String {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    date_of_day(since_1970.as_secs() / 86_400)
}

/// Today in UTC, as `YYYY-MM-DD`.
#[cfg(target_arch = "wasm32")]
pub fn today() -> String {
    String::from(js_sys::Date::new_0().to_iso_string()).chars().take(10).collect()
}

/// The date of a day counted from 1970-01-01, in years that begin with March, so that leap days come last
/// (Hinnant, "chrono-compatible low-level date algorithms").
#[cfg(not(target_arch = "wasm32"))]
fn date_of_day(day: u64) -> String {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    let day = day + 719_468;
    let (era, day) = (day / DAYS_OF_400_YEARS, day % DAYS_OF_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year)
}

#[cfg(test)]
mod tests {
    use super::date_of_day;

    #[test]
    fn days_have_their_dates() {
        let dates = [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (19_723, "2024-01-01"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ];
        for (day, date) in dates {
            assert_eq!(date_of_day(day), date);
        }
    }
}
