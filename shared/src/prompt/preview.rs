//! What a model will see of a prompt: the exact text, its tokens and what reading them costs. It is fast enough to be
//! asked while somebody types.

use serde::{Deserialize, Serialize};

use crate::catalog::{Money, TokenPrice};
use crate::chat_template::{ChatTemplate, RenderOptions, TemplateError};
use crate::model_call::ChatMessage;
use crate::tokenizer::{SpecialTokens, Tokenizer};

/// A prompt as one model sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The text after the chat template.
    pub text: String,
    /// Its tokens, and the beginning-of-sequence token where the model wants one.
    pub tokens: Vec<PreviewToken>,
    /// What reading them costs; `None` where no price is known.
    pub cost: Option<Money>,
}

/// One token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewToken {
    /// Its number in the vocabulary.
    pub id: u32,
    /// Its text, special tokens written out; a part of a character has U+FFFD in it.
    pub text: String,
    /// It is a mark of the model's own, such as the end of a turn, and no text.
    pub is_special: bool,
}

/// What the model of this template and tokenizer sees of `messages`: the same ids that the engine reads.
///
/// # Errors
/// The chat template refuses the messages or fails.
pub fn preview(
    messages: &[ChatMessage],
    template: &ChatTemplate,
    options: RenderOptions<'_>,
    tokenizer: &Tokenizer,
    price: Option<&TokenPrice>,
) -> Result<Preview, TemplateError> {
    let text = template.render(messages, options)?;
    let ids = tokenizer.encode_prompt(&text, SpecialTokens::Parse);
    let cost = price.and_then(|price| price.cost(ids.len() as u64, 0, 0));
    let token = |id| {
        let mut bytes = Vec::new();
        tokenizer.push_token_bytes(id, SpecialTokens::Parse, &mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        PreviewToken { id, text, is_special: tokenizer.is_control(id) }
    };
    Ok(Preview { tokens: ids.into_iter().map(token).collect(), text, cost })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat_template::TemplateOrigin;
    use crate::tokenizer::{TextList, TokenKind, Vocabulary, VocabularyModel};

    #[test]
    fn special_tokens_are_told_from_text_and_the_whole_prompt_is_paid() {
        let mut spellings: Vec<String> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
        spellings.extend(["<bos>".into(), "<turn>".into(), "Hi".into()]);
        let mut kinds = vec![TokenKind::Byte; 256];
        kinds.extend([TokenKind::Control, TokenKind::Control, TokenKind::Normal]);
        let tokenizer = Tokenizer::new(Vocabulary {
            model: VocabularyModel::SentencePiece { scores: vec![0.0; spellings.len()] },
            tokens: spellings.iter().map(String::as_str).collect::<TextList>(),
            kinds,
            beginning_of_sequence: Some(256),
            end_of_sequence: None,
            end_of_turn: None,
            unknown: None,
            adds_beginning_of_sequence: true,
            adds_space_prefix: false,
        })
        .unwrap();
        let source = "{% for message in messages %}<turn>{{ message.content }}{% endfor %}";
        let template = ChatTemplate::new(source, TemplateOrigin::Model, "<bos>", "").unwrap();
        let price = TokenPrice {
            input_per_million: 2.0,
            output_per_million: 100.0,
            cached_input_per_million: Some(0.0),
            valid_up_to_input_tokens: None,
            currency: "USD".into(),
            source: "test".into(),
            as_of: "2026-01-01".parse().unwrap(),
        };
        let messages = [ChatMessage { role: "user".into(), content: "Hié".into() }];
        let seen = preview(&messages, &template, RenderOptions::default(), &tokenizer, Some(&price)).unwrap();
        assert_eq!(seen.text, "<turn>Hié");
        let tokens: Vec<_> = seen.tokens.iter().map(|it| (it.id, it.text.as_str(), it.is_special)).collect();
        let half = "\u{fffd}";
        let expected =
            [(256, "<bos>", true), (257, "<turn>", true), (258, "Hi", false), (0xc3, half, false), (0xa9, half, false)];
        assert_eq!(tokens, expected);
        assert_eq!(seen.cost.unwrap().amount, 5.0 * 2.0 / 1e6);
    }
}
