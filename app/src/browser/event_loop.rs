//! Letting the event loop run: timers are clamped to 4 ms when nested, a message channel is not.

use futures::channel::oneshot;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// Returns after every message that waits has been delivered.
///
/// Microtasks (a resolved future) would not do: the browser delivers messages between tasks only.
pub async fn yield_to_messages() {
    let Ok(channel) = web_sys::MessageChannel::new() else {
        gloo_timers::future::TimeoutFuture::new(0).await;
        return;
    };
    let (sender, receiver) = oneshot::channel();
    let on_message = Closure::once_into_js(move || {
        // The receiver is gone only when the caller was dropped: nobody waits any more.
        let _ = sender.send(());
    });
    channel.port1().set_onmessage(Some(on_message.unchecked_ref()));
    if channel.port2().post_message(&JsValue::NULL).is_ok() {
        let _ = receiver.await;
    }
    channel.port1().close();
}
