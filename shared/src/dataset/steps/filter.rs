//! Dropping rows by a measure.

use serde::{Deserialize, Serialize};

use super::each_kept;
use crate::dataset::measures::Measure;
use crate::dataset::preparation::{Preparation, PreparationFault, Pulse, StepWriter, StoredFile};

/// Between which values of a measure a row stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Filter {
    /// What is measured.
    pub measure: Measure,
    /// The least value with which a row stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// The largest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

impl Filter {
    pub(super) fn title(&self) -> String {
        let bounds = match (self.at_least, self.at_most) {
            (Some(least), Some(most)) => format!("from {least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (None, None) => "any".to_owned(),
        };
        format!("Keep by {}: {bounds}", self.measure.title())
    }
}

pub(super) async fn run<F: StoredFile>(
    preparation: &Preparation<F>,
    step: &Filter,
    writer: &mut StepWriter<'_, F>,
    pulse: &impl Pulse,
) -> Result<(), PreparationFault> {
    let title = step.measure.title();
    let (below, above) = (format!("{title} is below the least"), format!("{title} is above the most"));
    each_kept(preparation, "measuring", pulse, |row, _, content| {
        let Some(value) = step.measure.of(&content) else { return Ok(()) };
        if step.at_least.is_some_and(|least| value < least) {
            writer.drop(row, &below, None)
        } else if step.at_most.is_some_and(|most| value > most) {
            writer.drop(row, &above, None)
        } else {
            Ok(())
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::preparation::Silent;
    use crate::dataset::preparation::tests::prepared;
    use crate::dataset::steps::Step;

    #[test]
    fn rows_stay_that_are_within_both_bounds_or_have_no_measure() {
        let answers = ["one", "one two", "one two three", "one two three four"];
        let row = |answer: &&str| format!("{{\"prompt\":\"q\",\"completion\":\"{answer}\"}}\n");
        let file = answers.iter().map(row).collect::<String>();
        let kept = |measure, at_least, at_most| {
            let mut preparation = prepared(&file);
            let step = Step::Filter(Filter { measure, at_least, at_most });
            let counts = pollster::block_on(preparation.run(step, &Silent)).unwrap().counts;
            let kept: Vec<bool> = preparation.rows().iter().map(|row| row.is_kept()).collect();
            assert_eq!(counts.dropped, kept.iter().filter(|kept| !**kept).count() as u64);
            let reasons = (0..4).filter_map(|row| Some(preparation.why_dropped(row).unwrap()?.0)).collect::<Vec<_>>();
            (kept, reasons)
        };
        let title = Measure::AnswerWords.title();
        let (below, above) = (format!("{title} is below the least"), format!("{title} is above the most"));
        let words = Measure::AnswerWords;
        assert_eq!(kept(words, Some(2.0), Some(3.0)), (vec![false, true, true, false], vec![below.clone(), above]));
        assert_eq!(kept(words, Some(4.0), None), (vec![false, false, false, true], vec![below; 3]));
        assert_eq!(kept(words, None, None), (vec![true; 4], Vec::new()));
        // Phrases of four words are in the last one only; the others have no such measure and stay.
        let (kept, reasons) = kept(Measure::RepeatedPhraseShare, Some(0.5), None);
        assert_eq!((kept, reasons.len()), (vec![true, true, true, false], 1));
    }
}
