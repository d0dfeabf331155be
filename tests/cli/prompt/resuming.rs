//! Going on with a file of results.

use std::io::Write;
use std::process::Stdio;

use insta::assert_snapshot;

use super::many::{lines, prompts, results, run};
use super::{questions, tuned};
use crate::server;

#[test]
fn what_is_done_is_not_asked_again_and_what_failed_is() {
    let world = tuned();
    prompts(&world, &["one", "emulator:blocked", "three"]);
    world.fault("other@generateContent:status=500:after-2:1");
    assert_snapshot!(run(&world, &["--concurrency", "1"]), @"
    --- stderr
    1 answered, 1 without a text, 1 failed (r.jsonl)
    error: line 2: the prompt was blocked: content that is prohibited (PROHIBITED_CONTENT): The emulator blocks what asks for it

    hint: `error` says why of each of the others in r.jsonl
    [exit 6]
    ");
    assert_eq!(results(&world)[2]["error"]["kind"], "unavailable");
    let before = questions(&world);
    assert_snapshot!(run(&world, &[]), @"
    --- stderr
    2 of 3 lines done before
    2 answered, 1 without a text (r.jsonl)
    error: line 2: its answer was without a text before
    [exit 6]
    ");
    assert_eq!((questions(&world) - before, lines(&world)), (1, vec![1, 2, 3]));
    // Nothing is left to ask; what has no text still has none.
    let file = std::fs::read(world.path("r.jsonl")).unwrap();
    assert!(run(&world, &[]).ends_with("[exit 6]"));
    assert_eq!(questions(&world) - before, 1);
    assert_eq!(std::fs::read(world.path("r.jsonl")).unwrap(), file);
}

#[test]
fn a_killed_run_leaves_what_it_had() {
    let world = tuned();
    prompts(&world, &["one", "two", "three", "four"]);
    world.fault("other@generateContent:hold-answer:after-2");
    let arguments = ["prompt", "faq", "--prompts", "p.jsonl", "--output", "r.jsonl"];
    let mut command = world.command(&[&arguments[..], &["--concurrency", "1"]].concat());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    while !server::get(world.url(), "/emulator/held").contains("number") {
        std::thread::yield_now();
    }
    // A second one may not write between its lines.
    let file = std::fs::read(world.path("r.jsonl")).unwrap();
    assert_snapshot!(run(&world, &[]), @"
    --- stderr
    error: another retune writes its results to r.jsonl

    hint: wait for it, or name another --output
    [exit 5]
    ");
    assert_eq!(std::fs::read(world.path("r.jsonl")).unwrap(), file);
    child.kill().unwrap();
    child.wait().unwrap();
    world.heal();
    server::request("DELETE", world.url(), "/emulator/held", "text/plain", "");
    assert_eq!(lines(&world), [1, 2]);
    // Wherever the kill met it: every beginning of a line is mended.
    let whole = String::from_utf8(file).unwrap();
    let second = whole.lines().nth(1).unwrap();
    let before = questions(&world);
    for cut in [1, 8, second.len() / 2, second.len() - 1] {
        let half = format!("{}\n{}", whole.lines().next().unwrap(), &second[..cut]);
        world.write("r.jsonl", &half);
        let shown = run(&world, &[]);
        assert!(shown.contains("mended the last line"), "{cut}: {shown}");
        assert!(shown.contains("1 of 4 lines done before"), "{cut}: {shown}");
        assert_eq!(lines(&world), [1, 2, 3, 4]);
    }
    assert_eq!(questions(&world) - before, 12);
    // Of a whole line only the end is missing.
    world.write("r.jsonl", whole.trim_end());
    assert!(run(&world, &[]).contains("2 of 4 lines done before"));
    assert_eq!(lines(&world), [1, 2, 3, 4]);
}

#[test]
fn lines_that_moved_are_known_and_lines_that_changed_are_not_mixed() {
    let world = tuned();
    prompts(&world, &["one", "two"]);
    assert!(run(&world, &[]).ends_with("[exit 0]"));
    let before = questions(&world);
    prompts(&world, &["new", "one", "two"]);
    assert!(run(&world, &[]).contains("2 of 3 lines done before"));
    assert_eq!((questions(&world) - before, lines(&world)), (1, vec![1, 2, 3]));
    let ends: Vec<bool> = ["new", "one", "two"]
        .iter()
        .zip(results(&world))
        .map(|(text, result)| result["text"].as_str().unwrap().ends_with(text))
        .collect();
    assert_eq!(ends, [true; 3]);

    prompts(&world, &["new", "ONE", "two"]);
    let file = std::fs::read(world.path("r.jsonl")).unwrap();
    assert_snapshot!(run(&world, &[]), @"
    --- stderr
    error: r.jsonl holds 1 answer to what p.jsonl does not ask, or asks otherwise now: another line, setting or model

    hint: name another --output, or pass --drop-stale to ask anew and drop it
    [exit 5]
    ");
    assert_snapshot!(run(&world, &["--temperature", "1"]), @"
    --- stderr
    error: r.jsonl holds 3 answers to what p.jsonl does not ask, or asks otherwise now: another line, setting or model

    hint: name another --output, or pass --drop-stale to ask anew and drop them
    [exit 5]
    ");
    assert_eq!(std::fs::read(world.path("r.jsonl")).unwrap(), file);
    assert_eq!(questions(&world) - before, 1);
    assert!(run(&world, &["--drop-stale"]).ends_with("[exit 0]"));
    assert_eq!((questions(&world) - before, lines(&world)), (2, vec![1, 2, 3]));
    assert!(results(&world)[1]["text"].as_str().unwrap().ends_with("ONE"));
}

#[test]
fn the_same_prompt_twice_is_asked_twice() {
    let world = tuned();
    prompts(&world, &["x", "x", "x"]);
    assert!(run(&world, &[]).ends_with("[exit 0]"));
    assert_eq!((questions(&world), lines(&world)), (3, vec![1, 2, 3]));
    assert!(run(&world, &[]).ends_with("[exit 0]"));
    assert_eq!(questions(&world), 3);
}

#[test]
fn a_file_that_is_no_results_is_left_alone() {
    let world = tuned();
    prompts(&world, &["one"]);
    for text in [
        "my notes",
        "my notes\n",
        "{\"line\": 1}\n",
        "[]",
        "{\"lines\": 1",
        // It begins as a result does, and is whole, or goes on as none does.
        "{\"line\":1}",
        "{\"line\":1,\"id\":2}",
        "{\"line\":1,\"note\":\"mi",
        "{\"line\":1,\"id\":2} mine",
    ] {
        world.write("r.jsonl", text);
        let shown = run(&world, &[]);
        assert!(shown.contains("is no result of `retune prompt`"), "{text:?}: {shown}");
        assert!(shown.ends_with("[exit 5]"), "{text:?}: {shown}");
        assert_eq!(std::fs::read(world.path("r.jsonl")).unwrap(), text.as_bytes());
    }
    assert_eq!(questions(&world), 0);
    // A link stays one.
    std::fs::remove_file(world.path("r.jsonl")).unwrap();
    world.write("there.jsonl", "");
    std::os::unix::fs::symlink("there.jsonl", world.path("r.jsonl")).unwrap();
    prompts(&world, &["one", "two"]);
    world.fault("other@generateContent:status=500:1");
    assert!(run(&world, &["--concurrency", "1"]).ends_with("[exit 6]"));
    assert!(run(&world, &[]).ends_with("[exit 0]"));
    assert!(std::fs::symlink_metadata(world.path("r.jsonl")).unwrap().is_symlink());
    assert_eq!(lines(&world), [1, 2]);
}

#[test]
fn a_disk_that_is_full_ends_it() {
    let world = tuned();
    prompts(&world, &["one", "two"]);
    let mut file = std::fs::File::create(world.path("r.jsonl")).unwrap();
    file.write_all(b"").unwrap();
    // A file of that size at most: what the shell calls a limit, the program
    // meets as a full disk.
    let line = format!(
        "trap '' XFSZ; ulimit -f 0; exec {} prompt faq --prompts p.jsonl --output r.jsonl",
        env!("CARGO_BIN_EXE_retune")
    );
    let mut command = std::process::Command::new("/bin/sh");
    world.clean(&mut command);
    let output = command.args(["-c", &line]).output().unwrap();
    assert_snapshot!(world.shown(&output), @"
    --- stderr
    error: could not write to [DIR]/r.jsonl
      caused by: File too large (os error 27)

    hint: what was asked until then is kept; the same command goes on from there
    [exit 1]
    ");
}

#[test]
fn a_disk_that_is_full_leaves_whole_lines() {
    let world = tuned();
    prompts(&world, &["x"; 12]);
    let script = format!(
        "trap '' XFSZ; ulimit -f 2; exec {} prompt faq --prompts p.jsonl --output r.jsonl \
         --concurrency 4",
        env!("CARGO_BIN_EXE_retune")
    );
    let mut command = std::process::Command::new("/bin/sh");
    world.clean(&mut command);
    let output = command.args(["-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", world.shown(&output));
    let kept = String::from_utf8(std::fs::read(world.path("r.jsonl")).unwrap()).unwrap();
    assert!(kept.ends_with('\n'), "half a line is left: {kept}");
    let kept = results(&world).len();
    assert!(kept > 0 && kept < 12, "{kept}");
    // There is room again.
    let shown = run(&world, &[]);
    assert!(shown.contains(&format!("{kept} of 12 lines done before")), "{shown}");
    assert_eq!(lines(&world), (1..=12).collect::<Vec<u64>>());
}

#[test]
fn putting_results_in_order_touches_nothing_of_anybody_else() {
    use std::os::unix::fs::PermissionsExt;

    let world = tuned();
    prompts(&world, &["one", "two"]);
    assert!(run(&world, &[]).ends_with("[exit 0]"));
    let file = world.path("r.jsonl");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    world.write("precious", "mine");
    std::os::unix::fs::symlink("precious", world.path("r.jsonl.new")).unwrap();
    prompts(&world, &["new", "one", "two"]);
    assert!(run(&world, &[]).ends_with("[exit 0]"));
    assert_eq!(lines(&world), [1, 2, 3]);
    assert_eq!(std::fs::read(world.path("precious")).unwrap(), b"mine");
    assert!(std::fs::symlink_metadata(world.path("r.jsonl.new")).unwrap().is_symlink());
    assert!(!std::fs::symlink_metadata(&file).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let names = std::fs::read_dir(file.parent().unwrap()).unwrap();
    let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!names.any(|name| name.starts_with(".r.jsonl")), "something is left");
}
