//! A door between browser and companion that holds large answers back: downloads can be caught half-way, without luck.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to the companion. While closed, each connection gets so many bytes and then waits.
pub struct Gate {
    /// Where the browser connects.
    pub port: u16,
    open: watch::Sender<bool>,
    sent_bytes: Arc<AtomicU64>,
}

impl Gate {
    /// A closed gate in front of the companion at `port`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(companion_port: u16, hold_after_bytes: u64) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("listening on a free port")?;
        let port = listener.local_addr()?.port();
        let (open, is_open) = watch::channel(false);
        let sent_bytes = Arc::<AtomicU64>::default();
        let counter = sent_bytes.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (is_open, counter) = (is_open.clone(), counter.clone());
                tokio::spawn(async move {
                    // Either side may hang up whenever it likes.
                    let _ = forward(client, companion_port, hold_after_bytes, is_open, &counter).await;
                });
            }
        });
        Ok(Self { port, open, sent_bytes })
    }

    /// Where the app is, through the gate.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Bytes that went to the browser so far, headers included.
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes.load(Ordering::Relaxed)
    }
}

async fn forward(
    client: TcpStream,
    companion_port: u16,
    hold_after_bytes: u64,
    mut is_open: watch::Receiver<bool>,
    counter: &AtomicU64,
) -> Result<()> {
    let companion = TcpStream::connect(("127.0.0.1", companion_port)).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_companion, mut to_companion) = companion.into_split();
    let up = async move {
        tokio::io::copy(&mut from_client, &mut to_companion).await?;
        to_companion.shutdown().await?;
        anyhow::Ok(())
    };
    let down = async move {
        let mut piece = vec![0; 64 << 10];
        let mut done_bytes = 0;
        loop {
            let count = from_companion.read(&mut piece).await?;
            if count == 0 {
                return anyhow::Ok(());
            }
            if done_bytes >= hold_after_bytes {
                is_open.wait_for(|is_open| *is_open).await?;
            }
            to_client.write_all(&piece[..count]).await?;
            done_bytes += count as u64;
            counter.fetch_add(count as u64, Ordering::Relaxed);
        }
    };
    // A browser that hangs up ends `up`, even while the gate holds `down`.
    tokio::select! {
        ended = up => ended,
        ended = down => ended,
    }
}
