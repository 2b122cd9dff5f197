//! `quern data learned`: what a model learns of the rows of a file, by its own tokenizer and chat template.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use console::style;
use engine::ModelText;
use engine::source::FileSource;
use shared::dataset::loss_mask::{
    LossMask, MaskError, MaskProblem, MaskTotals, MaskedRow, MaskedToken, MaskedTokens, TurnEnd,
};
use shared::dataset::records::{FaultPlace, Place};
use shared::dataset::rows::{ReadAs, ReadRow};
use shared::quantities::{counted, grouped};

use super::super::opening::{open_database, open_store, ready_model};
use super::source::{self, mapping, with_chunks};
use crate::arguments::LearnedArguments;
use crate::config::Config;
use crate::terminal::print;

/// Rows of a kind of problem that are shown; the others are counted.
const MOST_SHOWN: usize = 10;

/// Counts all rows, or shows one; the exit code says whether something is learned of every row.
pub(super) async fn run(config: Config, arguments: &LearnedArguments) -> Result<ExitCode> {
    let store = open_store(&config, open_database(&config)?)?;
    let model = ready_model(&store, &arguments.model).await?;
    let naming = || format!("reading the vocabulary of {}", model.path.display());
    let text = ModelText::read(&FileSource::open(&model.path).with_context(naming)?).with_context(naming)?;
    let today = engine::clock::today();
    let (tokenizer, template) = (text.tokenizer(), Some(text.chat_template()));
    let mask = LossMask { tokenizer, template, turn_end: TurnEnd::default(), today: &today };
    match arguments.row {
        Some(number) => show(arguments, &mask, number),
        None => count(arguments, &mask, &model.name),
    }
}

/// Gives each row to `take` until that breaks off.
fn each_row(arguments: &LearnedArguments, take: impl FnMut(ReadRow) -> Result<ControlFlow<()>>) -> Result<()> {
    let read_as = arguments.map.as_deref().map(mapping).transpose()?.map_or(ReadAs::Detect, ReadAs::Mapping);
    let read_as = with_chunks(read_as, &arguments.chunks)?;
    source::each_row(&arguments.file, arguments.protected_cells, &read_as, take)
}

/// Where a row begins, with its file.
fn place(path: &Path, row: Place) -> String {
    FaultPlace::beginning_of(row).in_file(&path.display().to_string())
}

/// What is learned of all rows.
#[derive(Default)]
struct Counted {
    all: MaskTotals,
    by_kind: BTreeMap<&'static str, MaskTotals>,
    set_aside: u64,
    /// The first rows of each problem, each with what is wrong.
    shown: BTreeMap<&'static str, Vec<String>>,
}

fn count(arguments: &LearnedArguments, mask: &LossMask<'_>, model: &str) -> Result<ExitCode> {
    let context_length = arguments.context_length.map(|length| length as usize);
    let mut counted = Counted { all: MaskTotals::new(context_length), ..Counted::default() };
    each_row(arguments, |row| {
        let at = place(&arguments.file, row.place);
        let Ok((_, row)) = row.content else {
            counted.set_aside += 1;
            return Ok(ControlFlow::Continue(()));
        };
        let masked = mask.of(&row);
        counted.by_kind.entry(row.sample.kind()).or_insert_with(|| MaskTotals::new(context_length)).add(&masked);
        if let Some(problem) = counted.all.add(&masked) {
            let shown = counted.shown.entry(title(problem)).or_default();
            if shown.len() < MOST_SHOWN {
                shown.push(told(&at, &masked, context_length));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    print(&counted.to_text(arguments, model))?;
    let is_all_learned = counted.all.rows > 0 && counted.all.rows_that_teach_nothing() == 0;
    Ok(if is_all_learned { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn title(problem: MaskProblem) -> &'static str {
    match problem {
        MaskProblem::NothingLearned => "nothing is learned of",
        MaskProblem::Refused => "refused, or not certain",
        MaskProblem::TooLong => "longer than the context, and cut",
    }
}

/// A row with a problem, in words.
fn told(at: &str, masked: &Result<MaskedRow, MaskError>, context_length: Option<usize>) -> String {
    match masked {
        Err(error) => format!("{at}: {error}"),
        Ok(row) => {
            let tokens: Vec<String> = row.sequences().map(|it| it.tokens.len().to_string()).collect();
            let kept = |it: &MaskedTokens| context_length.unwrap_or(usize::MAX).min(it.tokens.len());
            let learns = |it: &MaskedTokens| it.tokens[..kept(it)].iter().any(|token| token.is_learned);
            let is_lost = !row.sequences().all(learns);
            let lost = if is_lost { ", and nothing that is learned is left" } else { "" };
            format!("{at}: {} tokens{lost}", tokens.join(" and "))
        }
    }
}

impl Counted {
    fn to_text(&self, arguments: &LearnedArguments, model: &str) -> String {
        let mut text = format!("{}, as {model} learns it: {}\n", arguments.file.display(), in_words(&self.all));
        if self.by_kind.len() > 1 {
            for (kind, totals) in &self.by_kind {
                text.push_str(&format!("  of {kind}: {}\n", in_words(totals)));
            }
        }
        if self.set_aside > 0 {
            text.push_str(&format!("  {} set aside; `quern data inspect` says why\n", grouped(self.set_aside)));
        }
        for (problem, rows) in &self.shown {
            text.push_str(&format!("  {problem}, the first of them:\n"));
            rows.iter().for_each(|row| text.push_str(&format!("    {row}\n")));
        }
        if let Some(price) = arguments.price_per_million_tokens {
            let (epochs, cost) = (arguments.epochs, self.all.training_cost(arguments.epochs, price));
            text.push_str(&format!(
                "  training on {} tokens in {epochs} epochs costs {cost:.4} at {price} for a million tokens\n",
                self.all.tokens as u64 * u64::from(epochs)
            ));
        }
        text
    }
}

fn in_words(totals: &MaskTotals) -> String {
    let [rows, tokens, learned_tokens] = [totals.rows, totals.tokens, totals.learned_tokens].map(|count| count as u64);
    let (rows, tokens) = (counted(rows, "row", "rows"), counted(tokens, "token", "tokens"));
    let mut text = format!("{rows}, {tokens}, {} of them learned", grouped(learned_tokens));
    let more = [
        (totals.cut_tokens, "tokens cut off"),
        (totals.rows_over_context_length, "rows too long"),
        (totals.rows_with_errors, "refused by the template"),
        (totals.rows_with_nothing_learned, "of which nothing is learned"),
        (totals.rows_without_end, "that do not teach to stop"),
    ];
    for (count, what) in more.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {} {what}", grouped(*count as u64)));
    }
    text
}

/// Shows a row in tokens: those that are learned in colour on a terminal, else in brackets.
fn show(arguments: &LearnedArguments, mask: &LossMask<'_>, number: u64) -> Result<ExitCode> {
    let mut found = None;
    each_row(arguments, |row| {
        // The number by which the other messages call it.
        let place = match row.place {
            Place::Line { line, .. } => line,
            Place::Row { row } => row,
            Place::Page { page } => page,
        };
        if place == number {
            found = Some(row);
        }
        Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    let Some(row) = found else {
        bail!("no row of {} begins in line {number} (of a Parquet file: is number {number})", arguments.file.display())
    };
    let at = place(&arguments.file, row.place);
    let (_, row) = row.content.map_err(|aside| anyhow::anyhow!("{at} is no row: {}", aside.reason))?;
    let masked = match mask.of(&row) {
        Ok(masked) => masked,
        Err(error) => {
            print(&format!("{at}: {error}\n"))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let mut learns = true;
    for sequence in masked.sequences() {
        let mut sequence = sequence.clone();
        let cut = sequence.cut_to(arguments.context_length.map_or(usize::MAX, |length| length as usize));
        let (tokens, learned) = (sequence.tokens.len(), sequence.learned_tokens());
        learns &= learned > 0;
        let cut = if cut > 0 { format!(", {cut} cut off") } else { String::new() };
        let text = if console::colors_enabled() { coloured(&sequence) } else { marked(&sequence) };
        print(&format!("{at}: {tokens} tokens, {learned} of them learned{cut}\n{text}\n"))?;
    }
    Ok(if learns { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A token's text. What would change the terminal is spelled out, and parts of a character are none.
fn piece(sequence: &MaskedTokens, bytes: std::ops::Range<usize>) -> String {
    let mut shown = String::new();
    for character in String::from_utf8_lossy(sequence.text.as_bytes().get(bytes).unwrap_or_default()).chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            control if control.is_control() => shown.extend(control.escape_default()),
            other => shown.push(other),
        }
    }
    shown
}

fn coloured(sequence: &MaskedTokens) -> String {
    let token = |token: &MaskedToken| {
        let text = style(piece(sequence, token.bytes.clone()));
        if token.is_learned { text.black().on_green().to_string() } else { text.dim().to_string() }
    };
    sequence.tokens.iter().map(token).collect::<Vec<_>>().join(&style("│").dim().to_string())
}

fn marked(sequence: &MaskedTokens) -> String {
    let runs = sequence.tokens.chunk_by(|one, other| one.is_learned == other.is_learned);
    let run = |run: &[MaskedToken]| {
        let tokens: Vec<String> = run.iter().map(|token| piece(sequence, token.bytes.clone())).collect();
        let tokens = tokens.join("│");
        if run[0].is_learned { format!("⟦{tokens}⟧") } else { tokens }
    };
    runs.map(run).collect::<Vec<_>>().join("│")
}
