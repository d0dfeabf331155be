//! Two thousand manifests and their digests. A digest that moves makes every
//! user pay for every run again, so this file only ever grows.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use retune::manifest::{Settings, load};
use retune::model::identity;

const GOLDEN: &str = "tests/data/digests-h1.txt";
const COUNT: u64 = 2_000;

/// A small generator, so that manifest N is manifest N for ever.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's MMIX constants; the upper bits are the random ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }

    fn maybe(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// Manifest number `n`: every field that a spec can have, in every notation.
fn manifest(n: u64) -> String {
    let mut draw = Draw(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut yaml = format!(
        "apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata:\n  name: m{n}\nspec:\n  \
         project: acme-ml\n  location: us-central1\n"
    );
    if draw.below(5) == 0 {
        let version = draw.of(&["", "@1", "@default"]);
        let _ = writeln!(
            yaml,
            "  preTunedModel:\n    tunedModelName: projects/acme-ml/locations/us-central1/models/{}{version}",
            draw.below(1_000)
        );
        if draw.maybe() {
            let _ = writeln!(yaml, "    checkpointId: \"{}\"", draw.below(9));
        }
    } else {
        let model = draw.of(&["gemini-3.5-flash", "gemini-3.1-flash-lite", "gemini-2.5-pro"]);
        let _ = writeln!(yaml, "  baseModel: {model}");
    }
    let preference = draw.below(4) == 0;
    let method = if preference { "preferenceOptimizationSpec" } else { "supervisedTuningSpec" };
    let _ = writeln!(yaml, "  {method}:");
    let _ = writeln!(yaml, "    trainingDatasetUri: gs://acme-ml/{}/train.jsonl", draw.below(50));
    if draw.maybe() {
        let _ =
            writeln!(yaml, "    validationDatasetUri: gs://acme-ml/{}/val.jsonl", draw.below(50));
    }
    if draw.below(3) == 0 {
        let _ = writeln!(yaml, "    exportLastCheckpointOnly: {}", draw.of(&["true", "false"]));
    }
    let mut hyper = String::new();
    if draw.maybe() {
        let (n, quoted) = (draw.below(40) + 1, draw.maybe());
        let _ = if quoted {
            writeln!(hyper, "      epochCount: \"{n}\"")
        } else {
            writeln!(hyper, "      epochCount: {n}")
        };
    }
    if draw.maybe() {
        let sizes = ["1", "2", "4", "8", "ADAPTER_SIZE_ONE", "ADAPTER_SIZE_FOUR", "\"8\""];
        let _ = writeln!(hyper, "      adapterSize: {}", draw.of(&sizes));
    }
    if draw.maybe() {
        let rates = ["1", "1.0", "1e0", "0.5", "0.1", "2.25", "0.30000000000000004", "10"];
        let _ = writeln!(hyper, "      learningRateMultiplier: {}", draw.of(&rates));
    }
    if preference && draw.maybe() {
        let _ = writeln!(hyper, "      beta: {}", draw.of(&["0", "0.1", "0.5", "1"]));
    }
    if !hyper.is_empty() {
        let _ = write!(yaml, "    hyperParameters:\n{hyper}");
    }
    if draw.below(6) == 0 {
        yaml.push_str(
            "  encryptionSpec:\n    kmsKeyName: \
             projects/acme-ml/locations/us-central1/keyRings/r/cryptoKeys/k\n",
        );
    }
    if draw.below(4) == 0 {
        // Never counts.
        let _ = writeln!(yaml, "  tunedModelDisplayName: Model {n}\n  description: d{n}");
    }
    yaml
}

#[test]
fn no_digest_ever_moves() {
    let directory = tempfile::tempdir().unwrap();
    for n in 0..COUNT {
        fs::write(directory.path().join(format!("m{n}.yaml")), manifest(n)).unwrap();
    }
    let manifests = load(&[directory.path().to_path_buf()], &Settings::default());
    let manifests = manifests.into_result().unwrap();
    let mut found: Vec<(u64, String)> = manifests
        .desired
        .iter()
        .map(|d| (d.key.name.as_str()[1..].parse().unwrap(), identity::digest(&d.spec)))
        .collect();
    found.sort();
    let found: String = found.iter().map(|(n, digest)| format!("m{n} {digest}\n")).collect();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    // Only for adding manifests at the end: `RETUNE_BLESS=1 cargo test --test digests`.
    if option_env!("RETUNE_BLESS").is_some() {
        fs::write(&golden, &found).unwrap();
    }
    let pinned = String::from_utf8(fs::read(&golden).unwrap()).unwrap();
    assert_eq!(pinned.lines().count() as u64, COUNT);
    for (pinned, found) in pinned.lines().zip(found.lines()) {
        assert_eq!(pinned, found, "a digest moved: every run of this spec would be paid again");
    }
    // Notation must not count, and values must.
    let distinct: std::collections::BTreeSet<&str> =
        found.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    assert!(distinct.len() > 1_900, "{} distinct digests", distinct.len());
}
