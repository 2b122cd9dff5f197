//! OpenAI's official clients against the companion. What each does and checks is in `tests/clients/`.

use anyhow::{Context, Result, ensure};
use tests::companion::Companion;
use tests::environment::{SMOLLM2, checkout, path};
use tokio::process::Command;

#[tokio::test]
async fn python() -> Result<()> {
    let mut command = Command::new(path("QUERN_PYTHON")?);
    command.arg(checkout()?.join("tests/clients/openai_client.py"));
    check(command).await
}

#[tokio::test]
async fn node() -> Result<()> {
    let mut command = Command::new("node");
    command.arg(checkout()?.join("tests/clients/openai_client.mjs"));
    command.env("QUERN_NODE_MODULES", path("QUERN_NODE_MODULES")?);
    check(command).await
}

async fn check(mut client: Command) -> Result<()> {
    let companion = Companion::start(Some(SMOLLM2)).await?;
    client.env("OPENAI_BASE_URL", format!("{}/v1", companion.url())).env("OPENAI_API_KEY", "unused").arg(SMOLLM2);
    let output = client.kill_on_drop(true).output().await.context("starting the client")?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "the client found something wrong:\n{said}\nthe companion:\n{}", companion.log());
    print!("{said}");
    Ok(())
}
