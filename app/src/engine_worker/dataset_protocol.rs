//! What the page asks the worker of datasets, and what comes back.

use serde::{Deserialize, Serialize};
use shared::dataset::asking::{Answer, OpenRequests, Score, Scores};
use shared::dataset::checks::Check;
use shared::dataset::classes::{ClassOf, Classes};
use shared::dataset::export::Export;
use shared::dataset::loss_mask::{MaskProblem, MaskTotals, MaskedRow};
use shared::dataset::overview::Overview;
use shared::dataset::preparation::{Counts, DoneStep};
use shared::dataset::preview::FilePreview;
use shared::dataset::rows::ReadAs;
use shared::dataset::set_aside::SetAsideLine;
use shared::dataset::steps::Step;
use shared::dataset::survey::Survey;
use shared::dataset::table::{Query, RowDetail, RowLine};

/// A request about one dataset.
#[derive(Serialize, Deserialize)]
pub struct DatasetCall {
    /// The dataset's id, which is its folder's name.
    pub id: String,
    /// What to do.
    pub request: DatasetRequest,
}

/// What can be asked of a dataset. What takes long tells its progress.
#[derive(Serialize, Deserialize)]
pub enum DatasetRequest {
    /// How it stands. Answer: [`DatasetReply::Overview`].
    Overview,
    /// Look at a file's first rows. Answer: [`DatasetReply::Preview`].
    Preview(BroughtFile),
    /// Read a file, or go on reading it. Answer: [`DatasetReply::Overview`].
    Read(BroughtFile),
    /// Do a step. Answer: [`DatasetReply::Done`].
    Run(Step),
    /// Count what a step would do, and do nothing. Answer: [`DatasetReply::Counted`].
    CountOf(Step),
    /// What must be asked before a step can be done, and the first requests of it. Answer:
    /// [`DatasetReply::OpenRequests`].
    OpenRequests {
        /// The step.
        step: Step,
        /// Most requests to give; the others are counted.
        most: usize,
    },
    /// Keep what models answered; once it is kept it is never asked again. Answer: [`DatasetReply::Recorded`].
    RecordAnswers(Vec<Answer>),
    /// How the scores that are known are spread; the step's threshold makes no difference. Answer:
    /// [`DatasetReply::Scores`].
    Scores(Score),
    /// Take back all steps but so many. Answer: [`DatasetReply::Overview`].
    Rewind(usize),
    /// Forget all rows and steps. Answer: [`DatasetReply::Overview`].
    Clear,
    /// Look at all rows. Answer: [`DatasetReply::Survey`].
    Survey(Vec<Check>),
    /// Count the classes of all rows. Answer: [`DatasetReply::Classes`].
    Classes(ClassOf),
    /// Find rows. Answer: [`DatasetReply::Found`].
    Find(Query),
    /// Some of the rows that were found. Answer: [`DatasetReply::Lines`].
    Lines {
        /// The first one's place among those found.
        first: usize,
        /// How many.
        count: usize,
    },
    /// The first rows that were set aside while files were read. Answer: [`DatasetReply::SetAside`].
    SetAside(usize),
    /// All of a row. Answer: [`DatasetReply::Detail`].
    Detail(u32),
    /// What a stored model learns of a row. Answer: [`DatasetReply::Mask`].
    Mask {
        /// The row's place among those that are kept.
        place: u64,
        /// The model's name.
        model: String,
    },
    /// What a stored model learns of all rows. Answer: [`DatasetReply::MaskTotals`].
    CountLearned {
        /// The model's name.
        model: String,
        /// The most tokens of a row.
        context_length: usize,
    },
    /// Find the rows that have this problem by the last count of what is learned. Answer: [`DatasetReply::Found`].
    FindUnlearnable(MaskProblem),
    /// Drop the rows that have this problem by the last count of what is learned. Answer: [`DatasetReply::Done`].
    DropUnlearnable(MaskProblem),
    /// Write files. Answer: [`DatasetReply::Exported`].
    Export(Vec<Export>),
    /// Remove it from the storage. Answer: [`DatasetReply::Removed`].
    Remove,
}

/// A file that a person brought.
#[derive(Serialize, Deserialize)]
pub struct BroughtFile {
    /// The file, handed over by reference.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pub file: web_sys::File,
    /// What its rows are read as.
    pub read_as: ReadAs,
    /// Whether apostrophes before cells that spreadsheets take for formulas are taken away.
    pub protected_cells: bool,
}

/// What comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DatasetReply {
    /// How it stands.
    Overview(Overview),
    /// What a file seems to be.
    Preview(FilePreview),
    /// What a step did, and how it stands then.
    Done(Box<DoneStep>, Overview),
    /// What a step would do.
    Counted(Counts),
    /// What must be asked.
    OpenRequests(OpenRequests),
    /// So many answers are new.
    Recorded(u32),
    /// How scores are spread.
    Scores(Scores),
    /// What checks and measures found.
    Survey(Survey),
    /// How many rows were found.
    Found(usize),
    /// How many rows each class has.
    Classes(Classes),
    /// Rows.
    Lines(Vec<RowLine>),
    /// What was set aside.
    SetAside(Vec<SetAsideLine>),
    /// All of a row.
    Detail(Box<RowDetail>),
    /// What is learned of a row: its name, and its tokens.
    Mask(String, Box<MaskedRow>),
    /// What is learned of all rows.
    MaskTotals(MaskTotals),
    /// Files that wait in the dataset's folder to be saved.
    Exported(Written),
    /// It is no more.
    Removed,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The files, which wait in the dataset's folder.
    pub files: Vec<ExportedFile>,
    /// Kept rows that are in none of them, because they are in no part.
    pub rows_in_no_part: usize,
    /// Cells of tables with an apostrophe before them, so that no spreadsheet takes them for formulas.
    pub protected_cells: u64,
    /// Files that LLaMA-Factory's description leaves out, and why.
    pub not_described: Vec<String>,
}

/// A file that waits to be saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// Its name.
    pub name: String,
    /// Its rows, where it has some.
    pub rows: Option<u64>,
    /// Its length.
    pub bytes: u64,
}

/// How far long work on a dataset is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetProgress {
    /// What is being done.
    pub stage: String,
    /// How much of it is done.
    pub done: u64,
    /// How much there is.
    pub total: u64,
}
