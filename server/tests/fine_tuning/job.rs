//! A job's folder with a model small enough for a test, and the worker on it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use engine::adapter::{LoraSettings, Scaling};
use engine::quantization::BlockType;
use engine::training::{AdamWSettings, Decay, Schedule};
use server::downloads::checksum::Checksum;
use server::fine_tuning::{Base, Objective, Optimizer, Output, TrainingSpecification, WorkerCommand, WorkerEvent};
use tempfile::TempDir;

use crate::tiny_model::{Architecture, ModelShape};

/// Rows of the training file.
pub(crate) const ROWS: usize = 22;

/// A job's folder.
pub(crate) struct Job {
    pub(crate) folder: TempDir,
    pub(crate) specification: TrainingSpecification,
}

/// A worker that runs.
pub(crate) struct Worker {
    pub(crate) child: Child,
    pub(crate) commands: Option<ChildStdin>,
    events: Receiver<WorkerEvent>,
}

/// How a worker ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) events: Vec<WorkerEvent>,
}

impl Job {
    /// One that trains an adapter on rows of questions and answers.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("base.gguf");
        std::fs::write(&base, ModelShape::tiny(Architecture::Llama, BlockType::Q8_0).file(7).bytes()).unwrap();
        let rows: String =
            (0..ROWS).map(|row| chat_row(&format!("Say {row}"), &"abc ".repeat(1 + row % 3), 1)).collect();
        let targets = ["attn_q", "attn_v", "ffn_down"].map(str::to_owned).to_vec();
        let specification = TrainingSpecification {
            job: "ftjob-test".to_owned(),
            base: Base {
                name: "tiny".to_owned(),
                sha256: Checksum::of_file(&base, &|_| {}).unwrap().to_string(),
                path: base,
            },
            training_file: folder.path().join("rows.jsonl"),
            validation_file: Some(folder.path().join("validation.jsonl")),
            objective: Objective::Supervised,
            output: Output::Adapter {
                lora: LoraSettings { rank: 4, alpha: 8.0, scaling: Scaling::Rank, targets, dora: false },
            },
            optimizer: Optimizer { adamw: AdamWSettings::default() },
            schedule: Schedule { peak: 0.01, warmup_steps: 2, steps: 18, decay: Decay::Linear },
            batch_rows: 4,
            epochs: 3,
            sequence_tokens: 64,
            packed_tokens: 100,
            recompute: true,
            seed: 11,
            threads: 2,
            checkpoint_steps: 2,
            validation_steps: 5,
            sample_prompts: vec!["Say 3".to_owned()],
        };
        let job = Self { folder, specification };
        job.write("rows.jsonl", &rows);
        job.write("validation.jsonl", &chat_row("Say 99", "abc", 1));
        job.specify();
        job
    }

    /// The same job in a folder of its own.
    pub(crate) fn again(&self) -> Self {
        let copy = Self { folder: tempfile::tempdir().unwrap(), specification: self.specification.clone() };
        copy.specify();
        copy
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes the specification as it is now.
    pub(crate) fn specify(&self) {
        self.write("specification.json", &serde_json::to_string_pretty(&self.specification).unwrap());
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quern"));
        command.arg("worker").arg(self.folder.path());
        command
    }

    pub(crate) fn start(&self) -> Worker {
        Worker::start(self.command())
    }

    /// Runs a worker to its end.
    pub(crate) fn run(&self) -> Ended {
        self.start().end()
    }

    /// Names in the folder of checkpoints, in order.
    pub(crate) fn checkpoints(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("checkpoints")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Worker {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (said, events) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A killed worker may leave half a line.
                if let Ok(event) = serde_json::from_str(&line) {
                    let _ = said.send(event);
                }
            }
        });
        Self { commands: child.stdin.take(), child, events }
    }

    /// The next thing that it says, until it has ended.
    pub(crate) fn next(&self) -> Option<WorkerEvent> {
        self.events.recv_timeout(Duration::from_secs(120)).ok()
    }

    /// Waits until it has made a step.
    pub(crate) fn wait_for_step(&self, wanted: u64) {
        while let Some(event) = self.next() {
            if matches!(event, WorkerEvent::Step { step, .. } if step >= wanted) {
                return;
            }
        }
        panic!("the worker ended before step {wanted}");
    }

    pub(crate) fn tell(&mut self, command: WorkerCommand) {
        let line = serde_json::to_string(&command).unwrap() + "\n";
        self.commands.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let events: Vec<WorkerEvent> = std::iter::from_fn(|| self.next()).collect();
        Ended { code: self.child.wait().unwrap().code(), events }
    }
}

impl Ended {
    /// It was all done.
    #[track_caller]
    pub(crate) fn finished(self) -> Vec<WorkerEvent> {
        assert_eq!(self.code, Some(0), "{:?}", self.events.last());
        assert!(matches!(self.events.last(), Some(WorkerEvent::Finished { .. })), "{:?}", self.events.last());
        self.events
    }

    /// It could not go on; code, message and parameter.
    #[track_caller]
    pub(crate) fn failed(self) -> (String, String, Option<String>) {
        assert_eq!(self.code, Some(1), "{:?}", self.events.last());
        match self.events.into_iter().next_back() {
            Some(WorkerEvent::Failed { code, message, param }) => (code, message, param),
            other => panic!("it did not say why it failed: {other:?}"),
        }
    }
}

/// A row of a question and an answer.
pub(crate) fn chat_row(question: &str, answer: &str, weight: u8) -> String {
    let row = serde_json::json!({"messages": [
        {"role": "user", "content": question},
        {"role": "assistant", "content": answer, "weight": weight},
    ]});
    format!("{row}\n")
}

/// All files in a folder that has no others in it.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
