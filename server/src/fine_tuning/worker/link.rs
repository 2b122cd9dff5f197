//! What connects a worker with its server: events on standard output, commands on standard input.

use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::super::{WorkerCommand, WorkerEvent};
use crate::terminal::{note, print_line};

const NOTHING: u8 = 0;
const PAUSE: u8 = 1;
const CANCEL: u8 = 2;

/// The server, as a worker sees it.
pub(super) struct Link {
    wish: Arc<AtomicU8>,
}

impl Link {
    /// Hears commands from now on. When the input ends the server has died, which is a wish to pause: nothing is lost then.
    pub(super) fn open() -> Self {
        let wish = Arc::new(AtomicU8::new(NOTHING));
        let heard = wish.clone();
        std::thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { break };
                match serde_json::from_str(&line) {
                    Ok(WorkerCommand::Pause) => heard.fetch_max(PAUSE, Ordering::Relaxed),
                    Ok(WorkerCommand::Cancel) => heard.fetch_max(CANCEL, Ordering::Relaxed),
                    Err(error) => {
                        note(&format!("quern worker: {line:?} is no command: {error}"));
                        NOTHING
                    }
                };
            }
            heard.fetch_max(PAUSE, Ordering::Relaxed);
        });
        Self { wish }
    }

    /// Says something; where nobody hears it any more, that is a wish to pause.
    pub(super) fn say(&self, event: &WorkerEvent) {
        let line = serde_json::to_string(event).map_err(io::Error::from);
        if let Err(error) = line.and_then(|line| print_line(&line)) {
            note(&format!("quern worker: the server does not listen any more: {error}"));
            self.wish.fetch_max(PAUSE, Ordering::Relaxed);
        }
    }

    /// What was asked for so far.
    pub(super) fn wish(&self) -> Option<WorkerCommand> {
        match self.wish.load(Ordering::Relaxed) {
            NOTHING => None,
            PAUSE => Some(WorkerCommand::Pause),
            _ => Some(WorkerCommand::Cancel),
        }
    }
}
