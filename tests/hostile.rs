//! Files that were made to hurt, or went wrong in transit: each ends in a
//! finding with the right code, and none in a panic, a wait or a flood.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use retune::manifest::{self, Code, Settings, render};

fn codes(path: &Path) -> Vec<Code> {
    let loaded = manifest::load(&[path.to_owned()], &Settings::default());
    let report = loaded.report();
    // Whatever it was: it is said once or a hundred times, not for ever, and
    // nothing that reaches a terminal can steer it.
    assert!(report.findings.len() <= 101, "{}", report.findings.len());
    let text = render::text(&report.findings, false);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(text.len() <= 2000 * report.findings.len(), "{} bytes", text.len());
    report.findings.iter().map(|f| f.code).collect()
}

fn in_file(bytes: &[u8]) -> Vec<Code> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.yaml");
    fs::write(&path, bytes).unwrap();
    codes(&path)
}

#[test]
fn alias_bombs() {
    let mut laughs = String::from("a0: &a0 lol\n");
    for i in 1..40 {
        laughs.push_str(&format!("a{i}: &a{i} [{}]\n", format!("*a{}, ", i - 1).repeat(10)));
    }
    assert_eq!(in_file(laughs.as_bytes()), [Code::AliasBudget]);
    // Not one large value many times, but many values a few times.
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(5000), "*a, ".repeat(5000));
    assert_eq!(in_file(wide.as_bytes()), [Code::AliasBudget]);
    // Anchors alone, each copied into the next.
    let nested = "&a [".repeat(30) + &"x,".repeat(5000) + &"]".repeat(30);
    assert_eq!(in_file(nested.as_bytes()), [Code::AliasBudget]);
    assert_eq!(in_file(b"&a [*a]"), [Code::RecursiveAlias]);
}

#[test]
fn nesting() {
    for text in ["[", "{a: ", "- ", "? ", "[{a: "] {
        let found = in_file(text.repeat(100_000).as_bytes());
        assert_eq!(found, [Code::TooDeep], "{text}");
    }
    let steps: String = (0..1000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert_eq!(in_file(steps.as_bytes()), [Code::TooDeep]);
}

#[test]
fn size() {
    let long = format!("a: \"{}\"\n", "x".repeat(200_000));
    assert_eq!(in_file(long.as_bytes()), [Code::ScalarTooLarge]);
    assert_eq!(in_file(&vec![b'#'; 1024 * 1024 + 1]), [Code::FileTooLarge]);
    assert!(in_file("--- x\n".repeat(2000).as_bytes()).contains(&Code::TooManyDocuments));
    assert_eq!(
        in_file("x,".repeat(300_000).replacen('x', "[x", 1).as_bytes()),
        [Code::TooManyValues]
    );
    // A file may be sparse, and larger than memory.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.yaml");
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(codes(&path), [Code::FileTooLarge]);
}

#[test]
fn a_flood_of_findings_is_cut() {
    let keys: String = (0..20_000).map(|i| format!("k{i}: 1\n")).collect();
    let found = in_file(format!("kind: TunedModel\n{keys}").as_bytes());
    assert_eq!(found.len(), 101);
    assert!(found.contains(&Code::TooManyFindings));
    let on_one_line = format!("{{{}}}", "k: 1, ".repeat(20_000));
    assert_eq!(in_file(on_one_line.as_bytes()).len(), 101);
    let documents = "a: ]\n---\n".repeat(10_000);
    assert!(in_file(documents.as_bytes()).len() <= 101);
}

#[test]
fn bytes_that_are_no_text() {
    assert_eq!(in_file(b"a: 1\nb: \0\n"), [Code::NulByte]);
    assert_eq!(in_file(b"a: \xff\xfe\n"), [Code::NotUtf8]);
    let utf16: Vec<u8> = "a: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(in_file(&utf16), [Code::NulByte]);
    let loaded = {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.yaml");
        fs::write(&path, b"\xc3\xa4: 1\nb: \xff\n").unwrap();
        manifest::load(&[path], &Settings::default())
    };
    let spot = &loaded.report().findings[0].spot;
    assert_eq!((spot.line, spot.column), (2, 4));
}

#[test]
fn escape_sequences_do_not_reach_the_terminal() {
    let text = "\"\\e[2J\\e]0;owned\\a\": 1\nkind: \"\\u202egnp.exe\"\nspec: \"\\x9b31m\"\n";
    let found = in_file(text.as_bytes());
    assert!(found.contains(&Code::UnknownKey) && found.contains(&Code::InvalidValue), "{found:?}");
    in_file("a\u{202e}: 1\n\"\u{9b}2J\": 2\n".as_bytes());
}

#[test]
fn paths_that_lead_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(codes(&directory.path().join("absent.yaml")), [Code::NotFound]);
    assert_eq!(codes(directory.path()), [Code::NoManifests]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    fn fifo(directory: &Path) -> PathBuf {
        let path = directory.join("fifo.yaml");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = fifo(directory.path());
        // Were it opened, this would wait for ever.
        assert_eq!(codes(&path), [Code::NotAFile]);
        assert_eq!(codes(directory.path()), [Code::NotAFile]);
        fs::remove_file(&path).unwrap();
        let _socket = UnixListener::bind(directory.path().join("socket.yaml")).unwrap();
        symlink("/dev/zero", directory.path().join("zero.yaml")).unwrap();
        assert_eq!(codes(directory.path()), [Code::NotAFile, Code::NotAFile]);
        assert_eq!(codes(Path::new("/dev/null")), [Code::NotAFile]);
    }

    #[test]
    fn links_in_a_circle_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        symlink("b.yaml", path("a.yaml")).unwrap();
        symlink("a.yaml", path("b.yaml")).unwrap();
        assert_eq!(codes(directory.path()), [Code::SymlinkLoop, Code::SymlinkLoop]);
        fs::remove_file(path("a.yaml")).unwrap();
        assert_eq!(codes(directory.path()), [Code::NotFound]);
        fs::remove_file(path("b.yaml")).unwrap();
        fs::create_dir(path("sub")).unwrap();
        symlink("..", path("sub/up")).unwrap();
        assert_eq!(codes(directory.path()), [Code::SymlinkLoop]);
        // Two links that multiply: 2^40 ways through the same few directories.
        fs::remove_file(path("sub/up")).unwrap();
        let mut inner = path("sub");
        for i in 0..40 {
            let next = directory.path().join(format!("d{i}"));
            fs::create_dir(&next).unwrap();
            symlink(&inner, next.join("x")).unwrap();
            symlink(&inner, next.join("y")).unwrap();
            inner = next;
        }
        assert_eq!(codes(directory.path()), [Code::NoManifests]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.yaml");
        fs::write(&path, "a: 1\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // Root reads it all the same, and then it is the document that is wrong.
        let root = fs::read(&path).is_ok();
        let found = codes(directory.path());
        if root {
            assert_eq!(found, [Code::MissingKey]);
        } else {
            assert_eq!(found, [Code::Unreadable]);
        }
        // This one nobody can read, though it calls itself a file.
        #[cfg(target_os = "linux")]
        assert_eq!(codes(Path::new("/proc/self/mem")), [Code::Unreadable]);
    }

    #[test]
    fn one_file_by_two_names_is_read_once() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("..data");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("m.yaml"), "a: 1\n").unwrap();
        // As Kubernetes mounts a ConfigMap.
        symlink("..data/m.yaml", directory.path().join("m.yaml")).unwrap();
        symlink("m.yaml", directory.path().join("n.yaml")).unwrap();
        let loaded = manifest::load(&[directory.path().to_owned()], &Settings::default());
        assert_eq!(loaded.report().files, 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_panics(text in "([-:?,\\[\\]{}&*!|>'\"%@`#<~\\\\ \\n\\tax1.\u{e4}]|kind: TunedModel\\n|spec:\\n|  )*") {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.yaml");
        fs::write(&path, &text).unwrap();
        let found = codes(&path);
        prop_assert!(!found.is_empty(), "{text:?} is no manifest");
    }
}
