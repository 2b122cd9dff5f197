//! A file of training data as people have them: three formats in one, and much that is wrong.

use std::io::{self, Write};

/// Rows of the file, those that are none as well.
pub const MESSY_ROWS: usize = 200_000;

const THINGS: [&str; 12] = [
    "harbour",
    "violin",
    "glacier",
    "teapot",
    "lighthouse",
    "orchard",
    "compass",
    "sparrow",
    "engine",
    "lantern",
    "meadow",
    "bridge",
];
const VERBS: [&str; 9] =
    ["explain", "describe", "compare", "summarize", "sketch", "praise", "measure", "translate", "repair"];

/// Numbers that look random and are the same every time (a linear congruential generator, Knuth's MMIX).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % count as u64) as usize
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<String> = (0..count)
            .map(|_| {
                let thing = THINGS[self.below(THINGS.len())];
                match self.below(3) {
                    0 => thing.to_owned(),
                    1 => format!("{thing}s"),
                    _ => format!("{} {}", VERBS[self.below(VERBS.len())], self.below(5000)),
                }
            })
            .collect();
        words.join(" ")
    }
}

/// Writes the file: OpenAI chat, Alpaca and ShareGPT by turns; every fiftieth row or so is a duplicate, nearly one, empty, out
/// of order, cut off, damaged, or tells an e-mail address.
///
/// # Errors
/// It can't be written.
pub fn write_messy(out: &mut impl Write) -> io::Result<()> {
    let mut numbers = Numbers(7);
    let mut last = (String::new(), String::new());
    for row in 0..MESSY_ROWS {
        let kind = numbers.below(50);
        let mut question = format!("Please {} the {}", VERBS[numbers.below(VERBS.len())], numbers.words(6));
        let length = 8 + numbers.below(24);
        let mut answer = format!("{}.", numbers.words(length));
        match kind {
            0 | 1 => (question, answer) = last.clone(),
            2 => (question, answer) = (last.0.clone(), format!("{} Indeed.", last.1)),
            3 => answer.clear(),
            4 => question = format!("{question}, and write to person{row}@example.com"),
            5 => answer = format!("The cafÃ© said: {answer}"),
            _ => {}
        }
        last = (question.clone(), answer.clone());
        let line = match (kind, row % 3) {
            (6, _) => "{\"messages\": [{\"role\": \"user\", \"content\": \"cut".to_owned(),
            (7, _) => format!(
                "{{\"messages\":[{{\"role\":\"user\",\"content\":\"First, {row}.\"}},{{\"role\":\"user\",\"content\":\"{question}\"}},{{\"role\":\"assistant\",\"content\":\"{answer}\"}}]}}"
            ),
            (_, 0) => format!(
                "{{\"messages\":[{{\"role\":\"user\",\"content\":\"{question}\"}},{{\"role\":\"assistant\",\"content\":\"{answer}\"}}],\"id\":{row}}}"
            ),
            (_, 1) => format!("{{\"instruction\":\"{question}\",\"input\":\"\",\"output\":\"{answer}\"}}"),
            _ => format!(
                "{{\"conversations\":[{{\"from\":\"human\",\"value\":\"{question}\"}},{{\"from\":\"gpt\",\"value\":\"{answer}\"}}]}}"
            ),
        };
        out.write_all(line.as_bytes())?;
        // Lines end as on Windows now and then.
        out.write_all(if row % 97 == 0 { b"\r\n" } else { b"\n" })?;
    }
    Ok(())
}
