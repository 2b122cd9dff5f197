//! Instructions that a model proposes, from the task, from sample cases and from what went wrong.
//!
//! The ideas are those of OPRO (Yang et al., "Large Language Models as Optimizers", 2023: earlier instructions with
//! their scores, in rising order) and of MIPRO (Opsahl-Ong et al., "Optimizing Instructions and Demonstrations for
//! Multi-Stage Language Model Programs", 2024: cases and a tip in the question, so that proposals differ). A small model
//! often writes rubbish; what can't be an instruction is dropped.

use super::candidate::has_template_syntax;
use crate::model_call::ChatMessage;
use crate::prompt::Variables;

/// Longer proposals are rather an essay than an instruction.
const MOST_INSTRUCTION_BYTES: usize = 1200;

/// Shorter ones say nothing.
const FEWEST_INSTRUCTION_BYTES: usize = 12;

/// So many characters of a case, copied, give the case away.
const COPIED_CHARACTERS: usize = 40;

/// Longest excerpt of one value in a question.
const EXCERPT_CHARACTERS: usize = 300;

/// One per question, in turn: what a proposal should try.
const TIPS: [&str; 6] = [
    "Say exactly what form the answer must have.",
    "Keep it as short as possible.",
    "Name the mistake that was made most often, and how to avoid it.",
    "Explain the task step by step to somebody who has never seen it.",
    "Say what to do in doubtful cases.",
    "Say who the model is and what it pays attention to.",
];

/// A case as a question shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShownCase<'a> {
    pub(crate) variables: &'a Variables,
    pub(crate) expected: Option<String>,
    /// The wrong answer and why it is wrong; `None` for a mere sample.
    pub(crate) failure: Option<(&'a str, &'a str)>,
}

/// What a question for a new instruction is made of.
pub(crate) struct ProposalInput<'a> {
    /// The task in a person's words; can be empty.
    pub(crate) description: &'a str,
    /// The instruction to improve; can be empty.
    pub(crate) instruction: &'a str,
    /// Others that were tried, with their scores.
    pub(crate) tried: &'a [(&'a str, f64)],
    /// Cases, the most telling first.
    pub(crate) cases: &'a [ShownCase<'a>],
}

/// The question for the `number`th proposal.
pub(crate) fn proposal_question(input: &ProposalInput<'_>, number: usize) -> Vec<ChatMessage> {
    let mut text = String::from("Improve the instruction that a language model is given for a task.\n");
    if !input.description.is_empty() {
        text += &format!("\nThe task: {}\n", input.description);
    }
    let current = if input.instruction.is_empty() { "(none yet)" } else { input.instruction };
    text += &format!("\nThe instruction now: {current}\n");
    let mut tried = input.tried.to_vec();
    tried.sort_by(|a, b| a.1.total_cmp(&b.1));
    if !tried.is_empty() {
        text += "\nOthers that were tried, the best last:\n";
        for (instruction, score) in tried {
            text += &format!("- {instruction} (score {:.0} of 100)\n", score * 100.0);
        }
    }
    for case in input.cases {
        text += "\n";
        for (name, value) in case.variables {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text += &format!("{name}: {}\n", excerpt(&value));
        }
        if let Some((answer, reason)) = case.failure {
            text +=
                &format!("The model answered, wrongly: {}\nWhy it is wrong: {}\n", excerpt(answer), excerpt(reason));
        }
        if let Some(expected) = &case.expected {
            text += &format!("The right answer: {}\n", excerpt(expected));
        }
    }
    let tip = TIPS[number % TIPS.len()];
    text += &format!(
        "\n{tip} The instruction must hold for every case, so don't repeat these ones. Write the new instruction, and \
         nothing else."
    );
    vec![ChatMessage { role: "user".to_owned(), content: text }]
}

fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(EXCERPT_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The instruction in a model's answer; `None` where there is none to be used. `secrets` are texts that must not be told
/// (see [`gives_away`]), `known` the instructions there are already.
pub(crate) fn instruction_in(answer: &str, known: &[&str], secrets: &[&str]) -> Option<String> {
    let instruction = unwrapped(answer);
    let is_long_enough = (FEWEST_INSTRUCTION_BYTES..=MOST_INSTRUCTION_BYTES).contains(&instruction.len());
    let is_known = known.iter().any(|other| normalized(other) == normalized(instruction));
    let is_usable = is_long_enough
        && !is_known
        && !has_template_syntax(instruction)
        && !instruction.contains(char::REPLACEMENT_CHARACTER)
        && !is_repetitive(instruction)
        && !secrets.iter().any(|secret| gives_away(instruction, secret));
    is_usable.then(|| instruction.to_owned())
}

/// Without what models like to put around an answer: a code fence, a heading such as `New instruction:`, quotes.
fn unwrapped(answer: &str) -> &str {
    let mut text = answer.trim();
    if let Some(inside) = text.strip_prefix("```").and_then(|text| text.strip_suffix("```")) {
        text = inside.split_once('\n').map_or(inside, |(_language, body)| body).trim();
    }
    if let Some((heading, rest)) = text.split_once(':') {
        let is_heading =
            heading.len() <= 40 && heading.to_lowercase().contains("instruction") && !heading.contains('.');
        if is_heading {
            text = rest.trim_start_matches(['*', ' ']).trim();
        }
    }
    for quote in ['"', '\'', '`'] {
        let inside = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        text = inside.filter(|inside| !inside.contains(quote)).unwrap_or(text);
    }
    text.trim()
}

fn normalized(text: &str) -> String {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A small model that got stuck: most of its words are the same few.
fn is_repetitive(text: &str) -> bool {
    let normalized = normalized(text);
    let words: Vec<&str> = normalized.split(' ').collect();
    let mut triples: Vec<&[&str]> = words.windows(3).collect();
    let all = triples.len();
    triples.sort_unstable();
    triples.dedup();
    all >= 10 && triples.len() * 2 < all
}

/// True where the instruction tells the secret (an expected answer, or a value of a case), or, of a long one, a good
/// piece. Capitals, spaces and punctuation make no difference.
fn gives_away(instruction: &str, secret: &str) -> bool {
    let (instruction, secret) = (format!(" {} ", normalized(instruction)), normalized(secret));
    let characters: Vec<char> = secret.chars().collect();
    if characters.len() <= COPIED_CHARACTERS {
        return !secret.is_empty() && instruction.contains(&format!(" {secret} "));
    }
    characters.windows(COPIED_CHARACTERS).any(|piece| instruction.contains(&piece.iter().collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_models_put_around_an_instruction_is_taken_off() {
        let expected = Some("Answer yes or no: nothing else.".to_owned());
        for answer in [
            "Answer yes or no: nothing else.",
            "  \"Answer yes or no: nothing else.\"\n",
            "New instruction: Answer yes or no: nothing else.",
            "**Instruction:** Answer yes or no: nothing else.",
            "```text\nAnswer yes or no: nothing else.\n```",
        ] {
            assert_eq!(instruction_in(answer, &[], &[]), expected, "{answer:?}");
        }
    }

    #[test]
    fn rubbish_repetitions_copies_and_given_away_answers_are_dropped() {
        let stuck = "the answer is the answer is the answer is the answer is the answer is the answer";
        let long = "a b c d e f g ".repeat(200);
        let case = "The parcel arrived three weeks late and the box was already open, which is not acceptable.";
        for (answer, why) in [
            ("", "empty"),
            ("Ok.", "too short"),
            (long.as_str(), "too long"),
            (stuck, "repetitive"),
            ("Answer for {{ city }} only.", "template syntax"),
            ("answer YES or no, nothing else!", "known"),
            ("The capital of Norway is Oslo, remember.", "gives an answer away"),
            ("When the parcel arrived three weeks late and the box was already open, say bad.", "copies a case"),
        ] {
            assert_eq!(instruction_in(answer, &["Answer yes or no. Nothing else."], &["oslo", case]), None, "{why}");
        }
        assert!(instruction_in("Oslofjord is spelled with an f.", &[], &["oslo", case]).is_some());
    }

    #[test]
    fn a_question_shows_failures_and_earlier_tries_in_rising_order() {
        let variables: Variables = serde_json::from_str(r#"{"text": "Great!", "stars": 5}"#).unwrap();
        let failure = Some(("negative", "it is not \"positive\""));
        let cases = [ShownCase { variables: &variables, expected: Some("positive".to_owned()), failure }];
        let tried = [("Better.", 0.7), ("Worse.", 0.25)];
        let input = ProposalInput { description: "Sentiment.", instruction: "Classify.", tried: &tried, cases: &cases };
        let question = &proposal_question(&input, 1)[0].content;
        expect_test::expect![[r#"
            Improve the instruction that a language model is given for a task.

            The task: Sentiment.

            The instruction now: Classify.

            Others that were tried, the best last:
            - Worse. (score 25 of 100)
            - Better. (score 70 of 100)

            text: Great!
            stars: 5
            The model answered, wrongly: negative
            Why it is wrong: it is not "positive"
            The right answer: positive

            Keep it as short as possible. The instruction must hold for every case, so don't repeat these ones. Write the new instruction, and nothing else."#]]
        .assert_eq(question);
    }
}
