//! Names of rows that are made from others.

use std::collections::HashMap;

use crate::dataset::preparation::{Origin, Preparation, PreparationFault, StoredFile};

/// How many rows were made from each, by its file and record.
pub(super) struct Descendants(HashMap<(u16, u32), u16>);

impl Descendants {
    /// Of all rows that there are.
    pub(super) fn of<F: StoredFile>(preparation: &Preparation<F>) -> Result<Self, PreparationFault> {
        let mut pass = preparation.pass();
        let mut made = HashMap::new();
        for row in preparation.rows_read()..preparation.rows().len() as u32 {
            let origin = pass.entry(row)?.origin;
            let most: &mut u16 = made.entry((origin.file, origin.record)).or_default();
            *most = (*most).max(origin.descendant);
        }
        Ok(Self(made))
    }

    /// Where the next row made from this one comes from; `None` where there are too many.
    pub(super) fn next(&mut self, origin: Origin) -> Option<Origin> {
        let count = self.0.entry((origin.file, origin.record)).or_default();
        let descendant = count.checked_add(1)?;
        *count = descendant;
        Some(Origin { descendant, ..origin })
    }
}
