//! Dropping and mending what a check finds.

use super::each_kept;
use crate::dataset::checks::Check;
use crate::dataset::preparation::{Preparation, PreparationFault, Pulse, StepWriter, StoredFile};

/// Drops what it finds.
pub(super) async fn drop<F: StoredFile>(
    preparation: &Preparation<F>,
    check: &Check,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    each_kept(preparation, "looking", pulse, |row, _, content| match check.find(&content) {
        Some(found) => writer.drop(row, found, None),
        None => Ok(()),
    })
    .await
}

/// Mends what it finds and can mend.
pub(super) async fn repair<F: StoredFile>(
    preparation: &Preparation<F>,
    check: &Check,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    if check.repair_title().is_none() {
        return Err(PreparationFault::Refused(format!("{} can't be repaired; drop the rows", check.title())));
    }
    let mut repairing = check.repairing();
    each_kept(preparation, "repairing", pulse, |row, entry, content| match repairing.repair(&content) {
        Some(repaired) => writer.replace(row, entry.origin, &repaired),
        None => Ok(()),
    })
    .await?;
    if let Some(placeholders) = repairing.placeholders() {
        writer.note_placeholders(placeholders);
    }
    Ok(())
}
