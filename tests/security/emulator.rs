//! X14, X20: pages that would like to talk to the emulator, and what it keeps.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::world::World;

/// One of each kind of route: jobs, models, metrics, storage, uploads, prompts,
/// operations, what does not exist, and the emulator's own.
const ROUTES: [(&str, &str); 18] = [
    ("GET", "/v1/projects/acme-ml/locations/us-central1/tuningJobs"),
    ("POST", "/v1/projects/acme-ml/locations/us-central1/tuningJobs"),
    ("GET", "/v1beta1/projects/acme-ml/locations/us-central1/tuningJobs/1"),
    ("POST", "/v1/projects/acme-ml/locations/us-central1/tuningJobs/1:cancel"),
    ("GET", "/v1/projects/acme-ml/locations/us-central1/models"),
    ("POST", "/v1/projects/acme-ml/locations/us-central1/endpoints/1:generateContent"),
    ("GET", "/v1/projects/acme-ml/locations/us-central1/operations/1"),
    ("GET", "/storage/v1/b?project=acme-ml"),
    ("POST", "/upload/storage/v1/b/bucket/o?uploadType=media&name=x"),
    ("GET", "/bucket/object"),
    ("GET", "/"),
    ("OPTIONS", "/v1/projects/acme-ml/locations/us-central1/tuningJobs"),
    ("GET", "/emulator/faults"),
    ("POST", "/emulator/faults"),
    ("DELETE", "/emulator/faults"),
    ("GET", "/emulator/log"),
    ("DELETE", "/emulator/log"),
    ("GET", "/emulator/jobs"),
];

/// The head of an answer.
fn ask(host: &str, method: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_forged_host_or_origin_is_refused_on_every_route() {
    let world = World::new();
    let host = world.url().trim_start_matches("http://").to_owned();
    let port = host.rsplit(':').next().unwrap();
    let forged = [
        "host: evil.example\r\n".to_owned(),
        format!("host: evil.example:{port}\r\n"),
        format!("host: 127.0.0.1.nip.io:{port}\r\n"),
        format!("host: localhost.evil.example:{port}\r\n"),
        format!("host: localhost.:{port}\r\n"),
        format!("host: 127.0.0.1.:{port}\r\n"),
        format!("host: 127.1:{port}\r\n"),
        format!("host: 0.0.0.0:{port}\r\n"),
        format!("host: evil.example@{host}\r\n"),
        format!("host: {host}/evil.example\r\n"),
        "host: \r\n".to_owned(),
        String::new(),
        format!("host: evil.example\r\nx-forwarded-host: {host}\r\n"),
        format!("host: {host}\r\norigin: http://evil.example\r\n"),
        format!("host: {host}\r\norigin: https://{host}\r\n"),
        format!("host: {host}\r\norigin: http://{host}.evil.example\r\n"),
        format!("host: {host}\r\norigin: null\r\n"),
        format!("host: {host}\r\norigin: http://{host}\r\norigin: http://evil.example\r\n"),
        format!("host: {host}\r\nhost: evil.example\r\n"),
        format!("host: {host}\r\norigin: \r\n"),
        format!("host: {host}\r\norigin: file://\r\n"),
    ];
    for (method, path) in ROUTES {
        for headers in &forged {
            let answer = ask(&host, method, path, headers);
            let refused = ["HTTP/1.1 403", "HTTP/1.1 400"].iter().any(|s| answer.starts_with(s));
            assert!(refused, "{method} {path} {headers:?}: {answer}");
            let allows = answer.to_ascii_lowercase().contains("access-control-allow");
            assert!(!allows, "{method} {path} {headers:?}: {answer}");
        }
        // The guard is what refused them.
        let answer = ask(&host, method, path, &format!("host: {host}\r\n"));
        assert!(!answer.starts_with("HTTP/1.1 403"), "{method} {path}: {answer}");
        assert!(!answer.to_ascii_lowercase().contains("access-control"), "{path}: {answer}");
    }
    // A request line with another authority than the Host says.
    let absolute = "http://evil.example/emulator/jobs";
    let answer = ask(&host, "GET", absolute, &format!("host: evil.example:{port}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(
        ask(&host, "GET", "/emulator/jobs", &format!("host: {host}\r\n")).contains("tuningJobs")
    );
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_emulators_world_is_for_its_owner_only() {
    let world = World::alone();
    world.wants(crate::model::model("faq"));
    // Whatever the shell lets others do.
    let line = format!("umask 0; exec {} apply --emulator --yes", env!("CARGO_BIN_EXE_retune"));
    let mut command = std::process::Command::new("/bin/sh");
    world.clean(&mut command);
    assert!(command.args(["-c", &line]).output().unwrap().status.success());
    for directory in [".retune", ".retune/emulator"] {
        assert_eq!(mode(&world.path(directory)), 0o700, "{directory}");
    }
    assert_eq!(mode(&world.path(".retune/emulator/world.json")), 0o600);
}

#[test]
fn a_link_in_the_emulators_directory_leads_no_write_out_of_it() {
    let world = World::alone();
    world.wants(crate::model::model("faq"));
    world.write("precious", "mine");
    std::fs::create_dir_all(world.path(".retune/emulator")).unwrap();
    for name in [".gitignore", "emulator/address", "emulator/world.json.new"] {
        symlink(world.path("precious"), world.path(&format!(".retune/{name}"))).unwrap();
    }
    world.does("apply --emulator --yes");
    world.does("plan --emulator");
    assert_eq!(std::fs::read(world.path("precious")).unwrap(), b"mine");
}

#[test]
fn an_address_that_somebody_planted_is_not_asked() {
    let world = World::alone();
    world.wants(crate::model::model("faq"));
    // The lock is held, so the command would use the address beside it.
    let running = world.emulator_here();
    for planted in ["https://evil.example", "https://us-central1-aiplatform.googleapis.com", "x"] {
        world.write(".retune/emulator/address", planted);
        let shown = world.run("plan --emulator");
        assert!(shown.ends_with("[exit 4]") && shown.contains("run the command again"), "{shown}");
    }
    world.write(".retune/emulator/address", running.url());
    world.does("plan --emulator");
    world.block_on(running.stop());
}
