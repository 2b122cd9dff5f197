//! Any vocabulary is refused or encodes and decodes any text without harm.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use shared::tokenizer::{SpecialTokens, StreamDecoder, TextList, TokenKind, Tokenizer, Vocabulary, VocabularyModel};

#[derive(Arbitrary, Debug)]
struct Input {
    tokens: Vec<String>,
    kinds: Vec<u8>,
    scores: Option<Vec<f32>>,
    merges: Vec<String>,
    special_ids: [Option<u8>; 4],
    adds_space_prefix: bool,
    text: String,
    ids: Vec<u8>,
}

libfuzzer_sys::fuzz_target!(|input: Input| {
    let list = |texts: &[String]| texts.iter().map(String::as_str).collect::<TextList>();
    let count = input.tokens.len();
    // Lists of the right length get further; wrong ones are a matter of one check.
    let kind = |id| input.kinds.get(id).map_or(TokenKind::Normal, |&kind| TokenKind::from_gguf(i64::from(kind)));
    let model = match &input.scores {
        Some(scores) => VocabularyModel::SentencePiece {
            scores: (0..count).map(|id| scores.get(id).copied().unwrap_or_default()).collect(),
        },
        None => VocabularyModel::ByteLevelBpe { pre_tokenizer: "smollm".to_owned(), merges: list(&input.merges) },
    };
    let [beginning_of_sequence, end_of_sequence, end_of_turn, unknown] = input.special_ids.map(|id| id.map(u32::from));
    let Ok(tokenizer) = Tokenizer::new(Vocabulary {
        model,
        tokens: list(&input.tokens),
        kinds: (0..count).map(kind).collect(),
        beginning_of_sequence,
        end_of_sequence,
        end_of_turn,
        unknown,
        adds_beginning_of_sequence: true,
        adds_space_prefix: input.adds_space_prefix,
    }) else {
        return;
    };
    for special in [SpecialTokens::Parse, SpecialTokens::AsText] {
        let ids = tokenizer.encode_prompt(&input.text, special);
        assert!(ids.iter().all(|&id| (id as usize) < count), "only tokens that there are");
        tokenizer.decode_with_special(&ids);
    }
    let ids: Vec<u32> = input.ids.iter().map(|&id| u32::from(id)).collect();
    tokenizer.decode(&ids);
    let mut decoder = StreamDecoder::default();
    for id in ids {
        decoder.push(&tokenizer, id);
    }
    decoder.finish();
});
