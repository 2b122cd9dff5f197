//! All rows looked at once: what checks find in them, and how measures are spread.

use serde::{Deserialize, Serialize};

use super::checks::Check;
use super::formats::Format;
use super::measures::{Histogram, Measure};
use super::preparation::{Part, Preparation, PreparationFault, Pulse, StoredFile};
use super::steps::each_kept;

/// What is found in the rows that are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Rows that were looked at.
    pub rows: u64,
    /// What each check finds.
    pub checks: Vec<Finding>,
    /// How each measure is spread.
    pub histograms: Vec<(Measure, Histogram)>,
    /// Formats that rows were read from; `None` are those by a person's own columns.
    pub formats: Vec<(Option<Format>, u64)>,
    /// Rows of each part.
    pub parts: Vec<(Part, u64)>,
}

/// What a check finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// Rows in which it finds something.
    pub rows: u64,
    /// Those of them that it can mend.
    pub repairable: u64,
    /// What it finds, with how many rows.
    pub reasons: Vec<(String, u64)>,
}

/// Looks at all rows.
///
/// # Errors
/// The storage fails, or somebody asked to stop.
pub async fn survey<F: StoredFile>(
    preparation: &Preparation<F>,
    checks: Vec<Check>,
    pulse: &impl Pulse,
) -> Result<Survey, PreparationFault> {
    let findings = checks.into_iter().map(|check| Finding { check, rows: 0, repairable: 0, reasons: Vec::new() });
    let mut survey = Survey {
        rows: 0,
        checks: findings.collect(),
        histograms: Measure::ALL.map(|measure| (measure, measure.empty_histogram())).into(),
        formats: Vec::new(),
        parts: Vec::new(),
    };
    each_kept(preparation, "looking at all rows", pulse, |number, entry, row| {
        survey.rows += 1;
        for finding in &mut survey.checks {
            let Some(reason) = finding.check.find(&row) else { continue };
            finding.rows += 1;
            finding.repairable += u64::from(finding.check.repairing().repair(&row).is_some());
            count(&mut finding.reasons, reason.to_owned());
        }
        for (measure, value) in Measure::of_all(&row) {
            if let Some((_, histogram)) = survey.histograms.iter_mut().find(|(other, _)| *other == measure) {
                histogram.add(value);
            }
        }
        count(&mut survey.formats, entry.origin.read_as);
        if let Some(part) = preparation.rows()[number as usize].part {
            count(&mut survey.parts, part);
        }
        Ok(())
    })
    .await?;
    Ok(survey)
}

/// Counts one more of the same; there are few different ones.
fn count<T: PartialEq>(counts: &mut Vec<(T, u64)>, one: T) {
    match counts.iter_mut().find(|(other, _)| *other == one) {
        Some((_, count)) => *count += 1,
        None => counts.push((one, 1)),
    }
}
