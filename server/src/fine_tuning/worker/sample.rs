//! What the model says while it learns.

use engine::training::CpuTrainer;
use engine::{EngineError, ModelText};
use shared::chat_template::RenderOptions;
use shared::model_call::ChatMessage;
use shared::tokenizer::SpecialTokens;

/// Longest answer.
const MOST_TOKENS: usize = 32;

/// Answers a prompt by the trainer's own weights, always with the most probable token. Each token takes a whole forward pass,
/// so answers are short. A prompt that the template refuses has none.
pub(super) fn answer(
    trainer: &mut CpuTrainer,
    text: &ModelText,
    prompt: &str,
    today: &str,
) -> Result<Option<String>, EngineError> {
    let tokenizer = text.tokenizer();
    let message = ChatMessage { role: "user".to_owned(), content: prompt.to_owned() };
    let options = RenderOptions { add_generation_prompt: true, today };
    let Ok(rendered) = text.chat_template().render(&[message], options) else { return Ok(None) };
    let mut tokens = tokenizer.encode_prompt(&rendered, SpecialTokens::Parse);
    let prompt_tokens = tokens.len();
    while tokens.len() < prompt_tokens + MOST_TOKENS {
        let logits = trainer.logits(&tokens, tokens.len() - 1..tokens.len())?;
        let best = logits.iter().enumerate().max_by(|(_, one), (_, other)| one.total_cmp(other));
        let Some(best) = best.map(|(token, _)| token as u32).filter(|token| !tokenizer.is_end_of_generation(*token))
        else {
            break;
        };
        tokens.push(best);
    }
    Ok(Some(tokenizer.decode(&tokens[prompt_tokens..])))
}
