//! Terms of use, and what they allow.

use serde::{Deserialize, Serialize};

/// Terms of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// SPDX identifier, or the terms' own name.
    pub id: String,
    /// Where to read them.
    pub url: String,
    /// A person must accept them before the model is fetched.
    pub must_accept: bool,
}

/// Licences that the Open Source Initiative approves, by SPDX identifier.
const OPEN: [&str; 8] =
    ["Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "MPL-2.0", "GPL-3.0-only", "GPL-3.0-or-later", "ISC"];

/// Terms that are not open, but allow commercial use (with conditions that a person must read).
const COMMERCIAL: [&str; 5] = ["Gemma", "CC-BY-4.0", "CC-BY-SA-4.0", "OpenRAIL", "BigCode-OpenRAIL-M"];

/// Terms that forbid commercial use.
const NON_COMMERCIAL: [&str; 4] = ["CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-3.0"];

impl Licence {
    /// Whether it is an open-source licence; `None` for terms that are not known here.
    pub fn is_open(&self) -> Option<bool> {
        if self.is_one_of(&OPEN) {
            Some(true)
        } else {
            (self.is_one_of(&COMMERCIAL) || self.is_one_of(&NON_COMMERCIAL)).then_some(false)
        }
    }

    /// Whether it allows commercial use; `None` for terms that are not known here.
    pub fn allows_commercial_use(&self) -> Option<bool> {
        if self.is_one_of(&OPEN) || self.is_one_of(&COMMERCIAL) {
            Some(true)
        } else {
            self.is_one_of(&NON_COMMERCIAL).then_some(false)
        }
    }

    fn is_one_of(&self, ids: &[&str]) -> bool {
        ids.iter().any(|id| id.eq_ignore_ascii_case(&self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_terms_stay_unknown() {
        let of = |id: &str| {
            let licence = Licence { id: id.to_owned(), url: String::new(), must_accept: false };
            (licence.is_open(), licence.allows_commercial_use())
        };
        assert_eq!(of("apache-2.0"), (Some(true), Some(true)));
        assert_eq!(of("Gemma"), (Some(false), Some(true)));
        assert_eq!(of("CC-BY-NC-4.0"), (Some(false), Some(false)));
        assert_eq!(of("Somebody's own terms"), (None, None));
    }
}
