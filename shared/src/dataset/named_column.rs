//! A column that a person named: a misspelled name must not go unnoticed.

use std::collections::BTreeSet;

use super::preparation::PreparationFault;
use super::row::Row;

/// A column by its name, and those that there are.
pub(super) struct NamedColumn<'a> {
    name: &'a str,
    is_there: bool,
    others: BTreeSet<String>,
}

/// Columns that are told where one is misspelled; some files have one for each row.
const MOST_TOLD: usize = 20;

impl<'a> NamedColumn<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, is_there: false, others: BTreeSet::new() }
    }

    /// Its text in a row.
    pub(super) fn text_of(&mut self, row: &Row) -> Option<String> {
        self.look_at(row);
        row.column_text(self.name)
    }

    /// Notes whether a row has it.
    pub(super) fn look_at(&mut self, row: &Row) {
        self.is_there = self.is_there || row.column_text(self.name).is_some();
        if self.is_there {
            return;
        }
        for (name, _) in &row.columns {
            if self.others.len() < MOST_TOLD && !self.others.contains(name) {
                self.others.insert(name.clone());
            }
        }
    }

    /// # Errors
    /// No row had it.
    pub(super) fn must_be_there(self) -> Result<(), PreparationFault> {
        if self.is_there {
            return Ok(());
        }
        let others = match self.others.into_iter().collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "they have no columns beside what is learned".to_owned(),
            others => format!("the columns beside what is learned are {others}"),
        };
        Err(PreparationFault::Refused(format!("no row has a column {:?}: {others}", self.name)))
    }
}
