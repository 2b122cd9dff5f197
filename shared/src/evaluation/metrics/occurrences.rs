//! Where each symbol of a sequence occurs, as bits, so that algorithms can look at 64 positions at a time.

use std::collections::HashMap;
use std::hash::Hash;

/// Positions of each symbol. Frequent symbols have a bit per position; rare ones a list, so that memory grows with the
/// sequence's length however many symbols there are.
pub(super) struct Occurrences<Symbol> {
    positions: HashMap<Symbol, Positions>,
    words: usize,
}

enum Positions {
    Listed(Vec<usize>),
    Bits(Vec<u64>),
}

/// Bits in a word.
pub(super) const WORD_BITS: usize = u64::BITS as usize;

impl<Symbol: Copy + Eq + Hash> Occurrences<Symbol> {
    pub(super) fn new(symbols: &[Symbol]) -> Self {
        let words = symbols.len().div_ceil(WORD_BITS);
        let mut listed: HashMap<Symbol, Vec<usize>> = HashMap::new();
        for (position, &symbol) in symbols.iter().enumerate() {
            listed.entry(symbol).or_default().push(position);
        }
        let positions = listed.into_iter().map(|(symbol, positions)| {
            if positions.len() <= words {
                return (symbol, Positions::Listed(positions));
            }
            let mut bits = vec![0; words];
            set(&mut bits, &positions);
            (symbol, Positions::Bits(bits))
        });
        Self { positions: positions.collect(), words }
    }

    /// Words that hold a bit per position.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Calls `read` with the positions of `symbol`, a bit each. `scratch` has [`Self::words`] words, all 0, and is left
    /// so.
    pub(super) fn with_bits(&self, symbol: Symbol, scratch: &mut [u64], read: impl FnOnce(&[u64])) {
        match self.positions.get(&symbol) {
            None => read(scratch),
            Some(Positions::Bits(bits)) => read(bits),
            Some(Positions::Listed(positions)) => {
                set(scratch, positions);
                read(scratch);
                for position in positions {
                    scratch[position / WORD_BITS] = 0;
                }
            }
        }
    }
}

fn set(bits: &mut [u64], positions: &[usize]) {
    for position in positions {
        bits[position / WORD_BITS] |= 1 << (position % WORD_BITS);
    }
}
