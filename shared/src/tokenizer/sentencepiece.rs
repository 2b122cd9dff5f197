//! SentencePiece BPE (Kudo & Richardson 2018): characters merge, the pair with the best score first, until no merged
//! text is a token; what has no token becomes bytes.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::hash::BuildHasher;
use std::ops::Range;

use hashbrown::HashTable;

use super::text_list::TextList;
use super::vocabulary::{TokenKind, Vocabulary};

/// Spaces are spelled with this character.
pub(super) const SPACE: char = '\u{2581}';

/// Encodes ordinary text (no special tokens). Holds no texts of its own: the table has ids into the vocabulary's.
#[derive(Clone, Debug)]
pub(super) struct SentencePiece {
    by_text: HashTable<u32>,
    hasher: foldhash::fast::FixedState,
    byte_tokens: Vec<Option<u32>>, // [256]
}

/// A piece of the text, linked to its neighbours; merged into its left one it has no length.
struct Symbol {
    start: usize,
    length: usize,
    previous: Option<usize>,
    next: Option<usize>,
}

/// Two neighbours whose text together is a token.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    length: usize,
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        // The best score first; of equal ones the leftmost.
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

impl SentencePiece {
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let hasher = foldhash::fast::FixedState::default();
        let texts = &vocabulary.tokens;
        let hash_of = |id: &u32| hasher.hash_one(texts.get(*id as usize));
        let mut by_text = HashTable::with_capacity(texts.len());
        let mut byte_tokens = vec![None; 256];
        for (id, text) in texts.iter().enumerate() {
            if vocabulary.kinds[id] == TokenKind::Byte {
                if let Some(byte) = byte_of(text) {
                    byte_tokens[usize::from(byte)] = Some(id as u32);
                }
            } else {
                by_text.insert_unique(hash_of(&(id as u32)), id as u32, hash_of);
            }
        }
        Self { by_text, hasher, byte_tokens }
    }

    fn id(&self, texts: &TextList, text: &str) -> Option<u32> {
        self.by_text.find(self.hasher.hash_one(Some(text)), |&id| texts.get(id as usize) == Some(text)).copied()
    }

    /// Gives every token of `text` to `token`, with its bytes in `text`.
    pub(super) fn encode(
        &self,
        vocabulary: &Vocabulary,
        scores: &[f32],
        text: &str,
        mut token: impl FnMut(u32, Range<usize>),
    ) {
        let mut characters = text.chars();
        let text = text.replace(' ', SPACE.encode_utf8(&mut [0; 4]));
        let mut symbols: Vec<Symbol> = Vec::new();
        for (start, character) in text.char_indices() {
            let index = symbols.len();
            symbols.push(Symbol {
                start,
                length: character.len_utf8(),
                previous: index.checked_sub(1),
                next: Some(index + 1),
            });
        }
        if let Some(last) = symbols.last_mut() {
            last.next = None;
        }
        let mut pairs = BinaryHeap::new();
        let try_pair = |symbols: &[Symbol], pairs: &mut BinaryHeap<Pair>, left: usize, right: usize| {
            let length = symbols[left].length + symbols[right].length;
            let together = &text[symbols[left].start..symbols[left].start + length];
            if let Some(id) = self.id(&vocabulary.tokens, together) {
                pairs.push(Pair { score: scores[id as usize], left, right, length });
            }
        };
        for right in 1..symbols.len() {
            try_pair(&symbols, &mut pairs, right - 1, right);
        }
        while let Some(pair) = pairs.pop() {
            let (left, right) = (&symbols[pair.left], &symbols[pair.right]);
            // A pair is stale when either side has since merged with another neighbour.
            if left.length == 0 || right.length == 0 || left.length + right.length != pair.length {
                continue;
            }
            let after = right.next;
            symbols[pair.left].length = pair.length;
            symbols[pair.left].next = after;
            symbols[pair.right].length = 0;
            if let Some(after) = after {
                symbols[after].previous = Some(pair.left);
                try_pair(&symbols, &mut pairs, pair.left, after);
            }
            if let Some(before) = symbols[pair.left].previous {
                try_pair(&symbols, &mut pairs, before, pair.left);
            }
        }
        let mut start = 0;
        for symbol in symbols.iter().filter(|symbol| symbol.length > 0) {
            let piece = &text[symbol.start..symbol.start + symbol.length];
            // A space is spelled with more bytes than it has, so characters are counted.
            let length: usize = characters.by_ref().take(piece.chars().count()).map(char::len_utf8).sum();
            match self.id(&vocabulary.tokens, piece) {
                Some(id) => token(id, start..start + length),
                None => self.give_byte_tokens(vocabulary, piece, start..start + length, &mut token),
            }
            start += length;
        }
    }

    fn give_byte_tokens(
        &self,
        vocabulary: &Vocabulary,
        piece: &str,
        place: Range<usize>,
        token: &mut impl FnMut(u32, Range<usize>),
    ) {
        let bytes: Option<Vec<u32>> = piece.bytes().map(|byte| self.byte_tokens[usize::from(byte)]).collect();
        match bytes {
            // A space without a token is spelled with three bytes, and each of them stands for it.
            Some(bytes) => {
                for (index, id) in bytes.into_iter().enumerate() {
                    token(id, (place.start + index).min(place.end - 1)..(place.start + index + 1).min(place.end));
                }
            }
            None => vocabulary.unknown.into_iter().for_each(|id| token(id, place.clone())),
        }
    }
}

/// The byte that a byte token's spelling `<0xHH>` stands for.
pub(super) fn byte_of(spelling: &str) -> Option<u8> {
    u8::from_str_radix(spelling.strip_prefix("<0x")?.strip_suffix('>')?, 16).ok()
}
