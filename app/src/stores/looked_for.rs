//! What the checks of a dataset look for, as the person wants it.

use shared::dataset::checks::Check;
use shared::dataset::personal_data::Kind;

/// What the checks of a dataset look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedFor {
    /// Whether answers in another language than their questions, which takes as long as all the rest.
    pub languages: bool,
    /// Which kinds of personal data.
    pub kinds: Vec<Kind>,
    /// Harsh words and phrases of the person's own, one on each line; without any, the usual ones.
    pub words: String,
}

impl Default for LookedFor {
    fn default() -> Self {
        let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Secret).collect();
        Self { languages: false, kinds, words: String::new() }
    }
}

impl LookedFor {
    /// The checks that look for it.
    pub fn checks(&self) -> Vec<Check> {
        let all = if self.languages { Check::all() } else { Check::quick() };
        let words = || self.words.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
        let wanted = all.into_iter().filter_map(|check| match check {
            Check::PersonalData { .. } if self.kinds.is_empty() => None,
            Check::PersonalData { .. } => Some(Check::PersonalData { kinds: self.kinds.clone() }),
            Check::HarshWords { .. } => Some(Check::HarshWords { words: words() }),
            other => Some(other),
        });
        wanted.collect()
    }

    /// Looks for a kind of personal data, or does not; kinds keep their usual order.
    pub fn look_for(&mut self, kind: Kind, is_wanted: bool) {
        let is_meant = |other: &Kind| if *other == kind { is_wanted } else { self.kinds.contains(other) };
        self.kinds = Kind::ALL.into_iter().filter(is_meant).collect();
    }
}
