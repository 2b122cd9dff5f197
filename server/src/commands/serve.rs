//! `quern serve`: the companion, until it is told to stop.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::opening::{open_database, open_providers, open_store, pull};
use crate::arguments::ServeArguments;
use crate::config::Config;
use crate::inference::{EngineBackend, ModelToServe, ServedModels};
use crate::serving::{serve, stop_signal};
use crate::state::AppState;
use crate::terminal::{note, print_line};

/// Serves until Ctrl-C or SIGTERM; a second signal ends the program at once.
pub(super) async fn run(config: Config, arguments: ServeArguments) -> Result<()> {
    let database = open_database(&config)?;
    let store = open_store(&config, database.clone())?;
    let served = ServedModels::new(Arc::new(EngineBackend::new(&config.inference)), database, config.inference.clone());
    // Bound before a long download, so that a port in use is known at once.
    let address = config.listen.address();
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}; is it in use? --port takes another"))?;
    if let Some(model) = &arguments.model {
        let stored = pull(&store, model, arguments.accept_licence).await?;
        served.preload(&ModelToServe { name: stored.name, path: stored.path, adapter: None });
    }
    if config.storage.app_dir.is_none() {
        note("The app is not built: only the API is served. `cargo xtask run` builds it; --app-dir names its folder.");
    }
    let providers = open_providers(&config)?;
    let state = AppState::new(config, store, served, providers);
    print_line(&format!("quern is at http://{}", listener.local_addr()?))?;

    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        match stop_signal().await {
            Ok(()) => note("stopping; running answers may finish, a second signal ends them"),
            Err(error) => return tracing::warn!(%error, "signals can't be heard"),
        }
        stopping.cancel();
        if stop_signal().await.is_ok() {
            std::process::exit(130);
        }
    });
    serve(listener, state, stop).await.context("serving")
}
