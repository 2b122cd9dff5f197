//! Which crate may depend on which, as `Cargo.toml` files declare it: `shared <- engine <- {app, server}`, and the
//! libraries that belong to one layer stay there.

#![expect(clippy::unwrap_used, reason = "a test whose preparations fail has failed")]

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None`, `dev` or `build`.
    kind: Option<String>,
}

/// One crate of ours: which others of ours it may use, and the libraries (with all whose names begin so) it must not.
struct Layer {
    name: &'static str,
    may_use: &'static [&'static str],
    must_not_use: &'static [&'static str],
    /// Libraries that its tests may use all the same.
    in_tests: &'static [&'static str],
}

const LAYERS: [Layer; 4] = [
    Layer {
        name: "shared",
        may_use: &[],
        must_not_use: &["wgpu", "tokio", "axum", "candle", "leptos", "web-sys"],
        in_tests: &[],
    },
    Layer { name: "engine", may_use: &["shared"], must_not_use: &["leptos", "axum", "candle"], in_tests: &["candle"] },
    Layer { name: "app", may_use: &["shared", "engine"], must_not_use: &["tokio", "candle"], in_tests: &[] },
    Layer { name: "server", may_use: &["shared", "engine"], must_not_use: &["leptos"], in_tests: &[] },
];

/// Everything that the workspace's members declare, for all platforms.
fn declared() -> BTreeMap<String, Vec<Dependency>> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).unwrap();
    metadata.packages.into_iter().map(|package| (package.name, package.dependencies)).collect()
}

/// What a layer uses although it must not.
fn faults(layer: &Layer, dependencies: &[Dependency], members: &[&str]) -> Vec<String> {
    let is_one_of = |name: &str, families: &[&str]| {
        families.iter().any(|family| {
            name.strip_prefix(family).is_some_and(|rest| matches!(rest.as_bytes(), [] | [b'-' | b'_', ..]))
        })
    };
    let is_fault = |dependency: &&Dependency| {
        let name = dependency.name.as_str();
        let is_of_tests = dependency.kind.as_deref() == Some("dev") && is_one_of(name, layer.in_tests);
        let is_out_of_order = members.contains(&name) && !layer.may_use.contains(&name);
        is_out_of_order || (is_one_of(name, layer.must_not_use) && !is_of_tests)
    };
    dependencies.iter().filter(is_fault).map(|dependency| format!("{} uses {}", layer.name, dependency.name)).collect()
}

#[test]
fn no_crate_uses_what_belongs_to_another_layer() {
    let declared = declared();
    let members: Vec<&str> = declared.keys().map(String::as_str).collect();
    for layer in &LAYERS {
        let dependencies = declared.get(layer.name).unwrap_or_else(|| panic!("there is no crate {}", layer.name));
        assert_eq!(faults(layer, dependencies, &members), Vec::<String>::new());
    }
}

#[test]
fn a_fault_is_found() {
    let dependency =
        |name: &str, kind: Option<&str>| Dependency { name: name.to_owned(), kind: kind.map(str::to_owned) };
    let dependencies = [
        dependency("candle-core", Some("dev")),
        dependency("candle-core", None),
        dependency("candlestick", None),
        dependency("axum", Some("dev")),
        dependency("server", None),
        dependency("shared", None),
        dependency("leptos_router", Some("build")),
    ];
    let expected = ["engine uses candle-core", "engine uses axum", "engine uses server", "engine uses leptos_router"];
    assert_eq!(faults(&LAYERS[1], &dependencies, &["engine", "server", "shared"]), expected);
}
