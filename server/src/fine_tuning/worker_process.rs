//! The process that trains.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::worker_event::{WorkerCommand, WorkerEvent};

/// The worker's log, in its job's folder.
const LOG_FILE: &str = "worker.log";

/// How much of the log's end is told when the worker dies.
const TOLD_LOG_BYTES: u64 = 2000;

/// How a worker is started.
pub trait StartWorker: Send + Sync {
    /// The program that works on the job in `folder`.
    ///
    /// # Errors
    /// There is none.
    fn command(&self, folder: &Path) -> io::Result<Command>;
}

/// `quern worker FOLDER`, by the program that this is.
#[derive(Clone, Copy, Debug)]
pub struct ThisProgram;

impl StartWorker for ThisProgram {
    fn command(&self, folder: &Path) -> io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("worker").arg(folder);
        Ok(command)
    }
}

/// A worker at work. It ends when this is dropped, and, as its input ends, when this process dies.
pub(super) struct WorkerProcess {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// What came from a worker.
pub(super) enum Heard {
    /// It said something.
    Event(WorkerEvent),
    /// It said something that nobody understands.
    Unknown(String),
    /// It ended.
    Ended(ExitStatus),
}

impl WorkerProcess {
    /// Starts one on the job in `folder`.
    pub(super) fn start(start: &dyn StartWorker, folder: &Path) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(folder.join(LOG_FILE))?;
        let mut command = start.command(folder)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let mut child = command.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or_else(|| io::Error::other("the worker has no input or output"))?;
        Ok(Self { child, input, output: BufReader::new(output).lines() })
    }

    /// The next that it says.
    pub(super) async fn hear(&mut self) -> io::Result<Heard> {
        match self.output.next_line().await? {
            None => Ok(Heard::Ended(self.child.wait().await?)),
            Some(line) => Ok(match serde_json::from_str(&line) {
                Ok(event) => Heard::Event(event),
                Err(error) => Heard::Unknown(error.to_string()),
            }),
        }
    }

    /// Tells it something. That it no longer listens shows in what it says next.
    pub(super) async fn tell(&mut self, command: WorkerCommand) {
        let told = async {
            let mut line = serde_json::to_vec(&command)?;
            line.push(b'\n');
            self.input.write_all(&line).await?;
            self.input.flush().await
        };
        if let Err(error) = told.await {
            tracing::debug!(%error, ?command, "the worker does not listen");
        }
    }

    /// Ends it now.
    pub(super) async fn kill(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "the worker was gone already");
        }
    }
}

/// Why a worker ended that had not said so, with the end of its log.
pub(super) fn cause_of_death(status: ExitStatus, folder: &Path) -> String {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let how = match (signal, status.code()) {
        // What Linux sends to whoever has too much memory.
        (Some(9), _) => "was killed (signal 9); when memory runs out, the system does that".to_owned(),
        (Some(signal), _) => format!("crashed (signal {signal})"),
        (None, Some(code)) => format!("ended with code {code}"),
        (None, None) => "ended".to_owned(),
    };
    let mut text = format!("the process that trains {how} before it was done");
    match end_of_log(folder) {
        Ok(log) if !log.is_empty() => {
            text.push_str("; the end of its log: ");
            text.push_str(&log);
        }
        _ => text.push_str("; its log is empty"),
    }
    text
}

fn end_of_log(folder: &Path) -> io::Result<String> {
    let mut file = File::open(folder.join(LOG_FILE))?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TOLD_LOG_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TOLD_LOG_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}
