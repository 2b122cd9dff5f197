//! A GGUF file of a few hundred bytes: a vocabulary, and no tensors.

/// Tokens: 0 `<|end|>` (control), 1 `a`, 2 `b`, 3 `ab`, 4 and 5 the two bytes of `é`.
pub(crate) fn tiny_model() -> Vec<u8> {
    const UNSIGNED: u32 = 4;
    const SIGNED: u32 = 5;
    const TEXT: u32 = 8;
    const LIST: u32 = 9;
    let texts = |texts: &[&str]| -> Vec<u8> {
        let mut bytes = [TEXT.to_le_bytes().to_vec(), length(texts.len())].concat();
        texts.iter().for_each(|one| bytes.extend(text(one)));
        bytes
    };
    let kinds = [SIGNED.to_le_bytes().to_vec(), length(6), [3_i32, 1, 1, 1, 1, 1].map(i32::to_le_bytes).concat()];
    let entries = [
        ("general.architecture", TEXT, text("llama")),
        ("tokenizer.ggml.model", TEXT, text("gpt2")),
        ("tokenizer.ggml.pre", TEXT, text("smollm")),
        // The two bytes of `é` as byte-level BPE spells them.
        ("tokenizer.ggml.tokens", LIST, texts(&["<|end|>", "a", "b", "ab", "Ã", "©"])),
        ("tokenizer.ggml.token_type", LIST, kinds.concat()),
        ("tokenizer.ggml.merges", LIST, texts(&["a b"])),
        ("tokenizer.ggml.eos_token_id", UNSIGNED, 0_u32.to_le_bytes().to_vec()),
    ];
    let mut bytes = [b"GGUF".to_vec(), 3_u32.to_le_bytes().to_vec(), length(0), length(entries.len())].concat();
    for (key, kind, value) in entries {
        bytes.extend([text(key), kind.to_le_bytes().to_vec(), value].concat());
    }
    bytes
}

fn length(length: usize) -> Vec<u8> {
    (length as u64).to_le_bytes().to_vec()
}

fn text(text: &str) -> Vec<u8> {
    [length(text.len()), text.as_bytes().to_vec()].concat()
}
