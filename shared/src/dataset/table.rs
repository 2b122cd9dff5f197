//! What a table shows of rows, and which rows it shows.

use std::num::NonZeroU8;

use serde::{Deserialize, Serialize};

use super::checks::Check;
use super::measures::Measure;
use super::preparation::{Part, Pass, Preparation, PreparationFault, Progress, Pulse, StoredFile};
use super::row::Row;

/// Which rows are shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// Those that are kept, or dropped.
    pub status: Status,
    /// Those of a part.
    pub part: Option<Part>,
    /// Those in which a check finds something.
    pub check: Option<Check>,
    /// Those with a measure between two values, the second not included.
    pub measure: Option<(Measure, f64, f64)>,
    /// Those that a person rated so.
    pub rating: Option<RatingQuery>,
    /// Those that say this somewhere; case makes no difference.
    pub text: String,
}

/// What has become of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// They are used.
    #[default]
    Kept,
    /// A step dropped them, this one or any.
    Dropped(Option<usize>),
    /// Either.
    Any,
}

/// How good a person finds rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RatingQuery {
    /// So good or better.
    AtLeast(NonZeroU8),
    /// So good or worse.
    AtMost(NonZeroU8),
    /// Nobody said.
    Unrated,
}

impl RatingQuery {
    fn suits(self, rating: Option<NonZeroU8>) -> bool {
        match self {
            Self::AtLeast(least) => rating.is_some_and(|rating| rating >= least),
            Self::AtMost(most) => rating.is_some_and(|rating| rating <= most),
            Self::Unrated => rating.is_none(),
        }
    }
}

/// The numbers of the rows that are shown, in order.
///
/// # Errors
/// The storage fails, or somebody asked to stop.
pub async fn find<F: StoredFile>(
    preparation: &Preparation<F>,
    query: &Query,
    pulse: &impl Pulse,
) -> Result<Vec<u32>, PreparationFault> {
    let suits = |row: &u32| {
        let state = preparation.rows()[*row as usize];
        let has_status = match query.status {
            Status::Kept => state.is_kept(),
            Status::Dropped(None) => !state.is_kept(),
            Status::Dropped(step) => state.dropped_by() == step,
            Status::Any => true,
        };
        has_status
            && (query.part.is_none() || state.part == query.part)
            && query.rating.is_none_or(|rating| rating.suits(state.rating))
    };
    let rows: Vec<u32> = (0..preparation.rows().len() as u32).filter(suits).collect();
    if query.check.is_none() && query.measure.is_none() && query.text.is_empty() {
        return Ok(rows);
    }
    let needle = query.text.to_lowercase();
    let mut pass = preparation.pass();
    let mut found = Vec::new();
    for (place, number) in rows.iter().enumerate() {
        pulse.beat_at(place, Progress { stage: "searching", done: place as u64, total: rows.len() as u64 }).await?;
        let (_, row) = pass.row(*number)?;
        let is_meant = query.check.as_ref().is_none_or(|check| check.find(&row).is_some())
            && query.measure.is_none_or(|(measure, least, end)| {
                measure.of(&row).is_some_and(|value| value >= least && value < end)
            })
            && (needle.is_empty() || says(&row, &needle));
        if is_meant {
            found.push(*number);
        }
    }
    Ok(found)
}

fn says(row: &Row, needle: &str) -> bool {
    let mut found = false;
    row.for_each_leaf(&mut |text| found = found || text.to_lowercase().contains(needle));
    found
}

/// What a table shows of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowLine {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// What it is in a word or two.
    pub kind: String,
    /// How what is not learned begins.
    pub prompt: String,
    /// How what is learned begins.
    pub answer: String,
    /// Its part.
    pub part: Option<Part>,
    /// How good a person finds it.
    pub rating: Option<u8>,
    /// Whether it is used.
    pub is_kept: bool,
}

/// Characters that a table shows of a text.
const SHOWN_CHARACTERS: usize = 200;

impl RowLine {
    /// Reads what a table shows.
    ///
    /// # Errors
    /// The storage fails, or there is no such row.
    pub fn read<F: StoredFile>(
        preparation: &Preparation<F>,
        pass: &mut Pass<'_, F>,
        number: u32,
    ) -> Result<Self, PreparationFault> {
        let (entry, row) = pass.row(number)?;
        let state = preparation.rows()[number as usize];
        let (mut prompt, mut answer) = (String::new(), String::new());
        row.sample.for_each_part(&mut |text, is_learned| {
            let into = if is_learned { &mut answer } else { &mut prompt };
            begin_with(into, text);
        });
        Ok(Self {
            number,
            name: preparation.name_of(entry.origin)?,
            kind: row.sample.kind().to_owned(),
            prompt,
            answer,
            part: state.part,
            rating: state.rating.map(NonZeroU8::get),
            is_kept: state.is_kept(),
        })
    }
}

/// Adds a text to what is shown, on one line.
fn begin_with(shown: &mut String, text: &str) {
    let left = SHOWN_CHARACTERS.saturating_sub(shown.chars().count());
    if left > 0 {
        if !shown.is_empty() {
            shown.push_str(" ⏎ ");
        }
        shown.extend(text.chars().take(left).map(|it| if it.is_control() { ' ' } else { it }));
    }
}

/// All of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowDetail {
    /// What a table shows of it.
    pub line: RowLine,
    /// The row as JSON, in the format of its kind.
    pub json: String,
    /// As its file had it, where steps changed it.
    pub original_json: Option<String>,
    /// Why it was dropped, where it was.
    pub why_dropped: Option<String>,
    /// The step that dropped it.
    pub dropped_by: Option<usize>,
    /// What checks find.
    pub findings: Vec<String>,
}

impl RowDetail {
    /// Reads all of a row.
    ///
    /// # Errors
    /// The storage fails, or there is no such row.
    pub fn read<F: StoredFile>(preparation: &Preparation<F>, number: u32) -> Result<Self, PreparationFault> {
        let mut pass = preparation.pass();
        let line = RowLine::read(preparation, &mut pass, number)?;
        let (_, row) = pass.row(number)?;
        let json = written(&row);
        let original = written(&pass.original(number)?);
        let why_dropped = match preparation.why_dropped(number)? {
            Some((why, Some(like))) => {
                let like = pass.entry(like)?.origin;
                Some(format!("{why}: {}", preparation.name_of(like)?))
            }
            Some((why, None)) => Some(why),
            None => None,
        };
        let findings =
            Check::all().into_iter().filter_map(|check| Some(format!("{}: {}", check.title(), check.describe(&row)?)));
        Ok(Self {
            line,
            original_json: (original != json).then_some(original),
            json,
            why_dropped,
            dropped_by: preparation.rows()[number as usize].dropped_by(),
            findings: findings.collect(),
        })
    }
}

fn written(row: &Row) -> String {
    let mut json = String::new();
    // Rows of a preparation have a place in the format of their kind.
    let _ = row.sample.own_format().write(row, &mut json);
    json
}
