use std::io::{self, Cursor, Read, Write};

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::dataset::formats::Format;
use crate::dataset::json::Value;
use crate::dataset::records::{Broken, Compression, FileKind, UnknownContainer};
use crate::dataset::rows::{ReadAs, Rows};

fn chunking(most_characters: usize, overlap_characters: usize) -> Chunking {
    Chunking::new(most_characters, overlap_characters).unwrap()
}

/// Rows as JSON, and what is none with its place; or why the file can't be read.
fn rows(name: &str, bytes: impl Into<Vec<u8>>, chunking: Chunking) -> Result<Vec<String>, String> {
    let bytes = bytes.into();
    let kind = FileKind::find(name, &bytes[..bytes.len().min(64 << 10)]).map_err(|error| error.to_string())?;
    let mut records = kind.read(Cursor::new(bytes), name, chunking).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    while let Some(record) = records.next_record().map_err(|error| error.to_string())? {
        rows.push(match record.content {
            Ok(row) => row.to_string(),
            Err(Broken { at, reason, bytes }) => format!("{at}: {reason} ({} bytes)", bytes.len()),
        });
    }
    Ok(rows)
}

fn check(name: &str, bytes: impl Into<Vec<u8>>, chunking: Chunking, expected: &Expect) {
    let told = match rows(name, bytes, chunking) {
        Ok(rows) => rows.join("\n"),
        Err(reason) => format!("refused: {reason}"),
    };
    expected.assert_eq(&told);
}

/// The texts of all chunks.
fn texts(name: &str, bytes: impl Into<Vec<u8>>, chunking: Chunking) -> Vec<String> {
    let text = |row: &String| {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        row["text"].as_str().unwrap().to_owned()
    };
    rows(name, bytes, chunking).unwrap().iter().map(text).collect()
}

#[test]
fn a_kind_is_found_by_name_and_content() {
    let find = |name: &str, bytes: &[u8]| match FileKind::find(name, bytes) {
        Ok(FileKind::Document { kind, .. }) => kind.title().to_owned(),
        Ok(other) => format!("{other:?}"),
        Err(unknown) => unknown.to_string(),
    };
    for (name, bytes, expected) in [
        ("a.md", &b"[![badge](b)](c)"[..], "Markdown"),
        ("A.MARKDOWN", b"{ x", "Markdown"),
        ("a.txt", b"Once", "plain text"),
        ("a.txt", b"[Chapter 1]", "plain text"),
        ("a.txt", b"\xFF\xFEO\0n\0", "plain text"),
        ("a.htm", b"\xEF\xBB\xBF<p>", "HTML"),
        ("page", b" <!DOCTYPE HTML>", "HTML"),
        ("a.bin", b"%PDF-1.7", "PDF"),
        ("a.txt", b"<|im_start|>user", "Text { container: ChatMlText, compression: None }"),
        ("a.txt", b"{\"text\": \"a\"}", "Text { container: JsonLines, compression: None }"),
        ("a.txt", b"[ {\"text\": \"a\"}]", "Text { container: JsonArray, compression: None }"),
        ("a.md", b" ", "the file is empty"),
        ("a.jsonl", b"{\"text\": \"<html>\"}", "Text { container: JsonLines, compression: None }"),
    ] {
        assert_eq!(find(name, bytes), expected, "{name}");
    }
    assert_eq!(FileKind::find("a.md", b"a\0b").unwrap_err(), UnknownContainer::Binary("no text"));
    let container = FileKind::of_name("a.txt").unwrap();
    assert!(matches!(container, FileKind::Text { .. }), "rows are written to .txt in ChatML");
}

const MARKDOWN: &str = "---
title: left out
---
# Mills

A *mill* grinds.
It is [old](https://example.com).

## Parts
- the quern
- the hopper,
  which is above

1. first

```rust
fn grind() {

}
```

| part | weight |
|---|---|
| stone | 90 kg |

<div><p>Raw &amp; plain</p></div>

### Care

> Keep it dry.

## History

Long ago.
";

#[test]
fn markdown_stays_as_it_is_written() {
    check(
        "mill.md",
        MARKDOWN,
        Chunking::USUAL,
        &expect![[
            r##"{"text":"# Mills\n\nA *mill* grinds.\nIt is [old](https://example.com).\n\n## Parts\n\n- the quern\n- the hopper,\n  which is above\n1. first\n\n```rust\nfn grind() {\n\n}\n```\n\n| part | weight |\n|---|---|\n| stone | 90 kg |\n\nRaw & plain\n\n### Care\n\n> Keep it dry.\n\n## History\n\nLong ago.","file":"mill.md","line":4,"headings":["Mills"],"chunk":1}"##
        ]],
    );
    check(
        "mill.md",
        MARKDOWN.replace('\n', "\r\n"),
        chunking(60, 0),
        &expect![[r####"
        {"text":"# Mills\n\nA *mill* grinds.\nIt is [old](https://example.com).","file":"mill.md","line":4,"headings":["Mills"],"chunk":1}
        {"text":"## Parts\n\n- the quern\n- the hopper,\n  which is above","file":"mill.md","line":9,"headings":["Mills","Parts"],"chunk":2}
        {"text":"1. first\n\n```rust\nfn grind() {\n\n}\n```","file":"mill.md","line":14,"headings":["Mills","Parts"],"chunk":3}
        {"text":"| part | weight |\n|---|---|\n| stone | 90 kg |\n\nRaw & plain","file":"mill.md","line":22,"headings":["Mills","Parts"],"chunk":4}
        {"text":"### Care\n\n> Keep it dry.","file":"mill.md","line":28,"headings":["Mills","Parts","Care"],"chunk":5}
        {"text":"## History\n\nLong ago.","file":"mill.md","line":32,"headings":["Mills","History"],"chunk":6}"####]],
    );
}

const HTML: &str = "<!doctype html><html><head><title>no</title><style>p {}</style></head>
<body><nav><a href=x>Home</a><nav>more</nav></nav>
<h1>Mills &amp; <em>querns</em></h1>
<p>Grind&nbsp;it
 well&hellip;<br>twice.<script>if (a < b) {}</script>
<ul><li>stone<li><p>hop&shy;per</p><ol><li>deep</ol></ul>
<h2>Table</h2>
<table><tr><th>part<th>weight<tr><td>stone<td> 90
kg</table>
<pre>
  two
    spaces
</pre>
<table><tr><td><h2>Layout</h2>A cell.<table><tr><td>inner<td>one</table></table>
end";

#[test]
fn of_html_what_a_person_reads_is_left() {
    check(
        "mill.html",
        HTML,
        chunking(200, 0),
        &expect![[r#"
        {"text":"Mills & querns\n\nGrind it well…\ntwice.\n\n- stone\n- hopper\n  1. deep","file":"mill.html","line":3,"headings":["Mills & querns"],"chunk":1}
        {"text":"Table\n\npart | weight\nstone | 90 kg\n\n  two\n    spaces","file":"mill.html","line":7,"headings":["Mills & querns","Table"],"chunk":2}
        {"text":"Layout\n\nA cell.\n\ninner | one\n\nend","file":"mill.html","line":14,"headings":["Mills & querns","Layout"],"chunk":3}"#]],
    );
    check(
        "empty.html",
        "<html><script>a</script> <p> </p>",
        Chunking::USUAL,
        &expect!["refused: the document (HTML) has no text"],
    );
    check(
        "open.html",
        "<nav><a>menu<h1>Title</h1>text",
        Chunking::USUAL,
        &expect![[r#"{"text":"Title\n\ntext","file":"open.html","line":1,"headings":["Title"],"chunk":1}"#]],
    );
}

#[test]
fn text_is_read_by_paragraphs() {
    let text = b"One line\nand its second.  \n\n\n  Indented.\nBad \xE9.\nAfter.\n";
    check(
        "a.txt",
        text,
        chunking(40, 0),
        &expect![[r#"
        line 6, column 5: byte 0xe9 is no UTF-8: the file may be in another encoding, or damaged (6 bytes)
        {"text":"One line\nand its second.\n\n  Indented.","file":"a.txt","line":1,"headings":[],"chunk":1}
        {"text":"After.","file":"a.txt","line":7,"headings":[],"chunk":2}"#]],
    );
    let wide: Vec<u8> = "\u{feff}Ünïcode\r\n\r\nzwei".encode_utf16().flat_map(u16::to_be_bytes).collect();
    check(
        "a.txt",
        wide,
        Chunking::USUAL,
        &expect![[r#"{"text":"Ünïcode\n\nzwei","file":"a.txt","line":1,"headings":[],"chunk":1}"#]],
    );
    let long = [b"ok\n\n".to_vec(), vec![b'x'; 17 << 20], b"\n\nend\n".to_vec()].concat();
    check(
        "a.txt",
        long,
        Chunking::USUAL,
        &expect![[r#"
        line 3: the line has 17825792 bytes; a line of a text may have 16 MiB (1024 bytes)
        {"text":"ok\n\nend","file":"a.txt","line":1,"headings":[],"chunk":1}"#]],
    );
}

/// A PDF file with these contents as pages, in Helvetica, and more in its trailer.
fn pdf(contents: &[&[u8]], trailer: &str) -> Vec<u8> {
    let kids: Vec<String> = (0..contents.len()).map(|page| format!("{} 0 R", 4 + page * 2)).collect();
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        format!("<</Type/Pages/Count {}/Kids[{}]>>", contents.len(), kids.join(" ")).into_bytes(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec(),
    ];
    for (page, content) in contents.iter().enumerate() {
        let code = "<</Type/Font/Subtype/Type1/BaseFont/Courier>>";
        let resources = format!("/Resources<</Font<</F 3 0 R/C {code}>>/XObject<</I 99 0 R>>>>");
        let stream = 5 + page * 2;
        objects.push(
            format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]{resources}/Contents {stream} 0 R>>").into_bytes(),
        );
        let length = content.len();
        objects.push([format!("<</Length {length}>>stream\n").as_bytes(), content, b"\nendstream"].concat());
    }
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (object, number) in objects.iter().zip(1..) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n").into_bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let (start, count) = (file.len(), objects.len() + 1);
    file.extend(format!("xref\n0 {count}\n0000000000 65535 f \n").into_bytes());
    file.extend(places.iter().flat_map(|place| format!("{place:010} 00000 n \n").into_bytes()));
    file.extend(format!("trailer\n<</Size {count}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n").into_bytes());
    file
}

const PAGE: &[u8] = b"/Artifact BMC BT /F 9 Tf 72 760 Td (Running head) Tj ET EMC
BT /F 20 Tf 72 700 Td (On \\223Mills\\224) Tj ET
BT /F 12 Tf 14 TL 72 660 Td (A mill grinds; it was first used by peo-) Tj
T* [(ple)-300(long a)10(go, in )-20(many lands.)] TJ
T* (It still is.) ' 0 -30 Td (The second para\\055) Tj 0 -14 Td (Graph is apart.) Tj ET
q .5 0 0 .5 0 0 cm BT /F 24 Tf 1 0 0 1 144 1000 Tm (Scaled) Tj 1 0 0 1 230 1000 Tm (words) Tj ET Q";

#[test]
fn of_pdf_lines_become_paragraphs() {
    check(
        "mill.pdf",
        pdf(&[PAGE, b"", b"BI /W 1 /H 1 /BPC 8 /CS /G ID x EI", b"BT /F 12 Tf (More.) Tj ET"], ""),
        chunking(80, 0),
        &expect![[r#"
            {"text":"On “Mills”","file":"mill.pdf","page":1,"headings":[],"chunk":1}
            {"text":"A mill grinds; it was first used by people long ago, in many lands. It still is.","file":"mill.pdf","page":1,"headings":[],"chunk":2}
            page 3: it is a picture without text; recognize the text first (OCR, as with `ocrmypdf in.pdf out.pdf`) (0 bytes)
            {"text":"The second para-Graph is apart.\n\nScaled words\n\nMore.","file":"mill.pdf","page":1,"headings":[],"chunk":3}"#]],
    );
}

const CODE_PAGE: &[u8] = b"BT /F 12 Tf 14 TL 72 660 Td (words of the next page, and code:) Tj ET
BT /C 10 Tf 12 TL 72 600 Td (fn a\\(\\) {) Tj T* (    b\\(\\)) Tj 12 -12 Td (c\\(\\)) Tj -12 -30 Td (}) Tj ET
BT /F 12 Tf 300 40 Td (17) Tj ET";

#[test]
fn of_pdf_code_keeps_its_lines_and_a_paragraph_goes_on_over_pages() {
    check(
        "mill.pdf",
        pdf(&[b"BT /F 12 Tf 72 660 Td (These are the) Tj ET", CODE_PAGE], ""),
        Chunking::USUAL,
        &expect![[
            r#"{"text":"These are the words of the next page, and code:\n\nfn a() {\n    b()\n  c()\n\n}","file":"mill.pdf","page":1,"headings":[],"chunk":1}"#
        ]],
    );
}

#[test]
fn a_pdf_without_text_says_what_to_do() {
    check(
        "scan.pdf",
        pdf(&[b"BI /W 1 /H 1 /BPC 8 /CS /G ID x EI"], ""),
        Chunking::USUAL,
        &expect![
            "refused: the document (PDF) has no text on any of its pages (page 1: it is a picture without text; recognize the text first (OCR, as with `ocrmypdf in.pdf out.pdf`))"
        ],
    );
    check(
        "blank.pdf",
        pdf(&[b""], ""),
        Chunking::USUAL,
        &expect!["refused: the document (PDF) has no text on any of its pages"],
    );
    let key = "A".repeat(32);
    let locked = format!("/ID[(a)(a)]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O({key})/U({key})>>");
    check(
        "locked.pdf",
        pdf(&[PAGE], &locked),
        Chunking::USUAL,
        &expect![
            "refused: the document (PDF) can be opened with its password only; save it without one (`qpdf --decrypt --password=… in.pdf out.pdf`)"
        ],
    );
    check(
        "bad.pdf",
        "%PDF-1.7\nnothing",
        Chunking::USUAL,
        &expect!["refused: the document (PDF) is damaged or no PDF; open it in a viewer and save it again"],
    );
}

#[test]
fn what_belongs_together_stays_together() {
    let code = "```\nlet a = 1;\nlet b = 2;\nlet c = 3;\nlet d = 4;\n```";
    let text = format!(
        "# One\n\nFirst words.\n\n{code}\n\n### Small\n\nMore words, and yet more of them here.\n\n# Two\n\nEnd."
    );
    let told = texts("a.md", text.clone(), chunking(60, 0));
    assert_eq!(
        told,
        ["# One\n\nFirst words.", code, "### Small\n\nMore words, and yet more of them here.", "# Two\n\nEnd.",]
    );
    let told = texts("a.md", text, chunking(40, 0));
    assert_eq!(told[1..3], ["```\nlet a = 1;\nlet b = 2;\nlet c = 3;", "let d = 4;\n```"]);
}

#[test]
fn a_chunk_begins_with_the_last_words_of_the_one_before() {
    let text = "The first sentence is here. The second sentence is there. The third sentence is nowhere at all.";
    let told = texts("a.txt", text, chunking(60, 20));
    assert_eq!(told[0], "The first sentence is here. The second sentence is there.");
    assert_eq!(told[1], "sentence is there. The third sentence is nowhere at all.");
    let paragraphs =
        "One is short.\n\nTwo is a paragraph of its own.\n\nThree has no room for what was before it here.";
    assert_eq!(
        texts("a.txt", paragraphs, chunking(50, 15)),
        ["One is short.\n\nTwo is a paragraph of its own.", "Three has no room for what was before it here."]
    );
    assert_eq!(texts("a.txt", text, chunking(60, 0))[0], "The first sentence is here. The second sentence is there.");
}

#[test]
fn lengths_that_make_no_sense_are_refused() {
    let fault = |most, overlap| Chunking::new(most, overlap).unwrap_err().to_string();
    expect!["chunks of 10 characters make no sense here: there are from 40 to 1000000, usually 2000"]
        .assert_eq(&fault(10, 0));
    expect!["chunks of 100 characters can have 50 in common at most, and not 60"].assert_eq(&fault(100, 60));
    let read = |json: &str| serde_json::from_str::<ReadAs>(json);
    assert_eq!(read("{\"document\":{\"most-characters\":500}}").unwrap(), ReadAs::Document(chunking(500, 0)));
    assert_eq!(read("{\"document\":{}}").unwrap(), ReadAs::Document(Chunking::USUAL));
    assert!(read("{\"document\":{\"most-characters\":5}}").unwrap_err().to_string().contains("make no sense"));
    let json = serde_json::to_string(&ReadAs::Document(chunking(500, 20))).unwrap();
    expect![[r#"{"document":{"most-characters":500,"overlap-characters":20}}"#]].assert_eq(&json);
}

#[test]
fn a_document_is_text_whatever_it_looks_like() {
    let text = "<|im_start|>user\nhow ChatML looks<|im_end|>";
    let file = format!("{text}\n\nand more\n").into_bytes();
    let kind = FileKind::find("a.md", &file).unwrap();
    for read_as in [ReadAs::Detect, ReadAs::Document(chunking(50, 0))] {
        let records = kind.read(Cursor::new(file.clone()), "a.md", read_as.chunking()).unwrap();
        let mut rows = Rows::new(records, read_as);
        let (format, row) = rows.next_row().unwrap().unwrap().content.unwrap();
        assert_eq!((format, row.sample.kind()), (Some(Format::TrlText), "plain text"));
        let columns: Vec<_> = row.columns.iter().map(|(name, value)| format!("{name}={}", value.as_str())).collect();
        assert_eq!(columns, ["file=\"a.md\"", "line=1", "headings=[]", "chunk=1"]);
    }
}

/// Gives a file a few bytes at a time, as slow disks and pipes do.
struct Slow(Cursor<Vec<u8>>);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(7);
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn the_same_document_gives_the_same_rows_however_it_comes() {
    let files = [
        (DocumentKind::Text, "a.txt", MARKDOWN.as_bytes().to_vec()),
        (DocumentKind::Markdown, "a.md", MARKDOWN.as_bytes().to_vec()),
        (DocumentKind::Html, "a.html", HTML.as_bytes().to_vec()),
        (DocumentKind::Pdf, "a.pdf", pdf(&[PAGE, PAGE], "")),
    ];
    for (kind, name, bytes) in files {
        let whole = rows(name, bytes.clone(), chunking(50, 10)).unwrap();
        let mut slow = open(kind, Slow(Cursor::new(bytes.clone())), name, chunking(50, 10)).unwrap();
        let mut slowly = Vec::new();
        while let Some(record) = slow.next_record().unwrap() {
            slowly.push(record.content.as_ref().map(Value::to_string).unwrap());
        }
        assert_eq!(slowly, whole, "{kind}");
        let mut packed = Compression::Gzip.writer(Vec::new());
        packed.write_all(&bytes).unwrap();
        let packed = packed.finish().unwrap();
        let kind = FileKind::find(&format!("{name}.gz"), &packed).unwrap();
        let mut records = kind.read(Cursor::new(packed), name, chunking(50, 10)).unwrap();
        for row in &whole {
            assert_eq!(records.next_record().unwrap().unwrap().content.unwrap().to_string(), *row);
        }
        assert!(records.next_record().unwrap().is_none());
    }
}

#[test]
fn of_a_packed_text_that_is_cut_off_the_beginning_is_read() {
    let mut packed = Compression::Gzip.writer(Vec::new());
    packed.write_all(b"The beginning.\n\nMore.").unwrap();
    let mut packed = packed.finish().unwrap();
    packed.truncate(packed.len() - 4);
    let told = rows("a.txt.gz", packed, Chunking::USUAL).unwrap();
    assert!(told[0].contains("The beginning.") && told[1].contains("the file is cut off"), "{told:?}");
}

#[test]
fn hostile_documents_are_refused_or_read_and_hang_nothing() {
    let read = |name: &str, bytes: Vec<u8>| rows(name, bytes, Chunking::USUAL);
    let deep = 200_000;
    for html in ["<div>", "<table><tr><td>", "<ul><li>", "<pre>", "<nav>", "<b", "<!--", "&", "<h1>"] {
        let _ = read("a.html", format!("text {}", html.repeat(deep)).into_bytes());
    }
    for markdown in ["> ", "- ", "[", "*", "`", "![", "<a ", "|a\n|-", "1. ", "\t", "[a]: b\n", "_a"] {
        let _ = read("a.md", format!("text\n\n{}", markdown.repeat(20_000)).into_bytes());
    }
    let whole = pdf(&[PAGE, PAGE], "");
    for end in 0..whole.len() {
        let _ = read("a.pdf", whole[..end].to_vec());
    }
    for pdf in ["[", "<<", "<</A ", "(", "1 0 obj ", "q ", "BI ID EI ", "stream\n/ObjStm "] {
        let _ = read("a.pdf", [b"%PDF-1.7\n".to_vec(), pdf.repeat(deep).into_bytes()].concat());
    }
    let forms = [b"q ".repeat(100_000), b"BT (a) Tj ET ".repeat(1000)].concat();
    let _ = read("a.pdf", super::tests::pdf(&[&forms], ""));
    let big = vec![b'a'; (MOST_DOCUMENT_BYTES + 1) as usize];
    expect![
        "the document (Markdown) has more than 64 MiB and must be held in memory; split it, or save it as plain text"
    ]
    .assert_eq(&read("a.md", big).unwrap_err());
}

#[test]
fn what_unpacks_to_too_much_is_not_unpacked() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    io::copy(&mut io::repeat(b' ').take(300 << 20), &mut packed).unwrap();
    let packed = packed.finish().unwrap();
    let stream = |dictionary: &str| {
        let length = packed.len();
        [format!("<<{dictionary}/Length {length}>>stream\n").as_bytes(), &packed, b"\nendstream"].concat()
    };
    let plain = pdf(&[b"@@@@"], "");
    let at = memchr::memmem::find(&plain, b"<</Length 4>>").unwrap();
    let end = at + memchr::memmem::find(&plain[at..], b"endobj").unwrap();
    let bomb = [&plain[..at], &stream("/Filter/FlateDecode"), b"\n", &plain[end..]].concat();
    let told = rows("a.pdf", bomb, Chunking::USUAL).unwrap_err();
    assert!(told.contains("page 1: it unpacks to more than a page can be"), "{told}");
    let objects: Vec<u8> = [b"%PDF-1.7\n".to_vec(), stream("/Type/ObjStm/Filter/FlateDecode").repeat(2)].concat();
    let told = rows("a.pdf", objects, Chunking::USUAL).unwrap_err();
    assert!(told.contains("unpacks to more than 512 MiB"), "{told}");
}

/// The words of a text without what is between them.
fn letters(text: &str) -> String {
    text.split_whitespace().collect()
}

proptest! {
    /// Nothing is lost, nothing comes twice, and every chunk is as short as it should be.
    #[test]
    fn chunks_are_the_whole_document(
        paragraphs in proptest::collection::vec("[a-zé漢.!? \n]{1,120}", 1..12),
        headings in proptest::collection::vec(1_usize..5, 0..12),
        most in 40_usize..200,
        overlap in 0_usize..20,
    ) {
        for (name, is_marked) in [("a.txt", false), ("a.md", true)] {
            let document: String = paragraphs
                .iter()
                .enumerate()
                .map(|(at, paragraph)| match headings.get(at) {
                    Some(level) if is_marked => format!("{} h{at}\n\n{}\n\n", "#".repeat(*level), paragraph.trim()),
                    _ => format!("{}\n\n", paragraph.trim()),
                })
                .collect();
            if document.trim().is_empty() {
                continue;
            }
            let told = texts(name, document.clone(), chunking(most, 0));
            prop_assert_eq!(letters(&told.concat()), letters(&document));
            for text in told.iter().chain(&texts(name, document, chunking(most, overlap))) {
                prop_assert!(text.chars().count() <= most, "{}", text);
            }
        }
    }

    /// Whatever the bytes are: no panic, no endless loop.
    #[test]
    fn any_bytes_are_read_to_their_end(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        html in "[<>/a-d!&;'\"= \n-]{0,200}",
        markup in "(<|</|p>|td>|table>|li>|h1>|nav>|pre>|# |- |\\||```|> |\n|a b |&amp;|\\[){0,60}",
    ) {
        for name in ["a.txt", "a.md", "a.html", "a.pdf"] {
            let _ = rows(name, bytes.clone(), chunking(40, 20));
            let _ = rows(name, html.clone(), chunking(40, 20));
            let _ = rows(name, markup.clone(), chunking(40, 20));
        }
        let _ = rows("a.pdf", [b"%PDF-1.7\n".to_vec(), bytes].concat(), Chunking::USUAL);
    }

    /// A PDF file with a few bytes changed.
    #[test]
    fn a_damaged_pdf_is_read_to_its_end(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..30)) {
        let mut file = pdf(&[PAGE], "");
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _ = rows("a.pdf", file, Chunking::USUAL);
    }
}
