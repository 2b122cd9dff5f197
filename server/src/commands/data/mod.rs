//! `quern data`: what is in files of training data and in documents, and the same rows in another format. By the same code as in the page.

mod asking;
mod convert;
mod disk_file;
mod inspect;
mod learned;
mod rows_ahead;
mod run;
mod source;

use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::DataCommand;
use crate::config::Config;

/// Runs the command.
pub(super) async fn run(config: Config, command: DataCommand) -> Result<ExitCode> {
    match command {
        // What was found wanting is told apart from what could not be found out.
        DataCommand::Learned(arguments) => {
            return Ok(super::or_exit_with_2(learned::run(config, &arguments).await));
        }
        DataCommand::Inspect(arguments) => inspect::run(&arguments).await,
        DataCommand::Convert(arguments) => convert::run(&arguments),
        DataCommand::Run(arguments) => run::run(&config, &arguments).await,
    }
    .map(|()| ExitCode::SUCCESS)
}
