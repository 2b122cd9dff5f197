//! What the program does, one command per file.

mod chat;
mod config;
mod generate;
mod models;
mod opening;
mod serve;
mod tokenize;

use anyhow::Result;

use crate::arguments::{Arguments, Command};
use crate::config::{Config, Options};

/// Runs the command that was asked for.
///
/// # Errors
/// Whatever the command fails with, in words for the person who typed it.
pub async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { config: config_file, storage, command } = arguments;
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
        Command::Models(_) | Command::Tokenize(_) => {}
    }
    let config = Config::decide(flags, config_file.as_deref())?;
    match command {
        Command::Serve(serve) => serve::run(config, serve).await,
        Command::Models(command) => models::run(config, command).await,
        Command::Chat(chat) => chat::run(config, chat).await,
        Command::Generate(generate) => generate::run(config, generate).await,
        Command::Tokenize(tokenize) => tokenize::run(config, tokenize).await,
        Command::Config(_) => config::run(&config),
    }
}
