//! Ends an answer at a stop text, which may begin in one token and end in another.

/// Watches streamed text for stop texts; what may be the beginning of one is held back.
#[derive(Clone, Debug, Default)]
pub struct StopMatcher {
    stops: Vec<String>,
    held: String,
}

/// What a piece of text came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Go on; this much can be shown.
    No(String),
    /// A stop text is complete; this came before it.
    Yes(String),
}

impl StopMatcher {
    /// A matcher for `stops`; empty ones are ignored.
    pub fn new(stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty()).cloned().collect();
        Self { stops, held: String::new() }
    }

    /// Takes the next piece of text.
    pub fn push(&mut self, text: &str) -> Stopped {
        if self.stops.is_empty() {
            return Stopped::No(text.to_owned());
        }
        self.held.push_str(text);
        if let Some(end) = self.stops.iter().filter_map(|stop| self.held.find(stop)).min() {
            self.held.truncate(end);
            return Stopped::Yes(std::mem::take(&mut self.held));
        }
        let kept = self.stops.iter().map(|stop| longest_overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - kept);
        Stopped::No(std::mem::replace(&mut self.held, rest))
    }

    /// What was held back, at the end.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// Bytes of the longest end of `text` that `stop` begins with.
fn longest_overlap(text: &str, stop: &str) -> usize {
    (1..stop.len().min(text.len() + 1))
        .rev()
        .find(|&length| {
            text.as_bytes().ends_with(&stop.as_bytes()[..length]) && text.is_char_boundary(text.len() - length)
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stops: &[&str], pieces: &[&str], expected: &[Stopped]) {
        let stops: Vec<String> = stops.iter().map(|&stop| stop.to_owned()).collect();
        let mut matcher = StopMatcher::new(&stops);
        let got: Vec<_> = pieces.iter().map(|piece| matcher.push(piece)).collect();
        assert_eq!(got, expected);
    }

    fn no(text: &str) -> Stopped {
        Stopped::No(text.to_owned())
    }

    fn yes(text: &str) -> Stopped {
        Stopped::Yes(text.to_owned())
    }

    #[test]
    fn stop_texts_are_found_across_pieces() {
        check(&["END"], &["a E", "N", "D b"], &[no("a "), no(""), yes("")]);
        check(&["END"], &["a EN", "X"], &[no("a "), no("ENX")]);
        check(&["aab"], &["aa", "ab"], &[no(""), yes("a")]);
        check(&["b", "ab"], &["xab"], &[yes("x")]);
        check(&["\n\n", "é!"], &["é", "x\n", "y"], &[no(""), no("éx"), no("\ny")]);
        check(&[], &["x"], &[no("x")]);
    }

    #[test]
    fn what_was_held_back_comes_at_the_end() {
        let mut matcher = StopMatcher::new(&["END".to_owned()]);
        assert_eq!(matcher.push("the EN"), no("the "));
        assert_eq!(matcher.finish(), "EN");
    }
}
