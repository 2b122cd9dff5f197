//! The app: files of the built front end, the page for every page path, and how long browsers may keep them.

use std::path::Path;

use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tower::ServiceExt;
use tower_http::services::ServeDir;

use crate::downloads::checksum::Checksum;
use crate::error::ApiError;
use crate::protection::content_security_policy;
use crate::state::AppState;

/// First segments of paths that are never pages.
const NOT_PAGES: [&str; 2] = ["api", "v1"];

const NO_APP: &str = "quern is running, and its API is at /v1. The app itself is not built: `cargo xtask run` builds it, or name its folder with --app-dir.\n";

/// Everything that no route of the API takes.
pub async fn app_file(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let unknown = || ApiError::unknown_route(method.as_str(), &path);
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(unknown());
    }
    let Some(app_dir) = state.config().storage.app_dir.as_deref() else {
        return if path == "/" { Ok(NO_APP.into_response()) } else { Err(unknown()) };
    };
    let is_page = is_page_path(&path) && accepts_html(request.headers());
    if path == "/" || path == "/index.html" {
        return page(app_dir).await;
    }
    let files = ServeDir::new(app_dir).precompressed_br().precompressed_gzip().append_index_html_on_directories(false);
    let mut response = files.oneshot(request).await.into_response();
    if response.status() == StatusCode::NOT_FOUND {
        return if is_page { page(app_dir).await } else { Err(unknown()) };
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(cache_control(&path)));
    Ok(response.into_response())
}

/// The one page of the app. Its policy allows the scripts written into it, by hash: Trunk puts its loader there.
async fn page(app_dir: &Path) -> Result<Response, ApiError> {
    let path = app_dir.join("index.html");
    let html = tokio::fs::read_to_string(&path)
        .await
        .map_err(|error| ApiError::internal(format!("the app's page {} can't be read: {error}", path.display())))?;
    let hashes: Vec<String> = inline_scripts(&html)
        .iter()
        .map(|script| STANDARD.encode(Checksum::of_bytes(script.as_bytes()).as_bytes()))
        .collect();
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (CONTENT_SECURITY_POLICY, content_security_policy(&hashes)),
    ];
    Ok((headers, html).into_response())
}

/// Page paths have no dot in their last segment: `/chat`, but not `/chat.css`.
fn is_page_path(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    !NOT_PAGES.contains(&first) && !last.contains('.')
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

/// Names with a content hash never change; the rest is asked about each time.
fn cache_control(path: &str) -> &'static str {
    if has_content_hash(path) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

/// Trunk's names: `app-0123456789abcdef.js`, `app-0123456789abcdef_bg.wasm`.
fn has_content_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    let hash = stem.rsplit('-').next().unwrap_or_default();
    stem.contains('-') && hash.len() >= 15 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The text of each script element without `src`, cut as browsers cut it: at the next end tag, whatever spaces it has.
fn inline_scripts(html: &str) -> Vec<&str> {
    let mut scripts = Vec::new();
    let mut rest = html;
    while let Some((_, attributes, after)) = split_at_tag(rest, "<script") {
        let Some((text, _, next)) = split_at_tag(after, "</script") else { break };
        if !attributes.split_ascii_whitespace().any(|attribute| attribute.starts_with("src=")) {
            scripts.push(text);
        }
        rest = next;
    }
    scripts
}

/// What stands before the next such tag, in it, and after it.
fn split_at_tag<'a>(html: &'a str, tag: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let is_tag = |&(start, _): &(usize, &str)| {
        let next = html.as_bytes().get(start + tag.len());
        next.is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
    };
    let (start, _) = html.match_indices(tag).find(is_tag)?;
    let (inside, after) = html[start + tag.len()..].split_once('>')?;
    Some((&html[..start], inside, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_in_the_page_are_found() {
        let html = "<script src=\"a.js\"></script><script type=\"module\">\nimport x;\n</script ><p><scripts><script>a('<script>')</script>";
        assert_eq!(inline_scripts(html), ["\nimport x;\n", "a('<script>')"]);
        let html =
            "<script type=module src=a.js>no</script><script type=\"module\">import x</script><script>let y</script>";
        assert_eq!(inline_scripts(html), ["import x", "let y"]);
    }

    #[test]
    fn only_hashed_names_are_kept_for_good() {
        for kept in ["/app-0123456789abcdef.js", "/app-0123456789abcdef_bg.wasm", "/fonts/sans-0123456789abcdef.woff2"]
        {
            assert!(has_content_hash(kept), "{kept}");
        }
        for asked in [
            "/index.html",
            "/service_worker.js",
            "/precache.json",
            "/engine-worker.js",
            "/a-cafe.js",
            "/0123456789abcdef.js",
        ] {
            assert!(!has_content_hash(asked), "{asked}");
        }
    }

    #[test]
    fn pages_and_files_are_told_apart() {
        assert!(is_page_path("/chat") && is_page_path("/models") && is_page_path("/prompts/7/edit"));
        assert!(!is_page_path("/chat.css") && !is_page_path("/v1/nothing") && !is_page_path("/api/nothing"));
    }
}
