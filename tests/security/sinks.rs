//! X7, X8, X9: text from the service and from files, in everything printed.

use std::process::Output;

use crate::hostile::{HOSTILE, assert_inert, assert_no_markup, quoted};
use crate::service;
use crate::world::World;

fn run(world: &World, line: &str, endpoint: Option<&str>) -> Output {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let mut command = world.command(&arguments);
    if let Some(url) = endpoint {
        command.args(["--endpoint", url]);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every command that shows what the service said, in every form.
const COMMANDS: [&str; 35] = [
    "plan",
    "plan --full",
    "plan --color always",
    "plan --format json",
    "plan -vvv",
    "plan -vvv --log-format json",
    "apply --yes --max-creates 99 --max-cancels 99 -vvv",
    "apply --yes --max-creates 99 --format jsonl",
    "apply --yes --max-creates 99 --wait=1s",
    "apply --yes --prune orphan",
    "status",
    "status --format json",
    "describe failed",
    "describe unknown",
    "describe dialect",
    "describe good",
    "describe active",
    "describe changed --format json",
    "jobs",
    "jobs --format json",
    "cancel active --yes -vv",
    "outputs",
    "outputs --format json",
    "outputs --format yaml",
    "outputs --format env",
    "outputs --format github",
    "outputs --format configmap",
    "import --all --ended",
    "metrics good",
    "metrics good --format json",
    "metrics good --format html",
    "prompt good hello",
    "prompt good hello --stream",
    "prompt good hello --format json",
    "status --html -",
];

#[test]
fn nothing_from_the_service_steers_a_terminal_or_a_workflow() {
    let (world, service) = (service::world(), service::service());
    let mut met = 0;
    for line in COMMANDS {
        let output = run(&world, line, Some(service.url()));
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        // The last ones refuse what is not what they hand on.
        let may_refuse =
            ["outputs --format", "metrics", "prompt"].iter().any(|c| line.starts_with(c));
        assert!(may_refuse || !stdout.is_empty(), "{line} printed nothing: {stderr}");
        assert!(!stderr.contains("panicked"), "{line}: {stderr}");
        let own = |text: String| if line.contains("always") { without_colour(&text) } else { text };
        assert_inert(&format!("`{line}` on stdout"), &own(stdout.clone()));
        assert_inert(&format!("`{line}` on stderr"), &own(stderr));
        met += usize::from(stdout.contains("pwned"));
        if line.contains("json") && !line.contains("log-format") && !stdout.is_empty() {
            let documents = if line.contains("jsonl") {
                stdout.lines().collect()
            } else {
                vec![stdout.as_str()]
            };
            for document in documents {
                serde_json::from_str::<serde_json::Value>(document).unwrap();
            }
        }
    }
    // Shown, and not just left out.
    assert!(met >= 17, "only {met} of the commands show the text at all");
}

/// The program's own colours.
fn without_colour(text: &str) -> String {
    regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(text, "").into_owned()
}

#[test]
fn nothing_from_the_service_is_markup_in_a_comment() {
    let (world, service) = (service::world(), service::service());
    for line in ["plan --format markdown", "plan --format markdown --full"] {
        let shown = text(&run(&world, line, Some(service.url())).stdout);
        assert!(shown.contains("pwned"), "{shown}");
        assert_no_markup(line, &shown);
    }
}

#[test]
fn what_json_hides_from_a_terminal_a_program_still_reads() {
    let (world, service) = (service::world(), service::service());
    let shown = text(&run(&world, "jobs --format json", Some(service.url())).stdout);
    let document: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let jobs = document["jobs"].as_array().unwrap();
    assert!(jobs.iter().any(|job| job["error"]["message"] == HOSTILE), "{shown}");
}

#[test]
fn an_error_of_the_service_is_one_inert_line() {
    let world = World::alone();
    world.wants(crate::model::model("faq"));
    for status in ["400 Bad Request", "403 Forbidden", "404 Not Found", "500 Oops"] {
        let server = crate::server::Server::new(move |_| {
            let body = serde_json::json!({"error": {"code": 1, "message": HOSTILE}});
            (status, "application/json", body.to_string())
        });
        for line in ["plan", "jobs -vv", "status", "apply --yes"] {
            let output = run(&world, line, Some(server.url()));
            assert_eq!(output.status.code(), Some(4), "{line}");
            let stderr = text(&output.stderr);
            assert_inert(&format!("`{line}` at {status}"), &stderr);
            // A server that fails says nothing that is worth repeating.
            assert!(stderr.contains("pwned") || status.starts_with('5'), "{line}: {stderr}");
        }
    }
}

#[test]
fn nothing_in_a_manifest_steers_a_terminal_or_a_workflow() {
    let world = World::alone();
    let hostile = quoted();
    for (name, text) in [
        ("value", format!("spec: {{baseModel: {hostile}}}")),
        ("key", format!("spec: {{{hostile}: 1}}")),
        ("name", format!("metadata: {{name: {hostile}}}")),
        ("label", format!("metadata: {{name: x, labels: {{{hostile}: {hostile}}}}}")),
        ("uri", format!("spec: {{supervisedTuningSpec: {{trainingDatasetUri: {hostile}}}}}")),
        ("version", format!("apiVersion: {hostile}")),
        ("scalar", hostile.clone()),
        // As it stands, which YAML refuses somewhere in the middle.
        ("raw", HOSTILE.to_owned()),
    ] {
        world.write(&format!("manifests/{name}.yaml"), &format!("kind: TunedModel\n{text}\n"));
    }
    // A file's name is somebody else's, too.
    let name: String = HOSTILE.chars().filter(|c| *c != '/').take(60).collect();
    world.write(&format!("manifests/{name}.yaml"), "kind: TunedModel\n");
    for line in [
        "validate",
        "validate --color always",
        "plan",
        "validate --format json",
        "validate --format sarif",
    ] {
        let output = run(&world, line, None);
        assert_eq!(output.status.code(), Some(3), "{line}");
        let shown = text(&output.stdout) + &text(&output.stderr);
        let shown = if line.contains("always") { without_colour(&shown) } else { shown };
        assert!(shown.contains("pwned"), "{line}: {shown}");
        assert_inert(line, &shown);
    }
    let github = text(&run(&world, "validate --format github", None).stdout);
    assert!(github.contains("pwned"), "{github}");
    for line in github.lines() {
        // One command a line, each one that the program meant.
        assert!(
            ["::error file=", "::warning file=", "::notice file="]
                .iter()
                .any(|own| line.starts_with(own)),
            "{line}"
        );
        assert_inert("validate --format github", line.trim_start_matches(':'));
    }
}

#[test]
fn the_name_of_a_manifest_file_steers_nothing() {
    let world = World::new();
    let name: String = HOSTILE.chars().filter(|c| *c != '/').take(60).collect();
    world.write(&format!("manifests/{name}.yaml"), &crate::model::model("faq").text());
    for line in [
        "validate",
        "plan",
        "apply --yes -vv",
        "status",
        "describe faq",
        "describe faq --format json",
    ] {
        let output = run(&world, line, None);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output.stderr));
        assert_inert(line, &(text(&output.stdout) + &text(&output.stderr)));
    }
}
