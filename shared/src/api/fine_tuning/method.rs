//! How a job learns, and the numbers that OpenAI lets people choose.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number, or `auto` for one that is chosen by the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auto<T> {
    /// What suits the data.
    #[default]
    Auto,
    /// This one.
    Number(T),
}

impl<T> Auto<T> {
    /// The number, where one was chosen.
    pub fn number(self) -> Option<T> {
        match self {
            Self::Auto => None,
            Self::Number(number) => Some(number),
        }
    }
}

impl<T: Serialize> Serialize for Auto<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Number(number) => number.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Auto<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        enum Word {
            #[serde(rename = "auto")]
            Auto,
        }
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected `auto` or a number of the right kind")]
        enum Written<T> {
            Word(Word),
            Number(T),
        }
        let written = Option::<Written<T>>::deserialize(deserializer)?;
        Ok(match written {
            None | Some(Written::Word(Word::Auto)) => Self::Auto,
            Some(Written::Number(number)) => Self::Number(number),
        })
    }
}

/// How a job learns. A type that is not among [`MethodKind`]'s, such as `reinforcement`, is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// Which.
    #[serde(rename = "type")]
    pub kind: MethodKind,
    /// More on `supervised`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervised: Option<SupervisedMethod>,
    /// More on `dpo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpo: Option<DpoMethod>,
}

/// The methods there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodKind {
    /// To say the answers of chat rows.
    Supervised,
    /// To prefer one answer over another (Direct Preference Optimization, Rafailov et al. 2023).
    Dpo,
}

/// More on `supervised`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupervisedMethod {
    /// The numbers.
    pub hyperparameters: Option<SupervisedHyperparameters>,
}

/// More on `dpo`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DpoMethod {
    /// The numbers.
    pub hyperparameters: Option<DpoHyperparameters>,
}

/// The numbers of supervised fine-tuning. In a job they are those in force, once the files have been read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupervisedHyperparameters {
    /// Rows of one step. `auto`: 0.2 % of the rows as at OpenAI, but from 4 to 32, and never more than there are.
    pub batch_size: Auto<u32>,
    /// What the learning rate of [`TrainingOptions`](super::TrainingOptions) is multiplied by. `auto`: 1.
    pub learning_rate_multiplier: Auto<f64>,
    /// How often each row is seen. `auto`: 3; more, up to 25, until 100 rows have been seen, and fewer where it would be
    /// more than 25 000.
    pub n_epochs: Auto<u32>,
}

/// The numbers of DPO.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DpoHyperparameters {
    /// As in [`SupervisedHyperparameters`].
    pub batch_size: Auto<u32>,
    /// How dear it is to go away from the base: more than 0, at most 2. `auto`: 0.1.
    pub beta: Auto<f64>,
    /// As in [`SupervisedHyperparameters`].
    pub learning_rate_multiplier: Auto<f64>,
    /// As in [`SupervisedHyperparameters`], but `auto` begins at 1.
    pub n_epochs: Auto<u32>,
}
