//! Answers in a file, and where each of them is.

use std::collections::HashSet;
use std::io;

use hashbrown::HashTable;

use super::answer::Answer;
use super::request::RequestKey;
use crate::dataset::preparation::StoredFile;

/// Where the answers of a file are. They are numbered in their order; of two to the same request the first counts.
///
/// The file only grows. A line that is half-written, or is no answer, is passed over: its request is asked again.
#[derive(Debug, Default)]
pub struct Answers {
    places: Vec<Place>,
    /// Numbers of answers, by their keys.
    table: HashTable<u32>,
    /// Where the next answer goes.
    end: u64,
    passed_over: u64,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    key: RequestKey,
    offset: u64,
    length: u32,
}

/// How much is read at a time.
const BLOCK_BYTES: u64 = 1 << 20;

impl Answers {
    /// Looks through a file.
    ///
    /// # Errors
    /// The storage fails.
    pub fn read(file: &impl StoredFile) -> io::Result<Self> {
        let mut answers = Self::default();
        let length = file.length()?;
        let (mut text, mut offset) = (Vec::new(), 0);
        while offset < length {
            let block = (length - offset).min(BLOCK_BYTES);
            let begun = text.len();
            text.resize(begun + block as usize, 0);
            file.read_exact_at(offset, &mut text[begun..])?;
            offset += block;
            let whole = memchr::memrchr(b'\n', &text[begun..]).map_or(0, |last| begun + last + 1);
            for line in text[..whole].split_inclusive(|byte| *byte == b'\n') {
                match serde_json::from_slice::<Answer>(line) {
                    Ok(answer) => answers.note(answer.key, line.len()),
                    Err(_) => answers.passed_over += u64::from(!line.trim_ascii().is_empty()),
                }
                answers.end += line.len() as u64;
            }
            text.drain(..whole);
        }
        Ok(answers)
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.places.len() as u32
    }

    /// Whole lines that are no answers.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// The answer to a request, and its number.
    ///
    /// # Errors
    /// The storage fails.
    pub fn find(&self, file: &impl StoredFile, key: RequestKey) -> io::Result<Option<(u32, Answer)>> {
        match self.number_of(key) {
            Some(number) => Ok(Some((number, self.numbered(file, number)?))),
            None => Ok(None),
        }
    }

    /// The key of the request that the answer of that number is to.
    pub fn key_of(&self, number: u32) -> Option<RequestKey> {
        self.places.get(number as usize).map(|place| place.key)
    }

    /// The answer of that number.
    ///
    /// # Errors
    /// The storage fails, or there is none.
    pub fn numbered(&self, file: &impl StoredFile, number: u32) -> io::Result<Answer> {
        let place = self.places.get(number as usize).ok_or(io::ErrorKind::NotFound)?;
        let mut line = vec![0; place.length as usize];
        file.read_exact_at(place.offset, &mut line)?;
        serde_json::from_slice(&line).map_err(io::Error::other)
    }

    /// Writes answers behind those that are there, and returns once they are safe: how many are new.
    ///
    /// # Errors
    /// The storage fails; what is half-written then is written over.
    pub fn append(&mut self, file: &impl StoredFile, answers: &[Answer]) -> io::Result<u32> {
        let mut text = String::new();
        let (mut noted, mut keys) = (Vec::new(), HashSet::new());
        for answer in answers {
            if self.number_of(answer.key).is_none() && keys.insert(answer.key) {
                let line = answer.to_json_line();
                noted.push((answer.key, line.len()));
                text.push_str(&line);
            }
        }
        if noted.is_empty() {
            return Ok(0);
        }
        file.truncate(self.end)?;
        file.write_all_at(self.end, text.as_bytes())?;
        file.flush()?;
        for (key, length) in &noted {
            self.note(*key, *length);
            self.end += *length as u64;
        }
        Ok(noted.len() as u32)
    }

    fn number_of(&self, key: RequestKey) -> Option<u32> {
        self.table.find(key.number() as u64, |number| self.places[*number as usize].key == key).copied()
    }

    /// Notes the answer at the end.
    fn note(&mut self, key: RequestKey, length: usize) {
        if self.number_of(key).is_some() {
            return;
        }
        let number = self.places.len() as u32;
        self.places.push(Place { key, offset: self.end, length: length as u32 });
        let places = &self.places;
        self.table.insert_unique(key.number() as u64, number, |number| places[*number as usize].key.number() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::Said;
    use super::super::request::Request;
    use super::*;
    use crate::dataset::preparation::MemoryFile;
    use crate::model_pool::ModelReference;

    fn key(number: u32) -> RequestKey {
        Request::Direction { model: ModelReference::browser("m"), text: number.to_string() }.key()
    }

    fn answer(number: u32) -> Answer {
        Answer { key: key(number), model: "m".to_owned(), said: Said::Text(format!("answer {number}")) }
    }

    #[test]
    fn answers_are_found_again_and_half_written_ones_are_not() {
        let file = MemoryFile::default();
        let mut answers = Answers::read(&file).unwrap();
        assert_eq!(answers.append(&file, &[answer(1), answer(2), answer(1)]).unwrap(), 2);
        assert_eq!(answers.append(&file, &[answer(2)]).unwrap(), 0);
        let whole = file.length().unwrap();
        let torn = answer(3).to_json_line();
        file.write_all_at(whole, &torn.as_bytes()[..20]).unwrap();

        let mut again = Answers::read(&file).unwrap();
        assert_eq!((again.count(), again.passed_over()), (2, 0));
        assert_eq!(again.find(&file, key(2)).unwrap(), Some((1, answer(2))));
        assert_eq!(again.find(&file, key(3)).unwrap(), None);
        assert_eq!(again.append(&file, &[answer(3)]).unwrap(), 1);
        assert_eq!(file.length().unwrap(), whole + torn.len() as u64);
        assert_eq!(Answers::read(&file).unwrap().find(&file, key(3)).unwrap(), Some((2, answer(3))));
    }

    #[test]
    fn lines_that_are_no_answers_are_passed_over() {
        let file = MemoryFile::default();
        let text = format!("{{\"key\":\"1\"}}\n\n{}nothing\n{}", answer(1).to_json_line(), answer(2).to_json_line());
        file.write_all_at(0, text.as_bytes()).unwrap();
        let answers = Answers::read(&file).unwrap();
        assert_eq!((answers.count(), answers.passed_over()), (2, 2));
        assert_eq!(answers.find(&file, key(2)).unwrap(), Some((1, answer(2))));
    }

    #[test]
    fn long_files_are_read_block_by_block() {
        let file = MemoryFile::default();
        let all: Vec<Answer> = (0..40_000).map(answer).collect();
        assert_eq!(Answers::default().append(&file, &all).unwrap(), 40_000);
        assert!(file.length().unwrap() > 2 * BLOCK_BYTES);
        let answers = Answers::read(&file).unwrap();
        assert_eq!((answers.count(), answers.passed_over()), (40_000, 0));
        for number in [0, 9_999, 39_999] {
            assert_eq!(answers.find(&file, key(number)).unwrap(), Some((number, answer(number))));
        }
    }
}
