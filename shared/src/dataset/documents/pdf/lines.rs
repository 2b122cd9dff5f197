//! Glyphs as lines, and lines as paragraphs, by where they are on the page. They stay in the order in which they are drawn:
//! that is the order of reading in nearly all documents, whatever columns they have.

use hayro_font::kurbo::{Point, Vec2};

use super::super::sentences::ends_sentence;

/// A gap that is as wide, as a part of the size of the font, is a space: spaces have a quarter, letters that are set apart
/// a tenth.
const SPACE_PART: f64 = 0.15;

/// How far a glyph may be above or below its line.
const RISE_PART: f64 = 0.5;

/// How far it may be before the end of the last one.
const BACK_PART: f64 = 0.6;

/// Fonts whose sizes differ less are of the same size.
const LIKE_SIZE: f64 = 1.18;

/// How wide the glyphs of fonts are that have all the same width, as a part of their size.
const FIXED_WIDTH_PART: f64 = 0.6;

/// The most spaces that a line of code begins with.
const MOST_INDENT: usize = 40;

/// A line that is so many times further from others than is usual stands alone.
const ALONE_STEP: f64 = 1.8;

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
    /// All of it is in fonts whose glyphs have the same width.
    is_fixed_pitch: bool,
}

/// A glyph on a page.
pub(super) struct Glyph<'a> {
    pub(super) text: &'a str,
    pub(super) from: Point,
    /// Where the next one is.
    pub(super) to: Point,
    /// As long as its font is wide, where its line goes.
    pub(super) along: Vec2,
    /// As long as its font is high.
    pub(super) up: Vec2,
    pub(super) is_fixed_pitch: bool,
}

/// Lines that belong together.
#[derive(Debug, PartialEq)]
pub(super) struct Paragraph {
    pub(super) text: String,
    /// Its lines mean something as lines.
    pub(super) is_code: bool,
}

/// Puts glyphs into lines.
#[derive(Default)]
pub(super) struct Lines {
    done: Vec<Line>,
    open: Option<Line>,
}

impl Lines {
    /// Adds a glyph.
    pub(super) fn add(&mut self, glyph: &Glyph<'_>) {
        let size = glyph.up.hypot().max(f64::MIN_POSITIVE);
        let (along, up) = (unit(glyph.along), unit(glyph.up));
        let gap = self.open.as_ref().and_then(|line| line.gap_to(glyph.from, along, size));
        let line = match (&mut self.open, gap) {
            (Some(line), Some(gap)) => {
                if gap > SPACE_PART * size && !glyph.text.starts_with(char::is_whitespace) {
                    line.push_space();
                }
                if line.text.trim_end().chars().nth(1).is_none() {
                    // The mark of an item is often in another font.
                    line.size = size;
                }
                line.end = glyph.to;
                line.is_fixed_pitch &= glyph.is_fixed_pitch;
                line
            }
            (open, _) => {
                self.done.extend(open.take());
                open.insert(Line {
                    text: String::new(),
                    start: glyph.from,
                    end: glyph.to,
                    along,
                    up,
                    size,
                    is_fixed_pitch: glyph.is_fixed_pitch,
                })
            }
        };
        for character in glyph.text.chars() {
            match ligature(character) {
                Some(letters) => line.text.push_str(letters),
                // In code each space counts.
                None if character.is_whitespace() && glyph.is_fixed_pitch => line.text.push(' '),
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

    /// How far the next line is below it.
    fn step_to(&self, next: &Self) -> f64 {
        -(next.start - self.start).dot(self.up)
    }

    fn is_like(&self, next: &Self) -> bool {
        let sizes = (self.size / next.size).max(next.size / self.size);
        is_alike(self.along, next.along) && sizes < LIKE_SIZE
    }

    fn words(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether the next line is one more of the same code.
    fn is_code_before(&self, next: &Self) -> bool {
        let step = self.step_to(next);
        let is_below = step > RISE_PART * self.size && step < 3.0 * self.size;
        self.is_fixed_pitch && next.is_fixed_pitch && self.is_like(next) && is_below
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
            return ends_sentence(&self.text);
        }
        if step < RISE_PART * self.size {
            return true;
        }
        let indent = (next.start - self.start).dot(self.along);
        step > PARAGRAPH_STEP * usual_step.unwrap_or(1.2 * self.size)
            || (indent > self.size && ends_sentence(&self.text))
    }
}

/// The paragraphs of a page.
pub(super) fn paragraphs(lines: &[Line]) -> Vec<Paragraph> {
    let usual_step = usual_step(lines);
    let lines = without_page_number(lines, usual_step);
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    // The line before, and where the paragraph begins.
    let mut before: Option<(&Line, Point)> = None;
    for line in lines {
        let mut start = line.start;
        match (paragraphs.last_mut(), before) {
            (Some(paragraph), Some((before, block_start))) if paragraph.is_code && before.is_code_before(line) => {
                start = block_start;
                let is_apart = usual_step.is_some_and(|usual| before.step_to(line) > PARAGRAPH_STEP * usual);
                let indent = (line.start - start).dot(line.along) / (FIXED_WIDTH_PART * line.size);
                // What is no number becomes 0.
                let indent = (indent.round().max(0.0) as usize).min(MOST_INDENT);
                paragraph.text.push_str(if is_apart { "\n\n" } else { "\n" });
                paragraph.text.extend(std::iter::repeat_n(' ', indent));
                paragraph.text.push_str(line.text.trim_end());
            }
            (Some(paragraph), Some((before, _)))
                if !paragraph.is_code && !line.is_fixed_pitch && !before.ends_paragraph_before(line, usual_step) =>
            {
                join(&mut paragraph.text, &line.words());
            }
            _ => {
                let is_code = line.is_fixed_pitch;
                let text = if is_code { line.text.trim_end().to_owned() } else { line.words() };
                paragraphs.push(Paragraph { text, is_code });
            }
        }
        before = Some((line, start));
    }
    paragraphs
}

/// Lines but for a number that stands alone at the end or the beginning of the page.
fn without_page_number(lines: &[Line], usual_step: Option<f64>) -> &[Line] {
    let is_number = |line: &Line| {
        let digits = line.text.trim_matches([' ', '-', '–', '—']);
        (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_alone = |one: &Line, other: &Line| {
        let step = one.step_to(other);
        step < 0.0 || step > ALONE_STEP * usual_step.unwrap_or(one.size)
    };
    match lines {
        [rest @ .., before, last] if is_number(last) && !rest.is_empty() && is_alone(before, last) => {
            &lines[..lines.len() - 1]
        }
        [first, after, rest @ ..] if is_number(first) && !rest.is_empty() && is_alone(first, after) => &lines[1..],
        _ => lines,
    }
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

/// Goes on with a paragraph in the next line or on the next page. A word that was divided there becomes whole; what has a hyphen anyway keeps it.
pub(super) fn join(paragraph: &mut String, line: &str) {
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
