//! Compressed files that are damaged or cut off: they end with a broken row that says so, and the whole rows before it are
//! good.

use std::io;

use super::{Broken, FaultPlace, Place, Record, Records};
use crate::dataset::formats::Format;

/// Why a compressed file can't be unpacked on, and what was read of the row that is lost.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Damage {
    reason: String,
    place: Place,
    bytes: Vec<u8>,
}

impl Damage {
    pub(super) fn error(reason: String) -> io::Error {
        let place = Place::Line { line: 1, byte: 0 };
        io::Error::new(io::ErrorKind::InvalidData, Self { reason, place, bytes: Vec::new() })
    }

    /// Notes in an error, if it is one of these, where its row begins.
    pub(super) fn locate(mut error: io::Error, place: Place, bytes: &[u8]) -> io::Error {
        if let Some(damage) = error.get_mut().and_then(|it| it.downcast_mut::<Self>()) {
            damage.place = place;
            damage.bytes = bytes.to_owned();
        }
        error
    }
}

/// Gives the rows of a compressed file, and where it is damaged a broken one, which is the last.
pub(super) struct WholeRows<'a> {
    records: Box<dyn Records + 'a>,
    damage: Option<Damage>,
}

impl<'a> WholeRows<'a> {
    pub(super) fn new(records: Box<dyn Records + 'a>) -> Self {
        Self { records, damage: None }
    }
}

impl Records for WholeRows<'_> {
    fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        if self.damage.is_some() {
            return Ok(None);
        }
        let error = match self.records.next_record() {
            Ok(record) => return Ok(record),
            Err(error) => error,
        };
        let damage = self.damage.insert(error.downcast::<Damage>()?);
        let Damage { reason, place, bytes } = damage;
        let broken = Broken { at: FaultPlace::beginning_of(*place), reason: reason.clone(), bytes };
        Ok(Some(Record { place: *place, content: Err(broken) }))
    }

    fn format(&self) -> Option<Format> {
        self.records.format()
    }
}
