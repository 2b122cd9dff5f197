//! `GET /api/device`: what the machine can hold, so that a page can tell which models fit.

use axum::Json;
use axum::extract::State;
use shared::api::companion::CompanionDevice;

use crate::config::DeviceChoice;
use crate::error::ApiError;
use crate::state::AppState;

/// Memory and storage are looked at anew with each call.
pub(crate) async fn device(State(state): State<AppState>) -> Result<Json<CompanionDevice>, ApiError> {
    let looking = tokio::task::spawn_blocking(move || {
        let config = state.config();
        let has_gpu = config.inference.device != DeviceChoice::Cpu;
        state.machine().look(&config.storage.models_dir, has_gpu, config.inference.threads)
    });
    Ok(Json(looking.await.map_err(|_| ApiError::internal("the machine could not be looked at"))?))
}
