//! Names in a folder that outlast a power cut.

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes the names in a folder, new and changed ones, last. Other systems than Unix open no folders.
///
/// # Errors
/// What the system says.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
