//! A document that is open on a page: saved by itself a moment after each change, and never over another tab's work.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::workspace::Document;

use super::error::{SaveError, WorkspaceError};
use super::{Opened, Workspace};

/// A change is saved so long after the last one.
const SAVE_AFTER: Duration = Duration::from_millis(400);

/// Whether what is shown is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveState {
    /// It is.
    Saved,
    /// It soon will be.
    Changed,
    /// Another tab has changed it too; the person decides.
    Conflict {
        /// The revision that is kept; 0 where it was deleted.
        current: u64,
    },
    /// It can't be kept; what to tell the person.
    Failed(String),
}

/// A document that is open on a page.
pub struct Draft<T: Document + Clone + PartialEq + Send + Sync + 'static> {
    /// Its id.
    pub id: StoredValue<String>,
    /// What is shown and edited.
    pub value: RwSignal<T>,
    /// Whether that is kept.
    pub state: RwSignal<SaveState>,
    workspace: Workspace,
    /// What is kept, as far as this tab knows, with its revision; `None` where it is new.
    kept: StoredValue<Option<Opened<T>>>,
    is_saving: StoredValue<bool>,
}

impl<T: Document + Clone + PartialEq + Send + Sync + 'static> Clone for Draft<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Document + Clone + PartialEq + Send + Sync + 'static> Copy for Draft<T> {}

impl<T: Document + Clone + PartialEq + Send + Sync + 'static> Draft<T> {
    /// The document `id` as it is kept.
    ///
    /// # Errors
    /// It is not there, can't be read, or the storage failed.
    pub async fn open(workspace: Workspace, id: &str, owner: &Owner) -> Result<Self, WorkspaceError> {
        let opened = workspace.open::<T>(id).await?.ok_or(WorkspaceError::Gone)?;
        let value = opened.value.clone();
        Ok(owner.with(|| Self::begin(workspace, id.to_owned(), value, Some(opened))))
    }

    /// A new document, kept from now on.
    pub fn create(workspace: Workspace, id: String, value: T) -> Self {
        let draft = Self::begin(workspace, id, value, None);
        draft.flush();
        draft
    }

    fn begin(workspace: Workspace, id: String, value: T, kept: Option<Opened<T>>) -> Self {
        let draft = Self {
            id: StoredValue::new(id),
            value: RwSignal::new(value),
            state: RwSignal::new(SaveState::Saved),
            workspace,
            kept: StoredValue::new(kept),
            is_saving: StoredValue::new(false),
        };
        let timer = StoredValue::new(None::<TimeoutHandle>);
        Effect::new(move |_| {
            draft.value.track();
            if draft.is_as_kept() || matches!(draft.state.get_untracked(), SaveState::Conflict { .. }) {
                return;
            }
            draft.state.set(SaveState::Changed);
            if let Some(Some(waiting)) = timer.try_update_value(Option::take) {
                waiting.clear();
            }
            timer.set_value(set_timeout_with_handle(move || draft.flush(), SAVE_AFTER).ok());
        });
        // What other tabs save is shown here, where nothing is changed here.
        let news = workspace.news_of(T::KIND);
        Effect::new(move |before: Option<()>| {
            // Asked for, not only tracked: a memo that nobody reads never looks.
            news.get();
            if before.is_some() {
                draft.look();
            }
        });
        // Who leaves the page or the tab does not wait.
        on_cleanup(move || draft.flush());
        draft
    }

    fn is_as_kept(self) -> bool {
        self.kept
            .try_with_value(|kept| {
                let value =
                    self.value.try_with_untracked(|value| kept.as_ref().is_some_and(|kept| kept.value == *value));
                value.unwrap_or(true)
            })
            .unwrap_or(true)
    }

    /// Saves now, if there is something to save.
    pub fn flush(self) {
        if self.is_saving.try_get_value().unwrap_or(true) || self.is_as_kept() {
            return;
        }
        let (Some(value), Some(id)) = (self.value.try_get_untracked(), self.id.try_get_value()) else { return };
        let base = self.kept.with_value(|kept| kept.as_ref().map(|kept| kept.revision));
        self.is_saving.set_value(true);
        spawn_local(async move {
            let saved = self.workspace.save(&id, &value, base).await;
            if self.is_saving.try_set_value(false).is_some() {
                // The page is gone; what it held was saved.
                return;
            }
            match saved {
                Ok(revision) => {
                    self.kept.set_value(Some(Opened { value, revision }));
                    if self.is_as_kept() {
                        self.state.set(SaveState::Saved);
                    } else {
                        self.flush();
                    }
                }
                Err(SaveError::Conflict { current }) => self.state.set(SaveState::Conflict { current }),
                Err(SaveError::Workspace(error)) => self.state.set(SaveState::Failed(error.to_string())),
            }
        });
    }

    /// Looks whether another tab has saved something newer.
    fn look(self) {
        let Some(id) = self.id.try_get_value() else { return };
        spawn_local(async move {
            let Ok(found) = self.workspace.open::<T>(&id).await else { return };
            if self.is_saving.try_get_value().unwrap_or(true) {
                return;
            }
            let known = self.kept.with_value(|kept| kept.as_ref().map(|kept| kept.revision));
            let current = found.as_ref().map(|found| found.revision);
            if current == known {
                return;
            }
            match found {
                Some(found) if self.is_as_kept() => self.take(found),
                _ => self.state.set(SaveState::Conflict { current: current.unwrap_or(0) }),
            }
        });
    }

    fn take(self, found: Opened<T>) {
        self.kept.set_value(Some(found.clone()));
        self.value.set(found.value);
        self.state.set(SaveState::Saved);
    }

    /// Ends a conflict: what is shown here replaces what the other tab saved.
    pub fn keep_mine(self) {
        if let SaveState::Conflict { current } = self.state.get_untracked() {
            let Some(value) = self.value.try_get_untracked() else { return };
            let id = self.id.get_value();
            spawn_local(async move {
                let base = (current > 0).then_some(current);
                match self.workspace.save(&id, &value, base).await {
                    Ok(revision) => {
                        self.kept.set_value(Some(Opened { value, revision }));
                        self.state.set(SaveState::Saved);
                    }
                    Err(SaveError::Conflict { current }) => self.state.set(SaveState::Conflict { current }),
                    Err(SaveError::Workspace(error)) => self.state.set(SaveState::Failed(error.to_string())),
                }
            });
        }
    }

    /// Ends a conflict: what the other tab saved is shown here.
    pub fn take_theirs(self) {
        let id = self.id.get_value();
        spawn_local(async move {
            match self.workspace.open::<T>(&id).await {
                Ok(Some(found)) => self.take(found),
                Ok(None) => self.state.set(SaveState::Failed(WorkspaceError::Gone.to_string())),
                Err(error) => self.state.set(SaveState::Failed(error.to_string())),
            }
        });
    }
}
