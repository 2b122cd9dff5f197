//! What reading every part of a configuration shares: findings, further files, references.

use super::super::finding::{Findings, Place};
use super::super::yaml::{Node, Shape};

/// How often references may lead to references.
const MOST_REFERENCE_STEPS: usize = 32;

/// Endings of files that are programs.
const CODE_ENDINGS: [&str; 17] =
    ["js", "cjs", "mjs", "ts", "cts", "mts", "jsx", "tsx", "py", "rb", "go", "sh", "bash", "exe", "bat", "cmd", "ps1"];

/// Finds the text of a further file, by the path that the configuration gives; the error is a sentence.
pub type FindFile<'a> = dyn FnMut(&str) -> Result<String, String> + 'a;

/// Reads a configuration and gathers what comes up.
pub(super) struct Reader<'a> {
    pub(super) findings: Findings,
    pub(super) companion_url: &'a str,
    find_file: &'a mut FindFile<'a>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(companion_url: &'a str, find_file: &'a mut FindFile<'a>) -> Self {
        Self { findings: Findings::default(), companion_url, find_file }
    }

    /// The text of `file://…` and its path, or `None` after a refusal.
    pub(super) fn file(&mut self, reference: &str, place: &Place) -> Option<(String, String)> {
        let path = reference.strip_prefix("file://").unwrap_or(reference);
        if is_code(path) {
            self.findings
                .refuse(place, format!("{reference} is a program; nothing is executed here. Write its result"));
            return None;
        }
        if path.contains(['*', '?', '[']) {
            self.findings.refuse(place, format!("{reference} stands for several files; name each one"));
            return None;
        }
        match (self.find_file)(path) {
            Ok(text) => Some((path.to_owned(), text)),
            Err(why) => {
                self.findings.refuse(place, format!("{path} can't be read: {why}"));
                None
            }
        }
    }

    /// A YAML or JSON file, its references followed.
    pub(super) fn document(&mut self, reference: &str, place: &Place) -> Option<Node> {
        let (path, text) = self.file(reference, place)?;
        match Node::read(&text, &path) {
            Ok(node) => Some(self.follow_references(node)),
            Err(refused) => {
                self.findings.refuse_all(refused);
                None
            }
        }
    }

    /// The document with every `$ref` (JSON Reference, `#/a/b` or `file#/a/b`) replaced by what it names.
    pub(super) fn follow_references(&mut self, root: Node) -> Node {
        let mut followed = root.clone();
        self.follow(&mut followed, &root, 0);
        followed
    }

    fn follow(&mut self, node: &mut Node, root: &Node, steps: usize) {
        if let Some(reference) = node.get("$ref").and_then(Node::text).map(str::to_owned) {
            if steps >= MOST_REFERENCE_STEPS {
                self.findings.refuse(&node.place, format!("$ref {reference:?} leads to itself"));
                return;
            }
            let (path, pointer) = reference.split_once('#').unwrap_or((&reference, ""));
            let found = if path.is_empty() {
                pointed_at(root, pointer).cloned()
            } else {
                self.document(path, &node.place).and_then(|document| pointed_at(&document, pointer).cloned())
            };
            // A reference to nothing stays: JSON Schemas have references of their own.
            let Some(mut found) = found else { return };
            self.follow(&mut found, root, steps + 1);
            if let (Shape::Map(entries), Shape::Map(own)) = (&mut found.shape, &node.shape) {
                for (key, value) in own.iter().filter(|(key, _)| key != "$ref") {
                    entries.retain(|(name, _)| name != key);
                    entries.push((key.clone(), value.clone()));
                }
            }
            found.place = node.place.clone();
            *node = found;
            return;
        }
        match &mut node.shape {
            Shape::List(items) => items.iter_mut().for_each(|item| self.follow(item, root, steps)),
            Shape::Map(entries) => entries.iter_mut().for_each(|(_, value)| self.follow(value, root, steps)),
            _ => {}
        }
    }

    /// The entries of a map, or none after a refusal.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [(String, Node)] {
        match &node.shape {
            Shape::Map(entries) => entries,
            Shape::Null => &[],
            _ => {
                self.findings.refuse(&node.place, format!("{what} must be a map, but is {}", node.kind()));
                &[]
            }
        }
    }

    /// The items of a list, or none after a refusal.
    pub(super) fn items<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.shape {
            Shape::List(items) => items,
            Shape::Null => &[],
            _ => {
                self.findings.refuse(&node.place, format!("{what} must be a list, but is {}", node.kind()));
                &[]
            }
        }
    }

    /// A text, or `None` after a refusal.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.shape {
            Shape::Text(text) => Some(text.clone()),
            Shape::Number(_) | Shape::Boolean(_) => Some(node.value().to_string()),
            _ => {
                self.findings.refuse(&node.place, format!("{what} must be a text, but is {}", node.kind()));
                None
            }
        }
    }

    /// A number, or `None` after a refusal; nothing is no number and no fault.
    pub(super) fn number(&mut self, node: &Node, what: &str) -> Option<f64> {
        let number = node.number();
        if number.is_none() && !matches!(node.shape, Shape::Null) {
            self.findings.refuse(&node.place, format!("{what} must be a number, but is {}", node.kind()));
        }
        number
    }

    /// A key that changes nothing here.
    pub(super) fn ignore(&mut self, key: &str, node: &Node, why: &str) {
        self.findings.warn(&node.place, format!("`{key}` has no effect here: {why}"));
    }

    /// A key that nobody knows.
    pub(super) fn unknown(&mut self, key: &str, node: &Node, of: &str) {
        self.findings.warn(&node.place, format!("`{key}` is not a known part of {of}; it has no effect"));
    }
}

/// Whether a path is that of a program, or names a function in one.
pub(super) fn is_code(path: &str) -> bool {
    let file = path.rsplit_once(':').map_or(path, |(file, _)| file);
    [path, file].iter().any(|path| path.rsplit_once('.').is_some_and(|(_, ending)| CODE_ENDINGS.contains(&ending)))
}

/// What a JSON Pointer (RFC 6901) names.
fn pointed_at<'n>(root: &'n Node, pointer: &str) -> Option<&'n Node> {
    pointer.trim_start_matches('/').split('/').filter(|part| !part.is_empty()).try_fold(root, |node, part| {
        let key = part.replace("~1", "/").replace("~0", "~");
        match &node.shape {
            Shape::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => node.get(&key),
        }
    })
}
