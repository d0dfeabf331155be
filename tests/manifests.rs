//! What a user reads about each kind of problem, and which Workspace applies.
//!
//! `tests/findings/CODE.snap` holds input and output of each code that a text can
//! have; what files that are no text can have is in `tests/hostile.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use retune::manifest::{self, Code, Loaded, Rejected, Setting, Settings, UsageError, render};

/// A manifest that has nothing wrong; the cases change it.
const GOOD: &str = "\
apiVersion: retune.dev/v1
kind: TunedModel
metadata:
  name: support-faq
spec:
  project: acme-ml
  location: us-central1
  baseModel: gemini-3.5-flash
  supervisedTuningSpec:
    trainingDatasetUri: gs://acme-ml/faq/train.jsonl
    hyperParameters:
      epochCount: 3
      adapterSize: 4
";

fn good(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

/// A code with a text that has it.
fn cases() -> Vec<(Code, String)> {
    let workspace =
        "apiVersion: retune.dev/v1\nkind: Workspace\nmetadata: {name: acme}\nspec: {}\n";
    let many = (0..56).map(|i| format!("k{i}: x, ")).collect::<String>();
    let repeat = |n: usize| (0..n).map(|i| format!("  k{i}: 1\n")).collect::<String>();
    let bomb = (1..9).fold("a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned(), |all, i| {
        let before = format!("*a{}, ", i - 1).repeat(8);
        format!("{all}a{i}: &a{i} [{before}]\n")
    });
    vec![
        (Code::Syntax, good("metadata:\n  name: support-faq", "metadata: {name: [support-faq}")),
        (Code::WrongType, good("epochCount: 3", "epochCount: three")),
        (Code::NullValue, good("baseModel: gemini-3.5-flash", "baseModel:")),
        (Code::UnknownKey, good("epochCount", "epoch_count")),
        (Code::MissingKey, good("    trainingDatasetUri: gs://acme-ml/faq/train.jsonl\n", "")),
        (Code::DuplicateKey, good("epochCount: 3", "epochCount: 3\n      epochCount: 4")),
        (
            Code::ExclusiveKeys,
            GOOD.to_owned()
                + "  preTunedModel:\n    tunedModelName: projects/p/locations/l/models/1\n",
        ),
        (Code::OutOfRange, good("epochCount: 3", "epochCount: 0")),
        (
            Code::TooLong,
            good(
                "  baseModel",
                &format!("  tunedModelDisplayName: {}\n  baseModel", "long ".repeat(26) + "."),
            ),
        ),
        (Code::InvalidValue, good("adapterSize: 4", "adapterSize: ADAPTER_SIZE_FUOR")),
        (Code::InvalidName, good("support-faq", "Support_FAQ")),
        (Code::DatasetUri, good("train.jsonl", "train.csv")),
        (Code::LocationGlobal, good("us-central1", "global")),
        (Code::InvalidLabel, good("support-faq", "support-faq\n  labels: {Team: support}")),
        (Code::ReservedLabel, good("support-faq", "support-faq\n  labels: {retune-owner: me}")),
        (Code::TooManyLabels, good("support-faq", &format!("support-faq\n  labels: {{{many}}}"))),
        (Code::DuplicateName, format!("{GOOD}---\n{GOOD}")),
        (Code::DuplicateWorkspace, format!("{GOOD}---\n{workspace}---\n{workspace}")),
        (Code::NoManifests, workspace.to_owned()),
        (Code::AdapterSize, good("adapterSize: 4", "adapterSize: 32")),
        (
            Code::AdoptElsewhere,
            GOOD.to_owned()
                + "  lifecycle:\n    adopt: projects/acme-ml/locations/europe-west4/tuningJobs/1\n",
        ),
        (Code::UnknownModel, good("gemini-3.5-flash", "gemini-3.5-falsh")),
        (Code::RetiredModel, good("gemini-3.5-flash", "gemini-1.0-pro-002")),
        (Code::ModelLocation, good("us-central1", "us-east4")),
        (Code::PreferenceModel, good("supervisedTuningSpec", "preferenceOptimizationSpec")),
        (
            Code::ModelEncryption,
            GOOD.to_owned()
                + "  encryptionSpec:\n    kmsKeyName: projects/p/locations/l/keyRings/r/cryptoKeys/k\n",
        ),
        (Code::TaskEpochs, good("epochCount: 3", "epochCount: 12") + "  task: chat\n"),
        (Code::MergeKey, good("spec:\n", "x: &x {project: acme-ml}\nspec:\n  <<: *x\n")),
        (Code::Tag, good("support-faq", "!name support-faq")),
        (Code::ComplexKey, good("epochCount: 3", "[epochCount]: 3")),
        (Code::RecursiveAlias, good("spec:\n", "spec: &spec\n  description: *spec\n")),
        (Code::AliasBudget, bomb),
        (Code::TooDeep, good("epochCount: 3", &format!("epochCount: {}", "[".repeat(40)))),
        (Code::TooManyDocuments, "--- x\n".repeat(1001)),
        (Code::TooManyFindings, GOOD.to_owned() + &repeat(101)),
    ]
}

fn load(text: &str, settings: &Settings) -> Loaded {
    // In a directory of its own, so that no other Workspace can apply.
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join(".git")).unwrap();
    let file = directory.path().join("a.yaml");
    fs::write(&file, text).unwrap();
    manifest::load(&[file], settings)
}

/// The findings as text, with the file's name instead of its path.
fn shown(loaded: &Loaded) -> String {
    let report = loaded.report();
    let text = render::text(&report.findings, false);
    let short = match report.findings.first() {
        Some(first) => text.replace(&*first.spot.file.to_string_lossy(), "a.yaml"),
        None => text,
    };
    short.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[test]
fn every_finding_says_what_is_wrong_where_and_what_to_do() {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("findings");
    settings.set_prepend_module_to_snapshot(false);
    for (code, text) in cases() {
        let loaded = load(&text, &Settings::default());
        let findings = &loaded.report().findings;
        let found: Vec<Code> = findings.iter().map(|f| f.code).collect();
        assert!(found.contains(&code), "{code}: {found:?}");
        assert!(findings.iter().all(|f| f.hint.is_some()), "{code}: {findings:?}");
        let errors = loaded.report().has_errors();
        assert_eq!(loaded.into_result().is_err(), errors, "{code}");
        let of_code = |loaded: Loaded| {
            let all = shown(&loaded);
            let all = all.split("\n\n").filter(|part| part.contains(code.as_str()));
            all.take(2).collect::<Vec<_>>().join("\n\n")
        };
        settings.bind(|| {
            insta::assert_snapshot!(code.as_str(), of_code(load(&text, &Settings::default())));
        });
    }
}

#[test]
fn every_code_has_a_case() {
    let shown: Vec<Code> = cases().into_iter().map(|(code, _)| code).collect();
    let elsewhere = include_str!("hostile.rs").to_owned() + include_str!("manifests.rs");
    for code in Code::ALL {
        let named = elsewhere.contains(&format!("Code::{code:?}"));
        assert!(shown.contains(code) || named, "{code} has no case");
    }
}

#[test]
fn all_findings_of_all_files_come_at_once_and_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(directory.path().join(name), text).unwrap();
    write("b.yaml", good("epochCount: 3", "epochCount: 0\n      adaptersize: 4"));
    write("a.yaml", format!("a: [\n---\n{}", good("us-central1", "global").replace("faq", "x")));
    write("c.yaml", good("support-faq", "fine"));
    let loaded = manifest::load(&[directory.path().to_owned()], &Settings::default());
    let found: Vec<(String, u32, Code)> = loaded
        .report()
        .findings
        .iter()
        .map(|f| {
            let name = f.spot.file.file_name().unwrap().to_string_lossy().into_owned();
            (name, f.spot.line, f.code)
        })
        .collect();
    let expected = [
        ("a.yaml", 1, Code::Syntax),
        ("a.yaml", 9, Code::LocationGlobal),
        ("b.yaml", 12, Code::OutOfRange),
        ("b.yaml", 13, Code::UnknownKey),
    ];
    let expected = expected.map(|(file, line, code)| (file.to_owned(), line, code));
    assert_eq!(found[..2], expected[..2]);
    assert_eq!(found[2..4], expected[2..]);
    assert!(matches!(loaded.into_result(), Err(Rejected::Invalid(_))));
}

#[test]
fn crlf_a_byte_order_mark_and_accents_change_no_column() {
    let text = good("epochCount: 3", "epochCount: 0").replace('\n', "\r\n");
    let loaded = load(&format!("\u{feff}{text}"), &Settings::default());
    let spot = &loaded.report().findings[0].spot;
    assert_eq!((spot.line, spot.column, spot.end_column), (12, 19, 20));
    let loaded = load(
        &good("name: support-faq", "{\"größe\": 1, name: X}")
            .replace("metadata:\n  {", "metadata: {"),
        &Settings::default(),
    );
    let spot = &loaded.report().findings[1].spot;
    assert_eq!((spot.line, spot.column, spot.end_column), (3, 30, 31));
    assert!(shown(&loaded).contains(" a.yaml:3:30"), "{}", shown(&loaded));
}

/// A directory tree with a git root, for the search for the Workspace.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        fs::create_dir(tree.path(".git")).unwrap();
        for (name, text) in files {
            fs::create_dir_all(tree.path(name).parent().unwrap()).unwrap();
            fs::write(tree.path(name), text).unwrap();
        }
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, path: &str, settings: &Settings) -> Loaded {
        manifest::load(&[self.path(path)], settings)
    }
}

fn workspace(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: retune.dev/v1\nkind: Workspace\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"
    )
}

fn homeless() -> String {
    good("  project: acme-ml\n  location: us-central1\n", "")
}

#[test]
fn the_nearest_workspace_above_applies_up_to_the_git_root() {
    let far = workspace("far", "project: far-ml, location: us-central1");
    let near = workspace("near", "project: near-ml, location: us-central1");
    let manifest = homeless();
    let tree = Tree::new(&[
        ("far.yaml", &far),
        ("a/other.yaml", "foo: [not, ours]\n"),
        ("a/near.yaml", &near),
        ("a/b/m.yaml", &manifest),
        ("c/m.yaml", &manifest),
    ]);
    for (path, owner) in
        [("a/b", "near"), ("a/b/m.yaml", "near"), ("c", "far"), ("c/m.yaml", "far")]
    {
        let manifests = tree.load(path, &Settings::default()).into_result().unwrap();
        assert_eq!(manifests.workspace.unwrap().owner.as_str(), owner, "{path}");
        assert_eq!(manifests.desired[0].key.owner.as_str(), owner);
        assert_eq!(manifests.desired[0].key.place.project, format!("{owner}-ml"));
    }
    // Above the git root nothing is looked for.
    let outer = tempfile::tempdir().unwrap();
    fs::write(outer.path().join("w.yaml"), &far).unwrap();
    fs::create_dir_all(outer.path().join("repository/.git")).unwrap();
    fs::create_dir_all(outer.path().join("repository/m")).unwrap();
    fs::write(outer.path().join("repository/m/m.yaml"), GOOD).unwrap();
    let path = outer.path().join("repository/m");
    let manifests = manifest::load(&[path], &Settings::default()).into_result().unwrap();
    assert!(manifests.workspace.is_none());
    assert_eq!(manifests.desired[0].key.owner.as_str(), "default");
}

#[test]
fn two_workspaces_in_the_paths_are_one_too_many() {
    let one = workspace("one", "project: p1");
    let tree = Tree::new(&[("m/a.yaml", &one), ("m/b/b.yaml", &one), ("m/m.yaml", GOOD)]);
    let loaded = tree.load("m", &Settings::default());
    let codes: Vec<Code> = loaded.report().findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::DuplicateWorkspace]);
}

#[test]
fn a_command_that_changes_things_needs_a_workspace() {
    let tree = Tree::new(&[("m/m.yaml", GOOD)]);
    assert!(tree.load("m", &Settings::default()).into_result().is_ok());
    let settings = Settings { require_workspace: true, ..Settings::default() };
    let loaded = tree.load("m", &settings);
    let finding = &loaded.report().findings[0];
    assert_eq!(finding.code, Code::MissingWorkspace);
    assert!(finding.hint.as_deref().unwrap().contains("retune init"));
    // A broken one is there all the same: only what is wrong with it is said.
    let broken = workspace("one", "projekt: p1");
    let tree = Tree::new(&[("m/m.yaml", &homeless()), ("m/w.yaml", &broken)]);
    let loaded = tree.load("m", &settings);
    let codes: Vec<Code> = loaded.report().findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::UnknownKey]);
    let tree = Tree::new(&[("m/m.yaml", &homeless()), ("w.yaml", &broken)]);
    let codes: Vec<Code> =
        tree.load("m", &settings).report().findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::UnknownKey]);
}

fn setting(flag: Option<&str>, environment: Option<&str>) -> Setting {
    Setting { flag: flag.map(str::to_owned), environment: environment.map(str::to_owned) }
}

#[test]
fn the_first_that_is_set_says_the_project_and_a_flag_may_not_disagree() {
    let shared = workspace("acme", "project: from-workspace, location: us-central1");
    let place_only = workspace("acme", "location: us-central1");
    let own = good("acme-ml", "from-manifest");
    let (flag, environment) = (Some("from-flag"), Some("from-environment"));
    type Case<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>, Result<&'a str, &'a str>);
    let cases: [Case<'_>; 8] = [
        (&own, &shared, None, environment, Ok("from-manifest")),
        (&homeless(), &shared, None, environment, Ok("from-workspace")),
        (&homeless(), &place_only, flag, environment, Ok("from-flag")),
        (&homeless(), &place_only, None, environment, Ok("from-environment")),
        (&homeless(), &shared, Some("from-workspace"), None, Ok("from-workspace")),
        (&own, &shared, flag, None, Err("m.yaml:6:12")),
        (&homeless(), &shared, flag, None, Err("w.yaml:4:")),
        (&own, &shared, Some("from-workspace"), None, Err("m.yaml:6:12")),
    ];
    for (manifest, workspace, flag, environment, expected) in cases {
        let tree = Tree::new(&[("m/m.yaml", manifest), ("m/w.yaml", workspace)]);
        let settings = Settings { project: setting(flag, environment), ..Settings::default() };
        match (tree.load("m", &settings).into_result(), expected) {
            (Ok(manifests), Ok(project)) => {
                assert_eq!(manifests.desired[0].key.place.project, project);
            }
            (Err(Rejected::Usage(error)), Err(place)) => {
                assert!(error.to_string().contains(place), "{error}");
            }
            (outcome, expected) => panic!("{outcome:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn a_flag_that_cannot_be_a_place_is_wrong_usage() {
    for (project, location, origin) in [
        (setting(Some("../x"), None), setting(None, None), "--project"),
        (setting(None, Some("a b")), setting(None, None), "GOOGLE_CLOUD_PROJECT"),
        (setting(None, None), setting(Some("global"), None), "--location"),
    ] {
        let settings = Settings { project, location, ..Settings::default() };
        match load(GOOD, &settings).into_result() {
            Err(Rejected::Usage(UsageError::Malformed { origin: found, .. })) => {
                assert_eq!(found, origin);
            }
            other => panic!("{origin}: {other:?}"),
        }
    }
}

#[test]
fn labels_are_merged_and_the_manifest_wins() {
    let shared = workspace("acme", "labels: {env: prod, team: all}");
    let manifest = good("support-faq", "support-faq\n  labels: {team: support}");
    let tree = Tree::new(&[("m/m.yaml", &manifest), ("m/w.yaml", &shared)]);
    let manifests = tree.load("m", &Settings::default()).into_result().unwrap();
    let labels: Vec<(&str, &str)> = manifests.desired[0].spec.labels.iter().collect();
    assert_eq!(labels, [("env", "prod"), ("team", "support")]);
    // Each of the two may be within the limit, and both together beyond it.
    let many = |from: usize| (from..from + 30).map(|i| format!("k{i}: x, ")).collect::<String>();
    let shared = workspace("acme", &format!("labels: {{{}}}", many(0)));
    let manifest = good("support-faq", &format!("support-faq\n  labels: {{{}}}", many(30)));
    let tree = Tree::new(&[("m/m.yaml", &manifest), ("m/w.yaml", &shared)]);
    let loaded = tree.load("m", &Settings::default());
    assert_eq!(loaded.report().findings[0].code, Code::TooManyLabels);
}

#[test]
fn sizes_and_digit_strings_are_taken_in_each_form() {
    use retune::model::AdapterSize;
    for size in ["4", "\"4\"", "ADAPTER_SIZE_FOUR", "4.0"] {
        for epochs in ["3", "\"3\"", "3.0"] {
            let text = good("adapterSize: 4", &format!("adapterSize: {size}"))
                .replace("epochCount: 3", &format!("epochCount: {epochs}"));
            let manifests = load(&text, &Settings::default()).into_result().unwrap();
            let spec = manifests.desired[0].spec.supervised_tuning_spec.clone().unwrap();
            let hyper = spec.hyper_parameters.unwrap();
            assert_eq!(hyper.adapter_size, Some(AdapterSize::Four), "{size}");
            assert_eq!(hyper.epoch_count, Some(3), "{epochs}");
        }
    }
}

#[test]
fn many_files_come_out_the_same_however_they_were_read() {
    let directory = tempfile::tempdir().unwrap();
    for i in 0..300 {
        let text = good("support-faq", &format!("m-{i:03}"));
        let text = if i % 7 == 0 { text.replace("epochCount: 3", "epochCount: 0") } else { text };
        fs::write(directory.path().join(format!("{i:03}.yaml")), text).unwrap();
    }
    let load = || manifest::load(&[directory.path().to_owned()], &Settings::default());
    let first = load();
    assert_eq!(first.report().files, 300);
    let names: Vec<&Path> = first.report().findings.iter().map(|f| &*f.spot.file).collect();
    assert_eq!(names.len(), 43);
    assert!(names.is_sorted());
    assert_eq!(first.report().findings, load().report().findings);
}
