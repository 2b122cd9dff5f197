//! The history of a prompt: each version with what it came from, notes, tags, and what it scored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::template::PromptTemplate;
use crate::evaluation::hexadecimal_digest;
use crate::evaluation::statistics::Interval;
use crate::model_pool::ModelReference;

/// All versions of a prompt, in the order they were made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionHistory {
    versions: Vec<PromptVersion>,
}

/// One version. The same content is the same version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptVersion {
    /// SHA-256 of the prompt's JSON, in hexadecimal.
    pub id: String,
    /// The version it was made from.
    pub parent: Option<String>,
    /// The prompt.
    pub template: PromptTemplate,
    /// When it was made (ISO 8601).
    pub created_at: String,
    /// What a person says about it.
    pub note: String,
    /// Words to find it by.
    pub tags: BTreeSet<String>,
    /// What evaluations gave it, in their order.
    pub scores: Vec<VersionScore>,
}

/// What one evaluation gave a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionScore {
    /// The evaluation run.
    pub run: String,
    /// The model that answered.
    pub model: ModelReference,
    /// Mean score, from 0 to 1.
    pub score: f64,
    /// Where it lies with 95 % confidence; `None` where the cases are too few to say.
    pub interval: Option<Interval>,
    /// Over how many cases.
    pub cases: usize,
}

/// A version that isn't there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history has no version {0}; choose one that it has, or import the history that has it")]
pub struct UnknownVersion(String);

impl VersionHistory {
    /// All versions, the oldest first.
    pub fn versions(&self) -> &[PromptVersion] {
        &self.versions
    }

    /// The version with this id.
    pub fn get(&self, id: &str) -> Option<&PromptVersion> {
        self.versions.iter().find(|version| version.id == id)
    }

    /// The version that is exactly this prompt.
    pub fn of(&self, template: &PromptTemplate) -> Option<&PromptVersion> {
        self.versions.iter().find(|version| version.template == *template)
    }

    /// Keeps a prompt, and returns its version's id. One that is there already stays as it is.
    ///
    /// # Errors
    /// There is no version `parent`.
    pub fn add(
        &mut self,
        template: PromptTemplate,
        parent: Option<&str>,
        created_at: &str,
        note: &str,
    ) -> Result<String, UnknownVersion> {
        if let Some(parent) = parent.filter(|parent| self.get(parent).is_none()) {
            return Err(UnknownVersion(parent.to_owned()));
        }
        let id = hexadecimal_digest(&template);
        if self.get(&id).is_none() {
            self.versions.push(PromptVersion {
                id: id.clone(),
                parent: parent.map(str::to_owned),
                template,
                created_at: created_at.to_owned(),
                note: note.to_owned(),
                tags: BTreeSet::new(),
                scores: Vec::new(),
            });
        }
        Ok(id)
    }

    /// Changes a version's note.
    ///
    /// # Errors
    /// There is no such version.
    pub fn set_note(&mut self, id: &str, note: &str) -> Result<(), UnknownVersion> {
        self.get_mut(id)?.note = note.to_owned();
        Ok(())
    }

    /// Gives a version these tags and no others.
    ///
    /// # Errors
    /// There is no such version.
    pub fn set_tags(&mut self, id: &str, tags: BTreeSet<String>) -> Result<(), UnknownVersion> {
        self.get_mut(id)?.tags = tags;
        Ok(())
    }

    /// Writes down what a version scored; a score of the same run and model is replaced.
    ///
    /// # Errors
    /// There is no such version.
    pub fn record_score(&mut self, id: &str, score: VersionScore) -> Result<(), UnknownVersion> {
        let scores = &mut self.get_mut(id)?.scores;
        match scores.iter_mut().find(|known| known.run == score.run && known.model == score.model) {
            Some(known) => *known = score,
            None => scores.push(score),
        }
        Ok(())
    }

    /// A version and what it came from, back to the first.
    pub fn lineage(&self, id: &str) -> Vec<&PromptVersion> {
        let mut lineage: Vec<&PromptVersion> = Vec::new();
        let mut next = self.get(id);
        // A history that was edited by hand may run in circles.
        while let Some(version) = next.filter(|version| !lineage.iter().any(|known| known.id == version.id)) {
            lineage.push(version);
            next = version.parent.as_deref().and_then(|parent| self.get(parent));
        }
        lineage
    }

    fn get_mut(&mut self, id: &str) -> Result<&mut PromptVersion, UnknownVersion> {
        self.versions.iter_mut().find(|version| version.id == id).ok_or_else(|| UnknownVersion(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(name: &str) -> PromptTemplate {
        PromptTemplate { name: name.into(), ..PromptTemplate::default() }
    }

    #[test]
    fn a_history_keeps_each_content_once_with_its_lineage_and_scores() {
        let mut history = VersionHistory::default();
        let first = history.add(prompt("a"), None, "2026-01-01", "start").unwrap();
        let second = history.add(prompt("b"), Some(&first), "2026-01-02", "shorter").unwrap();
        assert_eq!(history.add(prompt("a"), Some(&second), "2026-01-03", "again").unwrap(), first);
        assert_eq!(history.versions().len(), 2);
        assert_eq!(history.get(&first).unwrap().note, "start");
        let lineage: Vec<&str> = history.lineage(&second).iter().map(|version| version.id.as_str()).collect();
        assert_eq!(lineage, [second.as_str(), first.as_str()]);
        let score = |score| VersionScore {
            run: "r".into(),
            model: ModelReference::browser("m"),
            score,
            interval: Some(Interval { low: 0.1, high: 0.9 }),
            cases: 30,
        };
        history.record_score(&second, score(0.5)).unwrap();
        history.record_score(&second, score(0.6)).unwrap();
        history.set_tags(&second, ["best".to_owned()].into()).unwrap();
        assert_eq!(history.get(&second).unwrap().scores, [score(0.6)]);
        let read: VersionHistory = serde_json::from_str(&serde_json::to_string(&history).unwrap()).unwrap();
        assert_eq!(read, history);
        assert!(history.add(prompt("c"), Some("gone"), "2026-01-04", "").unwrap_err().to_string().contains("gone"));
    }
}
