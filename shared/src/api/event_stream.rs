//! Bytes of a `text/event-stream` to the data of its events (WHATWG HTML, 9.2.6). How much is kept of an event without
//! end is for the caller to limit, by [`EventStreamReader::pending_bytes`].

/// Takes bytes as they arrive, however they are cut.
#[derive(Debug, Default)]
pub struct EventStreamReader {
    /// The line that is not complete yet.
    line: Vec<u8>,
    data: String,
    has_data: bool,
    /// The last line ended in CR: an LF that follows belongs to it.
    after_carriage_return: bool,
}

impl EventStreamReader {
    /// Data of the events that `bytes` complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut events = Vec::new();
        for &byte in bytes {
            let is_rest_of_line_end = byte == b'\n' && self.after_carriage_return;
            self.after_carriage_return = byte == b'\r';
            if is_rest_of_line_end {
                continue;
            }
            if byte == b'\n' || byte == b'\r' {
                events.extend(self.end_line());
            } else {
                self.line.push(byte);
            }
        }
        events
    }

    /// Bytes kept of an event that is not complete.
    pub fn pending_bytes(&self) -> usize {
        self.line.len() + self.data.len()
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return std::mem::take(&mut self.has_data).then_some(data);
        }
        let line = String::from_utf8_lossy(&line);
        // Comments (": keep-alive") and the other fields mean nothing here.
        if let Some(value) = line.strip_prefix("data:") {
            if self.has_data {
                self.data.push('\n');
            }
            self.data.push_str(value.strip_prefix(' ').unwrap_or(value));
            self.has_data = true;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        for piece in [1, 2, 3, 31, text.len()] {
            let mut reader = EventStreamReader::default();
            let events: Vec<String> = text.as_bytes().chunks(piece).flat_map(|bytes| reader.push(bytes)).collect();
            assert_eq!(events, expected, "{text:?} in pieces of {piece}");
        }
    }

    #[test]
    fn events_are_read_however_they_are_cut() {
        check("data: {\"a\":1}\n\ndata: [DONE]\n\n", &["{\"a\":1}", "[DONE]"]);
        check("data: é€🙂\r\n\r\ndata: b\r\n\r\n", &["é€🙂", "b"]);
        check(": keep-alive\n\nid: 3\nevent: x\ndata:no space\n\n", &["no space"]);
        check("data: one\ndata: two\n\n", &["one\ntwo"]);
        check("data: unfinished\n", &[]);
        check("data:\n\n", &[""]);
    }

    #[test]
    fn what_is_kept_of_an_event_is_known() {
        let mut reader = EventStreamReader::default();
        assert!(reader.push(b"data: abc\ndata: de").is_empty());
        assert_eq!(reader.pending_bytes(), "abc".len() + "data: de".len());
        assert_eq!(reader.push(b"\n\n"), ["abc\nde"]);
        assert_eq!(reader.pending_bytes(), 0);
    }
}
