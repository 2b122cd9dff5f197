//! A dataset under way: the rows of files, and what steps make of them. It lives in a few [`Files`], survives a crash at
//! any moment, and holds little of its rows in memory.
//!
//! Files are read first; then steps follow one another. Each says for every row what becomes of it (a [`Change`]), and
//! the rows' state is what all changes made of it: so the last steps can be taken back, and the same files and steps give
//! the same rows everywhere.

mod answered;
mod change;
mod entry;
mod journal;
mod names;
mod pass;
mod pulse;
mod row_block;
mod state;
mod storage;
mod writers;

use std::io;

use serde::{Deserialize, Serialize};

pub use self::answered::UsedAnswers;
pub use self::change::{Change, Effect};
pub use self::entry::{Entry, Origin};
pub use self::journal::{Counts, DoneStep, FileHash, Progressed, SourceFile};
pub use self::names::RowNames;
pub use self::pass::Pass;
pub use self::pulse::{Progress, Pulse, Silent, Stopped};
pub use self::row_block::{RowBlock, RowBlocks};
pub(in crate::dataset) use self::state::of_part;
pub use self::state::{Part, RowState};
pub use self::storage::{Files, MemoryFile, StoredFile};

use self::journal::{Ends, Event, Line};
use self::storage::{Appender, Window};
use self::writers::RowWriter;
pub(super) use self::writers::StepWriter;
use super::asking::Answers;
use super::records::{ReadBytes, Records};
use super::rows::Rows;
use super::steps::{self, Step};
use crate::model_pool::ModelReference;

/// How much of a file is read before it is safe.
const CHUNK_BYTES: u64 = 8 << 20;

/// The same, where little of a file is many rows: it may be compressed.
const CHUNK_RECORDS: u32 = 50_000;

/// Why something can't be done.
#[derive(Debug, thiserror::Error)]
pub enum PreparationFault {
    /// The storage fails.
    #[error("the work can't be read or written: {0}")]
    Storage(io::Error),
    /// The file can't be read on.
    #[error("{name} can't be read on after {rows} rows: {error}")]
    Source {
        /// The file.
        name: String,
        /// How many rows were read.
        rows: u32,
        /// Why.
        error: io::Error,
    },
    /// The files are none of ours.
    #[error("what was kept of this work is damaged ({0}); begin it again from its files and its recipe")]
    Damaged(&'static str),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Refused(String),
    /// Models were not asked yet.
    #[error(
        "{open} requests to {model} have no answer yet; ask it first (in a terminal, `quern data run` with --ask asks \
         the models that the recipe names)"
    )]
    Unanswered {
        /// How many.
        open: u64,
        /// Who is to be asked.
        model: ModelReference,
    },
    /// Somebody asked to stop.
    #[error("stopped")]
    Stopped,
}

impl From<Stopped> for PreparationFault {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// A dataset under way.
pub struct Preparation<F> {
    files: Files<F>,
    sources: Vec<Source>,
    steps: Vec<Done>,
    rows: Vec<RowState>,
    ends: Ends,
    journal_end: u64,
    answers: Answers,
}

/// A file that rows come from, and how far it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file.
    pub file: SourceFile,
    /// How far it was read.
    pub progressed: Progressed,
    /// Whether that is its end.
    pub is_whole: bool,
}

/// A file to read rows from.
pub struct Opened<'a> {
    /// The file.
    pub file: SourceFile,
    /// Its rows, from its beginning.
    pub rows: Box<dyn RowBlocks + 'a>,
    /// How much of the file was read.
    pub read: ReadBytes,
}

impl<'a> Opened<'a> {
    /// Rows of a file, read as it says.
    pub fn new(file: SourceFile, records: Box<dyn Records + 'a>, read: ReadBytes) -> Self {
        let rows = Box::new(Rows::new(records, file.read_as.clone()));
        Self { file, rows, read }
    }
}

/// A file that is being read.
pub struct Reading<'a> {
    file: SourceFile,
    rows: Box<dyn RowBlocks + 'a>,
    read: ReadBytes,
}

impl Reading<'_> {
    /// How far it is read.
    pub fn progress(&self) -> Progress {
        Progress { stage: "reading", done: self.read.get(), total: self.file.bytes }
    }

    fn failed(&self, progressed: Progressed, error: io::Error) -> PreparationFault {
        PreparationFault::Source { name: self.file.name.clone(), rows: progressed.rows, error }
    }
}

/// A step that is computed and not done yet.
pub struct Computed {
    done: DoneStep,
    before: Ends,
    ends: Ends,
}

/// A step and what counted before it.
struct Done {
    done: DoneStep,
    before: Ends,
}

impl<F: StoredFile> Preparation<F> {
    /// Goes on with what is in the files; begins anew where they are empty.
    ///
    /// # Errors
    /// The storage fails, or the files are none of ours.
    pub fn open(files: Files<F>) -> Result<Self, PreparationFault> {
        let (lines, journal_end) = journal::read(&files.journal)?;
        let answers = Answers::read(&files.answers)?;
        let mut preparation = Self {
            files,
            sources: Vec::new(),
            steps: Vec::new(),
            rows: Vec::new(),
            ends: Ends::default(),
            journal_end,
            answers,
        };
        if lines.is_empty() {
            preparation.forget_uncounted()?;
            preparation.note(Event::begin())?;
            return Ok(preparation);
        }
        for line in lines {
            preparation.follow(line)?;
        }
        preparation.forget_uncounted()?;
        preparation.rebuild()?;
        Ok(preparation)
    }

    /// The files that rows come from.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The steps that were done.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = &DoneStep> {
        self.steps.iter().map(|step| &step.done)
    }

    /// What has become of every row.
    pub fn rows(&self) -> &[RowState] {
        &self.rows
    }

    /// Rows that came out of files; those behind them were made.
    pub fn rows_read(&self) -> u32 {
        self.sources.iter().map(|source| source.progressed.rows).sum()
    }

    /// Reads rows as they are now.
    pub fn pass(&self) -> Pass<'_, F> {
        Pass::new(self)
    }

    /// A file for a step to note what it likes in, empty.
    pub(super) fn scratch(&self) -> Result<&F, PreparationFault> {
        self.files.scratch.truncate(0)?;
        Ok(&self.files.scratch)
    }

    /// Reads a file, or goes on reading the last one where that stopped.
    ///
    /// # Errors
    /// The storage or the file fails, or somebody asked to stop; what was read until then stays.
    pub async fn read(&mut self, opened: Opened<'_>, pulse: &impl Pulse) -> Result<(), PreparationFault> {
        let mut reading = self.begin_reading(opened)?;
        while self.read_chunk(&mut reading)? {
            pulse.beat(reading.progress()).await?;
        }
        Ok(())
    }

    /// Begins to read a file, or goes on reading the last one where that stopped.
    ///
    /// # Errors
    /// The storage or the file fails, or another file has to be read first.
    pub fn begin_reading<'a>(&mut self, opened: Opened<'a>) -> Result<Reading<'a>, PreparationFault> {
        if !self.steps.is_empty() {
            return Err(PreparationFault::Refused("files are read before the first step".to_owned()));
        }
        self.begin_or_go_on(&opened.file)?;
        let Opened { file, rows, read } = opened;
        let mut reading = Reading { file, rows, read };
        let known = self.sources[self.sources.len() - 1].progressed;
        reading.rows.skip(known.records).map_err(|error| reading.failed(known, error))?;
        Ok(reading)
    }

    /// Reads some megabytes more, and makes them safe; false at the file's end.
    ///
    /// # Errors
    /// The storage or the file fails; what was read before stays.
    pub fn read_chunk(&mut self, reading: &mut Reading<'_>) -> Result<bool, PreparationFault> {
        let number = self.sources.len() - 1;
        let mut progressed = self.sources[number].progressed;
        let mut writer = RowWriter::new(&self.files, self.ends);
        let mut aside = Appender::new(&self.files.aside, self.ends.aside);
        let first_byte = reading.read.get();
        let mut records = 0_u32;
        let is_over = loop {
            if reading.read.get() - first_byte >= CHUNK_BYTES || records >= CHUNK_RECORDS {
                break false;
            }
            let block = reading.rows.next_block().map_err(|error| reading.failed(progressed, error))?;
            let Some(block) = block else { break true };
            writer.append_block(&block, number as u16, progressed.records)?;
            for refused in &block.set_aside {
                aside.append(refused.to_json_line(&reading.file.name).as_bytes())?;
            }
            records += block.records;
            progressed.records += block.records;
            progressed.rows += block.rows.len() as u32;
        };
        aside.flush()?;
        self.files.aside.flush()?;
        let aside = aside.end();
        let (texts, entries) = writer.finish()?;
        self.ends = Ends { texts, entries, aside, ..self.ends };
        self.rows.extend((self.rows.len() as u32..entries).map(RowState::new));
        self.sources[number].progressed = progressed;
        self.note(Event::Read(progressed))?;
        if is_over {
            self.sources[number].is_whole = true;
            self.note(Event::Whole)?;
        }
        Ok(!is_over)
    }

    fn begin_or_go_on(&mut self, file: &SourceFile) -> Result<(), PreparationFault> {
        if let Some(last) = self.sources.last()
            && !last.is_whole
        {
            if last.file == *file {
                return Ok(());
            }
            let (name, other) = (&last.file.name, &file.name);
            return Err(PreparationFault::Refused(if name == other {
                format!("{name} is not the file any more that was begun, or is read as something else; begin anew")
            } else {
                format!("{name} is read first: it was begun and is not at its end")
            }));
        }
        if self.sources.iter().any(|source| source.file.name == file.name) {
            return Err(PreparationFault::Refused(format!(
                "{} is there already; rows are named by their file",
                file.name
            )));
        }
        if self.sources.len() >= usize::from(u16::MAX) {
            return Err(PreparationFault::Refused(format!("there can be {} files; join some", u16::MAX)));
        }
        self.begin(file.clone());
        self.note(Event::Open(Box::new(file.clone())))
    }

    fn begin(&mut self, file: SourceFile) {
        self.sources.push(Source { file, progressed: Progressed::default(), is_whole: false });
    }

    /// Does a step.
    ///
    /// # Errors
    /// The storage fails, the step makes no sense here, or somebody asked to stop: then nothing was done.
    pub async fn run(&mut self, step: Step, pulse: &impl Pulse) -> Result<&DoneStep, PreparationFault> {
        let computed = self.compute(step, pulse).await?;
        self.commit(computed)
    }

    /// Computes what a step does, without doing it yet.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn compute(&self, step: Step, pulse: &impl Pulse) -> Result<Computed, PreparationFault> {
        if let Some(source) = self.sources.iter().find(|source| !source.is_whole) {
            return Err(PreparationFault::Refused(format!("{} is read to its end first", source.file.name)));
        }
        let mut writer = StepWriter::new(self);
        steps::run(self, &step, &mut writer, pulse).await?;
        writer.finish(step)
    }

    /// Counts what a step would do, and does nothing: how many rows it would drop, for example.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn counts_of(&self, step: Step, pulse: &impl Pulse) -> Result<Counts, PreparationFault> {
        let computed = self.compute(step, pulse).await;
        // What it wrote is of no use to anybody, and may be long.
        self.forget_uncounted()?;
        Ok(computed?.done.counts)
    }

    /// Does what was computed. Nothing may have been done in between.
    ///
    /// # Errors
    /// The storage fails.
    pub fn commit(&mut self, computed: Computed) -> Result<&DoneStep, PreparationFault> {
        let Computed { done, before, ends } = computed;
        if before != self.ends {
            return Err(PreparationFault::Refused("something else was done meanwhile; do the step again".to_owned()));
        }
        self.ends = ends;
        self.steps.push(Done { done: done.clone(), before });
        self.replay(self.steps.len() - 1)?;
        self.note(Event::Step(Box::new(done)))?;
        Ok(&self.steps[self.steps.len() - 1].done)
    }

    /// Takes back all steps but the first ones.
    ///
    /// # Errors
    /// The storage fails.
    pub fn rewind(&mut self, steps: usize) -> Result<(), PreparationFault> {
        if steps >= self.steps.len() {
            return Ok(());
        }
        self.forget_steps(steps);
        self.note(Event::Rewind { steps })?;
        self.forget_uncounted()?;
        self.rebuild()
    }

    /// Forgets everything but what models answered: who begins anew has paid for it already.
    ///
    /// # Errors
    /// The storage fails.
    pub fn clear(&mut self) -> Result<(), PreparationFault> {
        (self.sources, self.steps, self.rows, self.ends) = (Vec::new(), Vec::new(), Vec::new(), Ends::default());
        self.note(Event::Clear)?;
        self.forget_uncounted()
    }

    /// Why a row was dropped: the words, and the row that it is like.
    ///
    /// # Errors
    /// The storage fails.
    pub fn why_dropped(&self, row: u32) -> Result<Option<(String, Option<u32>)>, PreparationFault> {
        let Some(step) = self.rows.get(row as usize).and_then(|state| state.dropped_by()) else { return Ok(None) };
        let mut found = None;
        self.for_each_change(step, |change| {
            if let Effect::Drop { reason, like } = change.effect
                && change.row == row
            {
                found = Some((reason, like));
            }
            true
        })?;
        let reasons = &self.steps[step].done.reasons;
        Ok(found.and_then(|(reason, like)| Some((reasons.get(usize::from(reason))?.clone(), like))))
    }

    /// Reads what was set aside, block by block.
    ///
    /// # Errors
    /// The storage fails, or `take` does.
    pub fn read_aside(&self, take: impl FnMut(&[u8]) -> io::Result<()>) -> Result<(), PreparationFault> {
        copy(&self.files.aside, self.ends.aside, take)
    }

    /// How what was set aside begins: so many bytes, or all there are.
    ///
    /// # Errors
    /// The storage fails.
    pub(in crate::dataset) fn beginning_of_aside(&self, most_bytes: u64) -> Result<Vec<u8>, PreparationFault> {
        let mut bytes = Vec::new();
        copy(&self.files.aside, self.ends.aside.min(most_bytes), |block| {
            bytes.extend_from_slice(block);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Bytes of what was set aside.
    pub fn aside_bytes(&self) -> u64 {
        self.ends.aside
    }

    /// Follows a line of the journal.
    fn follow(&mut self, line: Line) -> Result<(), PreparationFault> {
        let orphan = PreparationFault::Damaged("the journal speaks of a file that was not begun");
        let before = std::mem::replace(&mut self.ends, line.ends);
        match line.event {
            Event::Begin { .. } => {}
            Event::Open(file) => self.begin(*file),
            Event::Read(progressed) => self.sources.last_mut().ok_or(orphan)?.progressed = progressed,
            Event::Whole => self.sources.last_mut().ok_or(orphan)?.is_whole = true,
            Event::Step(done) => self.steps.push(Done { done: *done, before }),
            Event::Rewind { steps } => self.forget_steps(steps),
            Event::Clear => (self.sources, self.steps) = (Vec::new(), Vec::new()),
        }
        Ok(())
    }

    fn forget_steps(&mut self, steps: usize) {
        if let Some(first) = self.steps.get(steps) {
            self.ends = first.before;
            self.steps.truncate(steps);
        }
    }

    /// The rows' state, from what is in the files.
    fn rebuild(&mut self) -> Result<(), PreparationFault> {
        self.rows = (0..self.rows_read()).map(RowState::new).collect();
        (0..self.steps.len()).try_for_each(|step| self.replay(step))
    }

    /// Does to the rows what a step did.
    fn replay(&mut self, step: usize) -> Result<(), PreparationFault> {
        let number =
            u16::try_from(step).map_err(|_| PreparationFault::Refused("there are too many steps".to_owned()))?;
        let mut rows = std::mem::take(&mut self.rows);
        let made_sense = self.for_each_change(step, |change| state::apply(&mut rows, number, change));
        self.rows = rows;
        if made_sense? { Ok(()) } else { Err(PreparationFault::Damaged("a change is none of ours")) }
    }

    /// Gives each change of a step to `take` until that is false; says whether it never was.
    fn for_each_change(&self, step: usize, mut take: impl FnMut(Change) -> bool) -> Result<bool, PreparationFault> {
        let first = self.steps[step].before.changes;
        let end = self.steps.get(step + 1).map_or(self.ends.changes, |next| next.before.changes);
        let mut window = Window::new(&self.files.changes, end * Change::BYTES as u64);
        for number in first..end {
            let bytes = window.at(number * Change::BYTES as u64, Change::BYTES)?;
            if !take(Change::from_bytes(bytes).ok_or(PreparationFault::Damaged("a change is none of ours"))?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn note(&mut self, event: Event) -> Result<(), PreparationFault> {
        let line = Line { event, ends: self.ends };
        self.journal_end = journal::write(&self.files.journal, self.journal_end, &line)?;
        Ok(())
    }

    /// Cuts off what no line of the journal speaks of.
    fn forget_uncounted(&self) -> Result<(), PreparationFault> {
        let Files { texts, entries, changes, aside, scratch, .. } = &self.files;
        let lengths = [
            (texts, self.ends.texts),
            (entries, u64::from(self.ends.entries) * Entry::BYTES as u64),
            (changes, self.ends.changes * Change::BYTES as u64),
            (aside, self.ends.aside),
            (scratch, 0),
        ];
        for (file, length) in lengths {
            let found = file.length()?;
            if found < length {
                return Err(PreparationFault::Damaged("a file is shorter than the journal says"));
            }
            if found > length {
                file.truncate(length)?;
            }
        }
        Ok(())
    }
}

/// Gives a file's bytes to `take`, block by block.
fn copy<F: StoredFile>(
    file: &F,
    length: u64,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), PreparationFault> {
    let mut window = Window::new(file, length);
    let mut offset = 0;
    while offset < length {
        let block = (length - offset).min(1 << 20);
        take(window.at(offset, block as usize)?)?;
        offset += block;
    }
    Ok(())
}

#[cfg(test)]
pub(in crate::dataset) mod tests;
