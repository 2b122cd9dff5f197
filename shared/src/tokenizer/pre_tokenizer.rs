//! How byte-level models cut text into words before merging, by llama.cpp's names.

use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::normalizer::SplitDelimiterBehavior;

use super::vocabulary::InvalidVocabulary;

/// The names known.
pub(super) const NAMES: [&str; 9] =
    ["default", "gpt-2", "gpt2", "llama-bpe", "llama-v3", "llama3", "qwen2", "smaug-bpe", "smollm"];

/// Llama 3's pattern (also of its kin): letters with one leading sign, up to three digits, signs, white space.
const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Qwen 2's pattern: as Llama 3's with single digits.
const QWEN_2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The pre-tokenizer called `name`.
pub(super) fn named(name: &str) -> Result<PreTokenizerWrapper, InvalidVocabulary> {
    let bytes_only = ByteLevel::new(false, true, false);
    let split = |pattern: &str| {
        let pattern = SplitPattern::Regex(pattern.to_owned());
        Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
            .map_err(|error| InvalidVocabulary::PreTokenizer(format!("{name}: {error}")))
    };
    let steps: Vec<PreTokenizerWrapper> = match name {
        "default" | "gpt-2" | "gpt2" => vec![ByteLevel::new(false, true, true).into()],
        "smollm" => vec![Digits::new(true).into(), ByteLevel::new(false, true, true).into()],
        "llama-bpe" | "llama-v3" | "llama3" | "smaug-bpe" => vec![split(LLAMA_3)?.into(), bytes_only.into()],
        "qwen2" => vec![split(QWEN_2)?.into(), bytes_only.into()],
        other => return Err(InvalidVocabulary::PreTokenizer(other.to_owned())),
    };
    Ok(Sequence::new(steps).into())
}
