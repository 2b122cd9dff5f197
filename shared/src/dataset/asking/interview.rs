//! One row and one task: what is asked, what is known already, and what of it can't be used.

use super::Task;
use super::answer::{Answer, Direction, Said};
use super::request::{Request, RequestKey, TextRequest};
use crate::dataset::preparation::{Entry, Preparation, PreparationFault, Pulse, StoredFile};
use crate::dataset::row::Row;
use crate::dataset::steps::each_kept_of;
use crate::model_pool::ModelReference;

/// The answer to a request and its number, where there is one.
type Find<'a> = dyn Fn(RequestKey) -> Result<Option<(u32, Answer)>, PreparationFault> + 'a;

/// What is asked of a row, and what became of it.
pub struct Interview<'a> {
    find: &'a Find<'a>,
    pub(super) open: Vec<OpenRequest>,
    used: Vec<u32>,
    unused: Vec<&'static str>,
}

/// A request without an answer.
pub(super) struct OpenRequest {
    pub(super) request: Request,
    /// How many more there will be once it is answered.
    pub(super) follow_ups: u64,
}

impl<'a> Interview<'a> {
    /// An interview that finds answers so.
    pub(super) fn new(find: &'a Find<'a>) -> Self {
        Self { find, open: Vec::new(), used: Vec::new(), unused: Vec::new() }
    }

    /// Asks for a text; `None` where there is no answer yet, or none that is whole.
    ///
    /// # Errors
    /// The storage fails.
    pub fn text(&mut self, request: TextRequest) -> Result<Option<String>, PreparationFault> {
        self.text_before(request, 0)
    }

    /// Asks for a text of which so many more requests will be made.
    ///
    /// # Errors
    /// The storage fails.
    pub fn text_before(&mut self, request: TextRequest, follow_ups: u64) -> Result<Option<String>, PreparationFault> {
        let Some(answer) = self.answer(Request::Text(request), follow_ups)? else { return Ok(None) };
        Ok(match answer.said {
            Said::Text(text) => Some(text),
            Said::CutOff(_) => self.cannot_use("the answer was cut off"),
            Said::TooLong(_) => self.cannot_use(TOO_LONG),
            Said::Direction(_) => self.cannot_use(OF_ANOTHER_KIND),
        })
    }

    /// Asks where a text points; also gives who said it.
    ///
    /// # Errors
    /// The storage fails.
    pub fn direction(
        &mut self,
        model: &ModelReference,
        text: String,
    ) -> Result<Option<(Direction, String)>, PreparationFault> {
        let request = Request::Direction { model: model.clone(), text };
        let Some(answer) = self.answer(request, 0)? else { return Ok(None) };
        Ok(match answer.said {
            Said::Direction(direction) => Some((direction, answer.model)),
            Said::TooLong(_) => self.cannot_use(TOO_LONG),
            Said::Text(_) | Said::CutOff(_) => self.cannot_use(OF_ANOTHER_KIND),
        })
    }

    /// Notes that an answer, or a part of one, can't be used, and why; there are few such reasons.
    pub fn cannot_use<T>(&mut self, reason: &'static str) -> Option<T> {
        self.unused.push(reason);
        None
    }

    fn answer(&mut self, request: Request, follow_ups: u64) -> Result<Option<Answer>, PreparationFault> {
        let found = (self.find)(request.key())?;
        match &found {
            Some((number, _)) => self.used.push(*number),
            None => self.open.push(OpenRequest { request, follow_ups }),
        }
        Ok(found.map(|(_, answer)| answer))
    }
}

const TOO_LONG: &str = "the row is too long for the model";
const OF_ANOTHER_KIND: &str = "the answer is of another kind";

/// What a task makes of a row.
pub(in crate::dataset) struct Interviewed<T> {
    /// The row's number.
    pub(in crate::dataset) row: u32,
    /// What its text is of.
    pub(in crate::dataset) entry: Entry,
    /// The row.
    pub(in crate::dataset) content: Row,
    /// What comes of it, where something does.
    pub(in crate::dataset) outcome: Option<T>,
    /// Numbers of the answers that are known.
    pub(in crate::dataset) used: Vec<u32>,
    /// Why answers can't be used.
    pub(in crate::dataset) unused: Vec<&'static str>,
    pub(super) open: Vec<OpenRequest>,
}

impl<T> Interviewed<T> {
    /// Requests without an answer.
    pub(in crate::dataset) fn open(&self) -> usize {
        self.open.len()
    }
}

/// Does a task with every kept row that it is for, and gives what comes of each to `take`.
pub(in crate::dataset) async fn interview_rows<F: StoredFile, T: Task>(
    preparation: &Preparation<F>,
    task: &T,
    stage: &'static str,
    pulse: &impl Pulse,
    mut take: impl FnMut(Interviewed<T::Outcome>) -> Result<(), PreparationFault>,
) -> Result<(), PreparationFault> {
    task.check().map_err(PreparationFault::Refused)?;
    let find = |key| preparation.answer_to(key);
    each_kept_of(preparation, task.part(), stage, pulse, |row, entry, content| {
        let mut interview = Interview::new(&find);
        let outcome = task.of_row(entry.origin, &content, &mut interview)?;
        let Interview { open, used, unused, .. } = interview;
        take(Interviewed { row, entry, content, outcome, used, unused, open })
    })
    .await
}
