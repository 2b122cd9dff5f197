//! News between tabs: which kind of document changed.

use shared::workspace::DocumentKind;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

const CHANNEL: &str = "quern.workspace";

/// Hears of changes in other tabs, and tells them of changes here. Without a channel each tab is by itself, and saving
/// still finds a conflict.
pub(super) struct Changes {
    channel: Option<web_sys::BroadcastChannel>,
    _on_message: Closure<dyn FnMut(web_sys::MessageEvent)>,
}

impl Changes {
    /// Calls `on_change` for each change in another tab.
    pub(super) fn listen(on_change: impl Fn(DocumentKind) + 'static) -> Self {
        let on_message = Closure::new(move |event: web_sys::MessageEvent| {
            let kind = event.data().as_string().map(serde_json::Value::String);
            if let Some(kind) = kind.and_then(|kind| serde_json::from_value(kind).ok()) {
                on_change(kind);
            }
        });
        let channel = web_sys::BroadcastChannel::new(CHANNEL).ok();
        if let Some(channel) = &channel {
            channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        }
        Self { channel, _on_message: on_message }
    }

    /// Tells the other tabs.
    pub(super) fn announce(&self, kind: DocumentKind) {
        if let Some(channel) = &self.channel {
            // Nobody hears it where it fails, and nothing is lost by that.
            let _ = channel.post_message(&JsValue::from(kind.name()));
        }
    }
}
