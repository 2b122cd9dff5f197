//! `quern tokenize`: the tokens of a text, from the vocabulary of a model file; its weights are not read.

use std::io::Read;

use anyhow::{Context, Result};
use engine::gguf::{GgufFile, vocabulary};
use engine::source::FileSource;
use serde_json::{Value, json};
use shared::tokenizer::{SpecialTokens, Tokenizer};

use super::opening::{open_database, open_store, ready_model};
use crate::arguments::TokenizeArguments;
use crate::config::Config;
use crate::terminal::print_line;

/// Prints the tokens of standard input.
pub(super) async fn run(config: Config, arguments: TokenizeArguments) -> Result<()> {
    let store = open_store(&config, open_database(&config)?)?;
    let path = ready_model(&store, &arguments.model).await?.path;
    let naming = || format!("reading the vocabulary of {}", path.display());
    let mut file = GgufFile::read(&FileSource::open(&path).with_context(naming)?).with_context(naming)?;
    let tokenizer = vocabulary::tokenizer(&mut file.metadata).with_context(naming)?;

    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).context("reading standard input")?;
    let text = utf_8(&bytes)?;
    let special = if arguments.special { SpecialTokens::Parse } else { SpecialTokens::AsText };
    let ids = tokenizer.encode(text, special);
    if arguments.json {
        let tokens: Vec<Value> = ids.iter().map(|&id| text_or_bytes(&tokenizer, id)).collect();
        return Ok(print_line(&json!({"ids": ids, "tokens": tokens}).to_string())?);
    }
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Ok(print_line(&ids.join(","))?)
}

fn utf_8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        anyhow::anyhow!(
            "standard input is not UTF-8 text: the byte 0x{:02x} at offset {offset} begins no character. Convert it \
             first, for example with `iconv -f latin1 -t utf-8`",
            bytes[offset]
        )
    })
}

/// What a token stands for: its text, or its bytes where they are only part of a character.
fn text_or_bytes(tokenizer: &Tokenizer, id: u32) -> Value {
    let mut bytes = Vec::new();
    tokenizer.push_token_bytes(id, SpecialTokens::Parse, &mut bytes);
    String::from_utf8(bytes).map_or_else(|error| json!(error.into_bytes()), Value::from)
}
