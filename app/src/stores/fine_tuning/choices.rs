//! What a person chooses before a job begins, kept in this browser, and the request that it makes.

use serde::{Deserialize, Serialize};
use shared::api::fine_tuning::{
    Auto, DpoHyperparameters, DpoMethod, FineTuningRequest, Method, MethodKind, SupervisedHyperparameters,
    SupervisedMethod, TrainingOptions,
};
use shared::dataset::formats::Format;

/// Where rows come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowSource {
    /// The dataset that is open in this browser.
    #[default]
    Dataset,
    /// Files that the companion has.
    Files,
}

/// What a person chooses before a job begins. What is left out is left to the companion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingChoices {
    /// The model that learns.
    pub base: Option<String>,
    /// Where rows come from.
    pub source: RowSource,
    /// Id of the file to learn from.
    pub training_file: Option<String>,
    /// Id of the file whose loss is measured.
    pub validation_file: Option<String>,
    /// What is learned of a row.
    pub method: MethodKind,
    /// How often each row is seen.
    pub epochs: Option<u32>,
    /// Rows of one step.
    pub batch_size: Option<u32>,
    /// How dear it is to go away from the base; of `dpo` only.
    pub beta: Option<f64>,
    /// A part of the new model's name.
    pub suffix: String,
    /// Of the order of rows, and of the first adapters.
    pub seed: Option<u32>,
    /// Quern's own options.
    pub options: TrainingOptions,
}

impl Default for TrainingChoices {
    fn default() -> Self {
        Self {
            base: None,
            source: RowSource::default(),
            training_file: None,
            validation_file: None,
            method: MethodKind::Supervised,
            epochs: None,
            batch_size: None,
            beta: None,
            suffix: String::new(),
            seed: None,
            options: TrainingOptions::default(),
        }
    }
}

impl TrainingChoices {
    /// Whether all weights are trained.
    pub fn is_full(&self) -> bool {
        self.options.full == Some(true)
    }

    /// The format that rows are sent in.
    pub fn format(&self) -> Format {
        match self.method {
            MethodKind::Supervised => Format::OpenAiChat,
            MethodKind::Dpo => Format::OpenAiPreference,
        }
    }

    /// The request to learn from a file.
    ///
    /// # Errors
    /// What is out of range or missing, in words.
    pub fn request(&self, training_file: String, validation_file: Option<String>) -> Result<FineTuningRequest, String> {
        let base = self.base.clone().ok_or("Choose the model that learns.")?;
        let suffix = self.suffix.trim();
        let request = FineTuningRequest {
            validation_file,
            method: Some(self.method()),
            seed: self.seed,
            suffix: (!suffix.is_empty()).then(|| suffix.to_owned()),
            quern: Some(self.sent_options()),
            ..FineTuningRequest::new(base, training_file)
        };
        request.check().map_err(|error| error.message)?;
        Ok(request)
    }

    fn method(&self) -> Method {
        let auto = |number: Option<u32>| number.map_or(Auto::Auto, Auto::Number);
        let (batch_size, n_epochs) = (auto(self.batch_size), auto(self.epochs));
        let (supervised, dpo) = match self.method {
            MethodKind::Supervised => {
                let numbers = SupervisedHyperparameters { batch_size, n_epochs, ..Default::default() };
                (Some(SupervisedMethod { hyperparameters: Some(numbers) }), None)
            }
            MethodKind::Dpo => {
                let beta = self.beta.map_or(Auto::Auto, Auto::Number);
                let numbers = DpoHyperparameters { batch_size, beta, n_epochs, ..Default::default() };
                (None, Some(DpoMethod { hyperparameters: Some(numbers) }))
            }
        };
        Method { kind: self.method, supervised, dpo }
    }

    /// The options without those that have no meaning for what is chosen, and that are kept for when they have.
    fn sent_options(&self) -> TrainingOptions {
        let mut options = self.options.clone();
        if self.is_full() {
            options = TrainingOptions { rank: None, alpha: None, targets: None, rslora: None, ..options };
        }
        let is_asked = |prompt: &String| !prompt.trim().is_empty();
        options.sample_prompts = options
            .sample_prompts
            .map(|prompts| prompts.into_iter().filter(is_asked).collect::<Vec<_>>())
            .filter(|prompts| !prompts.is_empty());
        options
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sent(choices: &TrainingChoices) -> Value {
        serde_json::to_value(choices.request("file-1".to_owned(), None).unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_chosen_is_left_to_the_companion() {
        let choices = TrainingChoices { base: Some("smollm2".to_owned()), ..Default::default() };
        let request = sent(&choices);
        assert_eq!(request["model"], "smollm2");
        assert_eq!(request["training_file"], "file-1");
        let auto = json!({"batch_size": "auto", "learning_rate_multiplier": "auto", "n_epochs": "auto"});
        assert_eq!(request["method"], json!({"type": "supervised", "supervised": {"hyperparameters": auto}}));
        for field in ["suffix", "seed", "validation_file", "hyperparameters"] {
            assert!(request.get(field).is_none(), "{field}");
        }
        assert!(TrainingChoices::default().request("file-1".to_owned(), None).is_err(), "without a base");
    }

    #[test]
    fn only_what_has_a_meaning_is_sent() {
        let options = TrainingOptions {
            rank: Some(8),
            sample_prompts: Some(vec!["Who?".to_owned(), " ".to_owned()]),
            ..Default::default()
        };
        let adapter = TrainingChoices {
            base: Some("smollm2".to_owned()),
            suffix: " lighthouse ".to_owned(),
            epochs: Some(2),
            options,
            ..Default::default()
        };
        let request = sent(&adapter);
        assert_eq!((&request["suffix"], &request["quern"]["rank"]), (&json!("lighthouse"), &json!(8)));
        assert_eq!(request["quern"]["sample_prompts"], json!(["Who?"]));
        assert_eq!(request["method"]["supervised"]["hyperparameters"]["n_epochs"], 2);
        let mut full = adapter.clone();
        full.options.full = Some(true);
        assert_eq!(sent(&full)["quern"]["rank"], json!(null), "all weights have no rank");
        let dpo = TrainingChoices { method: MethodKind::Dpo, beta: Some(0.2), ..adapter.clone() };
        assert_eq!(sent(&dpo)["method"]["dpo"]["hyperparameters"]["beta"], 0.2);
        let refused = TrainingChoices { suffix: "a b".to_owned(), ..adapter };
        assert!(refused.request("file-1".to_owned(), None).unwrap_err().contains("suffix"));
    }

    #[test]
    fn choices_are_kept_as_they_are() {
        let choices = TrainingChoices { epochs: Some(3), source: RowSource::Files, ..Default::default() };
        let text = serde_json::to_string(&choices).unwrap();
        assert_eq!(serde_json::from_str::<TrainingChoices>(&text).unwrap(), choices);
    }
}
