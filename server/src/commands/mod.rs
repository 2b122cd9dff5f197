//! What the program does, one command per file.

mod chat;
mod config;
mod data;
mod eval;
mod generate;
mod models;
mod opening;
mod optimize;
mod prices;
mod providers;
mod serve;
mod suite_files;
mod tokenize;
mod whole_file;
mod worker;

use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::{Arguments, Command, DataCommand};
use crate::config::{Config, Options};
use crate::terminal::note;

/// Runs the command that was asked for.
///
/// # Errors
/// Whatever the command fails with, in words for the person who typed it.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { config: config_file, storage, command } = arguments;
    // A worker has all that it needs in its folder, and must run as the server that started it does.
    if let Command::Worker(worker) = &command {
        return Ok(worker::run(worker));
    }
    let mut flags = Options { storage, ..Options::default() };
    match &command {
        Command::Serve(serve) => {
            (flags.listen, flags.inference) = (serve.listen.clone(), serve.inference.clone());
            flags.limits = serve.limits.clone();
        }
        Command::Config(config) => {
            (flags.listen, flags.inference) = (config.listen.clone(), config.inference.clone());
            flags.limits = config.limits.clone();
        }
        Command::Chat(chat) => flags.inference = chat.inference.clone(),
        Command::Generate(generate) => flags.inference = generate.inference.clone(),
        Command::Eval(eval) => flags.inference = eval.inference.clone(),
        Command::Optimize(optimize) => flags.inference = optimize.inference.clone(),
        Command::Data(DataCommand::Run(run)) => flags.inference = run.inference.clone(),
        Command::Data(_) | Command::Models(_) | Command::Providers(_) | Command::Tokenize(_) | Command::Worker(_) => {}
    }
    let config = Config::decide(flags, config_file.as_deref())?;
    match command {
        Command::Serve(serve) => serve::run(config, serve).await,
        Command::Models(command) => models::run(config, command).await,
        Command::Providers(command) => providers::run(config, command).await,
        Command::Chat(chat) => chat::run(config, chat).await,
        Command::Generate(generate) => generate::run(config, generate).await,
        // What was found wanting is told apart from what could not be found out.
        Command::Eval(eval) => return Ok(or_exit_with_2(eval::run_command(config, eval).await)),
        Command::Optimize(optimize) => return Ok(or_exit_with_2(optimize::run(config, optimize).await)),
        Command::Data(command) => return data::run(config, command).await,
        Command::Tokenize(tokenize) => tokenize::run(config, tokenize).await,
        Command::Config(_) => config::run(&config),
        Command::Worker(worker) => return Ok(worker::run(&worker)),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn or_exit_with_2(result: Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        note(&format!("quern: {error:#}"));
        ExitCode::from(2)
    })
}
