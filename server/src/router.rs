//! Every route on one page, and what surrounds them all.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

use crate::error::ApiError;
use crate::protection::{Doorkeeper, add_security_headers, check_caller};
use crate::routes::{
    app_files, chat_completions, companion, completions, device, embeddings, files, fine_tuning, health, model_files,
    models, providers, tokenizer, uploads,
};
use crate::state::AppState;

/// The whole companion as a service.
pub fn router(state: AppState) -> Router {
    let doorkeeper = Doorkeeper::new(&state.config().listen);
    let body_limit = DefaultBodyLimit::max(state.config().limits.max_body_bytes);

    let open_ai = Router::new()
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*id}", get(models::one).delete(models::delete))
        .route("/v1/chat/completions", post(chat_completions::create))
        .route("/v1/completions", post(completions::create))
        .route("/v1/embeddings", post(embeddings::create));
    // Bytes of these go to the disk as they come; --max-file-bytes limits them.
    let file_bodies = Router::new()
        .route("/v1/files", post(files::create))
        .route("/v1/uploads/{id}/parts", post(uploads::add_part))
        .layer(DefaultBodyLimit::disable());
    let fine_tuning = Router::new()
        .route("/v1/files", get(files::list))
        .route("/v1/files/{id}", get(files::one).delete(files::delete))
        .route("/v1/files/{id}/content", get(files::content))
        .route("/v1/uploads", post(uploads::create))
        .route("/v1/uploads/{id}/complete", post(uploads::complete))
        .route("/v1/uploads/{id}/cancel", post(uploads::cancel))
        .route("/v1/fine_tuning/jobs", get(fine_tuning::list).post(fine_tuning::create))
        .route("/v1/fine_tuning/jobs/{id}", get(fine_tuning::one))
        .route("/v1/fine_tuning/jobs/{id}/cancel", post(fine_tuning::cancel))
        .route("/v1/fine_tuning/jobs/{id}/pause", post(fine_tuning::pause))
        .route("/v1/fine_tuning/jobs/{id}/resume", post(fine_tuning::resume))
        .route("/v1/fine_tuning/jobs/{id}/events", get(fine_tuning::events))
        .route("/v1/fine_tuning/jobs/{id}/checkpoints", get(fine_tuning::checkpoints));
    let as_in_vllm = Router::new()
        .route("/tokenize", post(tokenizer::tokenize))
        .route("/detokenize", post(tokenizer::detokenize))
        .route("/tokenizer_info", get(tokenizer::info));
    let own = Router::new()
        .route("/health", get(health::health))
        .route("/models/{name}", get(model_files::model_file))
        .route("/api/preview", post(companion::preview))
        .route("/api/device", get(device::device))
        .route("/api/providers", get(providers::list))
        .route("/api/providers/{name}", put(providers::change).delete(providers::remove))
        .route("/api/providers/{name}/models", get(providers::models))
        .route("/api/models", get(companion::list))
        .route("/api/models/{name}", delete(companion::remove))
        .route("/api/models/pull", post(companion::pull))
        .route("/api/models/{name}/pull", delete(companion::stop_pull));
    let app = Router::new()
        .fallback(app_files::app_file)
        // Built files are compressed beforehand where the build does so; this is for those that are not.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest));

    let around = ServiceBuilder::new()
        .layer(
            // Paths only: what people ask models is nobody's business, and is in the bodies.
            TraceLayer::new_for_http()
                .make_span_with(DefaultMakeSpan::new().level(Level::DEBUG))
                .on_response(DefaultOnResponse::new().level(Level::DEBUG)),
        )
        .layer(from_fn(add_security_headers))
        .layer(CatchPanicLayer::custom(|_| {
            ApiError::internal("this is a fault of quern; its log says more").into_response()
        }))
        .layer(from_fn_with_state(doorkeeper.clone(), check_caller))
        .layer(cross_origin(doorkeeper))
        .layer(body_limit);
    open_ai
        .merge(file_bodies)
        .merge(fine_tuning)
        .merge(as_in_vllm)
        .merge(own)
        .method_not_allowed_fallback(wrong_method)
        .merge(app)
        .layer(around)
        .with_state(state)
}

/// CORS for the pages that may call us from elsewhere.
fn cross_origin(doorkeeper: Doorkeeper) -> CorsLayer {
    let may_call = move |origin: &HeaderValue, parts: &axum::http::request::Parts| {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        origin.to_str().is_ok_and(|origin| doorkeeper.admits_origin(origin, host))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(may_call))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([header::CONTENT_RANGE, header::ETAG, header::RETRY_AFTER])
        .allow_private_network(true)
}

async fn wrong_method(State(_): State<AppState>, request: Request) -> Response {
    ApiError::wrong_method(request.method().as_str(), request.uri().path()).into_response()
}
