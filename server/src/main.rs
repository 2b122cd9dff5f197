//! `quern`: parses the arguments and runs one command.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use server::arguments::{Arguments, Command};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_logging(&arguments.command);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let result = runtime.block_on(server::commands::run(arguments));
    // Not a plain drop: that waits for a thread that waits for standard input.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// To standard error, as much as `QUERN_LOG` (or `RUST_LOG`) says.
fn start_logging(command: &Command) {
    let default = if matches!(command, Command::Serve(_)) { "info" } else { "warn" };
    let filter = std::env::var("QUERN_LOG").or_else(|_| std::env::var("RUST_LOG")).unwrap_or_default();
    let filter = if filter.is_empty() { default } else { &filter };
    // What the graphics libraries say of themselves at this level is of no use to a person.
    let filter = EnvFilter::new(format!("wgpu_core=warn,wgpu_hal=error,naga=warn,{filter}"));
    // Colours are for a terminal; a log file gets none.
    let has_colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(has_colours).init();
}

fn fail(error: &anyhow::Error) -> ExitCode {
    let is_closed_pipe = error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    });
    // `quern ... | head` has what it wanted.
    if !is_closed_pipe {
        server::terminal::note(&format!("quern: {error:#}"));
    }
    ExitCode::FAILURE
}
