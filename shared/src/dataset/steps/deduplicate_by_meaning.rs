//! Dropping rows that mean what others mean, in whatever words.

use super::ask::Answered;
use super::deduplicate::preferred_first;
use crate::dataset::asking::{Meaning, interview_rows};
use crate::dataset::duplicates::Meanings;
use crate::dataset::preparation::{Preparation, PreparationFault, Progress, Pulse, StepWriter, StoredFile};

/// Only what is as alike as that to a row that stays is dropped: of a chain in which each is like the next, some stay.
pub(super) async fn run<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Meaning,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let mut answered = Answered::default();
    let mut meanings = Meanings::default();
    let mut model: Option<String> = None;
    interview_rows(preparation, step, "looking at meanings", pulse, |row| {
        if !answered.note(&row, writer)? {
            return Ok(());
        }
        let Some((direction, by)) = row.outcome else { return Ok(()) };
        let first = model.get_or_insert_with(|| by.clone());
        if *first != by || !meanings.add(row.row, direction.values()) {
            return Err(PreparationFault::Refused(format!(
                "what rows mean was said by {first} and by {by}, and two models can't be compared; name a model that was \
                 asked for all, or another one"
            )));
        }
        Ok(())
    })
    .await?;
    answered.all(step)?;
    let mut families = meanings.find_families(preparation.rows().len() as u32, step.similarity, pulse).await?;
    let mut pass = preparation.pass();
    let mut dropped = Vec::new();
    let members = families.members();
    for (number, mut family) in members.iter().cloned().enumerate() {
        preferred_first(&mut family, step.keep, &mut pass)?;
        let mut staying: Vec<u32> = Vec::new();
        for row in family {
            let like = staying.iter().find_map(|other| {
                let similarity = meanings.similarity(row, *other)?;
                (similarity >= step.similarity.get()).then_some((*other, similarity))
            });
            match like {
                Some((other, similarity)) => dropped.push((row, other, similarity)),
                None => staying.push(row),
            }
        }
        let progress = Progress { stage: "choosing what stays", done: number as u64, total: members.len() as u64 };
        pulse.beat(progress).await?;
    }
    dropped.sort_unstable_by_key(|(row, _, _)| *row);
    dropped.into_iter().try_for_each(|(row, like, similarity)| {
        // Two digits: there are few reasons then.
        writer.drop(row, &format!("it means the same as another row, {similarity:.2} alike"), Some(like))
    })
}
