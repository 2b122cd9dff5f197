//! Log-likelihoods of the requests that lm-eval makes for `tests/clients/lm_eval/everyday.yaml`, in the tab: beside a
//! float32 computation from the same file (`tests/clients/lm_eval/check.py` wrote it down), and beside the companion's.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tests::environment::{SMOLLM2, checkout};
use tests::pages::AppPage;
use tests::stage::{Stage, Start, journey};

/// As in `check.py`.
const MOST_RELATIVE_DIFFERENCE: f64 = 1e-2;

#[derive(Deserialize, Serialize)]
struct Request {
    ids: Vec<u32>,
    context_tokens: usize,
    /// What the companion told lm-eval.
    log_likelihood: f64,
    /// In float32.
    float32: f64,
}

#[tokio::test]
async fn the_tab_agrees_with_float32_and_with_the_companion() {
    journey("log_likelihoods", Start::WithModel(SMOLLM2), log_likelihoods).await;
}

async fn log_likelihoods(stage: &mut Stage) -> Result<()> {
    let file = checkout()?.join("tests/clients/lm_eval/everyday-log-likelihoods.json");
    let requests: Vec<Request> = serde_json::from_slice(&std::fs::read(&file)?).context("reading the reference")?;
    AppPage::open(&stage.browser, &format!("{}/?bench", stage.companion.url())).await?;
    let options = json!({"model": SMOLLM2, "backend": "cpu", "requests": requests}).to_string();
    let body = "return JSON.parse(await window.quern_log_likelihoods(arguments[0]))";
    let in_the_tab: Vec<f64> = stage.browser.run_async(body, vec![json!(options)]).await?;
    ensure!(in_the_tab.len() == requests.len(), "{} of {} came", in_the_tab.len(), requests.len());
    let (mut from_float32, mut from_companion) = (0.0_f64, 0.0_f64);
    for (request, here) in requests.iter().zip(in_the_tab) {
        let difference = |there: f64| (here - there).abs() / there.abs();
        from_float32 = from_float32.max(difference(request.float32));
        from_companion = from_companion.max(difference(request.log_likelihood));
    }
    println!(
        "{} log-likelihoods in the tab: at most {from_float32:.1e} from float32, {from_companion:.1e} from the companion",
        requests.len()
    );
    ensure!(from_float32 <= MOST_RELATIVE_DIFFERENCE && from_companion <= MOST_RELATIVE_DIFFERENCE);
    Ok(())
}
