//! `cargo xtask fuzz [TARGET]`: feeds hostile bytes to what reads bytes from outside. What it builds, the inputs that it
//! collects and those that it finds lie in the cache folder, so that the next run goes on from there.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::cargo::{NIGHTLY, Toolchain};
use crate::child_process::{run_and_keep_lines, run_quietly};
use crate::machine::Machine;
use crate::requirements::{self, CrateTool};
use crate::setup::install_missing;
use crate::terminal::{headline, note, print_line};

/// `cargo xtask fuzz`.
#[derive(clap::Args)]
#[command(
    after_help = "Installs cargo-fuzz and a nightly toolchain if they are missing. What is built, collected and found \
                        lies in `fuzz` in the cache folder (~/.cache/quern). Fails with the path of the input if a target \
                        crashes, hangs or takes too much memory; docs/testing.md says what to do with it."
)]
pub(crate) struct FuzzArguments {
    /// What is fed [default: all of them, one after the other]
    #[arg(value_enum)]
    target: Option<Target>,
    /// How long each is fed, in minutes
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    minutes: u32,
}

/// Every target of `engine/fuzz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Target {
    /// GGUF: read, plan, load, write two tokens
    GgufReader,
    /// Any vocabulary, any text
    Tokenizer,
    /// Files of rows and documents: rows that go on as they are, or reasons
    DatasetRows,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::GgufReader => "gguf_reader",
            Self::Tokenizer => "tokenizer",
            Self::DatasetRows => "dataset_rows",
        }
    }

    /// How long inputs may be, and how much memory they may take: what is small must stay cheap.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::GgufReader => &["-max_len=40000", "-rss_limit_mb=1024"],
            Self::Tokenizer => &[],
            Self::DatasetRows => &["-max_len=20000", "-rss_limit_mb=1024"],
        }
    }
}

/// Where things are.
struct Folders {
    /// The crate of targets.
    fuzz: PathBuf,
    target: PathBuf,
    corpus: PathBuf,
    finds: PathBuf,
}

/// Feeds one target, or all.
pub(crate) fn run(arguments: &FuzzArguments) -> Result<ExitCode> {
    let machine = Machine::find()?;
    install_missing(&machine, &requirements::for_fuzzing())?;
    let cache = machine.places.cache.join("fuzz");
    let folders = Folders {
        fuzz: machine.places.checkout.join("engine/fuzz"),
        target: cache.join("target"),
        corpus: cache.join("corpus"),
        finds: cache.join("finds"),
    };
    let mut seeds = nightly(&machine)?;
    seeds
        .args(["run", "--example", "seeds", "--manifest-path"])
        .arg(folders.fuzz.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&folders.target)
        .arg("--")
        .arg(&folders.corpus);
    run_quietly("Writing files to begin with", &mut seeds)?;
    let targets = arguments.target.map_or_else(|| Target::value_variants().to_vec(), |target| vec![target]);
    let mut finds = Vec::new();
    for target in targets {
        headline(&format!("{}, {} minutes", target.name(), arguments.minutes));
        finds.extend(feed(&machine, &folders, target, arguments.minutes)?);
    }
    if finds.is_empty() {
        note("\nNothing was found.");
        return Ok(ExitCode::SUCCESS);
    }
    note("\nFound; docs/testing.md says how to look at it:");
    finds.iter().for_each(|find| print_line(find));
    Ok(ExitCode::FAILURE)
}

/// Feeds a target; gives the path of the input that broke it, if one did.
fn feed(machine: &Machine, folders: &Folders, target: Target, minutes: u32) -> Result<Option<String>> {
    let (corpus, finds) = (folders.corpus.join(target.name()), folders.finds.join(target.name()));
    for folder in [&corpus, &finds] {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let mut fuzz = nightly(machine)?;
    fuzz.args(["fuzz", "run", target.name(), "--fuzz-dir"]).arg(&folders.fuzz).arg("--target-dir").arg(&folders.target);
    fuzz.arg(&corpus).arg("--").args(target.options());
    // A folder, so with its separator at the end.
    fuzz.arg(format!("-artifact_prefix={}", finds.join("").display()));
    fuzz.arg(format!("-max_total_time={}", u64::from(minutes) * 60)).arg("-print_final_stats=1");
    let (status, lines) = run_and_keep_lines(&mut fuzz)?;
    if status.success() {
        return Ok(None);
    }
    match find(&lines) {
        Some(path) => Ok(Some(path)),
        None => {
            bail!("`cargo fuzz run {}` failed ({status}) without an input that breaks it; see above", target.name())
        }
    }
}

/// The input that libFuzzer says it has written.
fn find(lines: &[String]) -> Option<String> {
    let (_, path) = lines.iter().find_map(|line| line.split_once("Test unit written to "))?;
    Some(path.trim().to_owned())
}

/// The nightly cargo, which finds cargo-fuzz.
fn nightly(machine: &Machine) -> Result<Command> {
    let tool = CrateTool::cargo_fuzz().find(machine)?.context("cargo-fuzz was just installed and is not there")?;
    let own = tool.parent().map(Path::to_path_buf);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = own.into_iter().chain(std::env::split_paths(&path));
    let mut cargo = Toolchain::Default.cargo(&machine.places);
    cargo.env("PATH", std::env::join_paths(folders).context("PATH")?).env("RUSTUP_TOOLCHAIN", NIGHTLY);
    Ok(cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_of_the_crate_is_known() {
        let places = crate::places::Places::find().unwrap();
        let manifest = std::fs::read_to_string(places.checkout.join("engine/fuzz/Cargo.toml")).unwrap();
        let known: Vec<String> = Target::value_variants().iter().map(|it| format!("name = {:?}", it.name())).collect();
        let targets: Vec<&str> = manifest.lines().skip_while(|line| *line != "[[bin]]").collect();
        let named: Vec<&&str> = targets.iter().filter(|line| line.starts_with("name = ")).collect();
        assert_eq!(named.len(), known.len());
        assert!(named.iter().all(|name| known.iter().any(|known| known == **name)), "{named:?}");
        for target in Target::value_variants() {
            assert_eq!(target.to_possible_value().unwrap().get_name(), target.name());
        }
    }

    #[test]
    fn the_input_that_was_found_is_named() {
        let lines =
            ["#5 NEW", "artifact_prefix='/k/'; Test unit written to /k/crash-1 ", "Base64: AA=="].map(str::to_owned);
        assert_eq!(find(&lines).as_deref(), Some("/k/crash-1"));
        assert_eq!(find(&lines[..1]), None);
    }
}
