//! Placeholders such as `[EMAIL_1]` in the place of what was found, so that it can be put back. The same value has the same
//! placeholder in a whole dataset, so that who speaks of whom stays readable. Values are compared letter by letter.

use std::collections::{HashMap, HashSet};

use super::{Kind, find};

/// What every placeholder stands for, in the order in which the values first came.
///
/// A text may itself speak of `[EMAIL_1]`. Then no value gets that placeholder any more; and where one has it already, what
/// the text says is a value like others, and has a placeholder too.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(from = "Vec<Entry>", into = "Vec<Entry>")]
pub struct Placeholders {
    entries: Vec<Entry>,
    /// Values' places in `entries`.
    by_value: HashMap<(Kind, String), usize>,
    /// Placeholders' places in `entries`.
    by_placeholder: HashMap<String, usize>,
    /// What texts said themselves, and keeps its meaning.
    literals: HashSet<String>,
    /// The last number given, of each kind.
    last_numbers: [u32; Kind::ALL.len()],
}

/// A placeholder and what it stands for; one that a text said itself stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Entry {
    placeholder: String,
    value: String,
}

/// A text without what was found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The text, with placeholders.
    pub text: String,
    /// How many values were replaced.
    pub count: usize,
}

impl Placeholders {
    /// Puts placeholders in the place of everything of these kinds; none if the text stays as it is.
    pub fn replace(&mut self, text: &str, kinds: &[Kind]) -> Option<Replaced> {
        let found = find(text, kinds);
        let mut out = String::new();
        let mut from = 0;
        for found in &found {
            self.copy(&text[from..found.range.start], &mut out);
            let value = &text[found.range.clone()];
            out.push_str(self.placeholder_of(found.kind, value));
            from = found.range.end;
        }
        self.copy(&text[from..], &mut out);
        (out != text).then_some(Replaced { text: out, count: found.len() })
    }

    /// Puts the values back.
    pub fn restore(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for (start, end, _) in placeholders_in(text) {
            out.push_str(&text[from..start]);
            let placeholder = &text[start..end];
            let value = self.by_placeholder.get(placeholder).map(|place| &*self.entries[*place].value);
            out.push_str(value.unwrap_or(placeholder));
            from = end;
        }
        out.push_str(&text[from..]);
        out
    }

    /// Placeholders and what they stand for, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|entry| (&*entry.placeholder, &*entry.value))
            .filter(|(placeholder, value)| placeholder != value)
    }

    /// Copies what stays, and sees to it that placeholders which the text says itself mean themselves.
    fn copy(&mut self, text: &str, out: &mut String) {
        let mut from = 0;
        for (start, end, kind) in placeholders_in(text) {
            out.push_str(&text[from..start]);
            let literal = &text[start..end];
            if self.by_placeholder.contains_key(literal) && !self.literals.contains(literal) {
                out.push_str(self.placeholder_of(kind, literal));
            } else {
                if self.literals.insert(literal.to_owned()) {
                    self.add(kind, literal.to_owned(), literal);
                }
                out.push_str(literal);
            }
            from = end;
        }
        out.push_str(&text[from..]);
    }

    fn placeholder_of(&mut self, kind: Kind, value: &str) -> &str {
        let known = self.by_value.get(&(kind, value.to_owned())).copied();
        let place = known.unwrap_or_else(|| {
            let number = &mut self.last_numbers[kind as usize];
            let placeholder = loop {
                *number += 1;
                let placeholder = format!("[{}_{number}]", label(kind));
                if !self.by_placeholder.contains_key(&placeholder) {
                    break placeholder;
                }
            };
            self.add(kind, placeholder, value)
        });
        &self.entries[place].placeholder
    }

    fn add(&mut self, kind: Kind, placeholder: String, value: &str) -> usize {
        let place = self.entries.len();
        self.by_value.insert((kind, value.to_owned()), place);
        self.by_placeholder.insert(placeholder.clone(), place);
        self.entries.push(Entry { placeholder, value: value.to_owned() });
        place
    }
}

impl From<Placeholders> for Vec<Entry> {
    fn from(placeholders: Placeholders) -> Self {
        placeholders.entries
    }
}

impl From<Vec<Entry>> for Placeholders {
    fn from(entries: Vec<Entry>) -> Self {
        let mut placeholders = Self::default();
        for Entry { placeholder, value } in entries {
            let Some((kind, number)) = read(&placeholder) else { continue };
            if placeholder == value {
                placeholders.literals.insert(placeholder.clone());
            } else {
                let last = &mut placeholders.last_numbers[kind as usize];
                *last = number.max(*last);
            }
            placeholders.add(kind, placeholder, &value);
        }
        placeholders
    }
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Email => "EMAIL",
        Kind::Phone => "PHONE",
        Kind::PaymentCard => "PAYMENT_CARD",
        Kind::Iban => "IBAN",
        Kind::IpAddress => "IP_ADDRESS",
        Kind::Secret => "SECRET",
    }
}

/// The kind and the number of a placeholder, if the whole text is one.
fn read(text: &str) -> Option<(Kind, u32)> {
    let (label_read, number) = text.strip_prefix('[')?.strip_suffix(']')?.rsplit_once('_')?;
    let kind = Kind::ALL.into_iter().find(|kind| label(*kind) == label_read)?;
    let is_ours = !number.starts_with(['0', '+']);
    number.parse().ok().filter(|_| is_ours).map(|number| (kind, number))
}

/// Where placeholders begin and end in a text, and their kinds.
fn placeholders_in(text: &str) -> impl Iterator<Item = (usize, usize, Kind)> {
    memchr::memchr_iter(b'[', text.as_bytes()).filter_map(|start| {
        // The longest label and the largest number.
        let length = text.as_bytes()[start..].iter().take(26).position(|byte| *byte == b']')? + 1;
        let (kind, _) = read(&text[start..start + length])?;
        Some((start, start + length, kind))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn replace(placeholders: &mut Placeholders, text: &str) -> String {
        placeholders.replace(text, &Kind::ALL).map_or_else(|| text.to_owned(), |replaced| replaced.text)
    }

    #[test]
    fn the_same_value_has_the_same_placeholder_everywhere() {
        let mut placeholders = Placeholders::default();
        let text = "From a@example.com to b@example.com, +44 20 7946 0958";
        let replaced = placeholders.replace(text, &Kind::ALL).unwrap();
        assert_eq!(replaced, Replaced { text: "From [EMAIL_1] to [EMAIL_2], [PHONE_1]".to_owned(), count: 3 });
        assert_eq!(replace(&mut placeholders, "b@example.com again"), "[EMAIL_2] again");
        assert_eq!(placeholders.replace("nothing", &Kind::ALL), None);
    }

    #[test]
    fn a_placeholder_in_a_text_means_itself() {
        let mut placeholders = Placeholders::default();
        assert_eq!(replace(&mut placeholders, "[EMAIL_1] and a@example.com"), "[EMAIL_1] and [EMAIL_2]");
        let late = replace(&mut placeholders, "[EMAIL_2] it says");
        assert_eq!(late, "[EMAIL_3] it says");
        assert_eq!(placeholders.restore(&late), "[EMAIL_2] it says");
        assert_eq!(placeholders.restore("[EMAIL_1] and [EMAIL_2]"), "[EMAIL_1] and a@example.com");
    }

    #[test]
    fn a_kept_table_goes_on_where_it_was() {
        let mut placeholders = Placeholders::default();
        replace(&mut placeholders, "a@example.com [PHONE_1]");
        let json = serde_json::to_string(&placeholders).unwrap();
        assert_eq!(
            json,
            r#"[{"placeholder":"[EMAIL_1]","value":"a@example.com"},{"placeholder":"[PHONE_1]","value":"[PHONE_1]"}]"#
        );
        let mut again: Placeholders = serde_json::from_str(&json).unwrap();
        assert_eq!(again, placeholders);
        assert_eq!(replace(&mut again, "c@example.com, +44 20 7946 0958"), "[EMAIL_2], [PHONE_2]");
    }

    proptest! {
        #[test]
        fn what_is_replaced_comes_back(
            texts in prop::collection::vec(
                r"(\[|\]|EMAIL_|\[EMAIL_[1-3]\]|\[PHONE_[12]\]|\[SECRET_1\]|[ab]@example\.com|\+44 20 7946 095[0-9]|password=|hunter[0-9]! |[a-z0-9 ]{0,4}|\PC){0,12}",
                1..6,
            ),
        ) {
            let mut placeholders = Placeholders::default();
            let replaced: Vec<String> = texts.iter().map(|text| replace(&mut placeholders, text)).collect();
            let kept: Placeholders = serde_json::from_str(&serde_json::to_string(&placeholders).unwrap()).unwrap();
            for (text, replaced) in texts.iter().zip(&replaced) {
                prop_assert_eq!(&placeholders.restore(replaced), text);
                prop_assert_eq!(&kept.restore(replaced), text);
            }
        }
    }
}
