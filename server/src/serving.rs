//! Runs the router on a listener, and fine-tuning jobs beside it, until told to stop; then lets running answers finish
//! within the grace time, and puts the jobs down.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::router::router;
use crate::state::AppState;

/// Time for connections to close once their answers have been cut off.
const CLOSING_TIME: Duration = Duration::from_secs(2);

/// Serves until `stop` is cancelled: then nothing new is accepted, and answers still running when the grace time is
/// over are cut off with an error.
///
/// # Errors
/// The listener failed.
pub async fn serve(listener: TcpListener, state: AppState, stop: CancellationToken) -> std::io::Result<()> {
    let grace = Duration::from_secs(state.config().limits.shutdown_grace_seconds);
    let fine_tuning = state.fine_tuning().clone();
    let jobs = tokio::spawn({
        let stop = stop.clone();
        async move { fine_tuning.run_jobs(stop).await }
    });
    let (cut_off, router) = (state.cut_off().clone(), router(state));
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(grace).await;
        cut_off.cancel();
        tokio::time::sleep(CLOSING_TIME).await;
    };
    let result = tokio::select! {
        result = server => result,
        () = patience => {
            tracing::warn!("some connections did not close in time");
            Ok(())
        }
    };
    if jobs.await.is_err() {
        tracing::error!("fine-tuning jobs were not put down as they should");
    }
    result
}

/// Waits for Ctrl-C or, on Unix, SIGTERM.
///
/// # Errors
/// The system has no signals to give.
pub async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
