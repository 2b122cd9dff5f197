use super::*;
use proptest::prelude::*;

/// Gives a file a few bytes at a time, as slow disks and pipes do.
struct Slow<'a> {
    bytes: &'a [u8],
    most: usize,
}

impl io::Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.most.min(buffer.len());
        io::Read::read(&mut self.bytes, &mut buffer[..most])
    }
}

/// Rows as JSON with their lines, and faults with lines and columns.
fn rows_of(container: Container, bytes: &[u8], most: usize) -> Vec<String> {
    let Ok(mut records) = container.read(Slow { bytes, most }) else { return Vec::new() };
    let mut rows = Vec::new();
    while let Some(record) = records.next_record().unwrap() {
        assert!(rows.len() <= bytes.len(), "it never ends");
        let Place::Line { line, .. } = record.place else { panic!("a text has lines") };
        rows.push(match record.content {
            Ok(value) => format!("{line} {value}"),
            Err(Broken { at: FaultPlace::Line { line, column: Some(column) }, reason, .. }) => {
                format!("{line}:{column} {reason}")
            }
            Err(Broken { at: FaultPlace::Line { line, .. }, reason, .. }) => format!("{line} {reason}"),
            Err(Broken { at, .. }) => panic!("{at}"),
        });
    }
    rows
}

fn rows(name: &str, bytes: impl AsRef<[u8]>) -> Vec<String> {
    let bytes = bytes.as_ref();
    let container = Container::find(name, bytes).unwrap();
    let whole = rows_of(container, bytes, usize::MAX);
    for most in [1, 7] {
        if bytes.len() < 100_000 {
            assert_eq!(rows_of(container, bytes, most), whole);
        }
    }
    whole
}

#[test]
fn lines_of_any_kind_are_read_and_broken_ones_named() {
    let file = b"\xEF\xBB\xBF{\"a\": 1}\r\n\n  \n{\"a\": \"\xC3\xA9\xFF\"}\n[1]\n{\"a\": 2}\n{\"a\": \"cut o";
    assert_eq!(
        rows("a.jsonl", file),
        [
            "1 {\"a\":1}",
            "4:9 byte 0xff is no UTF-8: the file may be in another encoding, or damaged",
            "5:1 there is a list where an object should be: {\"column\": \"value\", ...}",
            "6 {\"a\":2}",
            "7:13 the line ends in the middle of a text: it may be half-written",
        ]
    );
}

#[test]
fn a_line_that_is_too_long_is_passed_in_little_memory() {
    let long = "x".repeat(MOST_RECORD_BYTES * 6);
    let file = format!("{{\"a\": 1}}\n{{\"a\": \"{long}\"}}\n{{\"a\": 2}}\n{{\"a\": \"{long}");
    let [first, too_long, last, cut] = &rows("a.jsonl", &file)[..] else { panic!("four lines") };
    assert_eq!((&**first, &**last), ("1 {\"a\":1}", "3 {\"a\":2}"));
    assert_eq!(too_long, &format!("2 the line has {} bytes; a row may have 16 MiB", long.len() + 9));
    assert!(cut.starts_with("4 the line has "), "{cut}");
}

#[test]
fn a_row_that_is_too_long_is_set_aside_and_the_next_ones_are_read() {
    let long = "x".repeat(MOST_RECORD_BYTES * 2);
    let too_long = |line: u64, what: &str, bytes: usize| {
        format!("{line} the {what} has {} bytes; a row may have 16 MiB", long.len() + bytes)
    };
    let good = |line: u64| format!("{line} {{\"a\":\"c\",\"b\":\"d\"}}");
    for (name, separator) in [("a.csv", ','), ("a.tsv", '\t')] {
        let file = format!("a,b\n{long},y\nc,d\n\"x\ny\",{long}\nc,d\n").replace(',', &separator.to_string());
        let expected = [too_long(2, "row", 2), good(3), too_long(4, "row", 6), good(6)];
        assert_eq!(rows(name, file), expected);
    }
    let just = "x".repeat(MOST_RECORD_BYTES + 10);
    assert_eq!(
        rows("a.csv", format!("a,b\n{just},\n")),
        [format!("2 the row has {} bytes; a row may have 16 MiB", just.len() + 1)]
    );
    let item = rows("a.json", format!("[{{\"a\":\"{just}\"}}]"));
    assert_eq!(item, [format!("1 the item has {} bytes; a row may have 16 MiB", just.len() + 8)]);
    let file = format!("[{{\"a\": \"{long}\"}}, {{\"a\": \"c\", \"b\": \"d\"}}]");
    let expected = [too_long(1, "item", 9), good(1)];
    assert_eq!(rows("a.json", file), expected);
    let turn = "<|im_start|>user\nq<|im_end|>\n";
    let file = format!("{turn}\n<|im_start|>user\n{long}<|im_end|>\n\n{turn}");
    let found = rows("a.txt", file);
    assert_eq!((found.len(), &found[1]), (3, &too_long(4, "conversation", 27)));
}

#[test]
fn faults_are_told_with_the_column_in_their_line() {
    let place = |name: &str, bytes: &[u8]| {
        let rows = rows(name, bytes);
        rows.into_iter().rfind(|row| !row.contains('{')).unwrap().split_once(' ').unwrap().0.to_owned()
    };
    assert_eq!(place("a.json", b"[{\"text\":\"a\"},{\"text\":x}]"), "1:23");
    assert_eq!(place("a.json", b"[{\"text\":\"\xC3\xA9\"}, {\"text\":\n  \"\xFF\"}]"), "2:4");
    assert_eq!(place("a.json", b"[{} 1]"), "1:5");
    assert_eq!(place("a.csv", b"a,b\n\"x\ny\xC3\xA9\xFF\",z\n"), "3:3");
    assert_eq!(place("a.csv", b"a,b\rx,y\rx\xFF,y\r"), "3:2");
    assert_eq!(place("a.txt", b"<|im_start|>user\na\xFF<|im_end|>"), "2:2");
}

#[test]
fn lines_may_end_with_returns_alone() {
    let two = ["1 {\"a\":1}", "2 {\"a\":2}"];
    assert_eq!(rows("a.jsonl", "{\"a\": 1}\r{\"a\": 2}\r"), two);
    assert_eq!(rows("a.jsonl", "{\"a\": 1}\r{\"a\": 2}"), two);
    assert_eq!(
        rows("a.jsonl", "{\"a\": 1}\r{\"a\": 2}\r\n{\"a\": 3}\n{")[2..],
        ["3 {\"a\":3}", "4:2 the line ends in the middle of a value: it may be half-written"]
    );
    assert_eq!(rows("a.json", "[\r{\"a\": 1},\r{\"a\": 2}\r]\r"), ["2 {\"a\":1}", "3 {\"a\":2}"]);
    assert_eq!(
        rows("a.csv", "a,b\r\"c\rd\",e\rf,g"),
        ["2 {\"a\":\"c\\nd\",\"b\":\"e\"}", "4 {\"a\":\"f\",\"b\":\"g\"}"]
    );
    let many = "{\"a\": 1}\r".repeat(60_000);
    let (mut shares, mut lines) = (Shares::new(io::Cursor::new(many.into_bytes())), Vec::new());
    while let Some(share) = shares.next_share().unwrap() {
        let mut records = share.records();
        while let Some(record) = records.next_record().unwrap() {
            assert!(record.content.is_ok());
            lines.push(record.place);
        }
    }
    assert_eq!((lines.len(), lines[59_999]), (60_000, Place::Line { line: 60_000, byte: 59_999 * 9 }));
}

#[test]
fn a_list_is_read_item_by_item() {
    let file = "[\n  {\"a\": [1, {\"b\": \"]\\\"\"}]},\n  7,\n  {\"a\":\n 2,}\n, {\"a\": 3}]\n";
    assert_eq!(
        rows("a.json", file),
        [
            "2 {\"a\":[1,{\"b\":\"]\\\"\"}]}",
            "3:3 there is a number where an object should be: {\"column\": \"value\", ...}",
            "5:4 there is '}' where a name in quotes should be",
            "6 {\"a\":3}",
        ]
    );
    assert_eq!(rows("a.json", "[]"), [] as [&str; 0]);
    for (file, reason) in [
        ("[{\"a\": 1}", "the list has no end"),
        ("[{\"a\": 1", "the list ends in the middle of an item"),
        ("[{} {}]", "there is no comma between two items"),
        ("[{}] x", "there is more after the end"),
    ] {
        assert!(rows("a.json", file).last().unwrap().contains(reason), "{file}");
    }
}

#[test]
fn a_table_of_texts_is_read_whatever_separates_its_cells() {
    let expected = ["2 {\"question\":\"a\\nb\",\"answer\":\"c\"}", "4 {\"question\":\"d\"}"];
    assert_eq!(rows("a.csv", "question,answer\n\"a\nb\",c\nd,\n"), expected);
    assert_eq!(rows("a.csv", "\u{feff}question,answer\n\"a\nb\",c\nd,\n"), expected);
    assert_eq!(rows("a.csv", "question;answer\r\n\"a\nb\";c\r\nd;\r\n"), expected);
    assert_eq!(rows("a.tsv", "question\tanswer\n\"a\nb\"\tc\nd\t\n"), expected);
    let broken = rows("a.csv", b"question,answer\na,b,c\nd,\xFF\ne,f\n");
    assert!(broken[0].starts_with("2 the row has 3 cells and the table 2 columns"), "{broken:?}");
    assert!(broken[1].starts_with("3:3 byte 0xff"), "{broken:?}");
    assert_eq!(broken[2], "4 {\"question\":\"e\",\"answer\":\"f\"}");
    let open = rows("a.csv", "question,answer\na,\"b\nc,d\ne,f\n");
    assert!(open[0].starts_with("2 a cell begins with a quotation mark"), "{open:?}");
    assert_eq!(open[1..], ["3 {\"question\":\"c\",\"answer\":\"d\"}", "4 {\"question\":\"e\",\"answer\":\"f\"}"]);
    let twice =
        Container::Table { separator: b',', has_protected_cells: false }.read(&b"a,a\n"[..]).map(|_| ()).unwrap_err();
    assert!(twice.to_string().contains("\"a\" comes twice"), "{twice}");
}

#[test]
fn chatml_is_read_conversation_by_conversation() {
    let turn = |role: &str, text: &str| format!("<|im_start|>{role}\n{text}<|im_end|>\n");
    let first = turn("system", "s") + &turn("user", "q") + &turn("assistant", "a");
    let second = turn("user", "r\n\nr") + &turn("assistant", "b");
    let third = turn("system", "t") + &turn("user", "u");
    let texts: Vec<String> = rows("a.txt", format!("{first}\n{second}{third}"))
        .iter()
        .map(|row| {
            serde_json::from_str::<serde_json::Value>(row.split_once(' ').unwrap().1).unwrap()["text"].to_string()
        })
        .collect();
    let json = |text: &str| serde_json::Value::from(text.trim_end()).to_string();
    assert_eq!(texts, [json(&first), json(&second), json(&third)]);
}

#[test]
fn files_that_hold_no_rows_are_told_apart() {
    let reason = |name: &str, bytes: &[u8]| Container::find(name, bytes).unwrap_err().to_string();
    assert_eq!(reason("a.jsonl", b" \n"), "the file is empty");
    assert!(reason("a.docx", b"PK\x03\x04").contains("an office document"));
    assert!(reason("a.log", b"hello").contains("begins like none"));
    assert!(reason("a.bin", b"a\0b").contains("no text"));
    assert!(reason("a.jsonl", b"{\0\"\0a\0\"\0").contains("no text"));
}

#[test]
fn one_damaged_row_costs_no_other() {
    let zero = rows("a.jsonl", b"{\"text\":\"a\"}\n{\"text\":\"b\0\"}\n");
    assert_eq!(zero[0], "1 {\"text\":\"a\"}");
    assert!(zero[1].starts_with("2:11 a control character (U+0000)"), "{zero:?}");
    let cell = rows("a.csv", b"question,answer\na,b\nc,d\0\ne,f\n");
    assert!(cell[1].starts_with("3:4 there is a character U+0000"), "{cell:?}");
    assert_eq!(cell[2], "4 {\"question\":\"e\",\"answer\":\"f\"}");
    let garbage = rows("a.jsonl", "Results of May\n{\"text\":\"a\"}\n");
    assert_eq!(garbage, ["1:1 there is 'R' where a value should be", "2 {\"text\":\"a\"}"]);
}

#[test]
fn objects_over_several_lines_are_read_in_a_list_or_without_one() {
    let row = "{\n  \"text\": \"a\"\n}\n";
    for name in ["a.json", "a.jsonl"] {
        assert_eq!(rows(name, row), ["1 {\"text\":\"a\"}"]);
        assert_eq!(rows(name, row.repeat(2)), ["1 {\"text\":\"a\"}", "4 {\"text\":\"a\"}"]);
    }
    let messages = "{\n\"messages\": [{\"role\": \"user\"}]\n}";
    assert_eq!(rows("a.json", messages), ["1 {\"messages\":[{\"role\":\"user\"}]}"]);
    let two = ["1 {\"text\":\"a\"}", "1 {\"text\":\"b\"}"];
    let member = "{\"version\": {\"a\": [1]}, \"data\": [{\"text\": \"a\"}, {\"text\": \"b\"}], \"note\": \"}\"}";
    assert_eq!(rows("a.json", member), two);
    assert_eq!(rows("a.json", member.replace(", ", ",\n")), ["2 {\"text\":\"a\"}", "3 {\"text\":\"b\"}"]);
    assert!(rows("a.json", member.to_owned() + member)[2].contains("there is more after the end"));
    assert_eq!(rows("a.jsonl", "{\"data\": [{\"a\": 1}]}"), ["1 {\"data\":[{\"a\":1}]}"]);
    let cut = rows("a.json", "{\"text\": \"a\n{\"text\": \"b\"}\n");
    assert_eq!(cut[1], "2 {\"text\":\"b\"}");
}

#[test]
fn empty_columns_behind_the_others_get_names() {
    let table = rows("a.csv", "question,answer,,\na,b,,\nc,d,,e\n");
    let expected =
        ["2 {\"question\":\"a\",\"answer\":\"b\"}", "3 {\"question\":\"c\",\"answer\":\"d\",\"column 4\":\"e\"}"];
    assert_eq!(table, expected);
}

#[test]
fn rows_in_utf_16_are_read_from_every_kind_of_file() {
    for (name, text) in [
        ("a.jsonl", "{\"text\": \"é😀\"}\n"),
        ("a.json", "[{\"text\": \"é😀\"}]"),
        ("a.csv", "text\r\né😀\r\n"),
        ("a.txt", "<|im_start|>user\nq<|im_end|>\n"),
    ] {
        let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let read = |bytes: &[u8]| {
            let kind = FileKind::find(name, bytes).unwrap();
            let file = io::Cursor::new(bytes.to_owned());
            let mut records = kind.read(file, name, crate::dataset::documents::Chunking::USUAL).unwrap();
            let row = records.next_record().unwrap().unwrap().content.unwrap().to_string();
            (kind, row)
        };
        assert_eq!(read(&wide), read(text.as_bytes()));
    }
    let wide: Vec<u8> = "\u{feff}{}\n{}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let share = Shares::new(io::Cursor::new(wide)).next_share().unwrap().unwrap();
    assert!(share.records().next_record().unwrap().unwrap().content.is_ok());
}

proptest! {
    /// The `csv` crate writes the table.
    #[test]
    fn tables_that_others_write_come_back(
        cells in proptest::collection::vec(("[a-c,;\"\n\r\t é]{0,5}", "[a-c,;\"\n\r\t é]{1,5}"), 0..6),
        is_tab in any::<bool>(),
        is_crlf in any::<bool>(),
    ) {
        let separator = if is_tab { b'\t' } else { b',' };
        let ends = if is_crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().delimiter(separator).terminator(ends).from_writer(Vec::new());
        writer.write_record(["one", "two"]).unwrap();
        for (one, two) in &cells {
            writer.write_record([one, two]).unwrap();
        }
        let file = writer.into_inner().unwrap();
        let mut records = Container::Table { separator, has_protected_cells: false }.read(&file[..]).unwrap();
        for (one, two) in &cells {
            let row = records.next_record().unwrap().unwrap().content.unwrap();
            let text = |name: &str| row.get(name).and_then(|it| it.as_text()).unwrap_or_default().to_owned();
            prop_assert_eq!((text("one"), text("two")), (one.clone(), two.clone()));
        }
        prop_assert!(records.next_record().unwrap().is_none());
    }

    /// Whatever the bytes are: no panic, no endless loop, and the same rows however the file is cut into pieces.
    #[test]
    fn any_bytes_are_read_to_their_end(
        bytes in proptest::collection::vec(proptest::sample::select(b"{}[]\",:\\ \n\r\xC3\xA9x1<|im_end>".to_vec()), 0..200),
        most in 1_usize..20,
    ) {
        let containers = [
            Container::JsonLines,
            Container::JsonArray,
            Container::Table { separator: b',', has_protected_cells: false },
            Container::ChatMlText,
        ];
        for container in containers {
            prop_assert_eq!(rows_of(container, &bytes, most), rows_of(container, &bytes, usize::MAX), "{:?}", container);
        }
    }
}

#[test]
fn shares_have_the_rows_of_the_whole_file_with_their_places() {
    let mut file = "\u{feff}{\"text\": \"first\"}\r\n\n".to_owned();
    for row in 0..9000 {
        let text = "word ".repeat(row % 40);
        file.push_str(&if row % 100 == 3 {
            format!("{{\"text\": \"{text}\n")
        } else {
            format!("{{\"text\": \"{text}\"}}\n")
        });
        if row == 4000 {
            file.push_str(&format!("{{\"text\": \"{}\"}}\n", "x".repeat(MOST_RECORD_BYTES + 10)));
        }
    }
    file.push_str("{\"text\": \"the last, without a line end\"}");
    let told = |mut records: Box<dyn Records + '_>| {
        let mut rows = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            let content = record
                .content
                .map(|value| value.to_string())
                .map_err(|broken| (broken.at.to_string(), broken.reason, broken.bytes.len()));
            rows.push((record.place, content));
        }
        rows
    };
    let whole = told(Container::JsonLines.read(file.as_bytes()).unwrap());
    let mut shares = Shares::new(io::Cursor::new(file.into_bytes()));
    let (mut in_shares, mut count) = (Vec::new(), 0);
    while let Some(share) = shares.next_share().unwrap() {
        in_shares.extend(told(share.records()));
        count += 1;
    }
    assert!(count > 3, "{count} shares");
    let different = in_shares.iter().zip(&whole).find(|(share, whole)| share != whole);
    assert_eq!((in_shares.len(), different), (whole.len(), None));
}
