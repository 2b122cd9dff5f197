//! A run as `JUnit` XML, which CI systems read: a suite per model and prompt, a test per case.
//!
//! There is no standard; the elements are those that Jenkins, GitLab and GitHub's reporters agree on.

use std::fmt::Write;

use crate::evaluation::{Cell, CellOutcome, Run};

/// Most characters of an answer that are shown with a failure.
const MOST_ANSWER_CHARACTERS: usize = 4000;

/// The document.
pub fn junit(run: &Run) -> String {
    let columns = run.columns();
    let name = if run.description.is_empty() { "evaluation" } else { &run.description };
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<&Cell> = run.cells.iter().collect();
    element(&mut xml, "testsuites", name, &all, run);
    for ((model, prompt), cells) in columns {
        let label = |names: &[String], index: usize| names.get(index).cloned().unwrap_or_default();
        let suite = format!("{} · {}", label(&run.models, model), label(&run.prompts, prompt));
        element(&mut xml, "testsuite", &suite, &cells, run);
        for cell in cells {
            let title = run.cases.get(cell.index.case).map_or("", |case| case.title.as_str());
            test(&mut xml, &suite, &format!("{}. {title}", cell.index.case + 1), cell);
        }
        xml.push_str("</testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn element(xml: &mut String, element: &str, name: &str, cells: &[&Cell], run: &Run) {
    let errors = cells.iter().filter(|cell| cell.is_error()).count();
    let failures = cells.iter().filter(|cell| !cell.is_error() && !cell.is_passed()).count();
    let seconds: f64 = cells.iter().map(|cell| cell.seconds).sum();
    let began = match &run.started_at {
        Some(time) if element == "testsuite" => format!(" timestamp=\"{}\"", escape(time)),
        _ => String::new(),
    };
    // Writing to a text can't fail.
    let _ = writeln!(
        xml,
        "<{element} name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{seconds:.3}\"{began}>",
        escape(name),
        cells.len(),
    );
}

fn test(xml: &mut String, suite: &str, name: &str, cell: &Cell) {
    let head =
        format!("<testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"", escape(suite), escape(name), cell.seconds);
    if cell.is_passed() {
        let _ = writeln!(xml, "{head}/>");
        return;
    }
    let kind = if cell.is_error() { "error" } else { "failure" };
    let _ = writeln!(
        xml,
        "{head}><{kind} type=\"{kind}\" message=\"{}\">{}</{kind}></testcase>",
        escape(cell.reason()),
        escape(&details(cell)),
    );
}

/// What was asked and answered, and each check's verdict.
fn details(cell: &Cell) -> String {
    let (asked, answer) = match &cell.outcome {
        CellOutcome::Judged { answer, .. } => (&answer.prompt, Some(answer.text.as_str())),
        CellOutcome::Failed { asked, .. } => (asked, None),
    };
    let mut details = format!("{}\n", cell.reason());
    for (name, part) in cell.verdict().iter().flat_map(|verdict| &verdict.parts) {
        let _ = writeln!(details, "{} {name}: {}", if part.is_passed { "passed" } else { "failed" }, part.reason);
    }
    for message in asked {
        let _ = writeln!(details, "\n[{}]\n{}", message.role, cut(&message.content));
    }
    if let Some(answer) = answer {
        let _ = writeln!(details, "\n[answer]\n{}", cut(answer));
    }
    details
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_ANSWER_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Text for content and attributes alike. Characters that XML 1.0 has no way to write (section 2.2) become U+FFFD;
/// line breaks are written as references, which attributes would otherwise lose.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => {
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::run::tests::run_of;
    use expect_test::expect;

    #[test]
    fn a_run_is_a_document_that_ci_reads() {
        let mut run = run_of(1, &[1.0, 0.5, 0.0]);
        run.started_at = Some("2026-01-02T03:04:05Z".into());
        run.cases[1].title = "<a & \"b\">\u{0}\u{1b}\u{ffff}".into();
        expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="a run" tests="3" failures="1" errors="1" time="3.000">
            <testsuite name="small · short" tests="3" failures="1" errors="1" time="3.000" timestamp="2026-01-02T03:04:05Z">
            <testcase classname="small · short" name="1. number: 0" time="1.000"/>
            <testcase classname="small · short" name="2. &lt;a &amp; &quot;b&quot;&gt;���" time="1.000"><failure type="failure" message="half right">half right&#10;failed contains: half right&#10;&#10;[user]&#10;say 1&#10;&#10;[answer]&#10;one&#10;two&#10;</failure></testcase>
            <testcase classname="small · short" name="3. number: 2" time="1.000"><error type="error" message="the model said nothing">the model said nothing&#10;&#10;[user]&#10;say 2&#10;</error></testcase>
            </testsuite>
            </testsuites>
        "#]]
        .assert_eq(&junit(&run));
    }
}
