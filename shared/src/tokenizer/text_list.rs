//! Many short texts in one allocation, so that a vocabulary of 262,144 tokens stays small in a tab.

/// A list of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextList {
    text: String,
    ends: Vec<u32>,
}

impl TextList {
    /// Number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all the texts.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// The text at `index`.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        Some(&self.text[start..end])
    }

    /// The texts in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// Appends a text. All texts together must stay below 4 GiB.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
    }
}

impl<'a> FromIterator<&'a str> for TextList {
    fn from_iter<T: IntoIterator<Item = &'a str>>(texts: T) -> Self {
        let mut list = Self::default();
        texts.into_iter().for_each(|text| list.push(text));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_in_order() {
        let list: TextList = ["a", "", "ßc"].into_iter().collect();
        assert_eq!(list.iter().collect::<Vec<_>>(), ["a", "", "ßc"]);
        assert_eq!((list.len(), list.get(3), list.text_bytes()), (3, None, 4));
    }
}
