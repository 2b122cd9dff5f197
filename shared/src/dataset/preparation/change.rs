//! What a step does to a row.

use std::num::NonZeroU8;

use super::state::Part;

/// What a step does to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The row.
    pub row: u32,
    /// What is done.
    pub effect: Effect,
}

/// What is done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is not used any more.
    Drop {
        /// Which of the step's reasons.
        reason: u8,
        /// The row that it is like, where that is the reason.
        like: Option<u32>,
    },
    /// It is used again.
    Keep,
    /// Another text takes the place of its own.
    Replace {
        /// That text's entry.
        entry: u32,
    },
    /// It is made, from another.
    Add {
        /// Its text's entry.
        entry: u32,
    },
    /// It goes to a part.
    Assign(Part),
    /// A person says how good it is, from 1 to 5.
    Rate(NonZeroU8),
    /// It was decided by a model's answer.
    Use {
        /// The answer's number.
        answer: u32,
    },
}

impl Change {
    /// Bytes of a change.
    pub(super) const BYTES: usize = 10;

    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let (kind, detail, other) = match self.effect {
            Effect::Drop { reason, like } => (0, reason, like.unwrap_or(u32::MAX)),
            Effect::Keep => (1, 0, 0),
            Effect::Replace { entry } => (2, 0, entry),
            Effect::Add { entry } => (3, 0, entry),
            Effect::Assign(part) => (4, part as u8, 0),
            Effect::Rate(rating) => (5, rating.get(), 0),
            Effect::Use { answer } => (6, 0, answer),
        };
        let mut bytes = [0; Self::BYTES];
        bytes[0] = kind;
        bytes[1] = detail;
        bytes[2..6].copy_from_slice(&self.row.to_le_bytes());
        bytes[6..].copy_from_slice(&other.to_le_bytes());
        bytes
    }

    /// `None` where the bytes are none of ours.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES] = bytes.try_into().ok()?;
        let row = u32::from_le_bytes(bytes[2..6].try_into().ok()?);
        let entry = u32::from_le_bytes(bytes[6..].try_into().ok()?);
        let detail = bytes[1];
        let effect = match bytes[0] {
            0 => Effect::Drop { reason: detail, like: (entry != u32::MAX).then_some(entry) },
            1 => Effect::Keep,
            2 => Effect::Replace { entry },
            3 => Effect::Add { entry },
            4 => Effect::Assign(Part::ALL.into_iter().find(|part| *part as u8 == detail)?),
            5 => Effect::Rate(NonZeroU8::new(detail)?),
            6 => Effect::Use { answer: entry },
            _ => return None,
        };
        Some(Self { row, effect })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back_as_they_were() {
        let effects = [
            Effect::Drop { reason: 3, like: None },
            Effect::Drop { reason: 0, like: Some(9) },
            Effect::Keep,
            Effect::Replace { entry: 8 },
            Effect::Add { entry: 1 << 30 },
            Effect::Assign(Part::Validation),
            Effect::Rate(NonZeroU8::MIN),
            Effect::Use { answer: 70_001 },
        ];
        for effect in effects {
            let change = Change { row: 70_000, effect };
            assert_eq!(Change::from_bytes(&change.to_bytes()), Some(change));
        }
        assert_eq!(Change::from_bytes(&[7; Change::BYTES]), None);
        assert_eq!(Change::from_bytes(&[]), None);
    }
}
