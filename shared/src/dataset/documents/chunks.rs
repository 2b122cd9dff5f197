//! Blocks packed into chunks: whole blocks while they fit, so that a chunk is something that a person would read in one piece.

use std::collections::VecDeque;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::outline::HeadingPath;
use super::sentences::sentences;
use super::{Block, BlockKind};
use crate::dataset::records::Place;

/// Headings down to this level begin a new chunk.
const MOST_BREAKING_LEVEL: u8 = 2;

/// A chunk that is shorter than this part of the most goes on behind such a heading.
const TINY_PART: usize = 8;

/// How documents are cut into chunks. Lengths are characters (Unicode scalar values), not bytes and not tokens: those are a
/// model's, and a recipe gives the same rows whichever model there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", try_from = "Written")]
pub struct Chunking {
    most_characters: usize,
    overlap_characters: usize,
}

/// Lengths that make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkingFault {
    /// The chunks.
    #[error(
        "chunks of {0} characters make no sense here: there are from {least} to {most}, usually {usual}",
        least = Chunking::LEAST_CHARACTERS, most = Chunking::MOST_CHARACTERS, usual = Chunking::USUAL.most_characters
    )]
    Length(usize),
    /// What they share.
    #[error("chunks of {most} characters can have {} in common at most, and not {overlap}", most / 2)]
    Overlap {
        /// What should be common.
        overlap: usize,
        /// The length of chunks.
        most: usize,
    },
}

impl Chunking {
    /// What is usual: some 500 tokens of English, no overlap.
    pub const USUAL: Self = Self { most_characters: 2000, overlap_characters: 0 };

    /// Shorter chunks say nothing.
    const LEAST_CHARACTERS: usize = 40;

    /// Longer ones are no rows that a model could learn from.
    const MOST_CHARACTERS: usize = 1_000_000;

    /// Chunks of at most so many characters, of which each begins with so many of the last.
    ///
    /// # Errors
    /// The lengths make no sense.
    pub fn new(most_characters: usize, overlap_characters: usize) -> Result<Self, ChunkingFault> {
        if !(Self::LEAST_CHARACTERS..=Self::MOST_CHARACTERS).contains(&most_characters) {
            return Err(ChunkingFault::Length(most_characters));
        }
        if overlap_characters > most_characters / 2 {
            return Err(ChunkingFault::Overlap { overlap: overlap_characters, most: most_characters });
        }
        Ok(Self { most_characters, overlap_characters })
    }

    /// Longest chunk, in characters.
    pub fn most_characters(self) -> usize {
        self.most_characters
    }

    /// How much of a chunk's end the next one begins with, in characters, where both are under the same heading.
    pub fn overlap_characters(self) -> usize {
        self.overlap_characters
    }
}

impl Default for Chunking {
    fn default() -> Self {
        Self::USUAL
    }
}

/// As it is written in recipes, where either length may be left out.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Written {
    most_characters: usize,
    overlap_characters: usize,
}

impl Default for Written {
    fn default() -> Self {
        let Chunking { most_characters, overlap_characters } = Chunking::USUAL;
        Self { most_characters, overlap_characters }
    }
}

impl TryFrom<Written> for Chunking {
    type Error = ChunkingFault;

    fn try_from(written: Written) -> Result<Self, ChunkingFault> {
        Self::new(written.most_characters, written.overlap_characters)
    }
}

/// A part of a document that becomes a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chunk {
    pub(super) text: String,
    /// The headings that all of it stands under.
    pub(super) headings: HeadingPath,
    /// Where it begins.
    pub(super) place: Place,
}

/// Packs blocks into chunks.
pub(super) struct Packer {
    chunking: Chunking,
    open: OpenChunk,
    ready: VecDeque<Chunk>,
}

/// A chunk that others may still come into.
#[derive(Default)]
struct OpenChunk {
    /// What the chunk before ends with.
    overlap: String,
    blocks: Vec<Piece>,
    /// What the text of all that has, with what is between.
    characters: usize,
}

/// A block, or a part of one that is too long.
struct Piece {
    block: Block,
    characters: usize,
    /// What is between it and the piece before.
    joint: &'static str,
}

impl Piece {
    fn is_heading(&self) -> bool {
        matches!(self.block.kind, BlockKind::Heading(_))
    }
}

impl OpenChunk {
    fn of(blocks: Vec<Piece>, overlap: String) -> Self {
        let mut chunk = Self { characters: overlap.chars().count(), overlap, blocks: Vec::new() };
        blocks.into_iter().for_each(|piece| chunk.push(piece));
        chunk
    }

    fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    fn has_headings_only(&self) -> bool {
        self.blocks.iter().all(Piece::is_heading)
    }

    /// How long it is with one more piece.
    fn characters_with(&self, piece: &Piece) -> usize {
        let is_first = self.is_empty() && self.overlap.is_empty();
        self.characters + piece.characters + if is_first { 0 } else { piece.joint.len() }
    }

    fn push(&mut self, piece: Piece) {
        self.characters = self.characters_with(&piece);
        self.blocks.push(piece);
    }

    /// Takes the headings off its end.
    fn take_last_headings(&mut self) -> Vec<Piece> {
        let count = self.blocks.iter().rev().take_while(|piece| piece.is_heading()).count();
        self.blocks.split_off(self.blocks.len() - count)
    }

    fn text(&self) -> String {
        let mut text = self.overlap.clone();
        for piece in &self.blocks {
            if !text.is_empty() {
                text.push_str(piece.joint);
            }
            text.push_str(&piece.block.text);
        }
        text
    }

    /// The headings that all of it stands under. A heading of its own does not count where there is something below it.
    fn headings(&self) -> HeadingPath {
        let has_headings_only = self.has_headings_only();
        let mut paths = self
            .blocks
            .iter()
            .filter(|piece| has_headings_only || !piece.is_heading())
            .map(|piece| &piece.block.headings);
        let Some(first) = paths.next() else { return HeadingPath::default() };
        let common = |count: usize, path: &HeadingPath| {
            first.iter().zip(path.iter()).take(count).take_while(|(one, other)| one == other).count()
        };
        let count = paths.fold(first.len(), common);
        if count == first.len() { first.clone() } else { first[..count].into() }
    }
}

impl Packer {
    pub(super) fn new(chunking: Chunking) -> Self {
        Self { chunking, open: OpenChunk::default(), ready: VecDeque::new() }
    }

    /// A chunk to which nothing is added any more.
    pub(super) fn next_chunk(&mut self) -> Option<Chunk> {
        self.ready.pop_front()
    }

    /// Puts one more block in.
    pub(super) fn push(&mut self, block: Block) {
        let most = self.chunking.most_characters;
        let begins_section = matches!(block.kind, BlockKind::Heading(level) if level <= MOST_BREAKING_LEVEL);
        if begins_section && self.open.characters >= most / TINY_PART && !self.open.has_headings_only() {
            self.close();
            self.open = OpenChunk::default();
        }
        let characters = block.text.chars().count();
        let joint = match (block.kind, self.open.blocks.last()) {
            (BlockKind::Item, Some(last)) if last.block.kind == BlockKind::Item => "\n",
            _ => "\n\n",
        };
        if characters <= most {
            return self.add(Piece { block, characters, joint });
        }
        if !self.open.has_headings_only() {
            self.close_and_overlap();
        }
        // Each piece leaves room for what is before it: headings, or what the piece before ends with.
        let before = self.open.characters.max(self.chunking.overlap_characters);
        let room = if before == 0 { most } else { most - before.min(most / 2) - joint.len() };
        let (cuts, within) = match block.kind {
            BlockKind::Lines => (&Cut::OF_LINES, "\n"),
            BlockKind::Paragraph | BlockKind::Heading(_) | BlockKind::Item => (&Cut::OF_SENTENCES, " "),
        };
        let mut pieces = Vec::new();
        cut(&block.text, 0, room, cuts, &mut pieces);
        let (mut place, mut passed, mut joint) = (block.place, 0, joint);
        for piece in pieces {
            if block.is_verbatim {
                place = later(place, block.text[passed..piece.start].matches('\n').count() as u64);
                passed = piece.start;
            }
            let text = block.text[piece].to_owned();
            // A part of a heading that is so long is no heading any more.
            let kind = if block.kind == BlockKind::Lines { BlockKind::Lines } else { BlockKind::Paragraph };
            let characters = text.chars().count();
            let block = Block { text, kind, headings: block.headings.clone(), place, is_verbatim: block.is_verbatim };
            self.add(Piece { block, characters, joint });
            joint = within;
        }
    }

    /// Nothing comes any more.
    pub(super) fn finish(&mut self) {
        self.close();
        self.open = OpenChunk::default();
    }

    /// Adds what fits into a chunk.
    fn add(&mut self, piece: Piece) {
        while self.open.characters_with(&piece) > self.chunking.most_characters {
            if self.open.has_headings_only() && !self.open.overlap.is_empty() {
                // A whole block, with its heading, is worth more than what comes twice.
                self.open = OpenChunk::of(std::mem::take(&mut self.open.blocks), String::new());
            } else if self.open.is_empty() {
                break;
            } else {
                self.close_and_overlap();
            }
        }
        self.open.push(piece);
    }

    /// Ends the open chunk because it is full. Headings at its end are those of what comes next.
    fn close_and_overlap(&mut self) {
        let headings = if self.open.has_headings_only() { Vec::new() } else { self.open.take_last_headings() };
        self.close();
        let overlap = last_words(&self.open.text(), self.chunking.overlap_characters).to_owned();
        self.open = OpenChunk::of(headings, overlap);
    }

    fn close(&mut self) {
        let Some(first) = self.open.blocks.first() else { return };
        let (text, headings, place) = (self.open.text(), self.open.headings(), first.block.place);
        self.ready.push_back(Chunk { text, headings, place });
    }
}

/// So many lines further on.
fn later(place: Place, lines: u64) -> Place {
    match place {
        Place::Line { line, byte } => Place::Line { line: line + lines, byte },
        other => other,
    }
}

/// The last words of a text, as many as there are in so many characters.
fn last_words(text: &str, most_characters: usize) -> &str {
    if most_characters == 0 {
        return "";
    }
    let Some((start, _)) = text.char_indices().rev().nth(most_characters - 1) else { return text };
    let is_at_word = text[..start].ends_with(char::is_whitespace);
    let tail = &text[start..];
    let words = if is_at_word { tail } else { tail.split_once(char::is_whitespace).map_or("", |(_, words)| words) };
    words.trim_start()
}

/// Where a text that is too long is cut.
#[derive(Clone, Copy)]
enum Cut {
    Lines,
    Sentences,
    Words,
    Characters,
}

impl Cut {
    /// The first of these that helps, where lines mean something.
    const OF_LINES: [Self; 4] = [Self::Lines, Self::Sentences, Self::Words, Self::Characters];

    /// The same, where they don't.
    const OF_SENTENCES: [Self; 4] = [Self::Sentences, Self::Lines, Self::Words, Self::Characters];

    fn units(self, text: &str) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Lines => Box::new(text.split_inclusive('\n')),
            Self::Sentences => Box::new(sentences(text)),
            Self::Words => Box::new(text.split_word_bounds()),
            Self::Characters => Box::new(text.char_indices().map(|(at, it)| &text[at..at + it.len_utf8()])),
        }
    }
}

/// Cuts a text that begins at a byte of a block into pieces of at most so many characters, as few as can be. Nothing but
/// white space is between them.
fn cut(text: &str, offset: usize, most_characters: usize, cuts: &[Cut], pieces: &mut Vec<Range<usize>>) {
    let [at, finer @ ..] = cuts else { return };
    let keep = |from: usize, to: usize, pieces: &mut Vec<Range<usize>>| {
        let piece = text[from..to].trim_end();
        // The beginning of a line stays as it is: code is indented.
        let words = if matches!(at, Cut::Lines) { piece.trim_start_matches('\n') } else { piece.trim_start() };
        if !words.is_empty() {
            pieces.push(offset + from + piece.len() - words.len()..offset + from + piece.len());
        }
    };
    let (mut start, mut end, mut characters) = (0, 0, 0);
    for unit in at.units(text) {
        // White space at the end of a piece is not in it.
        let needed = unit.trim_end().chars().count();
        if characters + needed > most_characters {
            keep(start, end, pieces);
            (start, characters) = (end, 0);
        }
        if needed > most_characters {
            cut(unit, offset + end, most_characters, finer, pieces);
            start = end + unit.len();
        } else {
            characters += unit.chars().count();
        }
        end += unit.len();
    }
    keep(start, end, pieces);
}
