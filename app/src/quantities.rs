//! Numbers as people read them: bytes, durations, rates.

use shared::catalog::Money;
pub use shared::quantities::{counted, grouped};

/// `98.4 MB`: decimal units, as stores and disks use them.
pub fn bytes(size_bytes: u64) -> String {
    let size = size_bytes as f64;
    if size < 1e3 {
        format!("{size_bytes} B")
    } else if size < 1e6 {
        format!("{:.0} kB", size / 1e3)
    } else if size < 1e8 {
        format!("{:.1} MB", size / 1e6)
    } else if size < 1e9 {
        format!("{:.0} MB", size / 1e6)
    } else {
        format!("{:.1} GB", size / 1e9)
    }
}

/// `about 3 min`: how long something will take.
pub fn time_left(seconds: f64) -> String {
    if !seconds.is_finite() {
        String::new()
    } else if seconds < 1.0 {
        "a moment left".to_owned()
    } else if seconds < 60.0 {
        format!("{:.0} s left", seconds.ceil())
    } else if seconds < 3600.0 {
        format!("{:.0} min left", (seconds / 60.0).ceil())
    } else {
        format!("{:.1} h left", seconds / 3600.0)
    }
}

/// `0.42 s`, `12.3 s`.
pub fn seconds(seconds: f64) -> String {
    if seconds < 1.0 { format!("{seconds:.2} s") } else { format!("{seconds:.1} s") }
}

/// `135 M`, `1.2 B`: weights of a model.
pub fn parameters(count: u64) -> String {
    let count = count as f64;
    if count < 1e9 { format!("{:.0} M", count / 1e6) } else { format!("{:.1} B", count / 1e9) }
}

/// What something cost: nothing is said of what isn't known.
pub fn cost(amounts: &[Money]) -> String {
    let paid: Vec<String> = amounts.iter().filter(|money| money.amount > 0.0).map(Money::to_string).collect();
    match (amounts, paid.as_slice()) {
        ([], _) => "cost unknown".to_owned(),
        (_, []) => "no fee".to_owned(),
        (_, paid) => paid.join(" + "),
    }
}

/// `142` or `8.5`: a rate with as many digits as matter.
pub fn rate(per_second: f64) -> String {
    if per_second < 10.0 { format!("{per_second:.1}") } else { format!("{per_second:.0}") }
}

/// The speed of something that reports how far it is, over its last few seconds.
#[derive(Clone, Debug, Default)]
pub struct SpeedMeter {
    samples: std::collections::VecDeque<(f64, u64)>, // (ms, bytes)
}

impl SpeedMeter {
    const WINDOW_MS: f64 = 4000.0;

    /// Notes that at `now_ms` there were `done_bytes`.
    pub fn note(&mut self, now_ms: f64, done_bytes: u64) {
        if self.samples.back().is_some_and(|&(_, before)| done_bytes < before) {
            self.samples.clear();
        }
        self.samples.push_back((now_ms, done_bytes));
        while self.samples.len() > 2 && self.samples.front().is_some_and(|&(ms, _)| now_ms - ms > Self::WINDOW_MS) {
            self.samples.pop_front();
        }
    }

    /// Bytes per second; `None` until there is half a second to judge by.
    pub fn bytes_per_second(&self) -> Option<f64> {
        let (&(first_ms, first), &(last_ms, last)) = (self.samples.front()?, self.samples.back()?);
        let elapsed_ms = last_ms - first_ms;
        (elapsed_ms >= 500.0).then(|| (last - first) as f64 * 1000.0 / elapsed_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_naturally() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (11_900, "12 kB"),
            (98_362_432, "98.4 MB"),
            (253_000_000, "253 MB"),
            (1_757_000_000, "1.8 GB"),
        ];
        for (size, text) in cases {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn times_left_are_rough() {
        assert_eq!(time_left(0.2), "a moment left");
        assert_eq!(time_left(59.2), "60 s left");
        assert_eq!(time_left(61.0), "2 min left");
        assert_eq!(time_left(7200.0), "2.0 h left");
        assert_eq!(time_left(f64::INFINITY), "");
    }

    #[test]
    fn speed_is_that_of_the_last_seconds() {
        let mut meter = SpeedMeter::default();
        meter.note(0.0, 0);
        assert_eq!(meter.bytes_per_second(), None);
        meter.note(10_000.0, 1_000_000);
        meter.note(12_000.0, 3_000_000);
        assert_eq!(meter.bytes_per_second(), Some(1_000_000.0));
        meter.note(12_100.0, 0);
        assert_eq!(meter.bytes_per_second(), None, "a restart is no negative speed");
    }
}
