//! OpenAI's official clients against the companion. What each does and checks is in `tests/clients/`.

use anyhow::{Context, Result, ensure};
use tests::companion::Companion;
use tests::environment::{SMOLLM2, checkout, path};
use tokio::process::Command;

#[tokio::test]
async fn python() {
    check(path("QUERN_PYTHON").map(Command::new), "openai_client.py").await;
}

#[tokio::test]
async fn node() {
    check(Ok(Command::new("node")), "openai_client.mjs").await;
}

#[tokio::test]
async fn python_fine_tunes() {
    check(path("QUERN_PYTHON").map(Command::new), "fine_tuning/openai_flow.py").await;
}

#[tokio::test]
async fn node_fine_tunes() {
    check(Ok(Command::new("node")), "fine_tuning/openai_flow.mjs").await;
}

async fn check(program: Result<Command>, script: &str) {
    let checked = async { run(program?, script).await };
    if let Err(error) = checked.await {
        panic!("{script}: {error:#}");
    }
}

async fn run(mut client: Command, script: &str) -> Result<()> {
    client.arg(checkout()?.join("tests/clients").join(script));
    client.env("QUERN_NODE_MODULES", path("QUERN_NODE_MODULES")?);
    let companion = Companion::start(Some(SMOLLM2)).await?;
    client.env("OPENAI_BASE_URL", format!("{}/v1", companion.url())).env("OPENAI_API_KEY", "unused").arg(SMOLLM2);
    let output = client.kill_on_drop(true).output().await.context("starting the client")?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "the client found something wrong:\n{said}\nthe companion:\n{}", companion.log());
    print!("{said}");
    Ok(())
}
