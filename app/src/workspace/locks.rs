//! Locks between tabs (the Web Locks API): what one tab is at, another leaves alone. A closed tab lets go.

use futures::channel::oneshot;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;

/// A lock that this tab holds until it is dropped.
pub struct Lock {
    _release: Option<oneshot::Sender<()>>,
}

impl Lock {
    /// The lock called `name`, or `None` where another tab holds it. In a browser without locks each tab gets it.
    pub async fn try_hold(name: &str) -> Option<Self> {
        let (granted_sender, granted) = oneshot::channel::<bool>();
        let (release, released) = oneshot::channel::<()>();
        if request(name, granted_sender, released).is_err() {
            return Some(Self { _release: None });
        }
        granted.await.unwrap_or(false).then_some(Self { _release: Some(release) })
    }
}

/// Asks for the lock; the browser holds it until the promise that the callback gives is done.
fn request(name: &str, granted: oneshot::Sender<bool>, released: oneshot::Receiver<()>) -> Result<(), JsValue> {
    let navigator = web_sys::window().ok_or(JsValue::NULL)?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into())?;
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE)?;
    let callback = Closure::once_into_js(move |lock: JsValue| -> Promise {
        let is_ours = !lock.is_null();
        // Nobody waits where the page has gone on.
        let _ = granted.send(is_ours);
        future_to_promise(async move {
            if is_ours {
                // An error says that the holder was dropped, which is how it lets go.
                let _ = released.await;
            }
            Ok(JsValue::UNDEFINED)
        })
    });
    request.call3(&locks, &name.into(), &options, &callback)?;
    Ok(())
}
