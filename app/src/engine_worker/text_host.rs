//! The text side of stored models: tokenizers and chat templates, read from headers, kept for the next question.

use std::cell::RefCell;
use std::rc::Rc;

use engine::ModelText;
use shared::api::companion::PreviewRequest;
use shared::chat_template::RenderOptions;
use shared::model_call::ModelCallErrorKind;
use shared::prompt::{Preview, preview as preview_of};

use super::protocol::{Failure, FailureKind};
use crate::storage::model_files;

/// A vocabulary takes some tens of megabytes; a person compares a few models.
const MOST_KEPT: usize = 4;

thread_local! {
    /// The last ones asked for, the newest last.
    static KEPT: RefCell<Vec<(String, Rc<ModelText>)>> = const { RefCell::new(Vec::new()) };
}

/// What a stored model sees of messages.
///
/// # Errors
/// The file can't be read, or the chat template refuses the messages.
pub async fn preview(request: &PreviewRequest) -> Result<Preview, Failure> {
    let text = text_of(&request.model).await?;
    let today = engine::clock::today();
    let options = RenderOptions { today: &today, ..RenderOptions::default() };
    preview_of(&request.messages, text.chat_template(), options, text.tokenizer(), None).map_err(|error| Failure {
        kind: FailureKind::Refused(ModelCallErrorKind::InvalidRequest),
        message: error.to_string(),
    })
}

/// The text side of a stored model.
///
/// # Errors
/// The file can't be read.
pub(super) async fn text_of(model: &str) -> Result<Rc<ModelText>, Failure> {
    let known = KEPT.with_borrow(|kept| kept.iter().find(|(name, _)| name == model).map(|(_, text)| text.clone()));
    if let Some(text) = known {
        return Ok(text);
    }
    let failed = |message| Failure { kind: FailureKind::Storage, message };
    let source = model_files::open(model).await.map_err(failed)?;
    let text = Rc::new(ModelText::read(&*source).map_err(|error| failed(error.to_string()))?);
    KEPT.with_borrow_mut(|kept| {
        if kept.len() == MOST_KEPT {
            kept.remove(0);
        }
        kept.push((model.to_owned(), text.clone()));
    });
    Ok(text)
}
