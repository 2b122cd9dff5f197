//! The worker's end: takes messages, runs calls, posts what happens.
//!
//! File calls, previews and datasets run side by side; model calls wait in line for the one model. `Cancel` is seen between two tokens,
//! because [`super::model_host`] lets the event loop run there.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use super::dataset_host::DatasetHost;
use super::model_host::ModelHost;
use super::protocol::{Event, Failure, FailureKind, FromWorker, Reply, Request, ToWorker};
use super::text_host;
use super::wire;
use crate::storage::{download, import};

/// Sets the worker up; called once, by the bundle's entry.
pub fn start() {
    report_crashes();
    let (model_calls, mut waiting) = unbounded::<(CallContext, Request)>();
    spawn_local(async move {
        let mut host = ModelHost::default();
        while let Some((context, request)) = waiting.next().await {
            let result = if context.is_cancelled() { Err(cancelled()) } else { host.answer(&context, request).await };
            context.end(result);
        }
    });

    let open_calls: OpenCalls = Rc::default();
    let datasets = DatasetHost::default();
    let on_message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
        match wire::from_js::<ToWorker>(event.data()) {
            Ok(message) => take(message, &open_calls, &model_calls, &datasets),
            Err(error) => post(&FromWorker::Crashed { message: format!("a message can't be read: {error}") }),
        }
    });
    worker_scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    post(&FromWorker::Ready);
}

type OpenCalls = Rc<RefCell<HashMap<u32, Rc<CallWishes>>>>;

/// What the page wants of a call under way.
#[derive(Default)]
struct CallWishes {
    cancelled: Cell<bool>,
    held: Cell<bool>,
}

fn take(
    message: ToWorker,
    open_calls: &OpenCalls,
    model_calls: &UnboundedSender<(CallContext, Request)>,
    datasets: &DatasetHost,
) {
    let ToWorker { call, request } = message;
    if let Request::Cancel | Request::Hold(_) = request {
        if let Some(wishes) = open_calls.borrow().get(&call) {
            match request {
                Request::Hold(is_held) => wishes.held.set(is_held),
                _ => wishes.cancelled.set(true),
            }
        }
        return;
    }
    let context = CallContext { call, wishes: Rc::default(), open_calls: open_calls.clone() };
    open_calls.borrow_mut().insert(call, context.wishes.clone());
    match request {
        Request::Download(_) | Request::Import(_) => {
            spawn_local(async move {
                let result = answer_about_files(&context, request).await;
                context.end(result.map_err(|message| {
                    let kind = if context.is_cancelled() { FailureKind::Cancelled } else { FailureKind::Storage };
                    Failure { kind, message }
                }));
            });
        }
        Request::Preview(request) => {
            spawn_local(async move {
                let result = text_host::preview(&request).await;
                context.end(result.map(|preview| Reply::Preview(Box::new(preview))));
            });
        }
        Request::Dataset(call) => {
            let datasets = datasets.clone();
            spawn_local(async move {
                let result = datasets.answer(&context, call).await;
                context.end(result.map(Reply::Dataset));
            });
        }
        request => {
            // The receiver lives as long as the worker.
            let _ = model_calls.unbounded_send((context, request));
        }
    }
}

async fn answer_about_files(context: &CallContext, request: Request) -> Result<Reply, String> {
    let transfer = |progress| context.event(Event::Transfer(progress));
    match request {
        Request::Download(request) => {
            download::run(&request, &context.wishes.cancelled, &transfer).await.map(Reply::Stored)
        }
        Request::Import(request) => {
            import::run(&request, &context.wishes.cancelled, &transfer).await.map(Reply::Stored)
        }
        _ => Err("this is not a request about files".to_owned()),
    }
}

/// One call as the code that serves it sees it.
pub struct CallContext {
    call: u32,
    wishes: Rc<CallWishes>,
    open_calls: OpenCalls,
}

impl CallContext {
    /// True once the page does not want the answer any more.
    pub fn is_cancelled(&self) -> bool {
        self.wishes.cancelled.get()
    }

    /// True while the page wants the work to wait.
    pub fn is_held(&self) -> bool {
        self.wishes.held.get() && !self.is_cancelled()
    }

    /// Tells the page what happens.
    pub fn event(&self, event: Event) {
        post(&FromWorker::Event { call: self.call, event });
    }

    fn end(&self, result: Result<Reply, Failure>) {
        self.open_calls.borrow_mut().remove(&self.call);
        post(&FromWorker::Ended { call: self.call, result });
    }
}

/// What a cancelled call ends with.
pub fn cancelled() -> Failure {
    Failure { kind: FailureKind::Cancelled, message: "stopped".to_owned() }
}

fn post(message: &FromWorker) {
    let posted = wire::to_js(message)
        .and_then(|value| worker_scope().post_message(&value).map_err(|exception| format!("{exception:?}")));
    if let Err(error) = posted {
        web_sys::console::error_2(&JsValue::from_str("a message did not reach the page:"), &JsValue::from_str(&error));
    }
}

fn worker_scope() -> web_sys::DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// A panic aborts the worker's program for good, and the browser tells the page nothing when it happens inside a
/// promise: so the hook, and a listener for traps that bypass the hook (memory that can't grow), say it.
fn report_crashes() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        // Where in the program it happened is in the console; people are told what.
        let message = panic.payload_as_str().unwrap_or("for a reason it could not tell").to_owned();
        post(&FromWorker::Crashed { message });
    }));
    let on_rejection =
        Closure::<dyn FnMut(web_sys::PromiseRejectionEvent)>::new(|event: web_sys::PromiseRejectionEvent| {
            let message = crate::browser::errors::describe(&event.reason());
            post(&FromWorker::Crashed { message });
        });
    let listening =
        worker_scope().add_event_listener_with_callback("unhandledrejection", on_rejection.as_ref().unchecked_ref());
    if let Err(exception) = listening {
        web_sys::console::error_1(&exception);
    }
    on_rejection.forget();
}
