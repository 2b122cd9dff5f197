//! The document of a kind that is open in this tab; the next visit opens it again.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::workspace::Document;

use super::error::WorkspaceError;
use super::{Draft, Workspace, new_id};
use crate::browser::local_storage;

/// The document that is open.
pub struct OpenDocument<T: Document + Clone + PartialEq + Send + Sync + 'static> {
    /// The document itself.
    pub draft: RwSignal<Option<Draft<T>>>,
    /// Why the last one did not open.
    pub problem: RwSignal<Option<String>>,
    workspace: Workspace,
    /// Where the id of the open one is remembered.
    key: &'static str,
    owner: StoredValue<Owner>,
    /// What belongs to the open one, to be let go with it.
    open_owner: StoredValue<Option<Owner>>,
}

impl<T: Document + Clone + PartialEq + Send + Sync + 'static> Clone for OpenDocument<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Document + Clone + PartialEq + Send + Sync + 'static> Copy for OpenDocument<T> {}

impl<T: Document + Clone + PartialEq + Send + Sync + 'static> OpenDocument<T> {
    /// The document that was open last.
    pub fn start(workspace: Workspace, key: &'static str) -> Self {
        let open = Self {
            draft: RwSignal::new(None),
            problem: RwSignal::new(None),
            workspace,
            key,
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            open_owner: StoredValue::new(None),
        };
        if let Some(id) = local_storage::load::<String>(key) {
            open.open(id);
        }
        open
    }

    /// Its id; tracked.
    pub fn id(self) -> Option<String> {
        self.draft.with(|draft| draft.as_ref().map(|draft| draft.id.get_value()))
    }

    /// Opens the document `id`.
    pub fn open(self, id: String) {
        let owner = self.fresh_owner();
        spawn_local(async move {
            match Draft::open(self.workspace, &id, &owner).await {
                Ok(draft) => self.show(draft, &id),
                Err(WorkspaceError::Gone) => self.close(),
                Err(error) => self.problem.set(Some(error.to_string())),
            }
        });
    }

    /// Begins a document, and opens it.
    pub fn create(self, value: T) {
        let id = new_id();
        let draft = self.fresh_owner().with(|| Draft::create(self.workspace, id.clone(), value));
        self.show(draft, &id);
    }

    /// Nothing is open then.
    pub fn close(self) {
        self.draft.set(None);
        local_storage::remove(self.key);
    }

    /// Forgets the open document; `on_failure` hears where it stays.
    pub fn delete(self, on_failure: impl FnOnce(WorkspaceError) + 'static) {
        let Some(id) = untrack(|| self.id()) else { return };
        self.close();
        spawn_local(async move {
            if let Err(error) = self.workspace.remove(T::KIND, &id).await {
                on_failure(error);
            }
        });
    }

    fn show(self, draft: Draft<T>, id: &str) {
        self.problem.set(None);
        self.draft.set(Some(draft));
        // Without storage the page says so when it saves the document.
        let _ = local_storage::save(self.key, &id);
    }

    /// An owner for what is opened next; what belonged to the last one is let go.
    fn fresh_owner(self) -> Owner {
        let owner = self.owner.with_value(|owner| owner.with(Owner::new));
        self.draft.set(None);
        if let Some(Some(before)) = self.open_owner.try_update_value(|kept| kept.replace(owner.clone())) {
            before.cleanup();
        }
        owner
    }
}
