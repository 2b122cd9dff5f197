//! Runs `quern` with folders of its own, untouched by what this machine's user has configured.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The program, and the folders it uses.
pub(crate) struct Quern {
    folder: TempDir,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) success: bool,
    /// Its exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Quern {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A path in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The command, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quern"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("QUERN_")) {
            command.env_remove(name);
        }
        let folder = self.folder.path();
        // Where Linux, macOS and Windows have a user's configuration, data and caches.
        for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA"] {
            command.env(variable, folder);
        }
        command.args(arguments).current_dir(folder);
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with_input(arguments, b"")
    }

    /// Runs it to its end with something on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap().into()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("quern prints UTF-8");
        let code = output.status.code();
        Self { success: output.status.success(), code, output: text(output.stdout), errors: text(output.stderr) }
    }
}

impl Ran {
    /// What it printed, which must be all that was to be said.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert!(self.success, "{}", self.errors);
        self.output
    }

    /// What it complained of, which must not be in the output that scripts read.
    #[track_caller]
    pub(crate) fn bad(self) -> String {
        assert!(!self.success, "it succeeded and printed {:?}", self.output);
        assert_eq!(self.output, "");
        self.errors
    }
}

/// The smaller reference model.
pub(crate) fn smollm2() -> String {
    let folder = std::env::var_os("QUERN_MODELS_DIR")
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/quern/models"), PathBuf::from);
    let path = folder.join("SmolLM2-135M-Instruct.Q4_1.gguf");
    assert!(
        path.exists(),
        "{} is missing; `cargo xtask test` fetches it, or set QUERN_MODELS_DIR to where it is",
        path.display()
    );
    text(&path).to_owned()
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
