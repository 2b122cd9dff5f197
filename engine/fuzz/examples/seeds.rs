//! Writes files that work to a folder per target: fuzzing then begins with them. `seeds [FOLDER]`, which is `corpus` where
//! nothing else is said: tiny models of every architecture, and rows and documents of every kind.

#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, reason = "every program uses its part")]
mod support;

use std::path::{Path, PathBuf};

use engine::quantization::BlockType;
use support::tiny_model::{Architecture, ModelShape};

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("corpus"), PathBuf::from);
    models(&folder.join("gguf_reader"))?;
    rows(&folder.join("dataset_rows"))?;
    std::fs::create_dir_all(folder.join("tokenizer"))
}

fn models(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for architecture in Architecture::ALL {
        let shape = ModelShape {
            layers: 1,
            width: 32,
            feed_forward_width: 32,
            query_heads: 2,
            key_value_heads: 1,
            head_size: 16,
            vocabulary_size: 262,
            context_tokens: 64,
            ..ModelShape::tiny(architecture, BlockType::Q8_0)
        };
        std::fs::write(folder.join(format!("{architecture:?}.gguf")), shape.file(1).bytes())?;
    }
    Ok(())
}

/// What a dataset's rows are in, with the place of its name in the target's list.
const FILES: [(u8, &str, &[u8]); 18] = [
    (0, "chat.jsonl", br#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a","weight":0}],"tools":[{"type":"function","function":{"name":"f"}}]}
{"prompt":"q","chosen":"a","rejected":"b"}
{"text":"Call +49 30 901820, anna@example.com","source":null,"n":4111111111111111}
{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}
"#),
    (0, "calls.jsonl", br#"{"messages":[{"role":"user","content":[{"type":"text","text":"q"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"card\":4111111111111111}"}}]},{"role":"tool","tool_call_id":"1","content":"r"},{"role":"assistant","content":"a"}]}
{"instruction":"q","input":"","output":"a"}
{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}],"label":true}
"#),
    (0, "returns.jsonl", b"{\"text\":\"a\"}\r{\"text\":\"b\0\"}\r\n{\"text\":\"\xC3\xA9\xFF\"}\n"),
    (0, "wide.jsonl", b"\xFF\xFE{\0\"\0t\0e\0x\0t\0\"\0:\0\"\0a\0\"\0}\0\n\0"),
    (1, "list.json", br#"[{"text":"a"}, {"text":"b","tags":["x"]}, 7, {"text":x}]"#),
    (1, "member.json", br#"{"version":"1","data":[{"instruction":"q","output":"a"}],"note":{}}"#),
    (1, "pretty.json", b"{\n  \"messages\": [\n    {\"role\": \"user\", \"content\": \"q\"}\n  ]\n}\n{\n  \"text\": \"b\"\n}\n"),
    (2, "table.csv", b"question,answer,,\nq,\"a\n\"\"b\"\"\",,\nc,d,,e\n"),
    (2, "semicolons.csv", b"\xEF\xBB\xBFtext;n\r\n\"a;b\";=1+1\r\n"),
    (3, "table.tsv", b"prompt\tcompletion\nq\ta\n"),
    (4, "chatml.txt", b"<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n\n<|im_start|>user\nr<|im_end|>\n"),
    (4, "text.txt", b"Once upon a time.\nThere was a mill.\n\nIt ground. And then\n"),
    (5, "pages_1.parquet", include_bytes!("../../../shared/src/dataset/records/parquet/fixtures/pages_1.parquet")),
    (5, "pages_2.parquet", include_bytes!("../../../shared/src/dataset/records/parquet/fixtures/pages_2.parquet")),
    (6, "document.md", b"# Mills\n\nA mill *grinds*.\n\n- one\n- two\n\n```rust\nfn main() {}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
    (7, "page.html", b"<!doctype html><title>Mills</title><h1>Mills</h1><p>A mill <b>grinds</b>.<ul><li>one<li>two</ul><pre>code</pre><table><tr><td>1</table>"),
    (8, "page.pdf", b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 1/Kids[4 0 R]>>\nendobj\n3 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>\nendobj\n4 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>>>/Contents 5 0 R>>\nendobj\n5 0 obj\n<</Length 71>>stream\nBT /F 12 Tf 72 700 Td (A mill grinds.) Tj 0 -14 Td (It is old.) Tj ET   \nendstream\nendobj\ntrailer\n<</Size 6/Root 1 0 R>>\n%%EOF\n"),
    (9, "unknown.bin", b"a\0b"),
];

/// As the target has it: name, how columns are read (detected), how the file is compressed and what its rows are written to, how
/// documents are cut.
fn rows(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (place, name, file) in FILES {
        for (output, ending) in
            [(0, ".gz"), (5, ".zst"), (10, ""), (14, ".to_text"), (18, ".to_parquet"), (22, ".to_tsv")]
        {
            std::fs::write(folder.join(format!("{name}{ending}")), [&[place, 0xFF, output, 0x28], file].concat())?;
        }
    }
    Ok(())
}
