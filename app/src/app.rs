//! The shell: what is on every page, `enum Page` with its addresses, and the router.

use leptos::prelude::*;
use leptos_router::components::{A, Redirect, Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::components::{Dialog, Icon, IconName, PageHeader, ToastRegion};
use crate::engine_worker::protocol::LoadStage;
use crate::pages;
use crate::quantities;
use crate::stores::Stores;
use crate::stores::catalogue;
use crate::stores::companion::CompanionStatus;
use crate::stores::engine::EngineStatus;

/// Every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Find, download and keep models.
    Models,
    /// Talk to a model.
    Chat,
    /// Write and compare prompts.
    Prompts,
    /// Collect and check training data.
    Datasets,
    /// Teach a model.
    FineTune,
    /// Measure answers.
    Evaluate,
    /// Choices for this browser.
    Settings,
}

impl Page {
    /// In the order of the navigation.
    pub const ALL: [Self; 7] =
        [Self::Models, Self::Chat, Self::Prompts, Self::Datasets, Self::FineTune, Self::Evaluate, Self::Settings];

    /// Its address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Models => "/models",
            Self::Chat => "/chat",
            Self::Prompts => "/prompts",
            Self::Datasets => "/datasets",
            Self::FineTune => "/fine-tune",
            Self::Evaluate => "/evaluate",
            Self::Settings => "/settings",
        }
    }

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Models => "Models",
            Self::Chat => "Chat",
            Self::Prompts => "Prompts",
            Self::Datasets => "Datasets",
            Self::FineTune => "Fine-tune",
            Self::Evaluate => "Evaluate",
            Self::Settings => "Settings",
        }
    }

    /// Its picture.
    pub fn icon(self) -> IconName {
        match self {
            Self::Models => IconName::Models,
            Self::Chat => IconName::Chat,
            Self::Prompts => IconName::Prompts,
            Self::Datasets => IconName::Datasets,
            Self::FineTune => IconName::FineTune,
            Self::Evaluate => IconName::Evaluate,
            Self::Settings => IconName::Settings,
        }
    }

    /// The page at an address.
    pub fn from_path(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        Self::ALL.into_iter().find(|page| page.path() == path)
    }
}

/// The whole app.
#[component]
pub fn App() -> impl IntoView {
    Stores::provide();
    view! {
        <Router>
            <a class="skip-link" href="#main">"Skip to content"</a>
            <Shell />
            <ToastRegion />
        </Router>
    }
}

#[component]
fn Shell() -> impl IntoView {
    let location = use_location();
    let page = Memo::new(move |_| Page::from_path(&location.pathname.get()));
    Effect::new(move |_| {
        let title = page.get().map_or("Quern".to_owned(), |page| format!("{} · Quern", page.title()));
        document().set_title(&title);
    });
    view! {
        <div class="shell">
            <Sidebar />
            <main
                id="main"
                tabindex="-1"
                class="shell-main"
                class:is-filled=move || page.get() == Some(Page::Chat)
            >
                <Routes fallback=NotFound>
                    <Route path=path!("/") view=Home />
                    <Route path=path!("/models") view=pages::models::ModelsPage />
                    <Route path=path!("/chat") view=pages::chat::ChatPage />
                    <Route path=path!("/prompts") view=pages::prompts::PromptsPage />
                    <Route path=path!("/datasets") view=pages::datasets::DatasetsPage />
                    <Route path=path!("/fine-tune") view=pages::fine_tune::FineTunePage />
                    <Route path=path!("/evaluate") view=pages::evaluate::EvaluatePage />
                    <Route path=path!("/settings") view=pages::settings::SettingsPage />
                </Routes>
            </main>
            <BottomNavigation />
        </div>
    }
}

/// Who has chosen a model wants to chat; who comes for the first time needs a model.
#[component]
fn Home() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let page = if stores.settings.now(|data| data.runs_on.is_some()) { Page::Chat } else { Page::Models };
    view! { <Redirect path=page.path() /> }
}

#[component]
fn NotFound() -> impl IntoView {
    view! {
        <div class="page">
            <PageHeader
                title="There is no page at this address"
                lead="It may have been mistyped, or belong to another version of Quern."
            />
            <A href=Page::Models.path() attr:class="button button-primary">
                "Go to Models"
            </A>
        </div>
    }
}

#[component]
fn Sidebar() -> impl IntoView {
    let link = |page: Page| {
        view! {
            <A href=page.path() attr:class="nav-link" attr:data-testid=format!("nav{}", page.path().replace('/', "-"))>
                <Icon name=page.icon() />
                <span>{page.title()}</span>
            </A>
        }
    };
    view! {
        <aside class="sidebar">
            <A href="/" attr:class="brand">
                <BrandMark />
                <span>"Quern"</span>
            </A>
            <nav class="nav" aria-label="Pages">
                {[Page::Models, Page::Chat].map(link).collect_view()}
                <p class="nav-heading">"Workbench"</p>
                {[Page::Prompts, Page::Datasets, Page::FineTune, Page::Evaluate].map(link).collect_view()}
            </nav>
            <nav class="nav nav-end" aria-label="Settings">{link(Page::Settings)}</nav>
            <SidebarStatus />
        </aside>
    }
}

/// Two lines at the foot of the sidebar: the engine here, and the companion.
#[component]
fn SidebarStatus() -> impl IntoView {
    let stores = expect_context::<Stores>();
    let engine = move || match stores.engine.status.get() {
        EngineStatus::Empty => ("status-dot", "No model loaded".to_owned()),
        EngineStatus::Loading { stage, .. } => ("status-dot is-busy", loading_words(stage)),
        EngineStatus::Ready(loaded) => {
            let bytes = quantities::bytes(loaded.memory.model_bytes());
            let title = catalogue::title(stores.companion, &loaded.name);
            ("status-dot is-on", format!("{title} · {} · {bytes}", loaded.backend.label()))
        }
        EngineStatus::Failed { .. } => ("status-dot is-bad", "The model did not load".to_owned()),
    };
    let companion = move || match stores.companion.status.get() {
        CompanionStatus::Unknown => ("status-dot", "Looking for the companion"),
        CompanionStatus::Connected => ("status-dot is-on", "Companion connected"),
        CompanionStatus::Away => ("status-dot", "No companion"),
    };
    view! {
        <div class="sidebar-foot">
            <p class="status-line" data-testid="engine-status" title=move || engine().1>
                <span class=move || engine().0></span>
                <span>{move || engine().1}</span>
            </p>
            <p class="status-line" data-testid="companion-status">
                <span class=move || companion().0></span>
                <span>{move || companion().1}</span>
            </p>
        </div>
    }
}

/// What loading is doing, in a few words.
pub fn loading_words(stage: Option<LoadStage>) -> String {
    match stage {
        None => "Starting the engine".to_owned(),
        Some(LoadStage::Reading { backend, done_bytes, total_bytes }) => {
            let percent = done_bytes.saturating_mul(100) / total_bytes.max(1);
            format!("Loading for {} · {percent} %", backend.label())
        }
        Some(LoadStage::Measuring { backend }) => {
            format!("Measuring {} on this device", backend.label())
        }
    }
}

/// At phone width: three pages in reach of a thumb, the rest in a sheet.
#[component]
fn BottomNavigation() -> impl IntoView {
    const IN_REACH: [Page; 3] = [Page::Models, Page::Chat, Page::Settings];
    let more = RwSignal::new(false);
    let location = use_location();
    let is_elsewhere =
        Memo::new(move |_| Page::from_path(&location.pathname.get()).is_some_and(|page| !IN_REACH.contains(&page)));
    // Going somewhere closes the sheet.
    Effect::new(move |_| {
        location.pathname.track();
        more.set(false);
    });
    let link = |page: Page| {
        view! {
            <A href=page.path() attr:class="bottom-nav-link">
                <Icon name=page.icon() />
                <span>{page.title()}</span>
            </A>
        }
    };
    view! {
        <nav class="bottom-nav" aria-label="Pages">
            {IN_REACH.map(link).collect_view()}
            <button
                type="button"
                class="bottom-nav-link"
                aria-haspopup="dialog"
                aria-current=move || is_elsewhere.get().then_some("page")
                data-testid="nav-more"
                on:click=move |_| more.set(true)
            >
                <Icon name=IconName::More />
                <span>"More"</span>
            </button>
        </nav>
        <Dialog open=more title="More pages" class="sheet">
            <nav class="sheet-links" aria-label="More pages">
                {Page::ALL
                    .into_iter()
                    .filter(|page| !IN_REACH.contains(page))
                    .map(|page| {
                        view! {
                            <A href=page.path() attr:class="nav-link">
                                <Icon name=page.icon() />
                                <span>{page.title()}</span>
                            </A>
                        }
                    })
                    .collect_view()}
            </nav>
        </Dialog>
    }
}

/// A millstone seen from above.
#[component]
fn BrandMark() -> impl IntoView {
    view! { <img class="brand-mark" src="/icon.svg" alt="" width="28" height="28" /> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_by_its_path() {
        for page in Page::ALL {
            assert_eq!(Page::from_path(page.path()), Some(page));
            assert_eq!(Page::from_path(&format!("{}/", page.path())), Some(page));
        }
        assert_eq!(Page::from_path("/nowhere"), None);
        assert_eq!(Page::from_path("/"), None);
    }
}
