//! Making rows with the noise of people's typing: a model learns to answer those as well.

use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::descendants::Descendants;
use super::each_kept_of;
use crate::dataset::asking::protected::placeholders;
use crate::dataset::preparation::{Part, Preparation, PreparationFault, Pulse, StepWriter, StoredFile, of_part};
use crate::dataset::row::Row;

/// Which noise, and how much of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Noise {
    /// What is done to the words of the person's messages; answers stay as they are.
    pub kind: NoiseKind,
    /// Which part of the words, from 0 to 1.
    #[serde(default = "usual_share")]
    pub share: f64,
    /// Which part of the rows get a noisy copy, from 0 to 1.
    #[serde(default = "all")]
    pub of_rows: f64,
    /// Another seed gives other noise.
    #[serde(default)]
    pub seed: u64,
    /// Which rows get copies; without it all that are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// A kind of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseKind {
    /// Two letters of a word change places, or one is missing or doubled.
    Typos,
    /// A word is written in capitals, or in small letters.
    Casing,
    /// A word is missing.
    DroppedWords,
}

impl NoiseKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Typos, Self::Casing, Self::DroppedWords];

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Typos => "Typing mistakes",
            Self::Casing => "Other capitals",
            Self::DroppedWords => "Missing words",
        }
    }
}

fn usual_share() -> f64 {
    0.1
}

fn all() -> f64 {
    1.0
}

impl Noise {
    pub(super) fn title(&self) -> String {
        let (of_rows, share) = ((self.of_rows * 100.0).round(), (self.share * 100.0).round());
        let kind = self.kind.title().to_lowercase();
        let of_part = of_part(self.part);
        format!("Copies with {kind} ({of_rows} % of the rows{of_part}, {share} % of the words)")
    }
}

pub(super) async fn run<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Noise,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    if ![step.share, step.of_rows].iter().all(|share| (0.0..=1.0).contains(share)) {
        return Err(PreparationFault::Refused("shares of rows and words go from 0 to 1".to_owned()));
    }
    let mut descendants = Descendants::of(preparation)?;
    each_kept_of(preparation, step.part, "making copies", pulse, |row, entry, mut content| {
        let mut chance = Chance::new(step.seed, entry.origin);
        if !chance.happens(step.of_rows) || !disturb(&mut content, step, &mut chance) {
            return Ok(());
        }
        match descendants.next(entry.origin) {
            Some(origin) => writer.add(row, origin, &content),
            None => Ok(()),
        }
    })
    .await
}

/// Changes what the person says; false where nothing changed.
fn disturb(row: &mut Row, step: &Noise, chance: &mut Chance) -> bool {
    let mut has_changed = false;
    let mut disturb = |text: &mut String| {
        let noisy = disturbed(text, step, chance);
        has_changed |= noisy != *text;
        *text = noisy;
    };
    row.sample.change_prompts(&mut disturb);
    has_changed
}

fn disturbed(text: &str, step: &Noise, chance: &mut Chance) -> String {
    let mut noisy = String::with_capacity(text.len());
    let placeholders = placeholders(text);
    let mut end = 0;
    for word in text.split_inclusive(' ') {
        let start = end;
        end += word.len();
        // A placeholder that is written otherwise is never put back.
        let is_protected = placeholders.iter().any(|it| it.start < end && start < it.end);
        if !chance.happens(step.share) || is_protected {
            noisy.push_str(word);
            continue;
        }
        match step.kind {
            NoiseKind::DroppedWords => {}
            NoiseKind::Casing if chance.happens(0.5) => noisy.push_str(&word.to_uppercase()),
            NoiseKind::Casing => noisy.push_str(&word.to_lowercase()),
            NoiseKind::Typos => mistype(word, chance, &mut noisy),
        }
    }
    // A message without any words would be something else.
    if noisy.trim().is_empty() { text.to_owned() } else { noisy }
}

fn mistype(word: &str, chance: &mut Chance, out: &mut String) {
    let mut letters: Vec<char> = word.chars().collect();
    let length = letters.iter().take_while(|letter| letter.is_alphanumeric()).count();
    if length >= 3 {
        // First letters are seldom mistaken.
        let place = 1 + chance.below(length - 2);
        match chance.below(3) {
            0 => letters.swap(place, place + 1),
            1 => _ = letters.remove(place),
            _ => letters.insert(place, letters[place]),
        }
    }
    out.extend(letters);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::preparation::Origin;

    #[test]
    fn noise_is_the_same_for_a_seed() {
        let origin = Origin { file: 0, record: 1, descendant: 0, read_as: None };
        let text = "Please tell me how the weather in Lisbon will be on Sunday afternoon.";
        for kind in NoiseKind::ALL {
            let step = Noise { kind, share: 0.3, of_rows: 1.0, seed: 5, part: None };
            let noisy = disturbed(text, &step, &mut Chance::new(5, origin));
            assert_eq!(noisy, disturbed(text, &step, &mut Chance::new(5, origin)));
            assert_ne!(noisy, text);
            assert_ne!(noisy, disturbed(text, &step, &mut Chance::new(6, origin)));
        }
        let all = Noise { kind: NoiseKind::DroppedWords, share: 1.0, of_rows: 1.0, seed: 0, part: None };
        assert_eq!(disturbed(text, &all, &mut Chance::new(0, origin)), text);
    }

    #[test]
    fn noise_leaves_placeholders_as_they_are() {
        let text = "Write to [EMAIL_1], {{ the other name }} or [see [PHONE_NUMBER_12]] about my last order, please!";
        for kind in NoiseKind::ALL {
            let step = Noise { kind, share: 1.0, of_rows: 1.0, seed: 0, part: None };
            for record in 1..20 {
                let origin = Origin { file: 0, record, descendant: 0, read_as: None };
                let noisy = disturbed(text, &step, &mut Chance::new(0, origin));
                assert_ne!(noisy, text);
                for placeholder in ["[EMAIL_1]", "{{ the other name }}", "[PHONE_NUMBER_12]"] {
                    assert!(noisy.contains(placeholder), "{kind:?}: {noisy}");
                }
            }
        }
    }
}
