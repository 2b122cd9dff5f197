//! What the browser's console said: errors there are failures, unless the journey provoked them.

use anyhow::{Result, ensure};
use thirtyfour::BrowserLogEntry;

use crate::browser::Browser;

/// Everything since the last look, as lines; what was said again and again is one line with its number.
///
/// # Errors
/// The browser refused.
pub async fn lines(browser: &Browser) -> Result<Vec<String>> {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for line in entries(browser).await?.iter().map(line) {
        match lines.iter_mut().find(|(earlier, _)| *earlier == line) {
            Some((_, times)) => *times += 1,
            None => lines.push((line, 1)),
        }
    }
    let with_times = |(line, times)| if times == 1 { line } else { format!("{line} ({times} times)") };
    Ok(lines.into_iter().map(with_times).collect())
}

/// Fails where the console has errors that contain none of `expected`.
///
/// # Errors
/// The errors.
pub async fn check(browser: &Browser, expected: &[String]) -> Result<()> {
    let entries = entries(browser).await?;
    let is_unexpected = |entry: &&BrowserLogEntry| {
        entry.level == "SEVERE" && !expected.iter().any(|part| entry.message.contains(part.as_str()))
    };
    let unexpected: Vec<String> = entries.iter().filter(is_unexpected).map(line).collect();
    ensure!(unexpected.is_empty(), "errors in the console:\n{}", unexpected.join("\n"));
    Ok(())
}

async fn entries(browser: &Browser) -> Result<Vec<BrowserLogEntry>> {
    Ok(browser.driver.browser_log().await?)
}

fn line(entry: &BrowserLogEntry) -> String {
    format!("{} {}", entry.level, entry.message)
}
