//! Datasets in the worker: one is open at a time, and everything about it is asked here.
//!
//! What changes it waits in line; what only looks runs beside, also while a step computes, and gives way when that step
//! is done.

use std::cell::{Cell, RefCell};
use std::io::{BufWriter, Write};
use std::rc::Rc;

use engine::ModelText;
use futures::lock::Mutex;
use gloo_timers::future::TimeoutFuture;
use shared::dataset::asking::{Answer, Score, open_requests, score_histogram};
use shared::dataset::checks::Check;
use shared::dataset::classes::{ClassOf, Classes};
use shared::dataset::export::{Export, export, files_beside, rows_in_no_part};
use shared::dataset::loss_mask::{LossMask, MaskProblem, MaskTotals, TurnEnd};
use shared::dataset::overview::Overview;
use shared::dataset::preparation::{
    FileHash, Opened, Preparation, PreparationFault, Progress, Pulse, SourceFile, Stopped,
};
use shared::dataset::preview::FilePreview;
use shared::dataset::recipe::{Recipe, RecipeAnswers};
use shared::dataset::records::{Counted, FileKind, ReadBytes, Records};
use shared::dataset::set_aside::SetAsideLine;
use shared::dataset::steps::{DropRows, Step};
use shared::dataset::survey::survey;
use shared::dataset::table::{self, Query, RowDetail, RowLine};

use super::dataset_protocol::{
    BroughtFile, DatasetCall, DatasetProgress, DatasetReply, DatasetRequest, ExportedFile, Written,
};
use super::host::CallContext;
use super::protocol::{Event, Failure, FailureKind};
use super::text_host::text_of;
use crate::browser::clock::now_ms;
use crate::browser::event_loop::yield_to_messages;
use crate::storage::dataset_files::{self, BlobReader, EXPORTS, SyncFileWriter};
use crate::storage::opfs::{Directory, SyncFile};

/// So long the worker computes before it looks for messages.
const BUSY_MS: f64 = 40.0;

/// So often held work looks whether it may go on.
const HELD_MS: u32 = 100;

/// Datasets, of which one is open.
#[derive(Clone, Default)]
pub struct DatasetHost {
    open: Rc<Mutex<Option<Rc<OpenDataset>>>>,
    /// Held by what changes a dataset.
    line: Rc<Mutex<()>>,
}

struct OpenDataset {
    id: String,
    folder: Directory,
    preparation: RefCell<Preparation<SyncFile>>,
    /// What was found last.
    found: RefCell<Vec<u32>>,
    /// Rows with a problem, by the last count of what is learned; until something changes.
    unlearnable: RefCell<Option<Unlearnable>>,
    /// Somebody waits to change it: who looks gives way.
    is_awaited: Cell<bool>,
}

/// Rows that should not be trained on as they are, and by which count.
struct Unlearnable {
    rows: Vec<(MaskProblem, u32)>,
    model: String,
    context_length: usize,
}

impl DatasetHost {
    /// Serves a request.
    ///
    /// # Errors
    /// Why it can't be served, in words for the person.
    pub async fn answer(&self, context: &CallContext, call: DatasetCall) -> Result<DatasetReply, Failure> {
        let result = match call.request {
            DatasetRequest::Remove => self.remove(&call.id).await,
            DatasetRequest::Preview(brought) => preview(brought),
            request => match self.opened(&call.id).await {
                Ok(dataset) => self.serve(context, &dataset, request).await,
                Err(message) => Err(Fault::Storage(message)),
            },
        };
        result.map_err(|fault| match fault {
            Fault::Preparation(PreparationFault::Stopped) => super::host::cancelled(),
            Fault::Preparation(fault) => Failure { kind: FailureKind::Storage, message: fault.to_string() },
            Fault::Storage(message) => Failure { kind: FailureKind::Storage, message },
        })
    }

    async fn opened(&self, id: &str) -> Result<Rc<OpenDataset>, String> {
        let mut open = self.open.lock().await;
        if let Some(dataset) = &*open
            && dataset.id == id
        {
            return Ok(dataset.clone());
        }
        // The files of the other one are closed once nobody looks at it any more.
        *open = None;
        let folder = dataset_files::folder(id).await?;
        let files = dataset_files::open(&folder).await?;
        let preparation = RefCell::new(Preparation::open(files).map_err(|fault| fault.to_string())?);
        let (found, unlearnable, is_awaited) = (RefCell::default(), RefCell::default(), Cell::default());
        let dataset = Rc::new(OpenDataset { id: id.to_owned(), folder, preparation, found, unlearnable, is_awaited });
        *open = Some(dataset.clone());
        Ok(dataset)
    }

    async fn remove(&self, id: &str) -> Result<DatasetReply, Fault> {
        let _turn = self.line.lock().await;
        let mut open = self.open.lock().await;
        open.take_if(|dataset| dataset.id == id);
        dataset_files::remove(id).await.map_err(Fault::Storage)?;
        Ok(DatasetReply::Removed)
    }

    async fn serve(
        &self,
        context: &CallContext,
        dataset: &OpenDataset,
        request: DatasetRequest,
    ) -> Result<DatasetReply, Fault> {
        let looks = WorkerPulse::new(context, Some(&dataset.is_awaited));
        match request {
            DatasetRequest::Overview => Ok(DatasetReply::Overview(dataset.overview())),
            DatasetRequest::Survey(checks) => dataset.survey(checks, &looks).await,
            DatasetRequest::Classes(by) => dataset.classes(&by, &looks).await,
            DatasetRequest::OpenRequests { step, most } => dataset.open_requests(&step, most, &looks).await,
            DatasetRequest::Scores(score) => dataset.scores(&score, &looks).await,
            DatasetRequest::Find(query) => dataset.find(&query, &looks).await,
            DatasetRequest::FindUnlearnable(problem) => dataset.find_unlearnable(problem),
            DatasetRequest::Lines { first, count } => dataset.lines(first, count),
            DatasetRequest::SetAside(most) => {
                Ok(DatasetReply::SetAside(SetAsideLine::first(&dataset.preparation.borrow(), most)?))
            }
            DatasetRequest::Detail(row) => {
                Ok(DatasetReply::Detail(Box::new(RowDetail::read(&dataset.preparation.borrow(), row)?)))
            }
            DatasetRequest::Mask { place, model } => dataset.mask(place, &model).await,
            DatasetRequest::CountLearned { model, context_length } => {
                dataset.count_learned(&model, context_length, &looks).await
            }
            request => {
                let _turn = self.line.lock().await;
                let pulse = WorkerPulse::new(context, None);
                match request {
                    DatasetRequest::Read(brought) => dataset.read(brought, &pulse).await,
                    DatasetRequest::CountOf(step) => dataset.count_of(step, &pulse).await,
                    DatasetRequest::Run(step) => dataset.run(step, &pulse).await,
                    DatasetRequest::DropUnlearnable(problem) => dataset.drop_unlearnable(problem, &pulse).await,
                    DatasetRequest::RecordAnswers(answers) => dataset.record_answers(&answers).await,
                    DatasetRequest::Rewind(steps) => dataset.change(|it| it.rewind(steps)).await,
                    DatasetRequest::Clear => dataset.change(Preparation::clear).await,
                    DatasetRequest::Export(exports) => dataset.export(&exports, &pulse).await,
                    _ => Err(Fault::Storage("this is not a request about a dataset".to_owned())),
                }
            }
        }
    }
}

#[expect(
    clippy::await_holding_refcell_ref,
    reason = "who looks holds it across awaits; who changes waits until nobody does (`changing`)"
)]
impl OpenDataset {
    fn overview(&self) -> Overview {
        Overview::of(&self.preparation.borrow())
    }

    /// Changes it once nobody looks any more.
    async fn changing<T>(&self, change: impl FnOnce(&mut Preparation<SyncFile>) -> T) -> T {
        self.is_awaited.set(true);
        loop {
            if let Ok(mut preparation) = self.preparation.try_borrow_mut() {
                self.is_awaited.set(false);
                *self.unlearnable.borrow_mut() = None;
                return change(&mut preparation);
            }
            yield_to_messages().await;
        }
    }

    async fn change(
        &self,
        change: impl FnOnce(&mut Preparation<SyncFile>) -> Result<(), PreparationFault>,
    ) -> Result<DatasetReply, Fault> {
        self.changing(change).await?;
        Ok(DatasetReply::Overview(self.overview()))
    }

    async fn read(&self, brought: BroughtFile, pulse: &WorkerPulse<'_>) -> Result<DatasetReply, Fault> {
        let name = brought.file.name();
        let reader = BlobReader::new(brought.file.clone().into()).map_err(Fault::Storage)?;
        let hash = FileHash::of(reader, brought.file.size() as u64, pulse).await.map_err(PreparationFault::from)?;
        let hash = hash.map_err(|error| Fault::Storage(format!("{name} can't be read: {error}")))?;
        let file = SourceFile {
            protected_cells: brought.protected_cells,
            ..SourceFile::new(&name, &hash, brought.read_as.clone())
        };
        let (records, read) = open_records(&brought)?;
        let mut reading = self.changing(|it| it.begin_reading(Opened::new(file, records, read))).await?;
        while self.changing(|it| it.read_chunk(&mut reading)).await? {
            pulse.beat(reading.progress()).await.map_err(PreparationFault::from)?;
        }
        Ok(DatasetReply::Overview(self.overview()))
    }

    async fn run(&self, step: Step, pulse: &WorkerPulse<'_>) -> Result<DatasetReply, Fault> {
        let computed = self.preparation.borrow().compute(step, pulse).await?;
        let done = self.changing(|it| it.commit(computed).cloned()).await?;
        Ok(DatasetReply::Done(Box::new(done), self.overview()))
    }

    async fn count_of(&self, step: Step, pulse: &WorkerPulse<'_>) -> Result<DatasetReply, Fault> {
        Ok(DatasetReply::Counted(self.preparation.borrow().counts_of(step, pulse).await?))
    }

    async fn survey(&self, checks: Vec<Check>, pulse: &WorkerPulse<'_>) -> Result<DatasetReply, Fault> {
        Ok(DatasetReply::Survey(survey(&self.preparation.borrow(), checks, pulse).await?))
    }

    async fn classes(&self, by: &ClassOf, pulse: &WorkerPulse<'_>) -> Result<DatasetReply, Fault> {
        Ok(DatasetReply::Classes(Classes::count(&self.preparation.borrow(), by, pulse).await?))
    }

    fn find_unlearnable(&self, problem: MaskProblem) -> Result<DatasetReply, Fault> {
        let found: Vec<u32> = match &*self.unlearnable.borrow() {
            Some(counted) => counted.rows.iter().filter(|(other, _)| *other == problem).map(|(_, row)| *row).collect(),
            None => return Err(not_counted()),
        };
        let count = found.len();
        *self.found.borrow_mut() = found;
        Ok(DatasetReply::Found(count))
    }

    /// The recipe names the rows: it is done again without the model.
    async fn drop_unlearnable(&self, problem: MaskProblem, pulse: &WorkerPulse<'_>) -> Result<DatasetReply, Fault> {
        let Some(Unlearnable { rows, model, context_length }) = self.unlearnable.take() else {
            return Err(not_counted());
        };
        let reason = match problem {
            MaskProblem::NothingLearned => format!("{model} learns nothing of it"),
            MaskProblem::Refused => format!("the template of {model} refuses it"),
            MaskProblem::TooLong => format!("it is longer than {context_length} tokens of {model}"),
        };
        let names = {
            let preparation = self.preparation.borrow();
            let mut pass = preparation.pass();
            let meant = rows.into_iter().filter(|(other, _)| *other == problem);
            meant.map(|(_, row)| preparation.name_of(pass.entry(row)?.origin)).collect::<Result<Vec<_>, _>>()?
        };
        self.run(Step::DropRows(DropRows { rows: names, reason }), pulse).await
    }

    async fn open_requests(&self, step: &Step, most: usize, pulse: &WorkerPulse<'_>) -> Result<DatasetReply, Fault> {
        Ok(DatasetReply::OpenRequests(open_requests(&self.preparation.borrow(), step, most, pulse).await?))
    }

    async fn record_answers(&self, answers: &[Answer]) -> Result<DatasetReply, Fault> {
        Ok(DatasetReply::Recorded(self.changing(|it| it.record_answers(answers)).await?))
    }

    async fn scores(&self, score: &Score, pulse: &WorkerPulse<'_>) -> Result<DatasetReply, Fault> {
        Ok(DatasetReply::Scores(score_histogram(&self.preparation.borrow(), score, pulse).await?))
    }

    async fn find(&self, query: &Query, pulse: &WorkerPulse<'_>) -> Result<DatasetReply, Fault> {
        let found = table::find(&self.preparation.borrow(), query, pulse).await?;
        let count = found.len();
        *self.found.borrow_mut() = found;
        Ok(DatasetReply::Found(count))
    }

    fn lines(&self, first: usize, count: usize) -> Result<DatasetReply, Fault> {
        let preparation = self.preparation.borrow();
        let mut pass = preparation.pass();
        let found = self.found.borrow();
        let rows = found.iter().skip(first).take(count).filter(|row| (**row as usize) < preparation.rows().len());
        let lines = rows.map(|row| RowLine::read(&preparation, &mut pass, *row)).collect::<Result<Vec<_>, _>>()?;
        Ok(DatasetReply::Lines(lines))
    }

    async fn mask(&self, place: u64, model: &str) -> Result<DatasetReply, Fault> {
        let text = text_of(model).await.map_err(|failure| Fault::Storage(failure.message))?;
        let preparation = self.preparation.borrow();
        let mut kept = preparation.rows().iter().enumerate().filter(|(_, row)| row.is_kept());
        let Some((number, _)) = kept.nth(place as usize) else {
            return Err(Fault::Storage("there is no such row".to_owned()));
        };
        let (entry, row) = preparation.pass().row(number as u32)?;
        let today = engine::clock::today();
        let mask = loss_mask(&text, &today).of(&row).map_err(|error| Fault::Storage(error.to_string()))?;
        Ok(DatasetReply::Mask(preparation.name_of(entry.origin)?, Box::new(mask)))
    }

    async fn count_learned(
        &self,
        model: &str,
        context_length: usize,
        pulse: &WorkerPulse<'_>,
    ) -> Result<DatasetReply, Fault> {
        let text = text_of(model).await.map_err(|failure| Fault::Storage(failure.message))?;
        let today = engine::clock::today();
        let mask = loss_mask(&text, &today);
        let mut totals = MaskTotals::new(Some(context_length));
        let preparation = self.preparation.borrow();
        let mut pass = preparation.pass();
        let rows = preparation.rows();
        let mut unlearnable = Vec::new();
        for number in (0..rows.len() as u32).filter(|row| rows[*row as usize].is_kept()) {
            let problem = totals.add(&mask.of(&pass.row(number)?.1));
            unlearnable.extend(problem.map(|problem| (problem, number)));
            let progress = Progress { stage: "counting tokens", done: number.into(), total: rows.len() as u64 };
            pulse.beat(progress).await.map_err(PreparationFault::from)?;
        }
        let model = model.to_owned();
        *self.unlearnable.borrow_mut() = Some(Unlearnable { rows: unlearnable, model, context_length });
        Ok(DatasetReply::MaskTotals(totals))
    }

    async fn export(&self, exports: &[Export], pulse: &WorkerPulse<'_>) -> Result<DatasetReply, Fault> {
        let preparation = self.preparation.borrow();
        self.folder.remove(EXPORTS).await.map_err(Fault::Storage)?;
        let folder = self.folder.make_directory(EXPORTS).await.map_err(Fault::Storage)?;
        let create = async |name: &str| -> Result<BufWriter<SyncFileWriter>, Fault> {
            let file = folder.open_to_write(name).await.map_err(Fault::Storage)?;
            Ok(BufWriter::with_capacity(1 << 20, SyncFileWriter::new(file).map_err(Fault::Storage)?))
        };
        let mut files = Vec::new();
        let mut written = Vec::new();
        for wanted in exports {
            let aside_name = wanted.set_aside_name();
            let (mut output, mut aside) = (create(&wanted.file).await?, create(&aside_name).await?);
            let exported = export(&preparation, wanted, &mut output, &mut aside, pulse).await?;
            files.push(finish(&wanted.file, Some(exported.written), output)?);
            let aside = finish(&aside_name, Some(exported.set_aside), aside)?;
            if exported.set_aside > 0 {
                files.push(aside);
            } else {
                folder.remove(&aside_name).await.map_err(Fault::Storage)?;
            }
            written.push((wanted.clone(), exported));
        }
        if preparation.aside_bytes() > 0 {
            let mut output = create("set-aside.jsonl").await?;
            preparation.read_aside(|bytes| output.write_all(bytes))?;
            files.push(finish("set-aside.jsonl", None, output)?);
        }
        let mut output = create(RecipeAnswers::USUAL_NAME).await?;
        let answers = preparation.write_used_answers(&mut output, pulse).await?;
        let file = finish(RecipeAnswers::USUAL_NAME, None, output)?;
        if answers.is_some() {
            files.push(file);
        } else {
            folder.remove(RecipeAnswers::USUAL_NAME).await.map_err(Fault::Storage)?;
        }
        let recipe = Recipe::of(&preparation, exports.to_vec()).with_answers(answers).to_text();
        let beside = files_beside(&preparation, &written);
        for (name, text) in beside.files.into_iter().chain([("recipe.yaml", recipe)]) {
            let mut output = create(name).await?;
            output.write_all(text.as_bytes()).map_err(|error| Fault::Storage(error.to_string()))?;
            files.push(finish(name, None, output)?);
        }
        Ok(DatasetReply::Exported(Written {
            files,
            rows_in_no_part: rows_in_no_part(&preparation, exports).len(),
            protected_cells: written.iter().map(|(_, exported)| exported.protected_cells).sum(),
            not_described: beside.not_described.iter().map(|(file, reason)| format!("{file}: {reason}")).collect(),
        }))
    }
}

fn finish(name: &str, rows: Option<u64>, mut output: BufWriter<SyncFileWriter>) -> Result<ExportedFile, Fault> {
    output.flush().map_err(|error| Fault::Storage(error.to_string()))?;
    Ok(ExportedFile { name: name.to_owned(), rows, bytes: output.get_ref().bytes() })
}

/// What a model learns, by what is in its file.
fn loss_mask<'a>(text: &'a ModelText, today: &'a str) -> LossMask<'a> {
    let (tokenizer, template) = (text.tokenizer(), Some(text.chat_template()));
    LossMask { tokenizer, template, turn_end: TurnEnd::default(), today }
}

fn preview(brought: BroughtFile) -> Result<DatasetReply, Fault> {
    let name = brought.file.name();
    let (records, _) = open_records(&brought)?;
    let preview = FilePreview::read(records, brought.read_as);
    Ok(DatasetReply::Preview(preview.map_err(|error| Fault::Storage(format!("{name} can't be read: {error}")))?))
}

/// Opens a file's rows, and finds what they come in.
fn open_records(brought: &BroughtFile) -> Result<(Box<dyn Records>, ReadBytes), Fault> {
    let name = brought.file.name();
    let fault = |error: std::io::Error| Fault::Storage(format!("{name} can't be read: {error}"));
    let mut reader = BlobReader::new(brought.file.clone().into()).map_err(Fault::Storage)?;
    let kind = FileKind::look(&name, &mut reader).map_err(fault)?;
    let kind = kind.map_err(|unknown| Fault::Storage(format!("{name} can't be used: {unknown}")))?;
    let kind = if brought.protected_cells { kind.with_protected_cells() } else { kind };
    let read = ReadBytes::default();
    let records = kind.read(Counted::new(reader, &read), &name, brought.read_as.chunking()).map_err(fault)?;
    Ok((records, read))
}

fn not_counted() -> Fault {
    Fault::Storage("the rows have changed since they were counted; count them again".to_owned())
}

/// Why a request can't be served.
enum Fault {
    Preparation(PreparationFault),
    Storage(String),
}

impl From<PreparationFault> for Fault {
    fn from(fault: PreparationFault) -> Self {
        Self::Preparation(fault)
    }
}

/// Tells the page how far work is, hears whether it should stop, and lets messages in.
struct WorkerPulse<'a> {
    context: &'a CallContext,
    gives_way: Option<&'a Cell<bool>>,
    last_ms: Cell<f64>,
}

impl<'a> WorkerPulse<'a> {
    fn new(context: &'a CallContext, gives_way: Option<&'a Cell<bool>>) -> Self {
        Self { context, gives_way, last_ms: Cell::new(now_ms()) }
    }
}

impl Pulse for WorkerPulse<'_> {
    async fn beat(&self, progress: Progress) -> Result<(), Stopped> {
        if now_ms() - self.last_ms.get() < BUSY_MS {
            return Ok(());
        }
        let Progress { stage, done, total } = progress;
        self.context.event(Event::Dataset(DatasetProgress { stage: stage.to_owned(), done, total }));
        yield_to_messages().await;
        while self.context.is_held() {
            TimeoutFuture::new(HELD_MS).await;
        }
        self.last_ms.set(now_ms());
        let gives_way = self.gives_way.is_some_and(Cell::get);
        if self.context.is_cancelled() || gives_way { Err(Stopped) } else { Ok(()) }
    }
}
