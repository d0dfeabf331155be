//! What `deploy/` holds, and whether its parts agree with each other and with
//! the program. `tests/deploy/check.py` asks the programs that will read it.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_yaml::Value;

/// The user of the container.
const USER: u64 = 65532;

/// The daemon has ended this long after the signal.
const STOPPED: u64 = 10;

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)
}

fn text(file: &str) -> String {
    String::from_utf8(std::fs::read(path(file)).unwrap()).unwrap()
}

fn yaml(file: &str) -> Value {
    serde_yaml::from_str(&text(&format!("kubernetes/{file}"))).unwrap()
}

/// The value of a setting of the unit, which is there once.
fn unit(setting: &str) -> String {
    let text = text("systemd/retune.service");
    let found = text.lines().filter_map(|line| line.strip_prefix(setting)?.strip_prefix('='));
    let found: Vec<&str> = found.collect();
    assert_eq!(found.len(), 1, "{setting}: {found:?}");
    found[0].to_owned()
}

/// The pod and its one container.
fn pod() -> (Value, Value) {
    let pod = yaml("deployment.yaml")["spec"]["template"]["spec"].clone();
    assert_eq!(pod["containers"].as_sequence().unwrap().len(), 1);
    (pod.clone(), pod["containers"][0].clone())
}

fn strings(list: &Value) -> Vec<String> {
    list.as_sequence().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// The arguments of each way to start the daemon.
fn starts() -> [Vec<String>; 3] {
    let unit = unit("ExecStart");
    let unit = unit.split(' ').skip(1).map(str::to_owned).collect();
    let dockerfile = text("Dockerfile");
    let command = dockerfile.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    [unit, strings(&pod().1["args"]), serde_json::from_str(command).unwrap()]
}

#[test]
fn the_container_may_do_little() {
    let (pod, container) = pod();
    let (may, whole) = (&container["securityContext"], &pod["securityContext"]);
    assert_eq!(may["readOnlyRootFilesystem"], true);
    assert_eq!(may["allowPrivilegeEscalation"], false);
    assert_eq!(strings(&may["capabilities"]["drop"]), ["ALL"]);
    assert_eq!(whole["runAsNonRoot"], true);
    assert_eq!(whole["runAsUser"], USER);
    assert_eq!(whole["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(pod["automountServiceAccountToken"], false);
    for limit in ["cpu", "memory"] {
        assert!(container["resources"]["limits"][limit].is_string(), "{limit}");
        assert!(container["resources"]["requests"][limit].is_string(), "{limit}");
    }
    let dockerfile = text("Dockerfile");
    assert!(dockerfile.lines().any(|line| line == format!("USER {USER}:{USER}")));
    let images = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM "));
    for image in images {
        assert!(image.contains(':') && !image.contains("latest"), "{image} has no version");
    }
}

#[test]
fn one_daemon_at_a_time_has_the_time_to_stop() {
    let deployment = yaml("deployment.yaml");
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert_eq!(deployment["spec"]["strategy"]["type"], "Recreate");
    assert!(pod().0["terminationGracePeriodSeconds"].as_u64().unwrap() > STOPPED);
    assert!(unit("TimeoutStopSec").parse::<u64>().unwrap() > STOPPED);
    assert_eq!(unit("Type"), "notify");
    assert_eq!(unit("RestartPreventExitStatus"), "64 130");
}

#[test]
fn all_speak_of_one_port_and_of_the_same_folders() {
    let (_, container) = pod();
    let port = container["ports"][0]["containerPort"].as_u64().unwrap();
    let name = &container["ports"][0]["name"];
    for (probe, path) in [("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")] {
        assert_eq!(&container[probe]["httpGet"]["port"], name);
        assert_eq!(container[probe]["httpGet"]["path"], path);
    }
    let service = yaml("service.yaml");
    assert_eq!(service["spec"]["ports"][0]["port"], port);
    assert_eq!(&service["spec"]["ports"][0]["targetPort"], name);
    let scraped = &service["metadata"]["annotations"]["prometheus.io/port"];
    assert_eq!(scraped.as_str(), Some(port.to_string().as_str()));
    assert_eq!(&yaml("networkpolicy.yaml")["spec"]["ingress"][0]["ports"][0]["port"], name);
    assert!(text("Dockerfile").contains(&format!("\nEXPOSE {port}\n")));

    let [unit_args, pod_args, image_args] = starts();
    let after = |args: &[String], flag: &str| {
        let at = args.iter().position(|arg| arg == flag).unwrap();
        args[at + 1].clone()
    };
    assert_eq!(after(&unit_args, "--listen"), format!("127.0.0.1:{port}"));
    assert_eq!(after(&pod_args, "--listen"), format!("0.0.0.0:{port}"));
    assert!(pod_args.contains(&"--listen-public".to_owned()));
    assert!(!unit_args.contains(&"--listen-public".to_owned()));
    assert_eq!(after(&unit_args, "--state-dir"), format!("%S/{}", unit("StateDirectory")));
    let mounts = container["volumeMounts"].as_sequence().unwrap();
    let mounted = |path: &str| mounts.iter().any(|mount| mount["mountPath"].as_str() == Some(path));
    assert!(mounted(&after(&pod_args, "--state-dir")));
    for args in [&unit_args, &pod_args, &image_args] {
        assert_eq!(args[..2], ["watch", "/etc/retune/manifests"]);
    }
    assert!(mounted(&pod_args[1]));
}

#[test]
fn the_kustomization_holds_every_file_and_this_version() {
    let kustomization = yaml("kustomization.yaml");
    let map = &kustomization["configMapGenerator"][0];
    let mut named = strings(&kustomization["resources"]);
    named.extend(strings(&map["files"]));
    named.push("kustomization.yaml".to_owned());
    named.sort();
    let mut there: Vec<String> = ["", "manifests/"]
        .into_iter()
        .flat_map(|folder| {
            let files = std::fs::read_dir(path("kubernetes").join(folder)).unwrap();
            files.map(move |file| (folder, file.unwrap()))
        })
        .filter(|(_, file)| file.file_type().unwrap().is_file())
        .map(|(folder, file)| format!("{folder}{}", file.file_name().to_str().unwrap()))
        .collect();
    there.sort();
    assert_eq!(named, there);

    let (pod, container) = pod();
    assert_eq!(kustomization["images"][0]["name"], container["image"]);
    assert_eq!(kustomization["images"][0]["newTag"], env!("CARGO_PKG_VERSION"));
    let volume = &pod["volumes"][0];
    assert_eq!(volume["configMap"]["name"], map["name"]);
    let account = yaml("serviceaccount.yaml");
    assert_eq!(pod["serviceAccountName"], account["metadata"]["name"]);
    // Else a changed manifest would start the daemon again.
    assert_eq!(kustomization["generatorOptions"]["disableNameSuffixHash"], true);
}

#[test]
fn the_example_is_valid_and_trains_nothing() {
    let manifests = path("kubernetes/manifests");
    let mut retune = Command::new(env!("CARGO_BIN_EXE_retune"));
    retune.arg("validate").arg(&manifests).assert().success();
    assert_eq!(yaml("manifests/support-faq.yaml")["spec"]["lifecycle"]["suspend"], true);
}

/// Cargo refuses a manifest whose tests it cannot find.
#[test]
fn the_image_is_built_from_all_that_cargo_reads() {
    let ignored = text("Dockerfile.dockerignore");
    let copied: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let cargo = std::fs::read(path("../Cargo.toml")).unwrap();
    let cargo = String::from_utf8(cargo).unwrap();
    let paths = cargo.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
    let mut seen = 0;
    for file in paths.chain(["Cargo.toml", "Cargo.lock"]) {
        let top = file.split('/').next().unwrap();
        assert!(copied.contains(&top), "the image's build has no {file}");
        seen += 1;
    }
    assert!(seen > 5);
    let rust = cargo.lines().find_map(|line| line.strip_prefix("rust-version = \"")).unwrap();
    assert!(text("Dockerfile").contains(&format!("FROM rust:{}.", rust.trim_end_matches('"'))));
}

/// What the files here and the README name.
const WATCH: &[&str] = &[
    "--listen",
    "--listen-public",
    "--log-format",
    "--state-dir",
    "--webhook",
    "--webhook-format",
    "--webhook-severity",
    "--interval",
    "--observe",
    "--shard",
    "--allow-host",
];

#[test]
fn every_flag_is_one_of_the_program() {
    let mut retune = Command::new(env!("CARGO_BIN_EXE_retune"));
    let output = retune.args(["watch", "--help"]).assert().success().get_output().stdout.clone();
    let help = String::from_utf8(output).unwrap();
    let flag = |word: &str| word.trim_end_matches([',', '=', '[']).to_owned();
    let known: Vec<String> =
        help.split_whitespace().filter(|word| word.starts_with("--")).map(flag).collect();
    let used = starts().into_iter().flatten().filter(|arg| arg.starts_with("--"));
    let used: Vec<String> = used.chain(WATCH.iter().map(|&flag| flag.to_owned())).collect();
    let unknown: Vec<&String> = used.iter().filter(|flag| !known.contains(flag)).collect();
    assert!(unknown.is_empty(), "`retune watch` has no {unknown:?}");
}
