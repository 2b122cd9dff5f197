//! The glyphs of a page, with what they mean and where they are: the operators of its content that place text.

use std::collections::HashMap;
use std::sync::Arc;

use hayro_font::hayro_cmap::BfString;
use hayro_font::kurbo::{Affine, Point, Vec2};
use hayro_font::{CMapResolverFn, Font, FontCache, FontGlyph, FontQuery, FontResolverFn, GlyphId, UNITS_PER_EM};
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction;
use hayro_syntax::object::dict::keys::{
    BASE_FONT, CID_TO_GID_MAP, CONTENTS, DESCENDANT_FONTS, ENCODING, FLAGS, FONT_DESC, FONT_FILE, FONT_FILE2,
    FONT_FILE3, MATRIX, RESOURCES, SUBTYPE, TO_UNICODE,
};
use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream};
use hayro_syntax::page::{Page, Resources};

use super::limits::Limits;
use super::lines::{Glyph, Line, Lines};

/// The flag of a font's descriptor that says so.
const FIXED_PITCH: u32 = 1;

/// Forms within forms.
const MOST_LEVELS: usize = 16;

/// What a form costs beside what is in it: it is unpacked each time.
const FORM_OPERATIONS: u64 = 100;

/// Graphics states that are kept; whoever keeps more has lost count.
const MOST_STATES: usize = 1000;

/// Lines of a page. Whoever has more puts each letter elsewhere.
const MOST_LINES: usize = 100_000;

/// What is written on a page.
pub(super) struct PageText {
    pub(super) lines: Vec<Line>,
    /// Characters that are known.
    pub(super) known: u64,
    /// Glyphs of which nobody knows what they mean. A few are usual: of letters that are drawn as several glyphs only the first
    /// has a meaning.
    pub(super) unknown: u64,
    pub(super) has_image: bool,
}

/// Reads the glyphs of a page.
pub(super) struct Glyphs<'a, 'b> {
    fonts: &'b FontCache<'a>,
    limits: &'b mut Limits,
    font_resolver: FontResolverFn,
    cmap_resolver: CMapResolverFn,
    lines: Lines,
    known: u64,
    unknown: u64,
    has_image: bool,
}

/// What `q` keeps and `Q` brings back, as far as text needs it.
#[derive(Clone)]
struct State<'a> {
    /// From the content's place to the page's.
    to_page: Affine,
    font: Option<PageFont<'a>>,
    size: f64,
    character_space: f64,
    word_space: f64,
    horizontal_scale: f64,
    leading: f64,
    rise: f64,
}

/// A font.
#[derive(Clone)]
struct PageFont<'a> {
    font: Font<'a>,
    /// All its glyphs are of the same width: code is written in it.
    is_fixed_pitch: bool,
}

/// Where text is.
#[derive(Default)]
struct TextPlace {
    line: Affine,
    glyph: Affine,
    /// What is there is no part of the text.
    is_artifact: bool,
}

impl TextPlace {
    fn set(&mut self, matrix: Affine) {
        (self.line, self.glyph) = (matrix, matrix);
    }

    fn next_line(&mut self, right: f64, up: f64) {
        self.set(self.line * Affine::translate((right, up)));
    }
}

/// Marked content; what is an artifact is no part of the text: running heads, page numbers.
#[derive(Default)]
struct Marks {
    levels: usize,
    artifact: Option<usize>,
}

impl Marks {
    /// Whether what comes is an artifact.
    fn begin(&mut self, tag: &[u8]) -> bool {
        self.levels += 1;
        if tag == b"Artifact" {
            self.artifact.get_or_insert(self.levels);
        }
        self.artifact.is_some()
    }

    /// Whether what comes is an artifact.
    fn end(&mut self) -> bool {
        self.artifact.take_if(|level| *level == self.levels);
        self.levels = self.levels.saturating_sub(1);
        self.artifact.is_some()
    }
}

impl<'a, 'b> Glyphs<'a, 'b> {
    pub(super) fn new(fonts: &'b FontCache<'a>, limits: &'b mut Limits) -> Self {
        Self {
            fonts,
            limits,
            font_resolver: Arc::new(|query| match query {
                FontQuery::Standard(font) => Some(font.get_font_data()),
                FontQuery::Fallback(query) => Some(query.pick_standard_font().get_font_data()),
            }),
            cmap_resolver: Arc::new(|_| None),
            lines: Lines::default(),
            known: 0,
            unknown: 0,
            has_image: false,
        }
    }

    /// Reads a page.
    ///
    /// # Errors
    /// It is more than a page can be.
    pub(super) fn read(mut self, page: &Page<'a>) -> Result<PageText, String> {
        let contents = page.raw();
        let streams: Vec<Stream<'a>> = match contents.get::<Stream<'a>>(CONTENTS) {
            Some(stream) => vec![stream],
            None => contents.get::<Array<'a>>(CONTENTS).map_or_else(Vec::new, |list| list.iter().collect()),
        };
        let mut content = Vec::new();
        for stream in &streams {
            content.extend(self.unpack(stream)?);
            content.push(b' ');
        }
        let state = State {
            to_page: Affine::IDENTITY,
            font: None,
            size: 1.0,
            character_space: 0.0,
            word_space: 0.0,
            horizontal_scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        self.follow(&content, page.resources(), state, 0)?;
        let Self { lines, known, unknown, has_image, .. } = self;
        Ok(PageText { lines: lines.finish(), known, unknown, has_image })
    }

    fn unpack(&mut self, stream: &Stream<'a>) -> Result<Vec<u8>, String> {
        if !self.limits.allow(stream) {
            return Err("it unpacks to more than a page can be, or is damaged".to_owned());
        }
        Ok(stream.decoded_data().map(|data| data.into_owned()).unwrap_or_default())
    }

    fn follow(
        &mut self,
        content: &[u8],
        resources: &Resources<'a>,
        mut state: State<'a>,
        level: usize,
    ) -> Result<(), String> {
        let mut kept: Vec<State<'a>> = Vec::new();
        let mut place = TextPlace::default();
        let mut marks = Marks::default();
        let mut fonts: HashMap<Vec<u8>, Option<PageFont<'a>>> = HashMap::new();
        let mut instructions = TypedIter::new(content);
        while let Some(instruction) = instructions.next() {
            self.limits.take(1, 0)?;
            match instruction {
                TypedInstruction::SaveState(_) if kept.len() < MOST_STATES => kept.push(state.clone()),
                TypedInstruction::RestoreState(_) => state = kept.pop().unwrap_or(state),
                TypedInstruction::Transform(it) => {
                    state.to_page *= affine([it.0, it.1, it.2, it.3, it.4, it.5]);
                }
                TypedInstruction::BeginText(_) => place.set(Affine::IDENTITY),
                TypedInstruction::SetTextMatrix(it) => place.set(affine([it.0, it.1, it.2, it.3, it.4, it.5])),
                TypedInstruction::NextLine(it) => place.next_line(it.0.as_f64(), it.1.as_f64()),
                TypedInstruction::NextLineAndSetLeading(it) => {
                    state.leading = -it.1.as_f64();
                    place.next_line(it.0.as_f64(), it.1.as_f64());
                }
                TypedInstruction::NextLineUsingLeading(_) => place.next_line(0.0, -state.leading),
                TypedInstruction::TextFont(it) => {
                    let font = fonts.entry(it.0.as_ref().to_vec());
                    let font = font.or_insert_with(|| resources.get_font(it.0).and_then(|dict| self.font(&dict)));
                    (state.font, state.size) = (font.clone(), it.1.as_f64());
                }
                TypedInstruction::CharacterSpacing(it) => state.character_space = it.0.as_f64(),
                TypedInstruction::WordSpacing(it) => state.word_space = it.0.as_f64(),
                TypedInstruction::HorizontalScaling(it) => state.horizontal_scale = it.0.as_f64() / 100.0,
                TypedInstruction::TextLeading(it) => state.leading = it.0.as_f64(),
                TypedInstruction::TextRise(it) => state.rise = it.0.as_f64(),
                TypedInstruction::BeginMarkedContent(it) => place.is_artifact = marks.begin(it.0.as_ref()),
                TypedInstruction::BeginMarkedContentWithProperties(it) => {
                    place.is_artifact = marks.begin(it.0.as_ref())
                }
                TypedInstruction::EndMarkedContent(_) => place.is_artifact = marks.end(),
                TypedInstruction::InlineImage(_) => self.has_image = true,
                TypedInstruction::ShowText(it) => self.show(it.0.as_bytes(), &state, &mut place)?,
                TypedInstruction::NextLineAndShowText(it) => {
                    place.next_line(0.0, -state.leading);
                    self.show(it.0.as_bytes(), &state, &mut place)?;
                }
                TypedInstruction::ShowTextWithParameters(it) => {
                    (state.word_space, state.character_space) = (it.0.as_f64(), it.1.as_f64());
                    place.next_line(0.0, -state.leading);
                    self.show(it.2.as_bytes(), &state, &mut place)?;
                }
                TypedInstruction::ShowTexts(it) => {
                    for item in it.0.iter::<Object<'_>>() {
                        match item {
                            Object::String(text) => self.show(text.as_bytes(), &state, &mut place)?,
                            Object::Number(thousandths) => {
                                let back = thousandths.as_f64() / f64::from(UNITS_PER_EM) * state.size;
                                let is_horizontal = state.font.as_ref().is_none_or(|it| it.font.is_horizontal());
                                place.glyph *= Affine::translate(if is_horizontal {
                                    (-back * state.horizontal_scale, 0.0)
                                } else {
                                    (0.0, -back)
                                });
                            }
                            _ => {}
                        }
                    }
                }
                TypedInstruction::XObject(it) if !place.is_artifact => {
                    if let Some(object) = resources.get_x_object(it.0) {
                        self.draw(&object, resources, &state, level)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A form, which is content with its own resources, or a picture.
    fn draw(
        &mut self,
        object: &Stream<'a>,
        resources: &Resources<'a>,
        state: &State<'a>,
        level: usize,
    ) -> Result<(), String> {
        let dict = object.dict();
        match dict.get::<Name<'_>>(SUBTYPE) {
            Some(kind) if kind.as_ref() == b"Form" && level < MOST_LEVELS => {}
            Some(kind) => {
                self.has_image |= kind.as_ref() == b"Image";
                return Ok(());
            }
            None => return Ok(()),
        }
        self.limits.take(FORM_OPERATIONS, 0)?;
        let mut state = state.clone();
        if let Some(matrix) = dict.get::<[f64; 6]>(MATRIX) {
            state.to_page *= Affine::new(matrix);
        }
        let content = self.unpack(object)?;
        match dict.get::<Dict<'a>>(RESOURCES) {
            Some(own) => self.follow(&content, &Resources::new(own), state, level + 1),
            None => self.follow(&content, resources, state, level + 1),
        }
    }

    fn font(&mut self, dict: &Dict<'a>) -> Option<PageFont<'a>> {
        let name = dict.get::<Name<'_>>(BASE_FONT).map_or(String::new(), |name| name.as_str().to_owned());
        let mut is_fixed_pitch = ["Courier", "Mono", "Consol"].iter().any(|part| name.contains(part));
        let descendant = dict.get::<Array<'a>>(DESCENDANT_FONTS).and_then(|list| list.iter::<Dict<'a>>().next());
        for of_font in [Some(dict.clone()), descendant].into_iter().flatten() {
            let descriptor = of_font.get::<Dict<'a>>(FONT_DESC).unwrap_or_default();
            is_fixed_pitch |= descriptor.get::<u32>(FLAGS).is_some_and(|flags| flags & FIXED_PITCH != 0);
            let own = [TO_UNICODE, ENCODING, CID_TO_GID_MAP].map(|key| of_font.get::<Stream<'a>>(key));
            let files = [FONT_FILE, FONT_FILE2, FONT_FILE3].map(|key| descriptor.get::<Stream<'a>>(key));
            if own.iter().chain(&files).flatten().any(|stream| !self.limits.allow(stream)) {
                return None;
            }
        }
        let font = self.fonts.font(dict, &self.font_resolver, &self.cmap_resolver)?;
        Some(PageFont { font, is_fixed_pitch })
    }

    fn show(&mut self, bytes: &[u8], state: &State<'a>, place: &mut TextPlace) -> Result<(), String> {
        let Some(PageFont { font, is_fixed_pitch }) = &state.font else {
            self.unknown += bytes.len() as u64;
            return Ok(());
        };
        let is_horizontal = font.is_horizontal();
        let size = Affine::new([state.size * state.horizontal_scale, 0.0, 0.0, state.size, 0.0, state.rise]);
        let mut at = 0;
        while at < bytes.len() {
            let (code, length) = font.read_code(bytes, at);
            at += length.max(1);
            let from = state.to_page * place.glyph * size;
            let advance = font.code_advance(code) / f64::from(UNITS_PER_EM) * state.size;
            let word_space = if code == 32 && length == 1 { state.word_space } else { 0.0 };
            let space = state.character_space + word_space;
            place.glyph *= Affine::translate(if is_horizontal {
                ((advance.x + space) * state.horizontal_scale, 0.0)
            } else {
                (0.0, advance.y + space)
            });
            let to = state.to_page * place.glyph * size;
            if place.is_artifact {
                continue;
            }
            let text = match font.glyph(GlyphId::NOTDEF, code) {
                FontGlyph::Outline(glyph) => glyph.as_unicode(),
                FontGlyph::Type3(glyph) => glyph.as_unicode(),
            };
            let mut character = [0; 4];
            let text = match &text {
                None => "",
                Some(BfString::Char(it)) => it.encode_utf8(&mut character),
                Some(BfString::String(text)) => text,
            };
            if text.is_empty() || text.contains(is_meaningless) {
                self.unknown += 1;
                continue;
            }
            self.limits.take(1, text.len())?;
            if self.lines.count() > MOST_LINES {
                return Err(format!("it has more than {MOST_LINES} lines; no page that people read has"));
            }
            self.known += text.chars().count() as u64;
            let [a, b, c, d, ..] = from.as_coeffs();
            let (right, up) = (Vec2::new(a, b), Vec2::new(c, d));
            let (along, up) = if is_horizontal { (right, up) } else { (-up, right) };
            let glyph = Glyph {
                text,
                from: from * Point::ORIGIN,
                to: to * Point::ORIGIN,
                along,
                up,
                is_fixed_pitch: *is_fixed_pitch,
            };
            self.lines.add(&glyph);
        }
        Ok(())
    }
}

/// Characters that say that nobody knows which they are.
fn is_meaningless(it: char) -> bool {
    matches!(it, '\0' | char::REPLACEMENT_CHARACTER | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
}

fn affine(numbers: [Number; 6]) -> Affine {
    Affine::new(numbers.map(|number| number.as_f64()))
}
