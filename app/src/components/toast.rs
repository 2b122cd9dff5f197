//! Short messages that come, are read out, and go.

use leptos::prelude::*;

use super::badge::Tone;
use super::icon::IconName;
use super::icon_button::IconButton;

/// How long a message stays: long enough to read, longer for bad news.
const STAY_MS: u32 = 6_000;
const STAY_BAD_NEWS_MS: u32 = 15_000;

#[derive(Clone, Debug, PartialEq)]
struct Toast {
    number: u64,
    tone: Tone,
    text: String,
}

/// Says things to the person; in the context of every page.
#[derive(Clone, Copy)]
pub struct Toaster {
    toasts: RwSignal<Vec<Toast>>,
    last: StoredValue<u64>,
}

impl Default for Toaster {
    fn default() -> Self {
        Self { toasts: RwSignal::new(Vec::new()), last: StoredValue::new(0) }
    }
}

impl Toaster {
    /// Good news or a fact.
    pub fn say(self, text: impl Into<String>) {
        self.show(Tone::Neutral, text.into());
    }

    /// Bad news: what failed and what to do.
    pub fn warn(self, text: impl Into<String>) {
        self.show(Tone::Danger, text.into());
    }

    fn show(self, tone: Tone, text: String) {
        let number = self.last.get_value() + 1;
        self.last.set_value(number);
        self.toasts.update(|toasts| {
            // The same message twice is one message that stays longer.
            toasts.retain(|toast| toast.text != text);
            toasts.push(Toast { number, tone, text });
        });
        let stay_ms = if tone == Tone::Danger { STAY_BAD_NEWS_MS } else { STAY_MS };
        gloo_timers::callback::Timeout::new(stay_ms, move || self.close(number)).forget();
    }

    fn close(self, number: u64) {
        // The page may be gone when the timer fires.
        let _ = self.toasts.try_update(|toasts| toasts.retain(|toast| toast.number != number));
    }
}

/// Where the messages appear.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toaster = expect_context::<Toaster>();
    view! {
        <div class="toasts" role="status" aria-live="polite" data-testid="toasts">
            <For
                each=move || toaster.toasts.get()
                key=|toast| toast.number
                children=move |toast| {
                    view! {
                        <div class=format!("toast {}", toast.tone.class())>
                            <p>{toast.text}</p>
                            <IconButton
                                icon=IconName::Close
                                label="Dismiss"
                                on_press=move |()| toaster.close(toast.number)
                            />
                        </div>
                    }
                }
            />
        </div>
    }
}
