//! A real Chromium with a profile of its own, driven through `chromedriver`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::{DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::environment::{checkout, path};
use crate::wait::SOON;

/// Headless, quiet, and with WebGPU on a software GPU where there is no other.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--window-size=1280,800",
    "--lang=en-GB",
];

/// A script may compute: the longest is the exactness test.
const LONGEST_SCRIPT: Duration = Duration::from_secs(580);

/// A browser window.
pub struct Browser {
    /// Its driver.
    pub driver: WebDriver,
    // Ended and removed when dropped.
    driver_process: Child,
    _profile: TempDir,
}

/// Width and height of a page, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize {
    /// What screenshots call it.
    pub name: &'static str,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// A phone has a finger, not a mouse.
    pub is_phone: bool,
}

/// A laptop's window.
pub const DESKTOP: PageSize = PageSize { name: "desktop", width: 1280, height: 800, is_phone: false };

/// A phone, held upright.
pub const PHONE: PageSize = PageSize { name: "phone", width: 390, height: 844, is_phone: true };

impl Browser {
    /// Starts driver and browser.
    ///
    /// # Errors
    /// One of them did not start.
    pub async fn start() -> Result<Self> {
        let (process, port) = start_driver().await?;
        let profile = tempfile::tempdir()?;
        let mut capabilities = DesiredCapabilities::chrome();
        let chromium = path("QUERN_CHROMIUM")?;
        capabilities.set_binary(chromium.to_str().context("the path of Chromium is text")?)?;
        for flag in FLAGS {
            capabilities.add_arg(flag)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        let driver = WebDriver::builder(format!("http://127.0.0.1:{port}"), capabilities)
            .request_timeout(LONGEST_SCRIPT + SOON)
            .connect()
            .await
            .context("starting Chromium")?;
        driver.set_script_timeout(LONGEST_SCRIPT).await?;
        Ok(Self { driver, driver_process: process, _profile: profile })
    }

    /// Runs a script in the page; its `return` value becomes `T`.
    ///
    /// # Errors
    /// The script threw, or returned something else.
    pub async fn run<T: DeserializeOwned>(&self, script: &str, arguments: Vec<Value>) -> Result<T> {
        let value = self.driver.execute(script, arguments).await.with_context(|| format!("running {script}"))?;
        value.convert().with_context(|| format!("reading what {script} returned"))
    }

    /// Runs the body of an async function in the page and waits for what it returns. Its arguments are `arguments[0]`
    /// and on.
    ///
    /// # Errors
    /// The script threw, or returned something else.
    pub async fn run_async<T: DeserializeOwned>(&self, body: &str, arguments: Vec<Value>) -> Result<T> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async function () {{ {body} }}).apply(null, arguments)
                 .then((value) => done({{ value }}), (error) => done({{ error: String(error) }}));"
        );
        let mut answer: Value = self.driver.execute_async(script, arguments).await?.convert()?;
        if let Some(error) = answer.get("error") {
            bail!("the page's script failed: {error}\n{body}");
        }
        serde_json::from_value(answer["value"].take()).context("reading what the page's script returned")
    }

    /// Makes the page this large, on a screen of that kind.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn resize(&self, size: PageSize) -> Result<()> {
        let metrics = json!({
            "width": size.width, "height": size.height, "deviceScaleFactor": 1, "mobile": size.is_phone,
        });
        self.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics).await?;
        let touch = json!({"enabled": size.is_phone});
        self.driver.cdp().send_raw("Emulation.setTouchEmulationEnabled", touch).await?;
        Ok(())
    }

    /// Lets the system be dark or light, and its motion reduced: screenshots must not catch things half-way.
    ///
    /// # Errors
    /// The browser refused.
    pub async fn prefer(&self, is_dark: bool) -> Result<()> {
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.driver.cdp().send_raw("Emulation.setEmulatedMedia", features).await?;
        Ok(())
    }

    /// Memory of the processes that show pages and run workers of this browser, pages shared with others divided among them.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn renderers_memory_bytes(&self) -> Result<u64> {
        let driver = self.driver_process.id().context("the driver runs")?;
        let processes = all_processes()?;
        let is_ours = |mut id: u32| {
            while let Some(status) = processes.get(&id) {
                if status.parent == driver {
                    return true;
                }
                id = status.parent;
            }
            false
        };
        let renderers = processes.iter().filter(|(id, status)| status.is_renderer && is_ours(**id));
        Ok(renderers.map(|(_, status)| status.memory_bytes).sum())
    }

    /// Saves what the page looks like as `tests/screenshots/<name>.png`.
    ///
    /// # Errors
    /// The browser or the disk refused.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let folder = checkout()?.join("tests/screenshots");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{name}.png"));
        self.driver.screenshot(Path::new(&file)).await?;
        Ok(file)
    }
}

/// Processes, by what the system tells of each.
fn all_processes() -> Result<HashMap<u32, ProcessStatus>> {
    let mut processes = HashMap::new();
    for entry in std::fs::read_dir("/proc").context("listing processes")? {
        let Ok(id) = entry?.file_name().to_string_lossy().parse() else { continue };
        // A process may end while it is looked at.
        let Ok(status) = std::fs::read_to_string(format!("/proc/{id}/status")) else { continue };
        let command = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let memory = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse::<u64>().ok()
        };
        processes.insert(
            id,
            ProcessStatus {
                parent: field(&status, "PPid:").unwrap_or_default() as u32,
                memory_bytes: field(&memory, "Pss:").unwrap_or_default() << 10,
                is_renderer: String::from_utf8_lossy(&command).contains("--type=renderer"),
            },
        );
    }
    Ok(processes)
}

struct ProcessStatus {
    parent: u32,
    memory_bytes: u64,
    is_renderer: bool,
}

/// Starts the driver; it says which port it found.
async fn start_driver() -> Result<(Child, u16)> {
    let mut process = Command::new(path("QUERN_CHROMEDRIVER")?)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("starting chromedriver")?;
    let mut lines = BufReader::new(process.stdout.take().context("standard output is piped")?).lines();
    let port = async {
        while let Some(line) = lines.next_line().await? {
            let said = line.split("started successfully on port ").nth(1);
            if let Some(port) = said.and_then(|port| port.trim_end_matches('.').parse().ok()) {
                return Ok(port);
            }
        }
        bail!("chromedriver ended before it named its port");
    };
    let port = tokio::time::timeout(SOON, port).await.context("chromedriver did not name its port in time")??;
    // Read on, so that the driver never waits for somebody to listen.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((process, port))
}
