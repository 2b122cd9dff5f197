//! Requests: what is taken, and what is refused by its name.

use serde_json::{Value, json};

use super::*;

fn request(more: Value) -> serde_json::Result<FineTuningRequest> {
    let mut body = json!({"model": "m", "training_file": "file-1"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(body)
}

#[test]
fn numbers_may_be_left_to_the_server() {
    let numbers = |more| request(more).unwrap().supervised();
    assert_eq!(numbers(json!({})), SupervisedHyperparameters::default());
    let three = json!({"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": null});
    let expected = SupervisedHyperparameters { n_epochs: Auto::Number(3), ..Default::default() };
    assert_eq!(numbers(json!({"hyperparameters": three})), expected);
    let method = json!({"type": "supervised", "supervised": {"hyperparameters": three}});
    assert_eq!(numbers(json!({"method": method})), expected);
    let dpo = json!({"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}});
    assert_eq!(request(json!({"method": dpo})).unwrap().dpo().beta, Auto::Number(0.2));
    assert_eq!(serde_json::to_value(&expected).unwrap()["batch_size"], "auto");
}

#[test]
fn what_is_not_known_is_refused() {
    for more in [
        json!({"temperature": 1}),
        json!({"method": {"type": "reinforcement"}}),
        json!({"method": {"type": "supervised", "reinforcement": {}}}),
        json!({"hyperparameters": {"epochs": 3}}),
        json!({"hyperparameters": {"n_epochs": "many"}}),
        json!({"hyperparameters": {"n_epochs": 1.5}}),
        json!({"quern": {"ranks": 3}}),
        json!({"quern": {"optimizer": {"beta3": 0.1}}}),
    ] {
        assert!(request(more.clone()).is_err(), "{more}");
    }
}

#[test]
fn what_is_out_of_range_is_refused_by_its_name() {
    let param = |more: Value| request(more).unwrap().check().unwrap_err().param.unwrap();
    let many: Metadata = (0..17).map(|index| (index.to_string(), String::new())).collect();
    for (expected, more) in [
        ("integrations", json!({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}]})),
        ("suffix", json!({"suffix": ""})),
        ("suffix", json!({"suffix": "a".repeat(65)})),
        ("suffix", json!({"suffix": "a:b"})),
        ("metadata", json!({"metadata": many})),
        ("metadata", json!({"metadata": {"k".repeat(65): "v"}})),
        ("metadata", json!({"metadata": {"k": "v".repeat(513)}})),
        ("hyperparameters.n_epochs", json!({"hyperparameters": {"n_epochs": 0}})),
        ("hyperparameters", json!({"hyperparameters": {}, "method": {"type": "dpo"}})),
        ("method.dpo", json!({"method": {"type": "supervised", "dpo": {}}})),
        (
            "method.dpo.hyperparameters.beta",
            json!({"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.0}}}}),
        ),
        ("quern.rank", json!({"quern": {"rank": 0}})),
        ("quern.rank", json!({"quern": {"rank": 8, "full": true}})),
        ("quern.targets", json!({"quern": {"targets": ["q_proj"]}})),
        ("quern.targets", json!({"quern": {"targets": ["attn_q", "attn_q"]}})),
        ("quern.optimizer.beta2", json!({"quern": {"optimizer": {"beta2": 1.0}}})),
        ("quern.sample_prompts", json!({"quern": {"sample_prompts": [""]}})),
    ] {
        assert_eq!(param(more.clone()), expected, "{more}");
    }
    let fine = json!({"suffix": "my-model_1.2", "metadata": {"k": "v"}, "integrations": [], "quern": {"rank": 256}});
    request(fine).unwrap().check().unwrap();
}

#[test]
fn statuses_are_written_by_their_names() {
    for status in JobStatus::ALL {
        assert_eq!(serde_json::to_value(status).unwrap(), status.name());
        assert_eq!(JobStatus::from_name(status.name()), Some(status));
    }
}
