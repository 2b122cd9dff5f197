//! Names of rows: `messy.jsonl:17` is the file's seventeenth row, `messy.jsonl:17+2` the second that was made from it.

use std::cmp::Ordering;

use super::storage::StoredFile;
use super::{Origin, Preparation, PreparationFault};

impl<F: StoredFile> Preparation<F> {
    /// A row's name: its file and which row of it, and which of those made from it.
    ///
    /// # Errors
    /// There is no such file.
    pub fn name_of(&self, origin: Origin) -> Result<String, PreparationFault> {
        let source =
            self.sources.get(usize::from(origin.file)).ok_or(PreparationFault::Damaged("there is no such file"))?;
        let made = if origin.descendant == 0 { String::new() } else { format!("+{}", origin.descendant) };
        Ok(format!("{}:{}{made}", source.file.name, origin.record))
    }

    /// The row of that name.
    ///
    /// # Errors
    /// The storage fails, or there is none.
    pub fn row_named(&self, name: &str) -> Result<u32, PreparationFault> {
        let none = || PreparationFault::Refused(format!("there is no row {name}; rows are called like messy.jsonl:17"));
        let (file, place) = name.rsplit_once(':').ok_or_else(none)?;
        let (record, descendant) = place.split_once('+').unwrap_or((place, "0"));
        let (record, descendant): (u32, u16) =
            (record.parse().map_err(|_| none())?, descendant.parse().map_err(|_| none())?);
        let file = self.sources.iter().position(|source| source.file.name == file).ok_or_else(none)?;
        let mut pass = self.pass();
        let wanted = (file, record, descendant);
        let mut compare = |row: u32| {
            let origin = pass.entry(row)?.origin;
            Ok::<_, PreparationFault>((usize::from(origin.file), origin.record, origin.descendant).cmp(&wanted))
        };
        if descendant > 0 {
            for row in self.rows_read()..self.rows.len() as u32 {
                if compare(row)?.is_eq() {
                    return Ok(row);
                }
            }
            return Err(none());
        }
        let (mut from, mut to) = (0, self.rows_read());
        while from < to {
            let middle = from + (to - from) / 2;
            match compare(middle)? {
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(none())
    }
}
