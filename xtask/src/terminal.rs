//! What commands print: results to standard output, steps and their progress to standard error.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Writes a line to standard output.
pub(crate) fn print_line(text: &str) {
    // A reader that has gone (`cargo xtask doctor | head`) has what it wanted.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Writes a line to standard error.
pub(crate) fn note(text: &str) {
    // There is nowhere to report that standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A headline: what starts now.
pub(crate) fn headline(text: &str) {
    note(&format!("\n==> {text}"));
}

/// True where a person can answer.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// A step that takes a while: a moving line with the time in a terminal, two plain lines elsewhere.
pub(crate) struct Step {
    text: String,
    started: Instant,
    bar: ProgressBar,
}

impl Step {
    /// Shows that the step has begun.
    pub(crate) fn begin(text: &str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(text.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{elapsed}]") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        if bar.is_hidden() {
            note(&format!("{text} ..."));
        }
        Self { text: text.to_owned(), started: Instant::now(), bar }
    }

    /// Shows that the step is done, and how long it took.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
        note(&format!("{} ({})", self.text, seconds(self.started.elapsed())));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// "0.4 s", "12 s", "3 min 20 s".
pub(crate) fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    match whole {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{whole} s"),
        _ => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(350)), "0.3 s");
        assert_eq!(seconds(Duration::from_millis(12_900)), "12 s");
        assert_eq!(seconds(Duration::from_secs(200)), "3 min 20 s");
    }
}
