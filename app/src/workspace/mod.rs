//! What a person makes here, kept in the browser's `IndexedDB`: documents with revisions, logs that only grow, and news
//! of what other tabs do.
//!
//! Two tabs can't overwrite each other: who saves names the revision that the change began with, and is refused when
//! there is a newer one. `shared::workspace` says what documents are.

mod changes;
mod database;
mod documents;
mod draft;
mod error;
mod locks;
mod logs;
mod open_document;
mod transfer;

use std::collections::BTreeMap;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use leptos::prelude::*;
use shared::workspace::{DocumentHead, DocumentKind};

pub use draft::{Draft, SaveState};
pub use error::{SaveError, WorkspaceError};
pub use locks::Lock;
pub use logs::Log;
pub use open_document::OpenDocument;
pub use transfer::ImportReport;

use changes::Changes;
use database::Connection;

/// A document, as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened<T> {
    /// The document.
    pub value: T,
    /// The revision that it was read at.
    pub revision: u64,
}

/// The heads of all documents of a kind; `None` until they are read.
pub type Heads = Signal<Option<Result<Vec<DocumentHead>, WorkspaceError>>>;

type Opening = Shared<LocalBoxFuture<'static, Result<Rc<Connection>, WorkspaceError>>>;

/// The workspace of this browser. Everything waits until the database is open.
#[derive(Clone, Copy)]
pub struct Workspace {
    opening: StoredValue<Opening, LocalStorage>,
    changes: StoredValue<Changes, LocalStorage>,
    /// Counts changes of each kind, here and in other tabs.
    news: RwSignal<BTreeMap<DocumentKind, u64>>,
}

impl Workspace {
    /// Opens the database.
    pub fn start() -> Self {
        let opening: Opening = database::open().map(|opened| opened.map(Rc::new)).boxed_local().shared();
        let news = RwSignal::new(BTreeMap::new());
        let changes = Changes::listen(move |kind| news.update(|news| *news.entry(kind).or_default() += 1));
        Self { opening: StoredValue::new_local(opening), changes: StoredValue::new_local(changes), news }
    }

    async fn connection(self) -> Result<Rc<Connection>, WorkspaceError> {
        self.opening.get_value().await
    }

    /// The heads of all documents of a kind, the newest first, kept up to date; `None` until they are read.
    pub fn heads_signal(self, kind: DocumentKind) -> Heads {
        let heads = RwSignal::new(None);
        let of_kind = self.news_of(kind);
        Effect::new(move |_| {
            let asked = of_kind.get();
            leptos::task::spawn_local(async move {
                let found = self.heads(kind).await;
                // An answer to an older question may come last.
                if of_kind.try_get_untracked() == Some(asked) {
                    heads.set(Some(found));
                }
            });
        });
        heads.into()
    }

    /// A signal that changes whenever a document of this kind does, in this tab or another.
    pub fn news_of(self, kind: DocumentKind) -> Memo<Option<u64>> {
        Memo::new(move |_| self.news.with(|news| news.get(&kind).copied()))
    }

    /// Tells this tab and the others.
    fn announce(self, kind: DocumentKind) {
        self.news.update(|news| *news.entry(kind).or_default() += 1);
        self.changes.with_value(|changes| changes.announce(kind));
    }
}

/// An id that nothing has.
pub fn new_id() -> String {
    // Enough to differ: the time to a millisecond and 53 random bits.
    format!("{:x}-{:x}", js_sys::Date::now() as u64, (js_sys::Math::random() * (1_u64 << 53) as f64) as u64)
}
