//! What a Parquet file's footer claims, looked at before the `parquet` crate builds on it: that crate makes room for as many
//! columns as are claimed and follows their nesting on the stack, and a file that lies would end the program.
//!
//! The footer is a `FileMetaData` in Thrift's compact protocol:
//! <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>

/// Columns within columns; as much as a JSON row may have, with the levels that Parquet puts around each list.
const MOST_LEVELS: usize = 128;

/// Structures within structures of Thrift itself; Parquet's have six.
const MOST_THRIFT_LEVELS: usize = 16;

/// Highest number of a field; Parquet's go to twenty.
const MOST_FIELD: i64 = 1000;

/// The field of `FileMetaData` with the columns, and that of `SchemaElement` with the number of those within it.
const SCHEMA: i64 = 2;
const CHILDREN: i64 = 5;

/// Thrift's types.
const I32: u8 = 5;
const LIST: u8 = 9;

/// Says what is wrong with the columns that a footer claims.
pub(super) fn check(footer: &[u8]) -> Result<(), &'static str> {
    let mut thrift = Thrift { rest: footer };
    let mut is_checked = false;
    thrift
        .fields(0, |thrift, field, kind| match (field, kind) {
            (SCHEMA, LIST) => {
                is_checked = true;
                check_columns(thrift)
            }
            (SCHEMA, _) => None,
            _ => thrift.skip(kind, 0),
        })
        .ok_or("its footer is damaged, or its columns are nested too deep or not those that it claims")?;
    if is_checked { Ok(()) } else { Err("its footer names no columns") }
}

/// The columns come one after the other, each group's behind it: those that are awaited must be those that come.
fn check_columns(thrift: &mut Thrift<'_>) -> Option<()> {
    let (_, count) = thrift.list()?;
    // How many are still to come in each group that is open.
    let mut open: Vec<u64> = vec![1];
    let mut promised = 1_u64;
    for _ in 0..count {
        let mut children = 0;
        thrift.fields(1, |thrift, field, kind| match (field, kind) {
            (CHILDREN, I32) => {
                children = u64::try_from(thrift.signed()?).ok()?;
                Some(())
            }
            (CHILDREN, _) => None,
            _ => thrift.skip(kind, 1),
        })?;
        promised = promised.checked_add(children)?;
        while open.last() == Some(&0) {
            open.pop();
        }
        *open.last_mut()? -= 1;
        if children > 0 {
            open.push(children);
        }
        if open.len() > MOST_LEVELS {
            return None;
        }
    }
    (promised == count).then_some(())
}

/// Thrift's compact protocol, as much of it as is needed to find something; `None` where it is damaged.
struct Thrift<'a> {
    rest: &'a [u8],
}

impl Thrift<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn pass(&mut self, length: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// The type and number of a list's items.
    fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.unsigned()? } else { u64::from(head >> 4) };
        // Each takes a byte at least.
        (count <= self.rest.len() as u64).then_some((head & 0x0F, count))
    }

    /// Gives each field of a structure, by number and type, to `take`, which goes past it.
    fn fields(&mut self, level: usize, mut take: impl FnMut(&mut Self, i64, u8) -> Option<()>) -> Option<()> {
        let mut field = 0_i64;
        if level > MOST_THRIFT_LEVELS {
            return None;
        }
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            field = match head >> 4 {
                0 => self.signed()?,
                step => field.checked_add(i64::from(step))?,
            };
            if !(1..=MOST_FIELD).contains(&field) {
                return None;
            }
            take(self, field, head & 0x0F)?;
        }
    }

    fn skip(&mut self, kind: u8, level: usize) -> Option<()> {
        if level > MOST_THRIFT_LEVELS {
            return None;
        }
        match kind {
            // Truths are told by the type.
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.unsigned().map(|_| ()),
            7 => self.pass(8),
            8 => {
                let length = self.unsigned()?;
                self.pass(length)
            }
            LIST | 10 => {
                let (kind, count) = self.list()?;
                // In a list a truth takes a byte.
                let kind = if kind <= 2 { 3 } else { kind };
                (0..count).try_for_each(|_| self.skip(kind, level + 1))
            }
            11 => {
                let count = self.unsigned()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                let of = |kind: u8| if kind <= 2 { 3 } else { kind };
                (0..count).try_for_each(|_| {
                    self.skip(of(kinds >> 4), level + 1)?;
                    self.skip(of(kinds & 0x0F), level + 1)
                })
            }
            12 => self.fields(level + 1, |thrift, _, kind| thrift.skip(kind, level + 1)),
            16 => self.pass(16),
            _ => None,
        }
    }
}
