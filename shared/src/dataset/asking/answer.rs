//! What a model said, as it is kept: a line of JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::request::RequestKey;

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The request that it answers.
    pub key: RequestKey,
    /// Who answered.
    pub model: String,
    /// What was said.
    #[serde(flatten)]
    pub said: Said,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A text.
    Text(String),
    /// A text that stopped at the most tokens or at the context's end.
    CutOff(String),
    /// Nothing, and it never will be: the request is too long for the model. Its own words.
    TooLong(String),
    /// Where a text points.
    Direction(Direction),
}

impl Answer {
    /// As a line of the file in which answers are kept.
    pub fn to_json_line(&self) -> String {
        // It can't fail: an answer is plain data with text keys.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// Where a text points among all meanings, as 8-bit integers. Its length says nothing, so no scale is kept: two texts mean
/// the same as far as the angle between them is small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Direction(Vec<i8>);

/// Numbers that a direction may have; no model has more.
const MOST_DIMENSIONS: usize = 1 << 16;

impl Direction {
    /// From a model's numbers; `None` where they point nowhere.
    pub fn new(vector: &[f32]) -> Option<Self> {
        let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let is_direction = largest > 0.0 && vector.iter().all(|value| value.is_finite());
        let is_usable = is_direction && vector.len() <= MOST_DIMENSIONS;
        is_usable.then(|| Self(vector.iter().map(|value| (value / largest * 127.0).round() as i8).collect()))
    }

    /// Its numbers.
    pub fn values(&self) -> &[i8] {
        &self.0
    }
}

impl From<Direction> for String {
    fn from(direction: Direction) -> Self {
        STANDARD.encode(direction.0.iter().map(|value| *value as u8).collect::<Vec<u8>>())
    }
}

impl TryFrom<String> for Direction {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = STANDARD.decode(text).map_err(|error| format!("a direction is no base64: {error}"))?;
        if bytes.is_empty() || bytes.len() > MOST_DIMENSIONS || bytes.iter().all(|byte| *byte == 0) {
            return Err("a direction points nowhere".to_owned());
        }
        Ok(Self(bytes.into_iter().map(|byte| byte as i8).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_back_from_their_lines() {
        let key: RequestKey = "0123456789abcdef0123456789abcdef".parse().unwrap();
        let direction = Direction::new(&[0.1, -0.2, 0.0]).unwrap();
        assert_eq!(direction.values(), [64, -127, 0]);
        let all = [
            (Said::Text("a\n\"b\"".to_owned()), r#""text":"a\n\"b\"""#),
            (Said::CutOff("a".to_owned()), r#""cut_off":"a""#),
            (Said::TooLong("no".to_owned()), r#""too_long":"no""#),
            (Said::Direction(direction), r#""direction":"QIEA""#),
        ];
        for (said, written) in all {
            let answer = Answer { key, model: "m".to_owned(), said };
            let line = answer.to_json_line();
            assert_eq!(line, format!("{{\"key\":\"{key}\",\"model\":\"m\",{written}}}\n"));
            assert_eq!(serde_json::from_str::<Answer>(&line).unwrap(), answer);
        }
        for direction in ["", "AAAA", "*"] {
            assert!(Direction::try_from(direction.to_owned()).is_err(), "{direction}");
        }
        assert_eq!(Direction::new(&[0.0]).or(Direction::new(&[f32::NAN, 1.0])), None);
    }
}
