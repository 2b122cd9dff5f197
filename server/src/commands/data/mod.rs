//! `quern data`: what is in files of training data and in documents, and the same rows in another format. By the same code as in the page.

mod asking;
mod convert;
mod disk_file;
mod inspect;
mod rows_ahead;
mod run;
mod source;

use anyhow::Result;

use crate::arguments::DataCommand;
use crate::config::Config;

/// Runs the command.
pub(super) async fn run(config: Config, command: DataCommand) -> Result<()> {
    match command {
        DataCommand::Inspect { files, map, chunks, json } => inspect::run(&files, map.as_deref(), &chunks, json),
        DataCommand::Convert(arguments) => convert::run(&arguments),
        DataCommand::Run(arguments) => run::run(&config, &arguments).await,
    }
}
