//! HTML, tag by tag: no tree is built, so that nothing can nest too deeply. What a person reads becomes blocks; menus, scripts
//! and styles do not.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

use super::encoding::Places;
use super::outline::Outline;
use super::{Block, BlockKind, Part};
use crate::dataset::records::Place;

/// What is in these is nothing to read.
const SKIPPED: &[&str] = &[
    "canvas", "datalist", "iframe", "nav", "noembed", "noframes", "noscript", "object", "script", "select", "style",
    "svg", "template", "title",
];

/// These end a paragraph, where they begin and where they end.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "button",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "menu",
    "ol",
    "p",
    "pre",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];

/// Reads blocks.
pub(super) fn read(text: &str) -> Vec<Part> {
    read_under(text, 1, &mut Outline::default())
}

/// Reads blocks of a piece of HTML that begins in a line of its document and under headings; goes on under its own.
pub(super) fn read_under(text: &str, first_line: u64, outline: &mut Outline) -> Vec<Part> {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut reader = Reader::new(text, first_line, outline);
    for token in Tokenizer::new_with_emitter(text, emitter) {
        // Reading from memory can't fail.
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => reader.open(&String::from_utf8_lossy(&tag.name), tag.self_closing, tag.span.start),
            Token::EndTag(tag) => reader.close(&String::from_utf8_lossy(&tag.name)),
            Token::String(words) => reader.words(&String::from_utf8_lossy(&words), words.span.start),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    reader.finish()
}

struct Reader<'a> {
    outline: &'a mut Outline,
    places: Places<'a>,
    parts: Vec<Part>,
    /// The text of the block that is open.
    text: String,
    /// Where that begins.
    place: Option<Place>,
    /// What is skipped, and how often it was opened.
    skipped: Option<(String, usize)>,
    heading: Option<u8>,
    preformatted: usize,
    /// The lists that are open, with the number of the next item where they are numbered.
    lists: Vec<Option<u64>>,
    /// What the next text of an item begins with.
    mark: Option<String>,
    /// The tables that are open, from the outside in.
    tables: Vec<Table>,
}

/// A table that is open.
#[derive(Default)]
struct Table {
    /// It only puts things in their place on a page: other tables, headings. Then its cells are blocks like others.
    is_layout: bool,
    rows: String,
    cells: Vec<String>,
    place: Option<Place>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, first_line: u64, outline: &'a mut Outline) -> Self {
        Self {
            outline,
            places: Places::new(text, first_line),
            parts: Vec::new(),
            text: String::new(),
            place: None,
            skipped: None,
            heading: None,
            preformatted: 0,
            lists: Vec::new(),
            mark: None,
            tables: Vec::new(),
        }
    }

    fn open(&mut self, tag: &str, is_closed: bool, byte: usize) {
        if let Some((skipped, levels)) = &mut self.skipped {
            if tag == skipped {
                *levels += usize::from(!is_closed);
            }
            // A menu that nobody closed ends where the page begins.
            if !matches!(tag, "main" | "article" | "h1") || skipped != "nav" {
                return;
            }
            self.skipped = None;
        }
        if SKIPPED.contains(&tag) {
            if !is_closed || !matches!(tag, "svg") {
                self.skipped = Some((tag.to_owned(), 1));
            }
            return;
        }
        match tag {
            "br" => self.text.push('\n'),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.lay_out_table();
                self.end_block();
                self.heading = tag[1..].parse().ok();
            }
            "table" => {
                self.lay_out_table();
                self.end_block();
                self.tables.push(Table { place: Some(self.places.at(byte)), ..Table::default() });
            }
            "tr" => self.end_row(),
            "td" | "th" => self.end_cell(),
            _ if BLOCKS.contains(&tag) => {
                self.end_block();
                match tag {
                    "pre" => self.preformatted += 1,
                    "ul" | "menu" | "dir" => self.lists.push(None),
                    "ol" => self.lists.push(Some(1)),
                    "li" => self.begin_item(),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, tag: &str) {
        if let Some((skipped, levels)) = &mut self.skipped {
            if tag == skipped {
                *levels -= 1;
            }
            if *levels == 0 || tag == "body" {
                self.skipped = None;
            }
            return;
        }
        match tag {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.end_block(),
            "tr" => self.end_row(),
            "td" | "th" => self.end_cell(),
            "table" => self.end_table(),
            _ if BLOCKS.contains(&tag) => {
                self.end_block();
                match tag {
                    "pre" => self.preformatted = self.preformatted.saturating_sub(1),
                    "ul" | "ol" | "menu" | "dir" => {
                        self.lists.pop();
                    }
                    "li" => self.mark = None,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn words(&mut self, words: &str, byte: usize) {
        if self.skipped.is_some() {
            return;
        }
        if self.place.is_none() {
            let before = words.len() - words.trim_start().len();
            if before == words.len() && self.preformatted == 0 {
                // White space between blocks is nothing; within one it is there already.
                return;
            }
            self.place = Some(self.places.at(byte + before));
        }
        if self.preformatted > 0 {
            self.text.push_str(&words.replace("\r\n", "\n"));
            return;
        }
        for piece in words.split_inclusive(char::is_whitespace) {
            let word = piece.trim_end();
            // Where a word may be hyphenated is nothing to read.
            self.text.extend(word.chars().filter(|it| *it != '\u{ad}'));
            if word.len() < piece.len() && !self.text.ends_with([' ', '\n']) {
                self.text.push(' ');
            }
        }
    }

    /// Ends a paragraph, a heading, an item; within a table's cell the text goes on.
    fn end_block(&mut self) {
        if self.tables.last().is_some_and(|table| !table.is_layout) {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            return;
        }
        let (text, place) = (std::mem::take(&mut self.text), self.place.take());
        let is_code = self.preformatted > 0;
        let words = if is_code { text.trim_end().trim_start_matches('\n').to_owned() } else { trim_lines(&text) };
        let heading = self.heading.take();
        let Some(place) = place.filter(|_| !words.trim().is_empty()) else { return };
        if let Some(level) = heading {
            self.outline.enter(level, &words);
        }
        let (mark, kind) = match (self.mark.take(), heading) {
            (_, Some(level)) => (String::new(), BlockKind::Heading(level)),
            (mark, None) if is_code => (mark.unwrap_or_default(), BlockKind::Lines),
            (Some(mark), None) => (mark, BlockKind::Item),
            (None, None) => (String::new(), BlockKind::Paragraph),
        };
        self.push(format!("{mark}{words}"), kind, place);
    }

    fn push(&mut self, text: String, kind: BlockKind, place: Place) {
        let headings = self.outline.path();
        self.parts.push(Part::Block(Block { text, kind, headings, place, is_verbatim: false }));
    }

    fn begin_item(&mut self) {
        let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(8));
        self.mark = Some(match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{indent}{}. ", *number - 1)
            }
            _ => format!("{indent}- "),
        });
    }

    fn end_cell(&mut self) {
        match self.tables.last_mut() {
            Some(table) if !table.is_layout => {
                (self.place, self.mark) = (None, None);
                let text = std::mem::take(&mut self.text);
                let cell = text.split_whitespace().collect::<Vec<_>>().join(" ");
                if !cell.is_empty() {
                    table.cells.push(cell);
                }
            }
            _ => self.end_block(),
        }
    }

    fn end_row(&mut self) {
        self.end_cell();
        let Some(table) = self.tables.last_mut() else { return };
        if !table.cells.is_empty() {
            table.rows.push_str(&std::mem::take(&mut table.cells).join(" | "));
            table.rows.push('\n');
        }
    }

    /// What was read of a table becomes a block; what comes is read as if there were none.
    fn lay_out_table(&mut self) {
        self.write_table();
        if let Some(table) = self.tables.last_mut() {
            table.is_layout = true;
        }
    }

    fn write_table(&mut self) {
        self.end_row();
        let Some(table) = self.tables.last_mut() else { return };
        let rows = std::mem::take(&mut table.rows);
        let place = table.place.take();
        if let Some(place) = place.filter(|_| !rows.is_empty()) {
            self.push(rows.trim_end().to_owned(), BlockKind::Lines, place);
        }
    }

    fn end_table(&mut self) {
        self.write_table();
        self.end_block();
        self.tables.pop();
    }

    fn finish(mut self) -> Vec<Part> {
        self.lay_out_table();
        self.end_block();
        self.parts
    }
}

/// Lines without white space around them, and without empty ones at both ends.
fn trim_lines(text: &str) -> String {
    text.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n")
}
