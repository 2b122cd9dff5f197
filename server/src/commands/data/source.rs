//! A file of rows, opened.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use shared::dataset::records::{Container, Records};

/// Bytes that tell what a file is.
const FIRST_BYTES: u64 = 64 << 10;

/// Opens a file, and finds what its rows come in.
pub(super) fn open(path: &Path) -> Result<Box<dyn Records>> {
    let name = path.display();
    let mut file = File::open(path).with_context(|| format!("opening {name}"))?;
    let mut first = Vec::new();
    file.by_ref().take(FIRST_BYTES).read_to_end(&mut first).with_context(|| format!("reading {name}"))?;
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let container = Container::find(&file_name, &first).with_context(|| format!("{name} can't be used"))?;
    file.seek(SeekFrom::Start(0)).with_context(|| format!("reading {name} from its beginning"))?;
    container.read(file).with_context(|| format!("{name} can't be used"))
}
