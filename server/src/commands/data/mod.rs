//! `quern data`: what is in files of training data, and the same rows in another format. By the same code as in the page.

mod convert;
mod inspect;
mod source;

use anyhow::Result;

use crate::arguments::DataCommand;

/// Runs the command.
pub(super) fn run(command: DataCommand) -> Result<()> {
    match command {
        DataCommand::Inspect { files, json } => inspect::run(&files, json),
        DataCommand::Convert(arguments) => convert::run(&arguments),
    }
}
