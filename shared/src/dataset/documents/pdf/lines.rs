//! Glyphs as lines, and lines as paragraphs, by where they are on the page. They stay in the order in which they are drawn:
//! that is the order of reading in nearly all documents, whatever columns they have.

use hayro_font::kurbo::{Point, Vec2};

/// A gap that is as wide, as a part of the size of the font, is a space: spaces have a quarter, letters that are set apart
/// a tenth.
const SPACE_PART: f64 = 0.15;

/// How far a glyph may be above or below its line.
const RISE_PART: f64 = 0.5;

/// How far it may be before the end of the last one.
const BACK_PART: f64 = 0.6;

/// Fonts whose sizes differ less are of the same size.
const LIKE_SIZE: f64 = 1.18;

/// A paragraph's lines are apart as is usual on the page; the next paragraph is further.
const PARAGRAPH_STEP: f64 = 1.3;

/// A line.
pub(super) struct Line {
    text: String,
    start: Point,
    end: Point,
    /// Where it goes, of length 1.
    along: Vec2,
    /// Where the line before it is, of length 1.
    up: Vec2,
    /// The size of its font on the page.
    size: f64,
}

/// Puts glyphs into lines.
#[derive(Default)]
pub(super) struct Lines {
    done: Vec<Line>,
    open: Option<Line>,
}

impl Lines {
    /// Adds a glyph that goes from a point to another, in a font whose em goes along and up like that.
    pub(super) fn add(&mut self, text: &str, from: Point, to: Point, along: Vec2, up: Vec2) {
        let size = up.hypot().max(f64::MIN_POSITIVE);
        let (along, up) = (unit(along), unit(up));
        let gap = self.open.as_ref().and_then(|line| line.gap_to(from, along, size));
        let line = match (&mut self.open, gap) {
            (Some(line), Some(gap)) => {
                if gap > SPACE_PART * size && !text.starts_with(char::is_whitespace) {
                    line.push_space();
                }
                line.end = to;
                line
            }
            (open, _) => {
                self.done.extend(open.take());
                open.insert(Line { text: String::new(), start: from, end: to, along, up, size })
            }
        };
        for character in text.chars() {
            match ligature(character) {
                Some(letters) => line.text.push_str(letters),
                None if character.is_whitespace() => line.push_space(),
                None if character.is_control() => {}
                None => line.text.push(character),
            }
        }
    }

    /// How many lines there are.
    pub(super) fn count(&self) -> usize {
        self.done.len()
    }

    pub(super) fn finish(mut self) -> Vec<Line> {
        self.done.extend(self.open.take());
        self.done.retain(|line| !line.text.trim().is_empty());
        self.done
    }
}

impl Line {
    /// How far behind its end a glyph is; `None` where that is no part of it.
    fn gap_to(&self, from: Point, along: Vec2, size: f64) -> Option<f64> {
        let most = size.max(self.size);
        let rise = (from - self.start).dot(self.up).abs();
        let gap = (from - self.end).dot(self.along);
        (is_alike(self.along, along) && rise <= RISE_PART * most && gap >= -BACK_PART * most).then_some(gap)
    }

    fn push_space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    fn ends_sentence(&self) -> bool {
        let words = self.text.trim_end().trim_end_matches(['"', '\'', ')', ']', '\u{bb}', '\u{2019}', '\u{201d}']);
        words.ends_with(['.', '!', '?', ':', '…', '。', '！', '？'])
    }

    /// How far the next line is below it.
    fn step_to(&self, next: &Self) -> f64 {
        -(next.start - self.start).dot(self.up)
    }

    fn is_like(&self, next: &Self) -> bool {
        let sizes = (self.size / next.size).max(next.size / self.size);
        is_alike(self.along, next.along) && sizes < LIKE_SIZE
    }

    /// Whether a paragraph ends with it.
    fn ends_paragraph_before(&self, next: &Self, usual_step: Option<f64>) -> bool {
        if !self.is_like(next) || next.text.trim_start().starts_with(['•', '◦', '▪', '‣', '●', '○', '■', '►', '–'])
        {
            return true;
        }
        let step = self.step_to(next);
        if step < -RISE_PART * self.size {
            // Another column: a sentence may go on there.
            return self.ends_sentence();
        }
        if step < RISE_PART * self.size {
            return true;
        }
        let indent = (next.start - self.start).dot(self.along);
        step > PARAGRAPH_STEP * usual_step.unwrap_or(1.2 * self.size) || (indent > self.size && self.ends_sentence())
    }
}

/// The paragraphs of a page.
pub(super) fn paragraphs(lines: &[Line]) -> Vec<String> {
    let usual_step = usual_step(lines);
    let mut paragraphs: Vec<String> = Vec::new();
    let mut before: Option<&Line> = None;
    for line in lines {
        let words = line.text.trim();
        match (paragraphs.last_mut(), before) {
            (Some(paragraph), Some(before)) if !before.ends_paragraph_before(line, usual_step) => {
                join(paragraph, words)
            }
            _ => paragraphs.push(words.to_owned()),
        }
        before = Some(line);
    }
    paragraphs
}

/// How far lines of the same size are usually apart.
fn usual_step(lines: &[Line]) -> Option<f64> {
    let mut steps: Vec<f64> = lines
        .windows(2)
        .filter(|pair| pair[0].is_like(&pair[1]))
        .map(|pair| (pair[0].step_to(&pair[1]), pair[0].size))
        .filter(|(step, size)| *step > RISE_PART * size && *step < 3.0 * size)
        .map(|(step, _)| step)
        .collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied()
}

/// Goes on with a paragraph in the next line. A word that was divided there becomes whole; what has a hyphen anyway keeps it.
fn join(paragraph: &mut String, line: &str) {
    let divided =
        paragraph.strip_suffix(['-', '\u{ad}', '\u{2010}']).filter(|before| before.ends_with(char::is_alphanumeric));
    match divided.map(str::len) {
        Some(length) if line.starts_with(char::is_lowercase) => paragraph.truncate(length),
        Some(_) if line.starts_with(char::is_alphanumeric) => {}
        _ => paragraph.push(' '),
    }
    paragraph.push_str(line);
}

/// The letters that a font draws as one.
fn ligature(character: char) -> Option<&'static str> {
    Some(match character {
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        _ => return None,
    })
}

fn unit(vector: Vec2) -> Vec2 {
    let length = vector.hypot();
    if length > 0.0 && length.is_finite() { vector / length } else { Vec2::new(1.0, 0.0) }
}

fn is_alike(one: Vec2, other: Vec2) -> bool {
    one.dot(other) > 0.98
}
