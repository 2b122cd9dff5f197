//! `GET /health`: that the companion is up, which version it is, and what is in memory.

use axum::Json;
use axum::extract::State;
use shared::api::companion::Health;

use crate::state::AppState;

/// Always 200 while the companion answers at all.
pub async fn health(State(state): State<AppState>) -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        loaded_models: state.served().loaded_names(),
    })
}
