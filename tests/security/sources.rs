//! X17, X19: what the code and its dependencies are.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

/// Rust files below a folder.
pub(crate) fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut open = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = read(&path);
            files.push((path, text));
        }
    }
    files
}

#[test]
fn tls_is_checked_and_no_client_follows_a_redirect() {
    let mut clients = 0;
    for (path, text) in files("src") {
        for word in ["danger_", "dangerous()", "tls_sni(false)", "InsecureSkipVerify"] {
            assert!(!text.contains(word), "{} has `{word}`", path.display());
        }
        // Tests of the emulator ask it only.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        for builder in ["Client::builder()", "Client::new()", "reqwest::get("] {
            for (at, _) in code.match_indices(builder) {
                clients += 1;
                let chain: String = code[at..].split(';').next().unwrap_or_default().to_owned();
                let none = chain.contains(".redirect(reqwest::redirect::Policy::none())");
                assert!(none, "{} has a client that follows redirects", path.display());
            }
        }
    }
    assert!(clients >= 2, "{clients} clients: they are made elsewhere now");
    let rustls = read(&root().join("Cargo.toml"));
    assert!(rustls.contains("\"rustls-no-provider\"") && !rustls.contains("native-tls"));
}

#[test]
fn dependencies_are_pinned_and_from_the_registry() {
    let lock = read(&root().join("Cargo.lock"));
    let packages: Vec<&str> = lock.split("[[package]]").skip(1).collect();
    for package in &packages {
        let name = package.lines().find(|line| line.starts_with("name = ")).unwrap_or_default();
        let source = package.lines().find(|line| line.starts_with("source = "));
        match source {
            None => assert_eq!(name, "name = \"retune\"", "{name} is from a path"),
            Some(source) => {
                assert!(source.starts_with("source = \"registry+"), "{name}: {source}");
                assert!(package.contains("\nchecksum = \""), "{name} has no checksum");
            }
        }
    }
    // With those for tests. More is a decision, and not an accident.
    assert!(packages.len() <= 370, "{} packages", packages.len());
    let manifest = read(&root().join("Cargo.toml"));
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for word in ["git = \"", "path = \"../", "[patch"] {
        assert!(!manifest.contains(word), "Cargo.toml has `{word}`");
    }
}
