//! The architecture, checked: what may know of what, and what is pure.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut open = vec![root.join(folder)];
    let parent = root.join(format!("{folder}.rs"));
    files.extend(parent.exists().then_some(parent));
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(path).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    assert!(files.len() > 2, "{folder} has moved; tell this test where to");
    let read = |path: PathBuf| {
        let text = fs::read(&path).map(|bytes| String::from_utf8(bytes).unwrap()).unwrap();
        (path, text)
    };
    files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).map(read).collect()
}

/// Source without its comments and its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn forbid(folder: &str, words: &[&str]) {
    for (path, text) in sources(folder) {
        if path.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        for word in words {
            assert!(!code(&text).contains(word), "{} contains `{word}`", path.display());
        }
    }
}

/// What would make planning depend on more than its arguments.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "async ",
    "await",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "getrandom",
    "thread_local",
    "Mutex",
    "Cell<",
    "Atomic",
    "crate::clock",
    "crate::google",
    "crate::vertex",
    "crate::claims",
    "crate::apply",
    "crate::observe",
    "crate::emulator",
    "crate::cli",
];

#[test]
fn model_plan_and_prompt_are_pure() {
    forbid("model", IMPURE);
    forbid("plan", IMPURE);
    forbid("prompt", IMPURE);
    forbid("prompt", &["crate::plan", "crate::manifest"]);
    forbid("model", &["crate::plan", "crate::manifest"]);
    forbid("plan", &["crate::manifest"]);
    forbid("page", IMPURE);
    forbid("page", &["crate::manifest", "crate::watch"]);
    forbid("detail", IMPURE);
    forbid("curves", IMPURE);
    forbid("curves", &["crate::plan", "crate::manifest", "crate::detail"]);
    forbid("detail", &["crate::manifest"]);
}

/// They make texts of what was read, and write and ask nothing. Manifests are
/// read from memory.
#[test]
fn outputs_and_imports_are_pure() {
    forbid("outputs", IMPURE);
    forbid("outputs", &["crate::manifest"]);
    forbid("import", IMPURE);
}

#[test]
fn arrows_point_one_way() {
    forbid("manifest", &["crate::plan", "crate::vertex", "crate::apply", "crate::cli", "tokio"]);
    forbid("vertex", &["crate::plan", "crate::manifest", "crate::apply", "crate::cli"]);
    forbid("apply", &["crate::cli", "crate::emulator", "crate::manifest", "reqwest"]);
    // What both the client and the emulator shared, neither would check.
    forbid(
        "emulator",
        &[
            "crate::google",
            "crate::vertex",
            "crate::claims",
            "crate::model",
            "crate::plan",
            "crate::cli",
        ],
    );
    forbid("watch", &["crate::cli", "crate::emulator"]);
    forbid("vertex", &["crate::emulator"]);
    forbid("google", &["crate::vertex", "crate::plan", "crate::manifest", "crate::apply"]);
    forbid("google", &["crate::claims", "crate::cli", "crate::emulator"]);
    forbid("vertex", &["crate::claims"]);
    forbid("claims", &["crate::vertex", "crate::plan", "crate::manifest", "crate::apply"]);
    forbid("claims", &["crate::cli", "crate::emulator"]);
}

/// The one exception to purity: without its feature nothing is left of it.
#[test]
fn mistakes_are_compiled_out() {
    let hooks = read("src/mutant.rs");
    let without = hooks.rsplit_once("#[cfg(not(feature = \"mutants\"))]").unwrap().1;
    assert_eq!(
        without.split_whitespace().collect::<Vec<_>>().join(" "),
        "pub(crate) const fn is(_: Mutant) -> bool { false }"
    );
    assert!(!read("Cargo.toml").contains("default = ["), "`mutants` must stay off");
    let folders = ["model", "plan", "claims", "apply", "watch"].into_iter().flat_map(sources);
    let product: String = folders.map(|(_, text)| code(&text)).collect();
    let product = product + &read("src/observe.rs");
    let names = hooks.lines().filter_map(|line| line.strip_prefix("    ")?.strip_suffix(','));
    let names: Vec<&str> =
        names.filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric())).collect();
    assert!(names.len() >= 25, "{names:?}");
    for name in names {
        assert!(product.contains(&format!("is(Mutant::{name})")), "{name} is hooked nowhere");
    }
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

/// A spec is consumed field by field: the compiler then walks whoever adds a
/// field through each of these files.
#[test]
fn specs_are_destructured_in_full() {
    for (path, text) in sources("model").into_iter().chain(sources("manifest")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if ["request.rs", "assemble.rs", "document.rs"].contains(&name.as_str()) {
            let rest = code(&text).lines().any(|line| line.trim() == "..");
            assert!(!rest, "{} leaves fields out with `..`", path.display());
        }
    }
}

#[test]
fn nothing_panics_on_data() {
    // clippy sees unwrap, expect, panic and indexing; these it does not.
    for folder in [
        "model", "plan", "prompt", "manifest", "google", "vertex", "claims", "apply", "watch",
        "cli", "emulator", "detail", "outputs", "import", "curves",
    ] {
        forbid(folder, &["todo!(", "unimplemented!(", "danger_accept_invalid"]);
    }
}
