//! The parser. Its shape is the grammar's: a value, a list, an object, a text, a number.

use std::collections::HashSet;

use super::plain::plain_length;
use super::{Fault, MOST_LEVELS, Node, Reason, Span, Tape, Value};

/// From so many names on, a set finds the ones that come twice; below, comparing them all is faster.
const MANY_NAMES: usize = 16;

pub(super) struct Parser<'a> {
    tape: &'a mut Tape,
    source: &'a str,
    at: usize,
}

/// Boxed, because a fault is rare and every value would else make room for one.
type Parsed<T = ()> = Result<T, Box<Fault>>;

impl<'a> Parser<'a> {
    pub(super) fn new(tape: &'a mut Tape, source: &'a str) -> Self {
        Self { tape, source, at: 0 }
    }

    /// Reads the whole source.
    pub(super) fn read(mut self) -> Parsed {
        if u32::try_from(self.source.len()).is_err() {
            return self.fault(Reason::TooLong);
        }
        self.skip_space();
        self.value(0)?;
        self.skip_space();
        match self.character() {
            None => Ok(()),
            Some(found) => self.fault(Reason::More(found)),
        }
    }

    fn value(&mut self, level: usize) -> Parsed {
        match self.byte() {
            Some(b'"') => {
                let span = self.text()?;
                self.tape.nodes.push(Node::Text(span));
                Ok(())
            }
            Some(b'{') => self.object(level),
            Some(b'[') => self.list(level),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.expected("a value"),
        }
    }

    fn word(&mut self, word: &'static str, node: Node) -> Parsed {
        if self.source[self.at..].starts_with(word) {
            self.at += word.len();
            self.tape.nodes.push(node);
            return Ok(());
        }
        self.expected(word)
    }

    fn list(&mut self, level: usize) -> Parsed {
        let opened = self.open(level)?;
        if self.take(b']') {
            self.tape.close_list(opened);
            return Ok(());
        }
        loop {
            self.value(level + 1)?;
            self.skip_space();
            if self.take(b']') {
                self.tape.close_list(opened);
                return Ok(());
            }
            if !self.take(b',') {
                return self.expected("a comma or the end of the list");
            }
            self.skip_space();
        }
    }

    fn object(&mut self, level: usize) -> Parsed {
        let began = self.at;
        let opened = self.open(level)?;
        let mut names = 0;
        if !self.take(b'}') {
            loop {
                if self.byte() != Some(b'"') {
                    return self.expected("a name in quotes");
                }
                let name = self.text()?;
                self.tape.nodes.push(Node::Text(name));
                self.skip_space();
                if !self.take(b':') {
                    return self.expected("a colon");
                }
                self.skip_space();
                self.value(level + 1)?;
                names += 1;
                self.skip_space();
                if self.take(b'}') {
                    break;
                }
                if !self.take(b',') {
                    return self.expected("a comma or the end of the object");
                }
                self.skip_space();
            }
        }
        self.tape.close_object(opened);
        match self.twice(opened, names) {
            Some(name) => Err(Box::new(Fault { byte: began, reason: Reason::Twice(name) })),
            None => Ok(()),
        }
    }

    /// A name that the object has twice.
    fn twice(&self, object: usize, names: usize) -> Option<String> {
        let entries = || Value::new(self.tape, self.source, object).entries().map(|(name, _)| name);
        if names >= MANY_NAMES {
            let mut seen = HashSet::with_capacity(names);
            return entries().find(|name| !seen.insert(*name)).map(str::to_owned);
        }
        entries()
            .enumerate()
            .find(|&(at, name)| entries().take(at).any(|other| other == name))
            .map(|(_, it)| it.to_owned())
    }

    /// Takes the bracket that opens a list or an object.
    fn open(&mut self, level: usize) -> Parsed<usize> {
        if level == MOST_LEVELS {
            return self.fault(Reason::Nested);
        }
        self.at += 1;
        self.skip_space();
        let opened = self.tape.nodes.len();
        self.tape.nodes.push(Node::Null);
        Ok(opened)
    }

    fn number(&mut self) -> Parsed {
        let bytes = &self.source.as_bytes()[self.at..];
        let length =
            bytes.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')).count();
        if !is_number(&bytes[..length]) {
            return self.fault(Reason::Number(self.source[self.at..self.at + length].to_owned()));
        }
        self.tape.nodes.push(Node::Number(Span::new(self.at, length, true)));
        self.at += length;
        Ok(())
    }

    /// A text, from its opening quotation mark on.
    fn text(&mut self) -> Parsed<Span> {
        let start = self.at + 1;
        let Some(end) = self.plain_until(start)? else { return self.unescaped(start) };
        self.at = end + 1;
        Ok(Span::new(start, end - start, true))
    }

    /// Where the text that goes on at `start` ends; `None` if an escape comes before. Moves to what ended the search.
    fn plain_until(&mut self, start: usize) -> Parsed<Option<usize>> {
        let rest = &self.source.as_bytes()[start..];
        let length = plain_length(rest);
        self.at = start + length;
        match rest.get(length) {
            Some(b'"') => Ok(Some(self.at)),
            Some(b'\\') => Ok(None),
            Some(&control) => self.fault(Reason::Control(u32::from(control))),
            None => self.fault(Reason::Ends("a text")),
        }
    }

    /// The same with escapes, which are written out on the tape.
    fn unescaped(&mut self, start: usize) -> Parsed<Span> {
        let kept = self.tape.texts.len();
        let mut from = start;
        loop {
            let end = self.plain_until(from)?;
            self.tape.texts.push_str(&self.source[from..self.at]);
            if end.is_some() {
                self.at += 1;
                return Ok(Span::new(kept, self.tape.texts.len() - kept, false));
            }
            let character = self.escape()?;
            self.tape.texts.push(character);
            from = self.at;
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let began = self.at;
        self.at += 1;
        let Some(letter) = self.character() else { return self.fault(Reason::Ends("a text")) };
        let plain = match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                self.at += 1;
                return self.unicode_escape(began);
            }
            other => return Err(Box::new(Fault { byte: began, reason: Reason::Escape(other) })),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode_escape(&mut self, began: usize) -> Parsed<char> {
        let first = self.four_digits()?;
        let lone = || Box::new(Fault { byte: began, reason: Reason::LoneSurrogate(first) });
        let code = match first {
            0xD800..=0xDBFF => {
                if !self.source[self.at..].starts_with("\\u") {
                    return Err(lone());
                }
                self.at += 2;
                match self.four_digits()? {
                    second @ 0xDC00..=0xDFFF => 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00),
                    _ => return Err(lone()),
                }
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(lone)
    }

    fn four_digits(&mut self) -> Parsed<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.character() else { return self.fault(Reason::Ends("a text")) };
            let Some(value) = digit.to_digit(16) else { return self.expected("a hexadecimal digit") };
            code = code * 16 + value;
            self.at += 1;
        }
        Ok(code)
    }

    fn byte(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn character(&self) -> Option<char> {
        self.source[self.at..].chars().next()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.byte() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expected<T>(&self, expected: &'static str) -> Parsed<T> {
        self.fault(match self.character() {
            Some(found) => Reason::Expected { expected, found },
            None => Reason::Ends("a value"),
        })
    }

    fn fault<T>(&self, reason: Reason) -> Parsed<T> {
        Err(Box::new(Fault { byte: self.at, reason }))
    }
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
fn is_number(bytes: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let length = digits(exponent);
        return length > 0 && length == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(source: &str) -> (usize, String) {
        let fault = Tape::default().read(source).map(|value| value.to_string()).unwrap_err();
        (fault.byte, fault.to_string())
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let half = "it may be half-written";
        assert_eq!(fault(r#"{"a": "b"#), (8, format!("the line ends in the middle of a text: {half}")));
        assert_eq!(fault(r#"{"a": 1"#), (7, format!("the line ends in the middle of a value: {half}")));
        assert_eq!(fault("{'a': 1}"), (1, "there is '\\'' where a name in quotes should be".to_owned()));
        assert_eq!(fault("[1 2]"), (3, "there is '2' where a comma or the end of the list should be".to_owned()));
        assert_eq!(fault("[01]"), (1, "\"01\" is no number of JSON".to_owned()));
        assert_eq!(fault("{} {}").0, 3);
        assert_eq!(fault("[nul]"), (1, "there is 'n' where null should be".to_owned()));
        assert_eq!(
            fault("\"a\nb\""),
            (2, "a control character (U+000A) is in a text; JSON writes it as an escape".to_owned())
        );
        assert_eq!(fault(r#""é\ud83d!""#).0, 3);
        assert_eq!(fault(r#""\q""#), (1, "\\q is no escape of JSON".to_owned()));
        assert_eq!(fault(r#"[{"a": 1, "b": {}, "\u0061": 2}]"#).0, 1);
        let many: Vec<String> = (0..40).chain([7]).map(|it| format!("\"n{it}\": 0")).collect();
        assert!(fault(&format!("{{{}}}", many.join(","))).1.contains("\"n7\" comes twice"));
    }

    #[test]
    fn a_bomb_of_brackets_is_refused_and_what_others_read_is_not() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Tape::default().read(&nested(MOST_LEVELS)).is_ok());
        assert_eq!(fault(&nested(MOST_LEVELS + 1)).0, MOST_LEVELS);
        assert_eq!(fault(&"[".repeat(1_000_000)).0, MOST_LEVELS);
    }

    #[test]
    fn a_tape_is_used_again() {
        let mut tape = Tape::default();
        for source in [r#"{"a": ["x\ty", -0.10e+2, null]}"#, "3", r#""""#] {
            assert_eq!(tape.read(source).unwrap().to_string(), source.replace(": ", ":").replace(", ", ","));
        }
    }

    proptest! {
        /// serde_json is the judge, except where names come twice and for the depth.
        #[test]
        fn it_reads_what_serde_json_reads_and_refuses_what_it_refuses(source in r#"([ \t\[\]{},:]|"([a-c\\/é]|\\["nu]|\\u[0-9a-fD8]{4}|\\ud83d\\ude00){0,4}"|true|fals|null|-?[0-9]{1,3}|\.[0-9]|[eE][+-]?[0-9]){0,9}"#) {
            let theirs = serde_json::from_str::<serde_json::Value>(&source);
            let mut tape = Tape::default();
            match (tape.read(&source), theirs) {
                (Ok(ours), Ok(theirs)) => {
                    let again: serde_json::Value = serde_json::from_str(&ours.to_string()).unwrap();
                    prop_assert_eq!(again, theirs);
                }
                (Err(Fault { reason: Reason::Twice(_), .. }), Ok(_)) | (Err(_), Err(_)) => {}
                (Ok(_), Err(error)) if error.to_string().contains("number out of range") => {}
                (ours, theirs) => prop_assert!(false, "{ours:?} {theirs:?}"),
            }
        }
    }
}
