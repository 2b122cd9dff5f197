//! The adapters that a backend holds beside a model, by name, and which of them is in use.

/// Adapters as a backend keeps them.
pub(crate) struct LoadedAdapters<T> {
    list: Vec<(String, T)>,
    in_use: Option<usize>,
}

impl<T> Default for LoadedAdapters<T> {
    fn default() -> Self {
        Self { list: Vec::new(), in_use: None }
    }
}

impl<T> LoadedAdapters<T> {
    /// Adds one, in place of one of that name.
    pub(crate) fn insert(&mut self, name: &str, adapter: T) {
        match self.list.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = adapter,
            None => self.list.push((name.to_owned(), adapter)),
        }
    }

    /// Lets go of one; none is in use then if it was. False where there is none of that name.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let Some(index) = self.index(name) else { return false };
        self.list.remove(index);
        self.in_use = match self.in_use {
            Some(used) if used == index => None,
            Some(used) if used > index => Some(used - 1),
            used => used,
        };
        true
    }

    /// Computes with one from here on, or with none. False where there is none of that name; nothing changes then.
    pub(crate) fn choose(&mut self, name: Option<&str>) -> bool {
        let index = name.and_then(|name| self.index(name));
        let is_known = index.is_some() == name.is_some();
        if is_known {
            self.in_use = index;
        }
        is_known
    }

    /// The one in use.
    pub(crate) fn current(&self) -> Option<&T> {
        self.in_use.map(|index| &self.list[index].1)
    }

    /// The name of the one in use.
    pub(crate) fn current_name(&self) -> Option<&str> {
        self.in_use.map(|index| self.list[index].0.as_str())
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.list.iter().map(|(name, adapter)| (name.as_str(), adapter))
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|(known, _)| known == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_in_use_stays_in_use_when_others_come_and_go() {
        let mut loaded = LoadedAdapters::default();
        ["a", "b", "c"].iter().zip(1..).for_each(|(name, value)| loaded.insert(name, value));
        assert_eq!((loaded.current(), loaded.choose(Some("d"))), (None, false));
        assert!(loaded.choose(Some("b")) && !loaded.choose(Some("d")));
        assert_eq!((loaded.current(), loaded.current_name()), (Some(&2), Some("b")));
        loaded.insert("b", 5);
        assert!(loaded.remove("a") && !loaded.remove("a"));
        assert_eq!(loaded.current(), Some(&5));
        assert!(loaded.remove("c"));
        assert_eq!(loaded.current(), Some(&5));
        assert!(loaded.remove("b"));
        assert_eq!((loaded.current(), loaded.iter().count()), (None, 0));
        assert!(loaded.choose(None));
    }
}
