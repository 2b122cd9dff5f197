//! What commands print: the one place that writes to standard output, and progress bars on standard error.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use shared::dataset::preparation::{self, Pulse, Stopped};
use tokio::sync::watch;

use crate::downloads::progress::{Progress, Step};

/// Writes to standard output at once, without a line end. A reader that has gone (`quern ... | head`) is an error.
///
/// # Errors
/// Standard output is closed.
pub fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Writes a line to standard output.
///
/// # Errors
/// Standard output is closed.
pub fn print_line(text: &str) -> io::Result<()> {
    print(&format!("{text}\n"))
}

/// Writes a line to standard error, where it is not part of the result.
pub fn note(text: &str) {
    // There is nowhere to report that standard error is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// True where a person sits at both ends.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a yes-or-no question; anything but yes is no.
///
/// # Errors
/// Standard input can't be read.
pub fn ask(question: &str) -> io::Result<bool> {
    write!(io::stderr(), "{question} [y/N] ")?;
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for something that nobody shall read from the screen.
///
/// # Errors
/// The terminal can't be read.
pub fn ask_secret(question: &str) -> io::Result<String> {
    let terminal = console::Term::stderr();
    terminal.write_str(question)?;
    terminal.read_secure_line()
}

/// A bar that follows a download through its steps. Without a terminal, each step is a line.
pub struct DownloadBar {
    model: String,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    step: Option<Step>,
    bar: Option<ProgressBar>,
}

impl DownloadBar {
    /// A bar that shows nothing yet.
    pub fn new(model: &str) -> Self {
        Self { model: model.to_owned(), shown: Mutex::default() }
    }

    /// Shows how far the download is.
    pub fn show(&self, progress: Progress) {
        let Ok(mut shown) = self.shown.lock() else { return };
        if shown.step != Some(progress.step) {
            shown.step = Some(progress.step);
            self.begin_step(&mut shown, progress);
        }
        let Some(bar) = &shown.bar else { return };
        if let Some(total_bytes) = progress.total_bytes {
            bar.set_length(total_bytes);
        }
        bar.set_position(progress.done_bytes);
    }

    fn begin_step(&self, shown: &mut Shown, progress: Progress) {
        if let Some(bar) = shown.bar.take() {
            bar.finish_and_clear();
        }
        let doing = match progress.step {
            Step::Waiting => "waiting for another process that fetches",
            Step::Downloading => "downloading",
            Step::Unpacking => "unpacking",
            Step::Verifying => "verifying",
        };
        if !io::stderr().is_terminal() {
            note(&format!("{doing} {}", self.model));
            return;
        }
        let template = match progress.total_bytes {
            Some(_) => "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            None => "{msg} {spinner} {bytes}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(progress.total_bytes.unwrap_or(0)).with_style(style.progress_chars("=> "));
        bar.set_message(format!("{doing} {}", self.model));
        shown.bar = Some(bar);
    }
}

impl Drop for DownloadBar {
    fn drop(&mut self) {
        if let Some(bar) = self.shown.get_mut().ok().and_then(|shown| shown.bar.take()) {
            bar.finish_and_clear();
        }
    }
}

/// Whether somebody pressed Ctrl-C, so that work ends in good order.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens from now on: Ctrl-C does nothing else any more.
    pub fn listen() -> Self {
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                sender.send_replace(true);
            }
        });
        Self(receiver)
    }

    /// Whether it was pressed.
    pub fn is_pressed(&self) -> bool {
        *self.0.borrow()
    }

    /// Done once it is pressed.
    pub async fn pressed(&self) {
        if self.0.clone().wait_for(|is_pressed| *is_pressed).await.is_err() {
            // Nobody can press it here.
            std::future::pending::<()>().await;
        }
    }
}

/// A bar that follows long work on a dataset, with the time that is left. Without a terminal it shows nothing.
pub struct StageBar {
    bar: RefCell<Option<ProgressBar>>,
    interrupt: Interrupt,
}

impl StageBar {
    /// A bar that shows nothing yet; work that it follows stops at an interrupt.
    pub fn new(interrupt: Interrupt) -> Self {
        Self { bar: RefCell::default(), interrupt }
    }

    /// Begins to show some work.
    pub fn begin(&self, title: &str) {
        self.end();
        if !io::stderr().is_terminal() {
            return;
        }
        let template = "{prefix}: {msg} [{bar:30}] {percent} % {eta}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(0).with_style(style.progress_chars("=> ")).with_prefix(title.to_owned());
        *self.bar.borrow_mut() = Some(bar);
    }

    /// Shows it no more.
    pub fn end(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}

impl Pulse for StageBar {
    async fn beat(&self, progress: preparation::Progress) -> Result<(), Stopped> {
        if let Some(bar) = &*self.bar.borrow() {
            if bar.message() != progress.stage {
                bar.set_message(progress.stage);
                bar.reset_eta();
            }
            bar.set_length(progress.total);
            bar.set_position(progress.done);
        }
        if self.interrupt.is_pressed() { Err(Stopped) } else { Ok(()) }
    }
}

impl Drop for StageBar {
    fn drop(&mut self) {
        self.end();
    }
}
