//! `GET /health`: that the companion is up, which version it is, and what is in memory.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::state::AppState;

/// What `/health` answers.
#[derive(Serialize)]
pub struct Health {
    status: &'static str,
    version: &'static str,
    loaded_models: Vec<String>,
}

/// Always 200 while the companion answers at all.
pub async fn health(State(state): State<AppState>) -> Json<Health> {
    let loaded_models = state.served().loaded_names();
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION"), loaded_models })
}
