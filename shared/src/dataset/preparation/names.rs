//! Names of rows: `messy.jsonl:17` is the file's seventeenth row, `messy.jsonl:17+2` the second that was made from it.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::storage::StoredFile;
use super::{Origin, Pass, Preparation, PreparationFault};

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
        self.row_names().find(name)
    }

    /// Finds rows by their names, many of them.
    pub fn row_names(&self) -> RowNames<'_, F> {
        RowNames { preparation: self, pass: self.pass(), made: None }
    }
}

/// What a row is named by: its file, which row of it, and which of those made from that.
type Place = (usize, u32, u16);

/// Finds rows by their names. Those that were read are in order; those that were made are looked through once.
pub struct RowNames<'a, F> {
    preparation: &'a Preparation<F>,
    pass: Pass<'a, F>,
    made: Option<HashMap<Place, u32>>,
}

impl<F: StoredFile> RowNames<'_, F> {
    /// The row of that name.
    ///
    /// # Errors
    /// The storage fails, or there is none.
    pub fn find(&mut self, name: &str) -> Result<u32, PreparationFault> {
        let place = self.parse(name);
        let row = match place {
            Some(place @ (_, _, 0)) => self.row_read(place)?,
            Some(place) => self.row_made(place)?,
            None => None,
        };
        row.ok_or_else(|| {
            PreparationFault::Refused(format!("there is no row {name}; rows are called like messy.jsonl:17"))
        })
    }

    fn parse(&self, name: &str) -> Option<Place> {
        let (file, place) = name.rsplit_once(':')?;
        let (record, descendant) = place.split_once('+').unwrap_or((place, "0"));
        let file = self.preparation.sources.iter().position(|source| source.file.name == file)?;
        Some((file, record.parse().ok()?, descendant.parse().ok()?))
    }

    fn row_read(&mut self, wanted: Place) -> Result<Option<u32>, PreparationFault> {
        let (mut from, mut to) = (0, self.preparation.rows_read());
        while from < to {
            let middle = from + (to - from) / 2;
            match place_of(&mut self.pass, middle)?.cmp(&wanted) {
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
                Ordering::Equal => return Ok(Some(middle)),
            }
        }
        Ok(None)
    }

    fn row_made(&mut self, wanted: Place) -> Result<Option<u32>, PreparationFault> {
        let made = match &self.made {
            Some(made) => made,
            None => {
                let rows = self.preparation.rows_read()..self.preparation.rows.len() as u32;
                let made = rows.map(|row| Ok((place_of(&mut self.pass, row)?, row)));
                self.made.insert(made.collect::<Result<_, PreparationFault>>()?)
            }
        };
        Ok(made.get(&wanted).copied())
    }
}

fn place_of<F: StoredFile>(pass: &mut Pass<'_, F>, row: u32) -> Result<Place, PreparationFault> {
    let origin = pass.entry(row)?.origin;
    Ok((usize::from(origin.file), origin.record, origin.descendant))
}
