//! Texts that were read in the wrong encoding, or have lost characters.

use super::{About, Known};
use crate::dataset::encoding_damage::{damage, repair};
use crate::dataset::row::Row;

/// What people read of it.
pub(super) const ABOUT: About = About {
    title: "Damaged encoding",
    explanation: "Texts such as “cafÃ©” were read in the wrong encoding once, and a model learns to write so. What has become a \
                  question mark in a diamond is lost for good.",
    repair: Some("Mend what is certain"),
};

pub(super) struct EncodingDamage;

impl Known for EncodingDamage {
    fn find(&self, row: &Row) -> Option<&'static str> {
        let mut found = None;
        row.for_each_leaf(&mut |text| {
            let Some(damage) = damage(text) else { return };
            let reason = if damage.misread > 0 {
                "a text was read in the wrong encoding"
            } else if damage.lost > 0 {
                "characters of a text are lost"
            } else if damage.controls > 0 {
                "there are control characters in a text"
            } else {
                "there are invisible characters in a text"
            };
            found.get_or_insert(reason);
        });
        found
    }

    fn repair(&self, row: &Row) -> Option<Row> {
        let mut repaired = row.clone();
        (repaired.change_texts(&mut |text| repair(text)) > 0).then_some(repaired)
    }
}
