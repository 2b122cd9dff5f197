//! Rows that other threads read while these are kept: reading takes longer than all else. Shares of a file are read beside
//! one another and come in order.

use std::collections::HashMap;
use std::io;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use shared::dataset::preparation::{RowBlock, RowBlocks};
use shared::dataset::records::{Share, Shares};
use shared::dataset::rows::{ReadAs, Rows};

/// Blocks of each thread that may wait: more memory for them buys nothing.
const MOST_WAITING: usize = 4;

/// Threads that read: what they read is kept by one, which is busy enough with so many.
const MOST_READERS: usize = 8;

/// A block, its number from 0, and whether there is one.
type Numbered = (u64, io::Result<Option<RowBlock>>);

/// Rows that other threads read. They end when this is dropped.
pub(super) struct RowsAhead {
    blocks: Receiver<Numbered>,
    /// Blocks that came before their turn.
    early: HashMap<u64, io::Result<Option<RowBlock>>>,
    next: u64,
}

impl RowsAhead {
    /// Rows of any file, which one thread reads.
    pub(super) fn of_rows(mut rows: Rows<'static>) -> Self {
        let (sender, ahead) = Self::begin(1);
        thread::spawn(move || (0..).all(|number| send(&sender, number, rows.next_block())));
        ahead
    }

    /// Rows of a file that can be cut into shares, which as many threads read as there are cores.
    pub(super) fn of_shares(shares: Shares, read_as: &ReadAs) -> Self {
        let readers = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_READERS);
        let (sender, ahead) = Self::begin(readers);
        let shares = Arc::new(Mutex::new((0_u64, shares)));
        for _ in 0..readers {
            let (shares, sender, read_as) = (shares.clone(), sender.clone(), read_as.clone());
            thread::spawn(move || {
                loop {
                    let (number, share) = {
                        let (next, shares) = &mut *shares.lock().unwrap_or_else(PoisonError::into_inner);
                        *next += 1;
                        (*next - 1, shares.next_share())
                    };
                    let read = |share: &_| RowBlock::of_all(&mut Rows::new(Share::records(share), read_as.clone()));
                    let block = share.and_then(|share| share.as_ref().map(read).transpose());
                    if !send(&sender, number, block) {
                        break;
                    }
                }
            });
        }
        ahead
    }

    fn begin(readers: usize) -> (SyncSender<Numbered>, Self) {
        let (sender, blocks) = sync_channel(MOST_WAITING * readers);
        (sender, Self { blocks, early: HashMap::new(), next: 0 })
    }
}

/// Hands a block over; false where that was the last, or nobody takes any more.
fn send(sender: &SyncSender<Numbered>, number: u64, block: io::Result<Option<RowBlock>>) -> bool {
    let is_last = !matches!(block, Ok(Some(_)));
    sender.send((number, block)).is_ok() && !is_last
}

impl RowBlocks for RowsAhead {
    fn next_block(&mut self) -> io::Result<Option<RowBlock>> {
        loop {
            if let Some(block) = self.early.remove(&self.next) {
                self.next += 1;
                return block;
            }
            let (number, block) = self.blocks.recv().map_err(|_| io::Error::other("reading it ended in the middle"))?;
            self.early.insert(number, block);
        }
    }

    fn skip(&mut self, records: u32) -> io::Result<()> {
        // Work that goes on after a crash is not done here.
        if records == 0 { Ok(()) } else { Err(io::ErrorKind::Unsupported.into()) }
    }
}
