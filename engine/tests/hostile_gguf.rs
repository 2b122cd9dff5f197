//! Files that are cut short, damaged or made to harm: each gives an error that says what is wrong, or a model that can
//! be used; never a panic, and never much memory.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[expect(dead_code, reason = "every program uses its part")]
mod support;

use std::alloc::System;
use std::time::{Duration, Instant};

use cap::Cap;
use engine::gguf::GgufFile;
use engine::gpu::recorder::{Tuning, record};
use engine::models::{self, Hyperparameters};
use engine::quantization::BlockType;
use engine::{Device, EngineError, read_summary};
use shared::model_call::{ChatMessage, GenerationLimits, GenerationRequest, Prompt};
use shared::sampling::SamplingParameters;
use support::gguf_file::{GgufContent, MetadataValue};
use support::random::Random;
use support::tiny_model::{Architecture, ModelShape, load};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// The files here are below 100 KB; all tests of this program together stay below this.
const MOST_BYTES: usize = 64 << 20;

/// Each takes milliseconds; machines that run tests may be busy.
const LONGEST: Duration = Duration::from_secs(10);

fn content() -> GgufContent {
    let shape = ModelShape {
        layers: 1,
        width: 32,
        feed_forward_width: 32,
        query_heads: 2,
        key_value_heads: 1,
        head_size: 16,
        vocabulary_size: 262,
        context_tokens: 64,
        ..ModelShape::tiny(Architecture::Llama, BlockType::Q8_0)
    };
    shape.file(1)
}

/// Says which case it was when one panics.
struct Case<'a>(&'a str);

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in this case: {}", self.0);
        }
    }
}

/// Does everything that is done with a file somebody has downloaded.
fn use_file(case: &str, bytes: &Vec<u8>) -> Result<(), EngineError> {
    let _case = Case(case);
    let started = Instant::now();
    let result = summarize_load_and_write(bytes);
    if let Err(error) = &result {
        let text = error.to_string();
        assert!(text.len() > 20 && text.contains(' '), "{text:?} helps nobody");
    }
    assert!(started.elapsed() < LONGEST, "it took {:?}", started.elapsed());
    let peak_bytes = ALLOCATOR.max_allocated();
    assert!(peak_bytes < MOST_BYTES, "{peak_bytes} bytes were in use at once");
    result
}

fn summarize_load_and_write(bytes: &Vec<u8>) -> Result<(), EngineError> {
    let summary = read_summary(bytes);
    if let Ok(plan) = GgufFile::read(bytes)
        .and_then(|file| Hyperparameters::read(&file).and_then(|hyperparameters| models::plan(&file, &hyperparameters)))
    {
        // The kernels may refuse its sizes, but not panic.
        for tuning in [Tuning::HARDWARE, Tuning::SOFTWARE] {
            drop(record(&plan, tuning));
        }
    }
    let mut model = load(bytes.clone(), Device::Cpu { threads: 1 }, 64)?;
    assert!(summary.is_ok(), "what loads can be summarized");
    let prompts = [
        Prompt::Tokens(vec![0, model.summary().vocabulary_size - 1]),
        Prompt::Text("hello".to_owned()),
        Prompt::Chat(vec![ChatMessage { role: "user".to_owned(), content: "hel".to_owned() }]),
    ];
    for prompt in prompts {
        let limits = GenerationLimits { max_tokens: Some(2), ..GenerationLimits::default() };
        let request = GenerationRequest::new(prompt, SamplingParameters::default(), limits);
        // A broken template or an empty vocabulary refuses some of them.
        if let Ok(mut generation) = model.generate(&request) {
            while let Some(event) = pollster::block_on(generation.next()) {
                event.unwrap();
            }
        }
    }
    Ok(())
}

#[test]
fn the_undamaged_file_is_a_model() {
    use_file("undamaged", &content().bytes()).unwrap();
}

#[test]
fn a_file_that_ends_early_is_refused_wherever_it_ends() {
    let content = content();
    let (bytes, head_bytes) = (content.bytes(), content.head().len());
    let ends = (0..head_bytes).chain((head_bytes..bytes.len()).step_by(997)).chain([bytes.len() - 1]);
    for end in ends {
        let error = use_file(&format!("cut at {end}"), &bytes[..end].to_vec()).unwrap_err();
        assert!(error.to_string().contains("download"), "cut at {end}: {error}");
    }
}

#[test]
fn no_changed_byte_does_harm() {
    let content = content();
    let (bytes, head_bytes) = (content.bytes(), content.head().len());
    let mut random = Random::new(1);
    let mut usable = 0;
    // Every byte of the head, and some of the weights.
    let places: Vec<usize> = (0..head_bytes).chain((head_bytes..bytes.len()).step_by(101)).collect();
    for &place in &places {
        let mut bytes = bytes.clone();
        let flipped = 1 + random.below(255) as u8;
        bytes[place] ^= flipped;
        usable += usize::from(use_file(&format!("byte {place} changed by {flipped:#x}"), &bytes).is_ok());
    }
    println!("{usable} of {} damaged files could still be used", places.len());
}

#[test]
fn no_changed_length_or_number_does_harm() {
    let content = content();
    let (bytes, head_bytes) = (content.bytes(), content.head().len());
    let mut random = Random::new(2);
    for _ in 0..3_000 {
        let place = random.below(head_bytes - 8);
        let number = [0, 1, u64::MAX, u64::MAX / 2 + 1, 1 << 32, u64::from(u32::MAX), 1 << 20][random.below(7)];
        let width = [1, 2, 4, 8][random.below(4)];
        let mut bytes = bytes.clone();
        bytes[place..place + width].copy_from_slice(&number.to_le_bytes()[..width]);
        // Most are refused; that none harms is what is tested.
        drop(use_file(&format!("{number:#x} in {width} bytes at {place}"), &bytes));
    }
}

/// A change to the file, and a part of what must be said about it; nothing must be said where it still is a model.
type Damage = (&'static str, fn(&mut GgufContent), &'static str);

fn check(damages: &[Damage]) {
    for (case, damage, expected) in damages {
        let mut content = content();
        damage(&mut content);
        match use_file(case, &content.bytes()) {
            Ok(()) => assert_eq!(*expected, "", "{case} was accepted"),
            Err(error) => assert!(
                !expected.is_empty() && error.to_string().contains(expected),
                "{case}: {error:?} instead of {expected:?}"
            ),
        }
    }
}

fn number(key: &str, number: u32) -> (String, MetadataValue) {
    (format!("llama.{key}"), MetadataValue::U32(number))
}

fn set(content: &mut GgufContent, (key, value): (String, MetadataValue)) {
    content.set(&key, value);
}

#[test]
fn sizes_that_no_model_has_are_refused() {
    check(&[
        ("no layers", |c| set(c, number("block_count", 0)), "\"llama.block_count\" (expected a positive integer)"),
        ("layers missing", |c| c.remove("llama.block_count"), "llama.block_count"),
        ("layers in words", |c| c.set("llama.block_count", "two".into()), "llama.block_count"),
        ("negative layers", |c| c.set("llama.block_count", MetadataValue::I32(-1)), "llama.block_count"),
        ("layers beyond 32 bits", |c| c.set("llama.block_count", MetadataValue::U64(1 << 32)), "llama.block_count"),
        ("a broken number of layers", |c| c.set("llama.block_count", MetadataValue::F32(1.5)), "llama.block_count"),
        ("layers of another width", |c| c.set("llama.block_count", MetadataValue::U64(1)), ""),
        ("endless layers", |c| set(c, number("block_count", u32::MAX)), "are no model we know"),
        ("layers the file lacks", |c| set(c, number("block_count", 2)), "blk.1.attn_norm.weight"),
        ("no heads", |c| set(c, number("attention.head_count", 0)), "head_count"),
        ("a million heads", |c| set(c, number("attention.head_count", 1 << 20)), "are no model we know"),
        ("three heads share two", |c| set(c, number("attention.head_count_kv", 3)), "can't share 3"),
        ("endless heads share", |c| set(c, number("attention.head_count_kv", u32::MAX)), "can't share"),
        ("heads without values", |c| set(c, number("attention.key_length", 0)), ""),
        ("odd heads", |c| set(c, number("attention.key_length", 17)), "keys of 17"),
        ("values unlike keys", |c| set(c, number("attention.value_length", 8)), "differ in length"),
        ("endless heads", |c| set(c, number("attention.key_length", u32::MAX)), "are no model we know"),
        ("half a pair", |c| set(c, number("rope.dimension_count", 3)), "can't be rotated"),
        ("more than a head turns", |c| set(c, number("rope.dimension_count", 18)), "can't be rotated"),
        ("no width", |c| set(c, number("embedding_length", 0)), "embedding_length"),
        ("another width", |c| set(c, number("embedding_length", 64)), "expected 262 x 64 values, found 262 x 32"),
        ("endless width", |c| set(c, number("embedding_length", u32::MAX)), "are no model we know"),
        ("endless feed-forward", |c| set(c, number("feed_forward_length", u32::MAX)), "are no model we know"),
        ("no context", |c| set(c, number("context_length", 0)), "context_length"),
        ("endless context", |c| set(c, number("context_length", u32::MAX)), ""),
    ]);
}

fn scale_positions(content: &mut GgufContent, factor: f32) {
    content.set("llama.rope.scaling.type", "linear".into());
    content.set("llama.rope.scaling.factor", MetadataValue::F32(factor));
}

#[test]
fn numbers_that_cannot_be_computed_with_are_refused() {
    const EPSILON: &str = "llama.attention.layer_norm_rms_epsilon";
    check(&[
        ("no epsilon", |c| c.remove(EPSILON), EPSILON),
        ("an epsilon in words", |c| c.set(EPSILON, "small".into()), "expected a finite number"),
        ("epsilon NaN", |c| c.set(EPSILON, MetadataValue::F32(f32::NAN)), "expected a finite number"),
        ("a negative epsilon", |c| c.set(EPSILON, MetadataValue::F32(-1.0)), "must be positive"),
        ("base 0", |c| c.set("llama.rope.freq_base", MetadataValue::F32(0.0)), "must be positive"),
        ("a negative base", |c| c.set("llama.rope.freq_base", MetadataValue::F32(-1e4)), "must be positive"),
        ("positions divided by 0", |c| scale_positions(c, 0.0), "must be positive"),
        ("positions divided by next to nothing", |c| scale_positions(c, 1e-45), "must be positive"),
        ("positions divided by 2", |c| scale_positions(c, 2.0), ""),
        ("an unknown scaling", |c| c.set("llama.rope.scaling.type", "yarn".into()), ""),
    ]);
}

#[test]
fn tensors_out_of_place_are_refused() {
    const TABLE: &str = "token_embd.weight";
    check(&[
        ("no tensors", |c| c.tensors.clear(), "token_embd.weight"),
        ("twice the same", |c| c.tensors[3].name = c.tensors[2].name.clone(), "is there twice"),
        ("two in one place", |c| c.tensors[3].claimed_offset = Some(0), "lie in the same place"),
        ("an odd place", |c| c.tensors[0].claimed_offset = Some(7), "no multiple of 32"),
        ("past the end", |c| c.tensors[0].claimed_offset = Some(1 << 40), "is the download complete?"),
        ("past all ends", |c| c.tensors[0].claimed_offset = Some(u64::MAX - 31), "outside any file"),
        (
            "turned around",
            |c| c.tensor_mut("blk.0.attn_k.weight").dimensions.reverse(),
            "Q8_0 needs a positive multiple",
        ),
        ("a norm too short", |c| c.tensor_mut("blk.0.attn_norm.weight").dimensions = vec![16], "found 1 x 16"),
        ("no dimensions", |c| c.tensor_mut(TABLE).dimensions.clear(), "has 0 dimensions"),
        ("five dimensions", |c| c.tensor_mut(TABLE).dimensions = vec![32, 1, 1, 1, 1], "has 5 dimensions"),
        ("a dimension of 0", |c| c.tensor_mut(TABLE).dimensions = vec![32, 0], "has 0 rows"),
        ("an endless row", |c| c.tensor_mut(TABLE).dimensions = vec![u64::MAX - 31, 2], "impossible dimensions"),
        ("endless rows", |c| c.tensor_mut(TABLE).dimensions = vec![32, u64::MAX], "impossible dimensions"),
        ("rows times rows", |c| c.tensor_mut(TABLE).dimensions = vec![32, 1 << 40, 1 << 40], "impossible dimensions"),
        ("more rows than bytes", |c| c.tensor_mut(TABLE).dimensions = vec![32, 1 << 30], "is the download complete?"),
        ("an unsupported type", |c| c.tensor_mut(TABLE).type_id = 10, "GGUF type Q2_K, which is not supported"),
        ("an unknown type", |c| c.tensor_mut(TABLE).type_id = u32::MAX, "GGUF type number 4294967295"),
        ("a table of rotations", |c| c.tensors[0].name = "rope_freqs.weight".to_owned(), "token_embd.weight"),
    ]);
    for index in 0..content().tensors.len() {
        let mut content = content();
        let missing = content.tensors.remove(index).name;
        let error = use_file(&missing, &content.bytes()).unwrap_err();
        assert!(error.to_string().contains(&format!("{missing:?}")), "{missing} is missing, but: {error}");
    }
}

fn texts(texts: &[&str]) -> MetadataValue {
    MetadataValue::Texts(texts.iter().map(|&text| text.to_owned()).collect())
}

#[test]
fn vocabularies_that_contradict_themselves_are_refused() {
    const TOKENS: &str = "tokenizer.ggml.tokens";
    const KINDS: &str = "tokenizer.ggml.token_type";
    const MERGES: &str = "tokenizer.ggml.merges";
    const MODEL: &str = "tokenizer.ggml.model";
    check(&[
        ("no tokens", |c| c.remove(TOKENS), TOKENS),
        ("tokens as numbers", |c| c.set(TOKENS, MetadataValue::Integers(vec![1; 262])), "expected a list of texts"),
        ("one token as text", |c| c.set(TOKENS, "a".into()), "expected a list of texts"),
        ("an empty list", |c| c.set(TOKENS, texts(&[])), "0 tokens, but 262 token types"),
        ("more tokens than embeddings", |c| more_tokens(c, 300), "300 tokens, but the model has embeddings for 262"),
        ("fewer kinds than tokens", |c| c.set(KINDS, MetadataValue::Integers(vec![1])), "but 1 token types"),
        ("kinds unheard of", |c| c.set(KINDS, MetadataValue::Integers(vec![i32::MIN; 262])), ""),
        ("every token special", |c| c.set(KINDS, MetadataValue::Integers(vec![3; 262])), ""),
        ("only bytes that are none", |c| c.set(KINDS, MetadataValue::Integers(vec![6; 262])), ""),
        ("the first token's id", |c| c.set("tokenizer.ggml.bos_token_id", MetadataValue::U32(262)), "has id 262"),
        (
            "the last token's id",
            |c| c.set("tokenizer.ggml.eos_token_id", MetadataValue::U32(u32::MAX)),
            "has id 4294967295",
        ),
        ("an id in words", |c| c.set("tokenizer.ggml.eos_token_id", "end".into()), ""),
        ("no merges", |c| c.remove(MERGES), MERGES),
        ("merges of unknown tokens", |c| c.set(MERGES, texts(&["h zz"])), "merges can't be used"),
        ("merges into unknown tokens", |c| c.set(MERGES, texts(&["h h"])), "merges can't be used"),
        ("merges of one half", |c| c.set(MERGES, texts(&["he"])), "merges can't be used"),
        ("merges of nothing", |c| c.set(MERGES, texts(&["", " ", " he", "he "])), "merges can't be used"),
        ("the same merge twice", |c| c.set(MERGES, texts(&["h e", "h e"])), ""),
        ("merges in the wrong order", |c| c.set(MERGES, texts(&["he l", "h e"])), ""),
        ("no kind of tokenizer", |c| c.remove(MODEL), "\"\" is not supported"),
        ("another kind", |c| c.set(MODEL, "bert".into()), "\"bert\" is not supported (supported: gpt2, llama)"),
        ("another way to cut", |c| c.set("tokenizer.ggml.pre", "tea-leaves".into()), "\"tea-leaves\" is not known"),
        ("no scores", |c| c.set(MODEL, "llama".into()), "tokenizer.ggml.scores"),
        ("one score", |c| sentencepiece(c, vec![0.0]), "but 1 scores"),
        ("scores that are no numbers", |c| sentencepiece(c, vec![f32::NAN; 262]), ""),
        ("tokens all alike", |c| all_alike(c, "he"), ""),
        ("tokens all empty", |c| all_alike(c, ""), ""),
    ]);
}

fn more_tokens(content: &mut GgufContent, count: usize) {
    content.remove("tokenizer.ggml.token_type");
    let tokens = (0..count).map(|id| format!("token {id}")).collect();
    content.set("tokenizer.ggml.tokens", MetadataValue::Texts(tokens));
    content.set("tokenizer.ggml.merges", texts(&[]));
}

fn sentencepiece(content: &mut GgufContent, scores: Vec<f32>) {
    content.set("tokenizer.ggml.model", "llama".into());
    content.set("tokenizer.ggml.scores", MetadataValue::Floats(scores));
}

fn all_alike(content: &mut GgufContent, text: &str) {
    content.set("tokenizer.ggml.tokens", texts(&vec![text; 262]));
    sentencepiece(content, vec![1.0; 262]);
}

#[test]
fn templates_cannot_do_harm() {
    const TEMPLATE: &str = "tokenizer.chat_template";
    let nested = format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000));
    let blocks = "{% if true %}".repeat(20_000);
    let endless = "{% for i in range(99999) %}{% for j in range(99999) %}xxxxxxxxxx{% endfor %}{% endfor %}";
    let doubling =
        "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}";
    for (case, template, must_fail) in [
        ("a tag that never ends", "{% if", true),
        ("nested parentheses", &nested, true),
        ("nested blocks", &blocks, true),
        ("endless loops", endless, false),
        ("a text that doubles", doubling, false),
    ] {
        let mut content = content();
        content.set(TEMPLATE, template.into());
        let result = use_file(case, &content.bytes());
        assert_eq!(result.is_err(), must_fail, "{case}: {result:?}");
    }
}

/// A head written by hand: counts, then anything.
fn raw(version: u32, tensors: u64, entries: u64, rest: &[&[u8]]) -> Vec<u8> {
    [b"GGUF", &version.to_le_bytes()[..], &tensors.to_le_bytes(), &entries.to_le_bytes(), &rest.concat()].concat()
}

/// A metadata entry "k" of this type.
fn entry(type_id: u32, value: &[u8]) -> Vec<u8> {
    [&1_u64.to_le_bytes()[..], b"k", &type_id.to_le_bytes(), value].concat()
}

fn list(element_type: u32, length: u64, elements: &[u8]) -> Vec<u8> {
    [&element_type.to_le_bytes()[..], &length.to_le_bytes(), elements].concat()
}

#[test]
fn heads_that_promise_too_much_are_refused() {
    let huge = u64::MAX.to_le_bytes();
    let long = 60_000_u64.to_le_bytes();
    let three_deep = list(9, 1, &list(9, 1, &list(9, 1, &[])));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", vec![], "ends at byte 0"),
        ("three bytes", b"GGU".to_vec(), "ends at byte 3"),
        ("a zip file", b"PK\x03\x04 and so on".to_vec(), "instead of \"GGUF\""),
        ("a page of HTML", b"<!DOCTYPE html>".to_vec(), "begins with \"<!DO\""),
        ("version 0", raw(0, 0, 0, &[]), "version 0"),
        ("version 1", raw(1, 0, 0, &[]), "versions 2 and 3 are read"),
        ("a later version", raw(4, 0, 0, &[]), "version 4"),
        ("the other byte order", raw(3_u32.swap_bytes(), 0, 0, &[]), "a big-endian file"),
        ("endless tensors", raw(3, u64::MAX, 0, &[]), "at most 65536"),
        ("tensors that aren't there", raw(3, 65_536, 0, &[]), "inside a tensor name"),
        ("endless entries", raw(3, 0, u64::MAX, &[]), "at most 65536"),
        ("entries that aren't there", raw(3, 0, 65_536, &[]), "inside a metadata key"),
        ("an endless key", raw(3, 0, 1, &[&huge]), "a metadata key is 18446744073709551615"),
        ("a key that isn't there", raw(3, 0, 1, &[&long]), "inside a metadata key (60000 bytes"),
        ("a key that is no text", raw(3, 0, 1, &[&1_u64.to_le_bytes(), &[0xff]]), "is not UTF-8"),
        ("a value that is no text", raw(3, 0, 1, &[&entry(8, &[1, 0, 0, 0, 0, 0, 0, 0, 0xc0])]), "is not UTF-8"),
        ("an unknown type", raw(3, 0, 1, &[&entry(13, &[])]), "unknown metadata type 13"),
        ("neither true nor false", raw(3, 0, 1, &[&entry(7, &[2])]), "0 or 1 is a truth value"),
        ("an endless text", raw(3, 0, 1, &[&entry(8, &huge)]), "at most"),
        ("a text that isn't there", raw(3, 0, 1, &[&entry(8, &(1_u64 << 24).to_le_bytes())]), "16777216 bytes"),
        ("an endless list", raw(3, 0, 1, &[&entry(9, &list(0, u64::MAX, &[]))]), "at most"),
        ("a list that isn't there", raw(3, 0, 1, &[&entry(9, &list(10, 1 << 22, &[]))]), "it ends at byte"),
        ("texts that aren't there", raw(3, 0, 1, &[&entry(9, &list(8, 1 << 22, &[]))]), "it ends at byte"),
        ("a list of lists that isn't there", raw(3, 0, 1, &[&entry(9, &list(9, 1 << 22, &[]))]), "it ends at byte"),
        ("a list of unknown things", raw(3, 0, 1, &[&entry(9, &list(77, 1, &[]))]), "unknown metadata type 77"),
        ("lists three deep", raw(3, 0, 1, &[&entry(9, &three_deep)]), "three deep"),
        ("a key twice", raw(3, 0, 2, &[&entry(0, &[1]), &entry(0, &[1])]), "\"k\" is there twice"),
        ("nothing but a head", raw(3, 0, 0, &[]), "general.architecture"),
    ];
    for (case, bytes, expected) in cases {
        let error = use_file(case, &bytes).unwrap_err();
        assert!(error.to_string().contains(expected), "{case}: {error} instead of {expected:?}");
    }
}

#[test]
fn alignments_and_architectures_that_cannot_be_are_refused() {
    const ALIGNMENT: &str = "general.alignment";
    const ARCHITECTURE: &str = "general.architecture";
    check(&[
        ("alignment 0", |c| c.set(ALIGNMENT, MetadataValue::U32(0)), "a power of two from 8"),
        ("alignment 3", |c| c.set(ALIGNMENT, MetadataValue::U32(3)), "a power of two from 8"),
        ("alignment 2^31", |c| c.set(ALIGNMENT, MetadataValue::U32(1 << 31)), "a power of two from 8"),
        ("an alignment in words", |c| c.set(ALIGNMENT, "page".into()), "a power of two from 8"),
        (
            "an alignment beyond the file",
            |c| c.set(ALIGNMENT, MetadataValue::U32(1 << 16)),
            "is the download complete?",
        ),
        ("no architecture", |c| c.remove(ARCHITECTURE), ARCHITECTURE),
        ("an architecture that is a number", |c| c.set(ARCHITECTURE, MetadataValue::U32(1)), ARCHITECTURE),
        ("another's fields", |c| c.set(ARCHITECTURE, "gemma3".into()), "gemma3.embedding_length"),
        ("an unknown value", |c| c.set("k", MetadataValue::Raw(12, vec![0; 8])), ""),
        ("a cut value", |c| c.set("k", MetadataValue::Raw(12, vec![0; 3])), "this is not a usable GGUF file"),
    ]);
}
