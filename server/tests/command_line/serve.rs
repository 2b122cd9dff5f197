//! `quern serve`: says where it is, and ends well when told to stop.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use crate::quern::Quern;

#[cfg(unix)]
/// Starts it on a free port; returns it, and the address it printed.
fn start(quern: &Quern) -> (Child, String) {
    let mut command = quern.command(&["serve", "--port", "0", "--device", "cpu"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("quern is at ").expect("the address comes first").to_owned();
    (child, address)
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_it_well() {
    let quern = Quern::new();
    let (mut child, address) = start(&quern);
    let health = reqwest::get(format!("{address}/health")).await.unwrap();
    assert_eq!(health.status(), 200);
    let killed = std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(child.wait().unwrap().success(), "{errors}");
    assert!(errors.contains("stopping"), "{errors}");
}

#[test]
fn a_port_in_use_is_named() {
    let quern = Quern::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let errors = quern.run(&["serve", "--port", &port]).bad();
    assert!(errors.contains(&port) && errors.contains("--port"), "{errors}");
}
