//! Where a row's text is, and what it is of.

use super::super::duplicates::SampleHash;
use super::super::formats::Format;

/// Where a text is in the texts, and what it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u32,
    /// How much of it, from its beginning, is what is learned: the rest are other columns.
    pub sample_length: u32,
    /// What stands for that part: rows that say the same have the same.
    pub sample_hash: SampleHash,
    /// The format that it is written in here.
    pub written_as: Format,
    /// Where the row came from.
    pub origin: Origin,
}

/// Where a row came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Which file, in the order in which they were read.
    pub file: u16,
    /// Which row of it, from 1, those that could not be read counted as well.
    pub record: u32,
    /// Which of the rows that were made from that one, from 1; 0 is the row itself.
    pub descendant: u16,
    /// The format that the file had it in; `None` where a person said what its columns are.
    pub read_as: Option<Format>,
}

impl Entry {
    /// Bytes of an entry.
    pub(super) const BYTES: usize = 40;

    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.length.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.sample_length.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.origin.record.to_le_bytes());
        bytes[20..22].copy_from_slice(&self.origin.file.to_le_bytes());
        bytes[22..24].copy_from_slice(&self.origin.descendant.to_le_bytes());
        bytes[24] = number_of(Some(self.written_as));
        bytes[25] = number_of(self.origin.read_as);
        bytes[28..].copy_from_slice(&self.sample_hash.to_bytes());
        bytes
    }

    /// `None` where the bytes are none of ours.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let four = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let two = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        Some(Self {
            offset: u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?),
            length: four(8)?,
            sample_length: four(12)?,
            sample_hash: SampleHash::from_bytes(bytes.get(28..)?.try_into().ok()?),
            written_as: format_of(*bytes.get(24)?)??,
            origin: Origin {
                file: two(20)?,
                record: four(16)?,
                descendant: two(22)?,
                read_as: format_of(*bytes.get(25)?)?,
            },
        })
    }
}

/// 0 for none. The numbers are those of the order in [`Format::ALL`], and last as long as the files do.
fn number_of(format: Option<Format>) -> u8 {
    let position = format.and_then(|format| Format::ALL.iter().position(|known| *known == format));
    position.map_or(0, |position| position as u8 + 1)
}

fn format_of(number: u8) -> Option<Option<Format>> {
    match number {
        0 => Some(None),
        number => Format::ALL.get(usize::from(number) - 1).copied().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_were() {
        for format in Format::ALL {
            for read_as in [None, Some(format)] {
                let origin = Origin { file: 3, record: 70_000, descendant: 258, read_as };
                let sample_hash = SampleHash::of(b"a");
                let (offset, length, sample_length) = (1 << 40, 9, 7);
                let entry = Entry { offset, length, sample_length, sample_hash, written_as: format, origin };
                assert_eq!(Entry::from_bytes(&entry.to_bytes()), Some(entry));
            }
        }
        assert_eq!(Entry::from_bytes(&[0; Entry::BYTES]), None);
        assert_eq!(Entry::from_bytes(&[9; 10]), None);
    }
}
