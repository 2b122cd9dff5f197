use super::super::json::JsonText;
use super::super::row::{Arguments, Message, Role, ToolCall};
use super::*;
use crate::chat_template::TemplateOrigin;
use crate::tokenizer::{TokenKind, Vocabulary, VocabularyModel};

/// A token for each byte, and a few special ones.
fn tokenizer() -> Tokenizer {
    let special = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"];
    let mut tokens: Vec<String> = special.map(str::to_owned).to_vec();
    let mut kinds = vec![TokenKind::Control; tokens.len()];
    for code in (0x21..=0x7E).chain(0xA1..=0xAC).chain(0xAE..=0x143) {
        tokens.extend(char::from_u32(code).map(String::from));
        kinds.push(TokenKind::Normal);
    }
    let merges = ["Ċ Ċ", "w o"];
    for merge in merges {
        tokens.push(merge.replace(' ', ""));
        kinds.push(TokenKind::Normal);
    }
    Tokenizer::new(Vocabulary {
        model: VocabularyModel::ByteLevelBpe {
            pre_tokenizer: "llama3".to_owned(),
            merges: merges.into_iter().collect(),
        },
        tokens: tokens.iter().map(String::as_str).collect(),
        kinds,
        beginning_of_sequence: Some(0),
        end_of_sequence: Some(1),
        ..Vocabulary::default()
    })
    .unwrap()
}

const CHATML: &str = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}{% for call in message.tool_calls %}<call>{{ call.function | tojson }}{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

fn template(source: &str) -> ChatTemplate {
    ChatTemplate::new(source, TemplateOrigin::Model, "<s>", "</s>").unwrap()
}

fn messages(turns: &[(Role, &str)]) -> Vec<Message> {
    turns.iter().map(|&(role, text)| Message::new(role, text)).collect()
}

fn mask(source: &str, turn_end: TurnEnd, sample: Sample) -> Result<MaskedRow, MaskError> {
    let (tokenizer, template) = (tokenizer(), template(source));
    LossMask { tokenizer: &tokenizer, template: Some(&template), turn_end, today: "2026-01-01" }.of(&Row::new(sample))
}

/// The text with what is learned in brackets.
fn shown(masked: &MaskedTokens) -> String {
    // A token may be a part of a character.
    let mut text = Vec::new();
    let mut was_learned = false;
    for token in &masked.tokens {
        if token.is_learned != was_learned {
            text.extend(if token.is_learned { "⟦" } else { "⟧" }.bytes());
        }
        was_learned = token.is_learned;
        text.extend_from_slice(&masked.text.as_bytes()[token.bytes.clone()]);
    }
    text.extend(if was_learned { "⟧" } else { "" }.bytes());
    String::from_utf8(text).unwrap()
}

#[track_caller]
fn check(source: &str, turns: &[(Role, &str)], place: Place, expected: &str) {
    let MaskedRow::Text(masked) = mask(source, TurnEnd::Terminator, Sample::Conversation(messages(turns))).unwrap()
    else {
        panic!("a conversation is one text")
    };
    assert_eq!((shown(&masked).as_str(), masked.place), (expected, place));
}

use Role::{Assistant, System, User};

#[test]
fn answers_and_their_end_are_learned() {
    check(
        CHATML,
        &[(System, "S"), (User, "U"), (Assistant, "A"), (User, "V"), (Assistant, "")],
        Place::Prefix,
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n⟦A<|im_end|>⟧\n<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n⟦<|im_end|>⟧\n",
    );
}

#[test]
fn the_end_is_learned_as_one_says() {
    for (turn_end, expected) in [
        (TurnEnd::Terminator, "<|im_start|>assistant\n⟦A<|im_end|>⟧\n"),
        (TurnEnd::TerminatorAndWhatFollows, "<|im_start|>assistant\n⟦A<|im_end|>\n⟧"),
        (TurnEnd::Nothing, "<|im_start|>assistant\n⟦A⟧<|im_end|>\n"),
    ] {
        let row = mask(CHATML, turn_end, Sample::Conversation(messages(&[(Assistant, "A")]))).unwrap();
        assert_eq!(row.sequences().map(shown).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn calls_are_learned_and_messages_of_weight_0_are_not() {
    let mut turns = messages(&[(User, "U"), (Assistant, "A"), (User, "V"), (Assistant, "B"), (Role::Tool, "R")]);
    turns[1].is_learned = Some(false);
    let arguments = Arguments::Json(JsonText::parse("{\"a\":1}").unwrap());
    turns[3].tool_calls.push(ToolCall { id: None, name: "f".to_owned(), arguments });
    let row = mask(CHATML, TurnEnd::Terminator, Sample::Conversation(turns)).unwrap();
    assert_eq!(
        row.sequences().map(shown).collect::<Vec<_>>(),
        [
            "<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n⟦B<call>{\"name\": \"f\", \"arguments\": {\"a\": 1}}<|im_end|>⟧\n<|im_start|>tool\nR<|im_end|>\n"
        ]
    );
}

#[test]
fn a_template_says_itself_what_is_generated() {
    let marked = "{% for m in messages %}{% if m.role == 'assistant' %}[A]{%- generation -%}\n {{ m.content }}<|im_end|>{% endgeneration %}\n!{% else %}[U]{{ m.content }}{% endif %}{% endfor %}";
    check(
        marked,
        &[(User, "U"), (Assistant, "A \u{F0000}"), (User, "V"), (Assistant, "B")],
        Place::GenerationMarks,
        "[U]U[A]⟦A \u{F0000}<|im_end|>⟧![U]V[A]⟦B<|im_end|>⟧!",
    );
    let mut turns = messages(&[(User, "U"), (Assistant, "A"), (User, "V"), (Assistant, "B")]);
    turns[3].is_learned = Some(false);
    let row = mask(marked, TurnEnd::Terminator, Sample::Conversation(turns)).unwrap();
    assert_eq!(row.sequences().map(shown).collect::<Vec<_>>(), ["[U]U[A]⟦A<|im_end|>⟧![U]V[A]B<|im_end|>!"]);
    let filtered = "{% filter trim %}{% generation %} {{ messages[0].content }}{% endgeneration %}{% endfilter %}";
    let error = mask(filtered, TurnEnd::Terminator, Sample::Conversation(messages(&[(Assistant, "A")]))).unwrap_err();
    assert!(matches!(error, MaskError::Marks(_)), "{error}");
}

/// Thinks in the last turn only, trims, and joins the system's words to the person's.
const REWRITING: &str = "{% if messages[0].role == 'system' %}{% set first = messages[0].content + '\n' %}{% set messages = messages[1:] %}{% else %}{% set first = '' %}{% endif %}{% for m in messages %}{% if m.role == 'assistant' %}<|im_start|>model\n{% if loop.last %}<think></think>{% endif %}{{ m.content | trim }}<|im_end|>\n{% else %}<|im_start|>user\n{{ first if loop.first else '' }}{{ m.content | trim }}<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>model\n{% endif %}";

#[test]
fn answers_are_found_where_earlier_turns_are_written_otherwise() {
    check(
        REWRITING,
        &[(System, "S"), (User, " U "), (Assistant, " Ä "), (User, ""), (Assistant, ""), (User, "Ä"), (Assistant, "B")],
        Place::Probes,
        "<|im_start|>user\nS\nU<|im_end|>\n<|im_start|>model\n⟦Ä<|im_end|>⟧\n<|im_start|>user\n<|im_end|>\n<|im_start|>model\n⟦<|im_end|>⟧\n<|im_start|>user\nÄ<|im_end|>\n<|im_start|>model\n⟦<think></think>B<|im_end|>⟧\n",
    );
}

#[test]
fn both_ways_agree_where_both_can_answer() {
    let turns = messages(&[(System, "S"), (User, "U"), (Assistant, " K "), (User, "wV"), (Assistant, "A")]);
    for source in [CHATML, REWRITING] {
        let template = template(source);
        let conversation = Conversation::new(&[], &turns, None).unwrap();
        let options = RenderOptions { add_generation_prompt: false, ..RenderOptions::default() };
        assert!(places::agreements(&template, &conversation, options) >= 1);
    }
}

#[test]
fn what_is_not_certain_is_refused() {
    let twice = "{% for m in messages %}{{ m.role }}:{{ m.content }}{% if not loop.last %}+{{ m.content }}{% endif %};{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";
    let turns = messages(&[(User, "U"), (Assistant, "A"), (User, "V"), (Assistant, "B")]);
    let error = mask(twice, TurnEnd::Terminator, Sample::Conversation(turns)).unwrap_err();
    assert!(error.to_string().contains("message 2"), "{error}");
    let refusing = "{{ raise_exception('only users') }}";
    let error = mask(refusing, TurnEnd::Terminator, Sample::Conversation(messages(&[(User, "U")]))).unwrap_err();
    assert_eq!(error.to_string(), "the model's chat template refuses this conversation: only users");
    let error = mask(CHATML, TurnEnd::Terminator, Sample::Conversation(messages(&[(User, "U")]))).unwrap_err();
    assert_eq!(error, MaskError::NothingLearned);
    let tokenizer = tokenizer();
    let base = LossMask { tokenizer: &tokenizer, template: None, turn_end: TurnEnd::default(), today: "2026-01-01" };
    let row = Row::new(Sample::Conversation(messages(&[(Assistant, "A")])));
    assert_eq!(base.of(&row).unwrap_err(), MaskError::NoTemplate);
}

#[test]
fn plain_texts_end_with_the_end_of_sequence() {
    let text = |sample| {
        let row = mask(CHATML, TurnEnd::Terminator, sample).unwrap();
        row.sequences().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(text(Sample::Text("ab".to_owned())), ["⟦ab</s>⟧"]);
    assert_eq!(text(Sample::Text("ab</s>".to_owned())), ["⟦ab</s>⟧"]);
    let completion = |prompt: &str, completion: &str| Sample::TextCompletion {
        prompt: prompt.to_owned(),
        completion: completion.to_owned(),
    };
    assert_eq!(text(completion("to ", "be")), ["to ⟦be</s>⟧"]);
    assert_eq!(text(completion("w", "ord")), ["⟦word</s>⟧"], "a token of both is learned");
    let [prompt, chosen, rejected] = ["p", "c", "r"].map(str::to_owned);
    assert_eq!(text(Sample::TextPreference(Comparison { prompt, chosen, rejected })), ["p⟦c</s>⟧", "p⟦r</s>⟧"]);
    let row = mask(CHATML, TurnEnd::Nothing, completion("a", "b")).unwrap();
    assert_eq!(row.sequences().map(shown).collect::<Vec<_>>(), ["a⟦b⟧"]);
}

#[test]
fn answers_that_are_compared_are_learned_and_their_prompt_is_not() {
    let prompt = messages(&[(User, "U"), (Assistant, "A"), (User, "V")]);
    let answer = |text| messages(&[(Assistant, text)]);
    let comparison = Comparison { prompt, chosen: answer("C"), rejected: answer("R") };
    let row = mask(CHATML, TurnEnd::Terminator, Sample::Preference(comparison)).unwrap();
    let prompt = "<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n";
    let expected = ["C", "R"].map(|answer| format!("{prompt}⟦{answer}<|im_end|>⟧\n"));
    assert_eq!(row.sequences().map(shown).collect::<Vec<_>>(), expected);
}

#[test]
fn totals_count_what_is_kept() {
    let mut totals = MaskTotals::new(Some(4));
    for text in ["ab", "abcdef", ""] {
        totals.add(&mask(CHATML, TurnEnd::Terminator, Sample::Text(text.to_owned())));
    }
    let completion = Sample::TextCompletion { prompt: "abcd".to_owned(), completion: "e".to_owned() };
    totals.add(&mask(CHATML, TurnEnd::Nothing, completion));
    totals.add(&Err(MaskError::NoTemplate));
    let expected = MaskTotals {
        context_length: Some(4),
        rows: 5,
        tokens: 3 + 4 + 4,
        learned_tokens: 3 + 4,
        rows_with_nothing_learned: 2,
        rows_with_errors: 1,
        rows_over_context_length: 2,
        cut_tokens: 3 + 1,
        rows_without_end: 1,
    };
    assert_eq!(totals, expected);
    // Three epochs of eleven tokens, at two for a million.
    assert!((totals.training_cost(3, 2.0) - 66e-6).abs() < 1e-12);
    assert_eq!(totals.rows_that_teach_nothing(), 3);
}
