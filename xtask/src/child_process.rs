//! Running other programs: visibly, quietly behind a progress line, or for what they print.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

use crate::terminal::Step;

/// Runs a program that shows its own progress.
pub(crate) fn run_visibly(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| starting(command))?;
    succeed(command, status)
}

/// Runs a program behind a progress line; what it printed is shown only if it fails.
pub(crate) fn run_quietly(text: &str, command: &mut Command) -> Result<()> {
    let step = Step::begin(text);
    let output = command.stdin(Stdio::null()).output().with_context(|| starting(command))?;
    if !output.status.success() {
        drop(step);
        let printed = [output.stdout, output.stderr].concat();
        crate::terminal::note(&String::from_utf8_lossy(&printed));
        return succeed(command, output.status);
    }
    step.finish();
    Ok(())
}

/// What a program prints on standard output.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| starting(command))?;
    if !output.status.success() {
        bail!("`{}` failed ({}): {}", shown(command), output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// True if the program runs and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a program, shows what it prints as it comes, and keeps its lines.
pub(crate) fn run_and_keep_lines(command: &mut Command) -> Result<(ExitStatus, Vec<String>)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| starting(command))?;
    let standard_output = child.stdout.take().context("standard output was asked for")?;
    let standard_error = child.stderr.take().context("standard error was asked for")?;
    let lines = std::thread::scope(|scope| {
        let errors = scope.spawn(|| pass_on(standard_error, std::io::stderr()));
        let mut lines = pass_on(standard_output, std::io::stdout());
        lines.extend(errors.join().unwrap_or_default());
        lines
    });
    let status = child.wait().with_context(|| format!("waiting for `{}`", shown(command)))?;
    Ok((status, lines))
}

fn pass_on(from: impl Read, mut to: impl Write) -> Vec<String> {
    let mut lines = Vec::new();
    for line in BufReader::new(from).split(b'\n') {
        let Ok(line) = line else { break };
        // Reading goes on if nobody looks, so that the program isn't stopped by a full pipe.
        let _ = to.write_all(&line).and_then(|()| to.write_all(b"\n"));
        lines.push(String::from_utf8_lossy(&line).into_owned());
    }
    lines
}

/// A failure names the command as a person would type it.
pub(crate) fn succeed(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

fn starting(command: &Command) -> String {
    format!("`{}` could not be started", shown(command))
}

/// Letters of one argument that are shown.
const LONGEST_WORD_SHOWN: usize = 200;

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        // A long list of folders says nothing to a reader.
        if name == "PATH" {
            return None;
        }
        Some(format!("{}={}", name.to_string_lossy(), quoted(value?)))
    });
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted);
    variables.chain(words).collect::<Vec<String>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    // A page of JSON as one argument says nothing to a reader.
    let word = match word.char_indices().nth(LONGEST_WORD_SHOWN) {
        Some((end, _)) => format!("{}…", &word[..end]).into(),
        None => word,
    };
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./=:,@+%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) { word.into_owned() } else { format!("'{word}'") }
}
