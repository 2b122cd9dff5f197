//! `quern tokenize`
use crate::arguments::TokenizeArguments;
use crate::config::Config;
pub(super) async fn run(_: Config, _: TokenizeArguments) -> anyhow::Result<()> {
    Ok(())
}
