//! The real companion, `quern serve`, on a free port with temporary data.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::environment::path;
use crate::wait::EVENTUALLY;

/// A running companion. Dropping it ends it.
pub struct Companion {
    process: Child,
    /// Where it listens.
    pub port: u16,
    log: Arc<Mutex<String>>,
    folder: TempDir,
}

impl Companion {
    /// Starts it and waits until it listens. With a `model` it has that one in memory from the start.
    ///
    /// # Errors
    /// It did not start; what it said is in the error.
    pub async fn start(model: Option<&str>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Self::command(&folder)?;
        command.args(["serve", "--host", "127.0.0.1", "--port", "0", "--app-dir"]).arg(path("QUERN_DIST")?);
        if let Some(model) = model {
            command.args(["--model", model]);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().context("starting quern")?;
        let log = Arc::<Mutex<String>>::default();
        let (address_sender, address) = tokio::sync::oneshot::channel();
        let mut address_sender = Some(address_sender);
        let output = BufReader::new(process.stdout.take().context("standard output is piped")?).lines();
        let errors = BufReader::new(process.stderr.take().context("standard error is piped")?).lines();
        keep_lines(errors, log.clone(), |_| {});
        keep_lines(output, log.clone(), move |line| {
            if let Some(address) = line.strip_prefix("quern is at http://")
                && let Some(sender) = address_sender.take()
            {
                // Whoever waited may have given up.
                let _ = sender.send(address.to_owned());
            }
        });
        let address = match tokio::time::timeout(EVENTUALLY, address).await {
            Ok(Ok(address)) => address,
            _ => bail!("the companion did not start; it said:\n{}", text(&log)),
        };
        let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.with_context(|| format!("{address} has no port"))?;
        Ok(Self { process, port, log, folder })
    }

    /// Where the app is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it said so far.
    pub fn log(&self) -> String {
        text(&self.log)
    }

    /// Ends it as a power cut would.
    ///
    /// # Errors
    /// The system refused.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.kill().await.context("stopping the companion")
    }

    /// Runs another `quern` command with the same data, and returns what it printed.
    ///
    /// # Errors
    /// It failed; what it said is in the error.
    pub async fn quern(&self, arguments: &[&str]) -> Result<String> {
        let output = Self::command(&self.folder)?.args(arguments).output().await.context("starting quern")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`quern {}` failed: {errors}", arguments.join(" "));
        String::from_utf8(output.stdout).context("quern prints UTF-8")
    }

    /// `quern` with data of its own, untouched by what this machine's user has configured.
    fn command(folder: &TempDir) -> Result<Command> {
        let configuration: PathBuf = folder.path().join("config.toml");
        std::fs::write(&configuration, "")?;
        let mut command = Command::new(path("QUERN_BIN")?);
        command
            .arg("--config")
            .arg(configuration)
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .arg("--models-dir")
            .arg(path("QUERN_MODELS_DIR")?)
            .stdin(Stdio::null());
        Ok(command)
    }
}

fn text(log: &Mutex<String>) -> String {
    log.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Reads on until the process ends, so that it never waits for somebody to listen.
fn keep_lines<R: tokio::io::AsyncBufRead + Send + Unpin + 'static>(
    mut lines: tokio::io::Lines<R>,
    log: Arc<Mutex<String>>,
    mut on_line: impl FnMut(&str) + Send + 'static,
) {
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            on_line(&line);
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
}
