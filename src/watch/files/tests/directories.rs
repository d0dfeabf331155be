//! Directories that come, go and lead elsewhere.

use std::os::unix::fs::symlink;

use super::armed::Watches;
use super::bell::Bell;
use super::*;

#[test]
fn a_root_that_goes_away_holds_everything_and_comes_back() {
    let mut stage = Stage::new(told());
    fs::rename(stage.at("m"), stage.at("elsewhere")).unwrap();
    stage.until_rejected("renamed away");
    fs::rename(stage.at("elsewhere"), stage.at("m")).unwrap();
    stage.until("renamed back", &[("a", 1)]);
    stage.write("m/a.yaml", manifest("a", 2));
    stage.until("written after that", &[("a", 2)]);

    fs::remove_dir_all(stage.at("m")).unwrap();
    stage.until_rejected("removed");
    fs::create_dir(stage.at("m")).unwrap();
    stage.write("m/a.yaml", manifest("a", 3));
    stage.until("made again", &[("a", 3)]);
    stage.write("m/a.yaml", manifest("a", 4));
    stage.until("written after that", &[("a", 4)]);
}

#[test]
fn a_root_that_is_replaced_at_once_is_watched_again() {
    let mut stage = Stage::new(told());
    for epochs in 2..6 {
        fs::remove_dir_all(stage.at("m")).unwrap();
        fs::create_dir(stage.at("m")).unwrap();
        stage.write("m/a.yaml", manifest("a", epochs));
        stage.until("replaced", &[("a", epochs)]);
        stage.write("m/b.yaml", manifest("b", epochs));
        stage.until("one more", &[("a", epochs), ("b", epochs)]);
    }
    fs::create_dir(stage.at("n")).unwrap();
    stage.write("n/c.yaml", manifest("c", 1));
    fs::rename(stage.at("m"), stage.at("o")).unwrap();
    fs::rename(stage.at("n"), stage.at("m")).unwrap();
    stage.until("another in its place", &[("c", 1)]);
    stage.write("m/c.yaml", manifest("c", 2));
    stage.until("written after that", &[("c", 2)]);
}

#[test]
fn new_directories_are_seen_with_what_is_in_them() {
    let mut stage = Stage::new(told());
    fs::create_dir_all(stage.at("m/b/c/d")).unwrap();
    stage.write("m/b/c/d/e.yaml", manifest("e", 1));
    stage.until("deep", &[("a", 1), ("e", 1)]);
    stage.write("m/b/c/d/e.yaml", manifest("e", 2));
    stage.until("changed", &[("a", 1), ("e", 2)]);
    fs::rename(stage.at("m/b/c"), stage.at("m/f")).unwrap();
    stage.until("moved", &[("a", 1), ("e", 2)]);
    stage.write("m/f/d/e.yaml", manifest("e", 3));
    stage.until("changed where it is now", &[("a", 1), ("e", 3)]);
    fs::remove_dir_all(stage.at("m/f")).unwrap();
    stage.until("removed", &[("a", 1)]);
}

/// Writes a file into a directory in the last moment before it is watched.
struct Late(Box<dyn Watches>);

impl Watches for Late {
    fn watch(&mut self, directory: &Path) -> notify::Result<()> {
        if directory.ends_with("m/b") {
            fs::write(directory.join("b.yaml"), manifest("b", 1)).unwrap();
        }
        self.0.watch(directory)
    }

    fn unwatch(&mut self, directory: &Path) -> notify::Result<()> {
        self.0.unwatch(directory)
    }
}

#[test]
fn what_is_made_before_the_watch_is_seen() {
    let root = tree();
    fs::write(root.path().join("m/a.yaml"), manifest("a", 1)).unwrap();
    let mut real = armed::opener(Watching::System).unwrap();
    let late: Opener =
        Box::new(move |bell: Arc<Bell>| Ok(Box::new(Late(real(bell)?)) as Box<dyn Watches>));
    let mut stage = Stage::opened(root, told(), Some(late));
    stage.until("the first", &[("a", 1)]);
    // Empty, it is no news: nothing but the file in it is a reason to look twice.
    fs::create_dir(stage.at("m/b")).unwrap();
    stage.until("in time", &[("a", 1), ("b", 1)]);
}

#[test]
fn what_links_lead_to_is_seen() {
    let mut stage = Stage::new(told());
    fs::create_dir_all(stage.at("out/one")).unwrap();
    fs::create_dir_all(stage.at("out/two")).unwrap();
    stage.write("out/one/b.yaml", manifest("b", 1));
    stage.write("out/two/b.yaml", manifest("b", 10));
    stage.write("out/c.yaml", manifest("c", 1));
    symlink("one", stage.at("out/current")).unwrap();
    symlink("../out/current", stage.at("m/dir")).unwrap();
    symlink("../out/c.yaml", stage.at("m/c.yaml")).unwrap();
    stage.until("linked", &[("a", 1), ("b", 1), ("c", 1)]);
    stage.write("out/one/b.yaml", manifest("b", 2));
    stage.until("in the directory", &[("a", 1), ("b", 2), ("c", 1)]);
    stage.write("out/c.yaml", manifest("c", 2));
    stage.until("the file", &[("a", 1), ("b", 2), ("c", 2)]);
    symlink("two", stage.at("out/next")).unwrap();
    fs::rename(stage.at("out/next"), stage.at("out/current")).unwrap();
    stage.until("a link on the way", &[("a", 1), ("b", 10), ("c", 2)]);
    stage.write("out/two/b.yaml", manifest("b", 11));
    stage.until("where it leads now", &[("a", 1), ("b", 11), ("c", 2)]);
}

/// As the kubelet swaps a ConfigMap.
#[test]
fn a_config_map_is_swapped_as_a_whole() {
    let mut stage = Stage::new(told());
    fs::remove_file(stage.at("m/a.yaml")).unwrap();
    for (version, epochs) in [("..2026_1", 1), ("..2026_2", 2), ("..2026_3", 3)] {
        fs::create_dir(stage.at("m").join(version)).unwrap();
        for name in ["k", "l"] {
            stage.write(&format!("m/{version}/{name}.yaml"), manifest(name, epochs));
        }
        symlink(version, stage.at("m/..data_tmp")).unwrap();
        fs::rename(stage.at("m/..data_tmp"), stage.at("m/..data")).unwrap();
        if epochs == 1 {
            symlink("..data/k.yaml", stage.at("m/k.yaml")).unwrap();
            symlink("..data/l.yaml", stage.at("m/l.yaml")).unwrap();
        } else {
            fs::remove_dir_all(stage.at("m").join(format!("..2026_{}", epochs - 1))).unwrap();
        }
        stage.until(version, &[("k", epochs), ("l", epochs)]);
    }
}

#[test]
fn the_workspace_above_is_watched() {
    let mut stage = Stage::new(told());
    let workspace = |owner: &str| {
        format!(
            "apiVersion: retune.dev/v1\nkind: Workspace\nmetadata: {{name: {owner}}}\nspec: {{}}\n"
        )
    };
    let owner = |owner: &'static str| {
        move |snapshot: &Snapshot| {
            let manifests = snapshot.result.as_ref().unwrap();
            manifests.desired.iter().all(|d| d.key.owner.as_str() == owner)
        }
    };
    stage.write("workspace.yaml", workspace("acme"));
    stage.when("made", owner("acme"));
    stage.write("workspace.yaml", workspace("other"));
    stage.when("changed", owner("other"));
    fs::remove_file(stage.at("workspace.yaml")).unwrap();
    stage.when("removed", owner("default"));
}
