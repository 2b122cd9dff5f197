//! Reports for a terminal: a table and the failures, as plain text.

use std::fmt::Write;

use super::comparison::ColumnComparison;
use super::summary::{ColumnSummary, Estimate, Group, summarize};
use crate::evaluation::statistics::Interval;
use crate::evaluation::{Cell, Run};

/// Most characters of a name in the table, and of a failure's answer.
const MOST_NAME_CHARACTERS: usize = 32;
const MOST_ANSWER_CHARACTERS: usize = 300;

/// The table of a run, and its failures: `most_failures` of them.
pub fn text(run: &Run, most_failures: usize) -> String {
    let summary = summarize(run);
    let mut text = String::new();
    if !run.description.is_empty() {
        let _ = writeln!(text, "{}\n", run.description);
    }
    text.push_str(&table(&rows(&summary.columns)));
    let failures: Vec<&Cell> = run.cells.iter().filter(|cell| !cell.is_passed()).collect();
    for cell in failures.iter().take(most_failures) {
        text.push_str(&failure(run, cell));
    }
    if failures.len() > most_failures {
        let _ = writeln!(text, "\nand {} more that did not pass", failures.len() - most_failures);
    }
    let _ = writeln!(
        text,
        "\n{} of {} passed{}",
        summary.passed,
        summary.cells,
        match summary.errors {
            0 => String::new(),
            errors => format!("; {errors} could not be answered or judged"),
        }
    );
    text
}

fn rows(columns: &[ColumnSummary]) -> Vec<Vec<String>> {
    let head = ["model", "prompt", "tag or metric", "passed", "pass rate", "score", "median", "tokens", "cost"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for column in columns {
        let numbers = |group: &Group| {
            vec![format!("{}/{}", group.passed, group.cells), percent(group.pass_rate), points(group.score)]
        };
        let (model, prompt) = (short(&column.model), short(&column.prompt));
        let mut row = vec![model, prompt, String::new()];
        row.extend(numbers(&column.all));
        row.push(column.latency_seconds.map(|spread| format!("{:.2} s", spread.median)).unwrap_or_default());
        row.push((column.prompt_tokens + column.completion_tokens).to_string());
        row.push(cost(column));
        rows.push(row);
        for (tag, group) in &column.tags {
            rows.push([vec![String::new(), String::new(), short(tag)], numbers(group)].concat());
        }
        for (name, estimate) in &column.metrics {
            let row = [String::new(), String::new(), short(name), String::new(), String::new(), points(*estimate)];
            rows.push(row.to_vec());
        }
    }
    rows
}

fn cost(column: &ColumnSummary) -> String {
    let amounts = column.costs.iter().map(|money| format!("{:.6} {}", money.amount, money.currency));
    let known = amounts.collect::<Vec<_>>().join(" + ");
    match (known.is_empty(), column.unpriced_answers) {
        (true, _) => "unknown".to_owned(),
        (false, 0) => known,
        (false, unpriced) => format!("{known} + {unpriced} unknown"),
    }
}

/// `67 % (41–86)`.
fn percent(estimate: Estimate) -> String {
    let range = estimate.interval.map(|Interval { low, high }| format!(" ({:.0}–{:.0})", low * 100.0, high * 100.0));
    format!("{:.0} %{}", estimate.mean * 100.0, range.unwrap_or_default())
}

/// `0.67 (0.41–0.86)`.
fn points(estimate: Estimate) -> String {
    format!("{:.2}{}", estimate.mean, estimate.interval.map(range).unwrap_or_default())
}

fn range(Interval { low, high }: Interval) -> String {
    format!(" ({low:.2}–{high:.2})")
}

fn short(name: &str) -> String {
    let line = name.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line, MOST_NAME_CHARACTERS)
}

fn cut(text: &str, most_characters: usize) -> String {
    match text.char_indices().nth(most_characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Columns under each other, two spaces apart; columns without content are left out.
fn table(rows: &[Vec<String>]) -> String {
    let count = rows.first().map_or(0, Vec::len);
    let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
    let width = |column: usize| rows.iter().map(|row| cell(row, column).chars().count()).max().unwrap_or(0);
    let has_content = |column: usize| rows.iter().skip(1).any(|row| !cell(row, column).is_empty());
    let widths: Vec<(usize, usize)> =
        (0..count).filter(|&column| has_content(column)).map(|column| (column, width(column))).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for &(column, width) in &widths {
            let _ = write!(line, "{:width$}  ", cell(row, column));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn failure(run: &Run, cell: &Cell) -> String {
    let name = |names: &[String], index: usize| names.get(index).map(|name| short(name)).unwrap_or_default();
    let title = run.cases.get(cell.index.case).map_or("", |case| case.title.as_str());
    let word = if cell.is_error() { "error" } else { "failed" };
    let place = format!("{} · {}", name(&run.models, cell.index.model), name(&run.prompts, cell.index.prompt));
    let mut text = format!("\n{word}  case {} · {place}\n  {title}\n  {}\n", cell.index.case + 1, cell.reason());
    if let Some(answer) = cell.answer() {
        let shown = cut(&answer.text, MOST_ANSWER_CHARACTERS).replace('\n', "\n  | ");
        let _ = writeln!(text, "  | {shown}");
    }
    text
}

/// What changed between two runs, a paragraph per column, with the cases that flipped.
pub fn comparison_text(comparisons: &[ColumnComparison]) -> String {
    let mut text = String::new();
    for comparison in comparisons {
        let side = |(model, prompt): &(String, String)| format!("{} · {}", short(model), short(prompt));
        let (before, now) = (side(&comparison.before), side(&comparison.now));
        let title = if before == now { now } else { format!("{before} → {now}") };
        let score = &comparison.score;
        let p_value = |value: Option<f64>| value.map_or_else(String::new, |value| format!(", p = {value:.3}"));
        let meaning = match (score.is_significant(), score.mean_difference > 0.0) {
            (true, true) => "better",
            (true, false) => "worse",
            (false, _) => "no difference beyond chance",
        };
        let _ = writeln!(
            text,
            "{title}: {meaning}\n  score {:+.2}{}{} over {} cases, {} better and {} worse\n  pass rate {:+.0} %{}",
            score.mean_difference,
            score.interval.map(range).unwrap_or_default(),
            p_value(score.p_value),
            score.pairs,
            score.better,
            score.worse,
            comparison.pass_rate_difference * 100.0,
            p_value(comparison.pass_p_value),
        );
        if comparison.unpaired_cases > 0 {
            let _ = writeln!(text, "  {} cases are on one side only and count nowhere", comparison.unpaired_cases);
        }
        for flip in &comparison.flips {
            let (word, reason) =
                if flip.is_passed { ("passes now", &flip.reason_before) } else { ("fails now", &flip.reason_now) };
            let _ = writeln!(text, "  {word}: {} ({reason})", flip.case);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::report::compare_runs;
    use crate::evaluation::run::tests::run_of;
    use expect_test::expect;

    #[test]
    fn a_run_is_a_table_and_its_failures() {
        expect![[r#"
            a run

            model  prompt  tag or metric  passed  pass rate     score             median  tokens  cost
            small  short                  1/3     33 % (0–100)  0.50 (0.00–1.00)  1.00 s  24      1.500000 USD + 1 unknown
                           even           1/2     50 % (0–100)  0.50 (0.00–1.00)
                           tone                                 0.75 (0.50–1.00)
            large  short                  1/3     33 % (0–100)  0.50 (0.00–1.00)  1.00 s  24      1.500000 USD + 1 unknown
                           even           1/2     50 % (0–100)  0.50 (0.00–1.00)
                           tone                                 0.75 (0.50–1.00)

            failed  case 2 · small · short
              number: 1
              half right
              | one
              | two

            error  case 3 · small · short
              number: 2
              the model said nothing

            and 2 more that did not pass

            2 of 6 passed; 2 could not be answered or judged
        "#]]
        .assert_eq(&text(&run_of(2, &[1.0, 0.5, 0.0]), 2));
    }

    #[test]
    fn a_comparison_says_whether_it_is_more_than_chance() {
        let before = run_of(1, &[0.0; 8]);
        let now = run_of(1, &[1.0; 8]);
        let alike = run_of(1, &[1.0, 0.0]);
        let comparisons = [compare_runs(&before, &now), compare_runs(&before, &alike)].concat();
        expect![[r#"
            small · short: better
              score +1.00 (0.26–1.00), p = 0.008 over 8 cases, 8 better and 0 worse
              pass rate +100 %, p = 0.008
              passes now: number: 0 (the model said nothing)
              passes now: number: 1 (the model said nothing)
              passes now: number: 2 (the model said nothing)
              passes now: number: 3 (the model said nothing)
              passes now: number: 4 (the model said nothing)
              passes now: number: 5 (the model said nothing)
              passes now: number: 6 (the model said nothing)
              passes now: number: 7 (the model said nothing)
            small · short: no difference beyond chance
              score +0.50 (0.00–1.00), p = 1.000 over 2 cases, 1 better and 0 worse
              pass rate +50 %, p = 1.000
              6 cases are on one side only and count nowhere
              passes now: number: 0 (the model said nothing)
        "#]]
        .assert_eq(&comparison_text(&comparisons));
    }
}
