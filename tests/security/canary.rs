//! X11, X12: a token, in every output of every command and in every file.

use std::path::{Path, PathBuf};

use crate::addresses::{CANARY, with_token};
use crate::model::model;
use crate::service;
use crate::world::World;

/// Every command that can be run in a directory, in every form.
const COMMANDS: [&str; 32] = [
    "init new",
    "validate",
    "validate --format json",
    "validate --format sarif",
    "validate --format github",
    "plan",
    "plan --format json -vvv",
    "plan --format markdown",
    "plan -vvv --log-format json",
    "apply --yes -vvv",
    "apply --yes --format jsonl -vvv --log-format json",
    "apply --yes --wait=1s -vv",
    "status -vvv",
    "status --format json",
    "describe active -vvv",
    "describe active --format json",
    "jobs -vvv",
    "jobs --format json",
    "cancel active --yes -vvv",
    "cancel tuningJobs/8 --foreign --yes -vvv",
    "outputs -vvv",
    "import --all -vvv",
    "metrics good -vvv",
    "prompt good hello -vvv",
    "prompt good hello --stream -vvv",
    "status --html - -vvv",
    "schema",
    "completions bash",
    "man",
    "--help",
    "--version",
    "plan --endpoint https://user:pass@googleapis.com",
];

#[test]
fn a_token_is_in_no_output_of_any_command() {
    let (world, service) = (service::world(), service::service());
    let environment = [("GOOGLE_VERTEX_BASE_URL", service.url()), ("RUST_BACKTRACE", "full")];
    for line in COMMANDS {
        // `with_token` looks for it.
        let (shown, _) = with_token(&world, line, &environment);
        assert!(!shown.contains("user:pass"), "{line}: {shown}");
        assert!(!shown.contains("panicked"), "{line}: {shown}");
    }
    for request in service.asked() {
        assert!(!request.contains(CANARY), "{request}");
    }
}

#[test]
fn a_token_that_google_refuses_is_in_no_output() {
    let world = World::alone();
    world.wants(model("faq"));
    // No network: the way to Google ends at a proxy that is not there.
    for line in ["plan -vvv", "plan -vvv --log-format json", "apply --yes -vvv", "jobs -vvv"] {
        let (shown, code) = with_token(&world, line, &[("HTTPS_PROXY", "http://127.0.0.1:1")]);
        assert_eq!(code, 4, "{shown}");
    }
    // One that cannot stand in a header.
    let broken = format!("{CANARY}\n");
    let mut command = world.command(&["plan", "-vvv"]);
    command.env("GOOGLE_OAUTH_ACCESS_TOKEN", format!("{broken}x"));
    let shown = world.shown(&command.env("HTTPS_PROXY", "http://127.0.0.1:1").output().unwrap());
    assert!(!shown.contains(CANARY) && shown.ends_with("[exit 4]"), "{shown}");
}

#[test]
fn a_credential_file_is_in_no_output() {
    let world = World::alone();
    world.wants(model("faq"));
    for (name, text) in [
        (
            "key",
            format!(
                r#"{{"type": "service_account", "private_key": "{CANARY}", "client_email": "a@b", "private_key_id": "{CANARY}", "token_uri": "https://oauth2.googleapis.com/token"}}"#
            ),
        ),
        (
            "user",
            format!(
                r#"{{"type": "authorized_user", "client_id": "x", "client_secret": "{CANARY}", "refresh_token": "{CANARY}"}}"#
            ),
        ),
        ("kind", format!(r#"{{"type": "{CANARY}x"}}"#).replace(CANARY, "strange")),
        ("cut", format!(r#"{{"type": "service_account", "private_key": "{CANARY}"#)),
    ] {
        world.write(name, &text);
        for line in ["plan -vvv", "apply --yes -vvv --log-format json"] {
            let arguments: Vec<&str> = line.split_whitespace().collect();
            let mut command = world.command(&arguments);
            command.env("GOOGLE_APPLICATION_CREDENTIALS", world.path(name));
            command.env("HTTPS_PROXY", "http://127.0.0.1:1");
            let output = command.output().unwrap();
            let shown = world.shown(&output);
            assert!(!shown.contains(CANARY), "{name}: {line}: {shown}");
            assert_eq!(output.status.code(), Some(4), "{name}: {line}: {shown}");
        }
    }
}

#[test]
fn a_token_is_in_no_file() {
    let world = World::alone();
    world.wants(model("faq"));
    for line in ["apply --emulator --yes -vvv", "plan --emulator", "init new"] {
        assert_eq!(with_token(&world, line, &[]).1, 0, "{line}");
    }
    let mut looked = 0;
    let mut open: Vec<PathBuf> = vec![world.path("")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        looked += 1;
        assert!(!holds(&path), "{}", path.display());
    }
    assert!(looked > 5, "only {looked} files");
    world.write("planted", CANARY);
    assert!(holds(&world.path("planted")));
}

fn holds(path: &Path) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
}
