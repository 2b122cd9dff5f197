//! The two answers of a preference, side by side, and changed ones put in their place.

use serde::{Deserialize, Serialize};

use super::row::{Comparison, Content, Message, Role, Row, Sample};

/// Two answers to the same, each one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerPair {
    /// The better one.
    pub chosen: String,
    /// The worse one.
    pub rejected: String,
}

impl AnswerPair {
    /// The last answers of a preference; `None` where a row is none, or an answer is no plain text.
    pub fn of(row: &Row) -> Option<Self> {
        match &row.sample {
            Sample::Preference(Comparison { chosen, rejected, .. }) => {
                let text = |messages: &[Message]| Some(answer(messages)?.plain_text()?.to_owned());
                Some(Self { chosen: text(chosen)?, rejected: text(rejected)? })
            }
            Sample::TextPreference(Comparison { chosen, rejected, .. }) => {
                Some(Self { chosen: chosen.clone(), rejected: rejected.clone() })
            }
            _ => None,
        }
    }

    /// Puts the answers into the row that they are of.
    pub fn write_into(self, row: &mut Row) {
        match &mut row.sample {
            Sample::Preference(Comparison { chosen, rejected, .. }) => {
                for (messages, text) in [(chosen, self.chosen), (rejected, self.rejected)] {
                    if let Some(message) = messages.iter_mut().rfind(|message| message.role == Role::Assistant) {
                        message.content = Some(Content::Text(text));
                    }
                }
            }
            Sample::TextPreference(Comparison { chosen, rejected, .. }) => {
                (*chosen, *rejected) = (self.chosen, self.rejected);
            }
            _ => {}
        }
    }
}

fn answer(messages: &[Message]) -> Option<&Message> {
    messages.iter().rfind(|message| message.role == Role::Assistant)
}

#[cfg(test)]
mod tests {
    use super::super::steps::read_edited;
    use super::*;

    #[test]
    fn answers_change_and_all_else_stays() {
        for json in [
            r#"{"prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"good"}],"rejected":[{"role":"assistant","content":"bad"}],"id":7}"#,
            r#"{"prompt":"q","chosen":"good","rejected":"bad","id":7}"#,
        ] {
            let mut row = read_edited(json).unwrap();
            let AnswerPair { chosen, rejected } = AnswerPair::of(&row).unwrap();
            AnswerPair { chosen: rejected, rejected: chosen }.write_into(&mut row);
            let mut swapped = String::new();
            row.sample.own_format().write(&row, &mut swapped).unwrap();
            assert_eq!(swapped, json.replace("good", "?").replace("bad", "good").replace('?', "bad"));
        }
        assert_eq!(AnswerPair::of(&read_edited(r#"{"text":"a"}"#).unwrap()), None);
    }
}
