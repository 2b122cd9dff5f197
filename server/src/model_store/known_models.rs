//! The catalogue, as the store needs it.

use shared::catalog::{Catalog, CatalogEntry};

use crate::downloads::Expected;
use crate::downloads::checksum::{Checksum, NotAChecksum};

/// A model of the catalogue.
#[derive(Clone, Debug)]
pub struct KnownModel {
    /// What the catalogue says of it.
    pub entry: CatalogEntry,
    checksum: Checksum,
}

impl KnownModel {
    /// A model that can be fetched and verified.
    ///
    /// # Errors
    /// The entry's `sha256` is none.
    pub fn new(entry: CatalogEntry) -> Result<Self, NotAChecksum> {
        let checksum = entry.sha256.parse()?;
        Ok(Self { entry, checksum })
    }

    /// The size and content that its file must have.
    pub fn expected(&self) -> Expected {
        Expected { size_bytes: Some(self.entry.size_bytes), checksum: Some(self.checksum) }
    }

    /// Its sources as a person would write them.
    pub fn source_text(&self) -> String {
        let texts: Vec<String> = self.entry.sources.iter().map(ToString::to_string).collect();
        texts.join(" + ")
    }
}

/// The catalogue that this program was built with.
///
/// # Errors
/// The catalogue is damaged.
pub fn known_models() -> Result<Vec<KnownModel>, NotAChecksum> {
    Catalog::built_in().models.into_iter().map(KnownModel::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_of_the_program_is_known() {
        let names: Vec<String> = known_models().unwrap().into_iter().map(|known| known.entry.name).collect();
        assert_eq!(names[..2], ["smollm2-135m-instruct-q4_1", "gemma-3-270m-q4_k_m"]);
    }
}
