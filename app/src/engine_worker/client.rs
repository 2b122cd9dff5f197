//! The page's end of a worker: typed calls, cancelling by dropping, a fresh worker after a crash.

use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::stream::{Stream, StreamExt};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::protocol::{Event, Failure, FailureKind, FromWorker, Reply, Request, ToWorker};
use super::wire;
use crate::browser::errors::describe;

/// The script that starts the worker bundle; written by Trunk (`data-loader-shim`).
const WORKER_SCRIPT: &str = "/engine_worker_loader.js";

/// A worker that is started on the first call and again after a crash. Clones share it.
#[derive(Clone)]
pub struct WorkerClient {
    inner: Rc<RefCell<Inner>>,
}

struct Inner {
    name: &'static str,
    advice: &'static str,
    worker: Option<RunningWorker>,
    calls: HashMap<u32, UnboundedSender<CallMessage>>,
    last_call: u32,
    on_crash: Rc<dyn Fn(String)>,
}

struct RunningWorker {
    worker: web_sys::Worker,
    ready: bool,
    /// Messages that wait for `Ready`.
    waiting: Vec<JsValue>,
    _on_message: Closure<dyn FnMut(web_sys::MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::ErrorEvent)>,
}

impl Drop for RunningWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// What arrives during a call.
#[derive(Debug)]
pub enum CallMessage {
    /// Something happened.
    Event(Event),
    /// The last message.
    Ended(Result<Reply, Failure>),
}

impl WorkerClient {
    /// A worker for `name`, which people see after "the"; `advice` is what they may do if it breaks again, and
    /// `on_crash` hears why it broke.
    pub fn new(name: &'static str, advice: &'static str, on_crash: impl Fn(String) + 'static) -> Self {
        let (calls, on_crash) = (HashMap::new(), Rc::new(on_crash));
        let inner = Inner { name, advice, worker: None, calls, last_call: 0, on_crash };
        Self { inner: Rc::new(RefCell::new(inner)) }
    }

    /// Starts a call. Dropping it before its end cancels the work.
    pub fn call(&self, request: Request) -> Call {
        let (sender, receiver) = unbounded();
        let mut inner = self.inner.borrow_mut();
        inner.last_call += 1;
        let number = inner.last_call;
        let posted = inner.running(&self.inner).and_then(|running| running.post(ToWorker { call: number, request }));
        match posted {
            Ok(()) => {
                inner.calls.insert(number, sender);
            }
            Err(message) => {
                let failure = Failure { kind: FailureKind::Crashed, message };
                // The receiver is still in our hands.
                let _ = sender.unbounded_send(CallMessage::Ended(Err(failure)));
            }
        }
        Call { client: self.clone(), number, receiver, ended: false }
    }

    /// Calls and waits for the answer; `on_event` sees what happens meanwhile.
    ///
    /// # Errors
    /// Why the call failed, in words for the person.
    pub async fn ask(&self, request: Request, on_event: impl FnMut(Event)) -> Result<Reply, Failure> {
        self.call(request).finish(on_event).await
    }

    /// Ends the worker and all its calls; the next call starts a fresh one.
    pub fn restart(&self, why: &str) {
        let calls = {
            let mut inner = self.inner.borrow_mut();
            inner.worker = None;
            std::mem::take(&mut inner.calls)
        };
        for sender in calls.into_values() {
            let failure = Failure { kind: FailureKind::Crashed, message: why.to_owned() };
            // A receiver that is gone does not wait for the news.
            let _ = sender.unbounded_send(CallMessage::Ended(Err(failure)));
        }
    }

    fn crashed(&self, message: &str) {
        let (name, advice, on_crash) = {
            let inner = self.inner.borrow();
            (inner.name, inner.advice, inner.on_crash.clone())
        };
        self.restart(&format!("The {name} stopped unexpectedly ({message}). If it happens again, {advice}."));
        on_crash(message.to_owned());
    }

    fn received(&self, message: FromWorker) {
        let mut inner = self.inner.borrow_mut();
        match message {
            FromWorker::Ready => {
                if let Some(running) = &mut inner.worker {
                    running.set_ready();
                }
            }
            FromWorker::Crashed { message } => {
                drop(inner);
                self.crashed(&message);
            }
            FromWorker::Event { call, event } => {
                if let Some(sender) = inner.calls.get(&call) {
                    // A call that was dropped is being cancelled.
                    let _ = sender.unbounded_send(CallMessage::Event(event));
                }
            }
            FromWorker::Ended { call, result } => {
                if let Some(sender) = inner.calls.remove(&call) {
                    let _ = sender.unbounded_send(CallMessage::Ended(result));
                }
            }
        }
    }

    fn cancel(&self, number: u32) {
        let is_open = self.inner.borrow_mut().calls.remove(&number).is_some();
        if is_open {
            self.post_about(number, Request::Cancel);
        }
    }

    /// Says something about a call under way.
    fn post_about(&self, call: u32, request: Request) {
        if let Some(running) = &mut self.inner.borrow_mut().worker
            && let Err(error) = running.post(ToWorker { call, request })
        {
            leptos::logging::warn!("the worker could not be told about a call: {error}");
        }
    }
}

impl Inner {
    fn running(&mut self, shared: &Rc<RefCell<Inner>>) -> Result<&mut RunningWorker, String> {
        if self.worker.is_none() {
            self.worker = Some(RunningWorker::start(self.name, Rc::downgrade(shared))?);
        }
        self.worker.as_mut().ok_or_else(|| "the worker did not start".to_owned())
    }
}

impl RunningWorker {
    fn start(name: &str, shared: Weak<RefCell<Inner>>) -> Result<Self, String> {
        let worker = web_sys::Worker::new(WORKER_SCRIPT)
            .map_err(|exception| format!("the {name} worker could not be started: {}", describe(&exception)))?;
        let client = shared.clone();
        let on_message = Closure::new(move |event: web_sys::MessageEvent| {
            let Some(inner) = client.upgrade() else {
                return;
            };
            match wire::from_js(event.data()) {
                Ok(message) => WorkerClient { inner }.received(message),
                Err(error) => {
                    leptos::logging::error!("a message of the worker can't be read: {error}")
                }
            }
        });
        let on_error = Closure::new(move |event: web_sys::ErrorEvent| {
            let Some(inner) = shared.upgrade() else {
                return;
            };
            // Empty when the script itself could not be fetched.
            let message = match event.message() {
                message if message.is_empty() => "its program could not be loaded".to_owned(),
                message => message,
            };
            // Here the closure that runs is among what is dropped; do it after it has returned.
            wasm_bindgen_futures::spawn_local(async move { WorkerClient { inner }.crashed(&message) });
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, ready: false, waiting: Vec::new(), _on_message: on_message, _on_error: on_error })
    }

    fn post(&mut self, message: ToWorker) -> Result<(), String> {
        let message = wire::to_js(&message)?;
        if self.ready {
            self.worker.post_message(&message).map_err(|exception| describe(&exception))
        } else {
            self.waiting.push(message);
            Ok(())
        }
    }

    fn set_ready(&mut self) {
        self.ready = true;
        for message in self.waiting.drain(..) {
            if let Err(exception) = self.worker.post_message(&message) {
                leptos::logging::error!("a message did not reach the worker: {}", describe(&exception));
            }
        }
    }
}

/// A call under way: a stream of events that ends with `Ended`.
pub struct Call {
    client: WorkerClient,
    number: u32,
    receiver: UnboundedReceiver<CallMessage>,
    ended: bool,
}

/// Holds or ends a call from elsewhere; the call still hears how it ended.
#[derive(Clone)]
pub struct CallControl {
    client: WorkerClient,
    number: u32,
}

impl CallControl {
    /// Asks the worker to end the call.
    pub fn cancel(&self) {
        self.client.post_about(self.number, Request::Cancel);
    }

    /// Asks the worker to wait with the call, or to go on with it; only work on datasets does.
    pub fn hold(&self, is_held: bool) {
        self.client.post_about(self.number, Request::Hold(is_held));
    }
}

impl Call {
    /// A way to hold or end this call from elsewhere.
    pub fn control(&self) -> CallControl {
        CallControl { client: self.client.clone(), number: self.number }
    }

    /// Waits for the answer; `on_event` sees what happens meanwhile.
    ///
    /// # Errors
    /// Why the call failed, in words for the person.
    pub async fn finish(mut self, mut on_event: impl FnMut(Event)) -> Result<Reply, Failure> {
        while let Some(message) = self.next().await {
            match message {
                CallMessage::Event(event) => on_event(event),
                CallMessage::Ended(result) => return result,
            }
        }
        Err(Failure { kind: FailureKind::Crashed, message: "the worker went away".to_owned() })
    }
}

impl Stream for Call {
    type Item = CallMessage;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<CallMessage>> {
        let polled = self.receiver.poll_next_unpin(context);
        if matches!(polled, Poll::Ready(Some(CallMessage::Ended(_)) | None)) {
            self.ended = true;
        }
        polled
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            self.client.cancel(self.number);
        }
    }
}
