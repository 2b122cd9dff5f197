use std::io::Cursor;

use proptest::prelude::*;

use super::super::{FileKind, Records};
use super::*;

/// Files that `PyArrow` wrote (`fixtures/write.py`): columns of all kinds and codecs, with pages of both versions.
const BY_PYARROW: [&[u8]; 2] = [include_bytes!("fixtures/pages_1.parquet"), include_bytes!("fixtures/pages_2.parquet")];

fn rows(file: &[u8]) -> Vec<String> {
    read(file.to_vec()).unwrap_or_else(|error| vec![error])
}

fn read(file: Vec<u8>) -> Result<Vec<String>, String> {
    let mut records = Parquet::new(Cursor::new(file)).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    while let Some(record) = records.next_record().map_err(|error| error.to_string())? {
        rows.push(match record.content {
            Ok(value) => value.to_string(),
            Err(broken) => format!("{}: {}", broken.at, broken.reason),
        });
        assert!(rows.len() < 100_000, "it never ends");
    }
    Ok(rows)
}

#[test]
fn columns_of_all_kinds_codecs_and_pages_are_read_as_json_would_be() {
    let expected = [
        concat!(
            r#"{"messages":[{"role":"user","content":"é"},{"role":"assistant","tool_calls":[{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}]}],"#,
            r#""large":"a","dictionary":"x","int64":1,"uint64":1,"int8":1,"float64":1.0,"float32":0.1,"float16":0.5,"bool":true,"#,
            r#""moment":"2024-01-02T03:04:05.678Z","local":"2024-01-02T03:04:05","date":"2024-02-29","time":"01:02:03","#,
            r#""decimal":1.50,"binary":"AP8=","fixed":"YWI=","map":{"k":1},"nested":[[1,null],[]],"structure":{}}"#
        ),
        concat!(
            r#"{"messages":[],"large":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","dictionary":"y","int64":-2,"uint64":18446744073709551615,"#,
            r#""int8":-2,"float64":1e300,"float32":2.5,"float16":2.5,"bool":false,"moment":"2024-01-02T03:04:05.678Z","#,
            r#""decimal":-0.05,"binary":"","fixed":"Y2Q=","map":{}}"#
        ),
        r#"{"dictionary":"x","int8":3,"float64":null,"nested":[[2]],"structure":{"a":"x"}}"#,
    ];
    for file in BY_PYARROW {
        assert_eq!(FileKind::find("rows.bin", file), Ok(FileKind::Parquet));
        assert_eq!(rows(file), expected);
    }
}

#[test]
fn what_can_t_be_read_is_told() {
    let whole = BY_PYARROW[0];
    let reason = |file: &[u8]| read(file.to_vec()).unwrap_err();
    assert!(reason(&whole[..whole.len() - 1]).contains("is cut off or damaged: it should end with PAR1"));
    assert!(reason(b"PAR1").contains("is cut off"));
    assert!(reason(b"PAR1\xFF\xFF\xFF\x7FPAR1").contains("should end with 2147483647 bytes about its columns"));
    let brotli = rows(include_bytes!("fixtures/brotli.parquet"));
    assert!(brotli[0].starts_with("row 1: from here on row group 1 of 1 can't be read"), "{brotli:?}");
    assert!(brotli[0].contains("packed by BROTLI"), "{brotli:?}");
    // A page of the first row group is overwritten; the second group is whole.
    let mut damaged = whole.to_vec();
    damaged[4..300].fill(0xFF);
    let damaged = rows(&damaged);
    assert!(damaged[0].starts_with("row 1: from here on row group 1 of 2 can't be read"), "{damaged:?}");
    assert_eq!(damaged[1..], rows(whole)[2..]);
}

#[test]
fn a_footer_that_lies_is_refused_before_anything_is_built_on_it() {
    // The list of the columns: a root with as many children as an i32 holds.
    let claims = [b"\x15\x02\x19\x1C\x48\x01r\x15\xFE\xFF\xFF\xFF\x0F\x00\x00".as_slice(), &[0]].concat();
    // A column in a column in a column...
    let mut deep = b"\x15\x02\x19\xFC".to_vec();
    deep.extend(b"\x90\x4E");
    deep.extend(b"\x48\x01r\x15\x02\x00".repeat(10_000));
    deep.push(0);
    for footer in [&claims, &deep] {
        let file = [footer.as_slice(), &u32::try_from(footer.len()).unwrap().to_le_bytes(), b"PAR1"].concat();
        assert!(read(file).unwrap_err().contains("not those that it claims"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is damaged: a message, and nothing worse.
    #[test]
    fn damaged_files_are_read_as_far_as_they_can_be(
        file in 0_usize..2,
        damages in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        is_in_footer in any::<bool>(),
    ) {
        let mut file = BY_PYARROW[file].to_vec();
        let length = u32::from_le_bytes(file[file.len() - 8..file.len() - 4].try_into().unwrap()) as usize;
        let footer = file.len() - 8 - length;
        for (at, byte) in damages {
            let at = if is_in_footer { footer + at.index(length) } else { at.index(footer) };
            file[at] = byte;
        }
        let _ = read(file);
    }
}
