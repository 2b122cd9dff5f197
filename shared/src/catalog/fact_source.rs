//! Where a figure comes from. Nothing is shown without it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::CalendarDate;

/// Where a figure comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FactSource {
    /// It was measured.
    Measured {
        /// On what.
        device: String,
        /// When.
        on: CalendarDate,
    },
    /// Somebody states it.
    Stated {
        /// Who, or the address where it says so.
        by: String,
        /// As of when, where that is known.
        as_of: Option<CalendarDate>,
    },
    /// A list of prices.
    PriceList {
        /// Whose, or its address.
        source: String,
        /// When it was read.
        as_of: CalendarDate,
    },
    /// It was computed from other figures.
    Estimated {
        /// From which.
        from: String,
    },
    /// It follows from where the model runs.
    Place,
    /// Nobody says.
    Unknown,
}

impl fmt::Display for FactSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measured { device, on } => write!(formatter, "measured on {device}, {on}"),
            Self::Stated { by, as_of: Some(as_of) } => write!(formatter, "stated by {by}, {as_of}"),
            Self::Stated { by, as_of: None } => write!(formatter, "stated by {by}"),
            Self::PriceList { source, as_of } => write!(formatter, "price list {source}, {as_of}"),
            Self::Estimated { from } => write!(formatter, "estimated from {from}"),
            Self::Place => formatter.write_str("follows from where it runs"),
            Self::Unknown => formatter.write_str("unknown"),
        }
    }
}
