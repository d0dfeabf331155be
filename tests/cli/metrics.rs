//! `retune metrics`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::Value;

use crate::model::{Model, model};
use crate::server::get;
use crate::terminal::{terminal_of, terminal_sized};
use crate::world::World;

const VALIDATION: &str = "gs://acme-ml/faq/validation.jsonl";

/// The name of a sample whose curves are out of the ordinary.
fn sample(name: &str) -> String {
    format!("gs://retune-samples/curves/{name}.jsonl")
}

fn trained(model: Model) -> World {
    let world = World::new();
    world.wants(model).does("apply --yes").later("3h");
    world
}

/// Everything but the drawing.
fn without_charts(text: &str) -> String {
    let drawn = |line: &&str| !line.contains(['│', '┤', '└']) && !line.starts_with("step ");
    text.lines().filter(drawn).collect::<Vec<_>>().join("\n")
}

fn json(world: &World, arguments: &str) -> Value {
    serde_json::from_str(&world.stdout(&format!("metrics {arguments} --format json"))).unwrap()
}

/// The lines of the emulator's log since it was cleared.
fn asked(world: &World, arguments: &str) -> Vec<String> {
    crate::server::request("DELETE", world.url(), "/emulator/log", "text/plain", "");
    world.stdout(arguments);
    let log: Value = serde_json::from_str(&get(world.url(), "/emulator/log")).unwrap();
    let entries = log["entries"].as_array().unwrap();
    let paths = entries.iter().filter_map(|entry| entry["path"].as_str());
    paths.filter(|path| path.starts_with("/v1")).map(str::to_owned).collect()
}

#[test]
fn a_run_that_learned_by_heart() {
    let world = trained(model("faq").dataset(&sample("overfit")).validation(VALIDATION).epochs(6));
    assert_snapshot!(world.run("metrics faq"), @"
    faq  tuningJobs/[JOB-1]: succeeded, step 78

    Total loss
     2.5 ┤
         │
     2.0 ┤⠢⢄
         │ ⠈⠢⢄
     1.5 ┤   ⠈⠒⢢
         │      ⠉⠢⣀
         │         ⠑⠤●
     1.0 ┤           ⠈⠉⠒⠤⠤⡀                                                        ●
         │                ⠈⠉⠑⠢⢄⣀⣀⣀●                       ●            ●
     0.5 ┤                        ⠈⠉⠉⠒⠒⠊⠒⠤⠤⠤⠤⣀★⣀⣀⣀⢄⣀⡀ ⣀⣀⣀⣀   ⢀
         │                                          ⠈⠉    ⠉⠉⠉⠁⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠒⠒⠒⠒⠒
     0.0 ┤
         └──────────────────┬──────────────────┬──────────────────┬─────────────────
    step                    20                 40                 60
    ⠤⠒⠉ training loss, smoothed   ● evaluation loss   ★ best: 0.5438 at step 39

    Fraction of correct next-step predictions
     0.9 ┤                                                ⢀      ⢀      ⡀ ⣀⣀⢄⡀  ⢀⣀
         │                              ⢀⡠⠤⠤⠤⠤⣀⣀⢄⡠⠒⠒⠢⠤⠤⠤⠤⠒⠁⠑⠊⠢⠔⠒⠊⠁⠉⠉⠦⠒⠉⠉⠈⠉   ⠈⠒⠊⠁ ⠉⠢
         │                     ⡀ ⣀●⠤⠒⠊⠒⠊⠁     ●           ●
     0.8 ┤                ⡤⠤⠒⠉⠉⠈⠉                                      ●
         │             ⡠⠊⠉                                                         ●
     0.7 ┤          ⢀●⠊
         │      ⢀⡠⠔⠒⠁
         │     ⡠⠃
     0.6 ┤   ⢀⠜
         │  ⢠⠊
         │ ⡰⠁
     0.5 ┤⡰⠁
         └──────────────────┬──────────────────┬──────────────────┬─────────────────
    step                    20                 40                 60
    ⠤⠒⠉ training accuracy, smoothed   ● evaluation accuracy

    ★ best step 39: evaluation loss 0.5438
    ! over-fits after step 39: evaluation loss rose 63 % to 0.8868 while training
      loss fell from 0.7789 to 0.381; fewer epochs may do better
    [exit 0]
    ");
    let ascii = world.stdout("metrics faq --ascii");
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn what_is_shown_is_what_the_server_holds() {
    for seed in [0, 7] {
        let world = World::seeded(seed);
        world.wants(model("faq").validation(VALIDATION)).does("apply --yes").later("3h");
        let shown = json(&world, "faq");
        let run = &shown["runs"][0];
        // The walk again, by hand.
        let context: Value = read(&world, run["experiment"].as_str().unwrap());
        let board = context["metadata"]["backing_tensorboard_resource"].as_str().unwrap();
        let experiment = run["experiment"].as_str().unwrap().rsplit('/').next().unwrap();
        let runs = read(&world, &format!("{board}/experiments/{experiment}/runs"));
        let name = runs["tensorboardRuns"][0]["name"].as_str().unwrap();
        let heads = read(&world, &format!("{name}/timeSeries"));
        let heads = heads["tensorboardTimeSeries"].as_array().unwrap();
        assert_eq!((heads.len(), run["series"].as_array().unwrap().len()), (6, 6));
        let mut lowest = (f64::MAX, 0);
        for (head, series) in heads.iter().zip(run["series"].as_array().unwrap()) {
            assert_eq!(head["displayName"], series["name"]);
            let data = read(&world, &format!("{}:read", head["name"].as_str().unwrap()));
            let held: BTreeMap<i64, f64> = data["timeSeriesData"]["values"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| {
                    let step = p["step"].as_str().unwrap().parse().unwrap();
                    (step, p["scalar"]["value"].as_f64().unwrap())
                })
                .collect();
            let shown: BTreeMap<i64, f64> = series["points"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| (p["step"].as_i64().unwrap(), p["value"].as_f64().unwrap()))
                .collect();
            assert_eq!(held, shown, "{}", series["name"]);
            if series["name"] == "/eval_total_loss" {
                for (step, value) in held {
                    lowest = if value < lowest.0 { (value, step) } else { lowest };
                }
            }
        }
        assert_eq!(run["best"]["step"], lowest.1);
        assert_eq!(run["best"]["evalLoss"], lowest.0);
    }
}

fn read(world: &World, name: &str) -> Value {
    serde_json::from_str(&get(world.url(), &format!("/v1/{name}"))).unwrap()
}

#[test]
fn a_listing_and_four_requests_for_each_run() {
    let world = trained(model("faq"));
    let paths = asked(&world, "metrics faq");
    let kinds: Vec<&str> = ["/tuningJobs?", "/contexts/", "/runs?", "/timeSeries?", ":batchRead?"]
        .into_iter()
        .zip(&paths)
        .filter_map(|(kind, path)| path.contains(kind).then_some(kind))
        .collect();
    assert_eq!((paths.len(), kinds.len()), (5, 5), "{paths:#?}");
    world.run("metrics faq");
    let paths = asked(&world, &format!("metrics --run {}", world.job(1)));
    assert_eq!(paths.len(), 5, "{paths:#?}");
    world.wants(model("router")).does("apply --yes").later("3h");
    assert_eq!(asked(&world, "metrics faq router").len(), 9);
}

#[test]
fn runs_are_compared_and_which_one_is_meant_is_said() {
    let world = trained(model("faq").validation(VALIDATION));
    world.wants(model("faq").validation(VALIDATION).epochs(5)).does("apply --yes").later("3h");
    let shown = world.run("metrics faq");
    assert!(shown.contains("step 500"), "{shown}");
    assert_snapshot!(shown.split_once("--- stderr\n").unwrap().1, @"
    faq has 2 runs; this is tuningJobs/[JOB-2] (succeeded). With --run: tuningJobs/[JOB-1] (succeeded).
    [exit 0]
    ");
    let (one, other) = (world.job(1), world.job(2));
    let both = world.run(&format!("metrics --run {one} --run {other} --run {one}"));
    assert_snapshot!(without_charts(&both), @"
    faq tuningJobs/[JOB-1]: succeeded, step 300
    faq tuningJobs/[JOB-2]: succeeded, step 500

    Total loss
    A faq tuningJobs/[JOB-1]: best 0.3817 at step 300
    B faq tuningJobs/[JOB-2]: best 0.4146 at step 400
    (small: training; capital: evaluation)

    Fraction of correct next-step predictions
    A faq tuningJobs/[JOB-1]   B faq tuningJobs/[JOB-2]
    (small: training; capital: evaluation)

    ★ faq tuningJobs/[JOB-1]: best step 300: evaluation loss 0.3817
    ★ faq tuningJobs/[JOB-2]: best step 400: evaluation loss 0.4146
    [exit 0]
    ");
    // What the plan says is in sync is shown, also where a newer one is not.
    world.wants(model("faq").validation(VALIDATION)).does("plan");
    assert!(world.stdout("metrics faq").contains("step 300"));
}

#[test]
fn what_is_not_there_is_said_and_no_failure() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("metrics faq"), @"
    faq

    · no run yet, so no curves
    [exit 0]
    ");
    world.does("apply --yes");
    assert_snapshot!(world.run("metrics faq"), @"
    faq  tuningJobs/[JOB-1]: pending

    · no curves yet: the run is pending and has not begun
    [exit 0]
    ");
    world.later("40s");
    assert_snapshot!(world.run("metrics faq"), @"
    faq  tuningJobs/[JOB-1]: running

    · no curves yet: the run has no experiment so far; Vertex names it minutes after
      the start
    [exit 0]
    ");
    world.later("1m");
    assert_snapshot!(world.run("metrics faq --format csv"), @"
    name,job,series,step,wall_time,value
    --- stderr
    · no curves yet: nothing was measured so far
    [exit 0]
    ");
    assert_snapshot!(world.run("metrics faq --require-curves -q"), @"
    faq  tuningJobs/[JOB-1]: running

    · no curves yet: nothing was measured so far
    [exit 6]
    ");
    world.later("3h");
    assert_snapshot!(without_charts(&world.run("metrics faq")), @"
    faq  tuningJobs/[JOB-1]: succeeded, step 300

    Total loss
    ⠤⠒⠉ training loss, smoothed

    Fraction of correct next-step predictions
    ⠤⠒⠉ training accuracy, smoothed

    · no validation dataset: no evaluation curves, and no best step
    [exit 0]
    ");
    let svg = world.stdout("metrics faq --format svg");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}

#[test]
fn why_a_run_has_no_experiment() {
    for name in ["no-experiment", "in-cloud-storage"] {
        let world = trained(model("faq").dataset(&sample(name)));
        let shown = world.run("metrics faq");
        let why = json(&world, "faq")["runs"][0]["missing"].clone();
        match name {
            "no-experiment" => {
                assert_eq!(why, "noExperiment");
                assert_snapshot!(shown, @"
                faq  tuningJobs/[JOB-1]: succeeded

                · no curves: the run (succeeded) never had an experiment
                [exit 0]
                ");
            }
            _ => {
                assert_eq!(why, "inCloudStorage");
                assert!(shown.contains("at gs://vertex-tuning-metrics/"), "{shown}");
                // The page says what the command says.
                let page = world.stdout("status faq --html -");
                assert!(page.contains("gs://vertex-tuning-metrics/"), "{page}");
                assert!(!page.contains("never had an experiment"), "{page}");
            }
        }
    }
}

#[test]
fn no_evaluation_before_the_first_epoch_has_ended() {
    let world = World::new();
    world.wants(model("faq").validation(VALIDATION).epochs(2)).does("apply --yes").later("7m");
    let shown = without_charts(&world.run("metrics faq"));
    assert!(shown.contains("· no evaluation yet: it comes at the end of an epoch"), "{shown}");
}

#[test]
fn what_is_no_number_is_said_in_every_format() {
    let world = trained(model("faq").dataset(&sample("nan")).validation(VALIDATION));
    let shown = world.run("metrics faq");
    assert!(
        shown.contains(
            "! training loss: 17 of 39 points not a number, the first (Infinity) at step 23"
        ),
        "{shown}"
    );
    let series = &json(&world, "faq")["runs"][0]["series"][0];
    assert_eq!(series["notFinite"], 17);
    let points = series["points"].as_array().unwrap();
    let bad: Vec<&Value> = points.iter().filter(|point| point["value"].is_null()).collect();
    assert_eq!(bad.len(), 17);
    assert_eq!(bad[0]["notFinite"], "Infinity");
    assert_eq!(bad[1]["notFinite"], "NaN");
    let csv = world.stdout("metrics faq --format csv --series train_total_loss");
    assert_eq!(csv.matches(",NaN\r\n").count(), 16);
    for format in ["svg", "html"] {
        let text = world.stdout(&format!("metrics faq --format {format}"));
        assert!(text.contains("(17 not a number)") && !text.contains("MNaN"), "{format}");
    }
}

#[test]
fn a_hundred_thousand_points() {
    let world = trained(model("faq").dataset(&sample("long")));
    let shown = world.run("metrics faq");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&shown).contains("the service chose these points from among more"), "{shown}");
    let lines = |arguments: &str| world.stdout(arguments).lines().count();
    let one = "metrics faq --series train_total_loss --format csv";
    assert_eq!(lines(one), 1001);
    assert_eq!(lines(&format!("{one} --all-points")), 100_001);
    let svg = world.stdout("metrics faq --all-points --format svg");
    assert!(svg.len() < 120_000, "{} bytes", svg.len());
    assert!(!words(&world.run("metrics faq --all-points")).contains("from among more"));
    // A look at the points of each series that has more, and no other.
    assert_eq!(asked(&world, "metrics faq --all-points").len(), 8);
}

#[test]
fn preference_tuning_has_its_own_series() {
    let world = World::new();
    let text = "apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata: {name: dpo}\nspec:\n  \
        baseModel: gemini-2.5-flash\n  preferenceOptimizationSpec:\n    \
        trainingDatasetUri: gs://retune-samples/preferences/train.jsonl\n    \
        validationDatasetUri: gs://retune-samples/preferences/train.jsonl\n";
    world.write("manifests/dpo.yaml", text);
    world.does("apply --yes").later("6h");
    let shown = world.stdout("metrics dpo");
    assert!(shown.contains("preference training loss"), "{shown}");
    assert!(shown.contains("★ best step "), "{shown}");
}

#[test]
fn a_manifest_that_is_gone_leaves_its_runs() {
    let world = trained(model("faq"));
    world.wants(model("router")).wants_no_more("faq");
    assert!(world.stdout("metrics faq").contains("step 300"));
}

#[test]
fn names_that_mean_nothing() {
    let world = trained(model("support-faq"));
    assert_snapshot!(world.run("metrics support-fqa"), @"
    --- stderr
    error: no tuned model is named `support-fqa`

    hint: did you mean `support-faq`?
    [exit 64]
    ");
    let output = world.command(&["metrics", "a\u{1b}]0;x\u{7}b"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: no tuned model is named `a\\u{1b}]0;x\\u{7}b`\n"), "{said}");
    assert_snapshot!(world.run("metrics"), @"
    --- stderr
    error: no tuned model and no run is named

    hint: name tuned models, or runs with --run JOB
    [exit 64]
    ");
    assert_snapshot!(world.run("metrics --run nonsense"), @"
    --- stderr
    error: `nonsense` is no run: expected an ID, tuningJobs/ID or projects/P/locations/L/tuningJobs/ID

    hint: tuned models are named without --run
    [exit 64]
    ");
    assert_snapshot!(world.run("metrics --run 123"), @"
    --- stderr
    error: there is no run `123` in acme-ml/us-central1

    hint: a run elsewhere is named in full: projects/P/locations/L/tuningJobs/ID
    [exit 64]
    ");
    let elsewhere = "projects/other/locations/us-central1/tuningJobs/123";
    assert_snapshot!(world.run(&format!("metrics --run {elsewhere}")), @"
    --- stderr
    error: there is no run `projects/other/locations/us-central1/tuningJobs/123`

    hint: `retune jobs` lists what there is
    [exit 64]
    ");
    assert_snapshot!(world.run("metrics support-faq --series eval_totl_loss"), @"
    --- stderr
    error: no run has a series `eval_totl_loss`

    hint: did you mean `train_total_loss`?
    [exit 64]
    ");
    assert_snapshot!(world.run("metrics support-faq --follow --format html"), @"
    --- stderr
    error: --follow draws a picture again and again: where to?

    hint: add --write FILE, or leave out --format
    [exit 64]
    ");
}

#[test]
fn a_run_needs_no_manifests_when_it_is_named_in_full() {
    let world = trained(model("faq"));
    world.run("metrics faq");
    let job = world.full_job(1);
    std::fs::remove_dir_all(world.path("manifests")).unwrap();
    assert!(world.stdout(&format!("metrics --run {job}")).contains("step 300"));
}

#[test]
fn an_endpoint_that_answers_html() {
    let world = trained(model("faq"));
    world.fault("other:html");
    assert_snapshot!(world.run("metrics faq"), @"
    --- stderr
    error: could not read the curves of faq
      caused by: `127.0.0.1:[PORT]` is unavailable (HTTP 502): an answer that is not the API's (text/html; charset=utf-8); is the address right?

    hint: try again in a minute
    [exit 4]
    ");
    world.heal();
    world.fault("other:html=404");
    assert_snapshot!(world.run("metrics faq"), @"
    --- stderr
    error: could not read the curves of faq
      caused by: `127.0.0.1:[PORT]` refused the request (HTTP 404): an answer that is not the API's (text/html; charset=utf-8); is the address right?
    [exit 4]
    ");
    world.heal();
    world.fault("other:status=403");
    assert!(world.run("metrics faq").ends_with("[exit 4]"));
}

#[test]
fn a_file_is_written_whole() {
    let world = trained(model("faq").validation(VALIDATION));
    assert_snapshot!(world.run("metrics faq --format html --write curves.html"), @"
    --- stderr
    wrote curves.html
    [exit 0]
    ");
    assert_snapshot!(world.run("metrics faq --format html --write curves.html"), @"
    --- stderr
    curves.html holds this already
    [exit 0]
    ");
    let page = String::from_utf8(std::fs::read(world.path("curves.html")).unwrap()).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert_eq!(world.stdout("metrics faq --format html"), page);
    assert_snapshot!(world.run("metrics faq --format svg --write no/such/directory/x.svg"), @"
    --- stderr
    error: could not write `no/such/directory/x.svg`
      caused by: No such file or directory (os error 2)

    hint: make the directory `no/such/directory` first
    [exit 1]
    ");
}

#[test]
fn csv_has_a_line_for_each_point() {
    let world = trained(model("faq").validation(VALIDATION));
    let csv = world.stdout("metrics faq --format csv --series eval_total_loss");
    assert_snapshot!(world.redacted(&csv.replace("\r\n", "\n")), @"
    name,job,series,step,wall_time,value
    faq,projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1],/eval_total_loss,100,2026-03-01T12:10:02.667Z,0.61591
    faq,projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1],/eval_total_loss,200,2026-03-01T12:16:26.797Z,0.40766
    faq,projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1],/eval_total_loss,300,2026-03-01T12:22:50.928Z,0.38167
    ");
}

/// Each look at the emulator takes it on by half a minute.
#[test]
fn following_tells_each_step_once_and_ends_with_the_run() {
    let world = World::ticking();
    world.wants(model("faq").validation(VALIDATION)).does("apply --yes");
    let output = world.command(&["metrics", "faq", "--follow"]).output().unwrap();
    let shown = world.shown(&output);
    assert!(shown.ends_with("[exit 0]"), "{shown}");
    let text = String::from_utf8(output.stdout).unwrap();
    let steps: Vec<u32> = text
        .lines()
        .filter_map(|line| line.strip_prefix("step ")?.split(':').next()?.parse().ok())
        .collect();
    assert_eq!(steps, (1..=300).collect::<Vec<_>>());
    assert!(text.contains("\nstep 100: training loss "), "{text}");
    assert!(text.contains("★ best step "), "{text}");
    // The rows of CSV are those of the finished run, in another order.
    let world = World::ticking();
    world.wants(model("faq")).does("apply --yes");
    let followed = world.stdout("metrics faq --follow --format csv");
    let sorted = |text: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    let whole = world.stdout("metrics faq --format csv");
    assert_eq!(sorted(&followed), sorted(&whole));
    assert_eq!(followed.lines().next(), whole.lines().next());
}

#[test]
fn following_a_run_that_fails_ends_with_6() {
    let world = World::ticking();
    world.wants(model("faq").dataset("gs://retune-samples/faults/internal.jsonl"));
    world.does("apply --yes");
    let shown = world.run("metrics faq --follow -q");
    assert!(shown.ends_with("[exit 6]"), "{shown}");
    world.wants(model("router"));
    assert!(world.run("metrics router --follow").ends_with("[exit 6]"));
}

#[test]
fn following_looks_again_at_a_run_that_has_ended_and_could_not_be_read() {
    let world = trained(model("faq").validation(VALIDATION));
    world.fault("other@batchRead:status=403:1");
    let shown = world.run("metrics faq --follow --format csv --series eval_total_loss");
    let (rows, said) = shown.split_once("--- stderr\n").unwrap();
    assert_eq!(rows.lines().count(), 4, "{shown}");
    assert!(said.starts_with("could not read the curves of faq: "), "{shown}");
    assert!(said.ends_with("; looking again in 0.2 s\nfaq: succeeded\n[exit 0]"), "{shown}");
    // What was never read is not spoken of.
    world.fault("other@batchRead:status=403");
    let shown = world.run("metrics faq --follow");
    assert!(shown.ends_with("[exit 4]") && !shown.contains("no curves"), "{shown}");
    assert_eq!(shown.matches("; looking again in ").count(), 4, "{shown}");
    assert!(!shown.contains("step "), "{shown}");
}

/// A series is unknown only when every run was read.
#[test]
fn following_runs_of_which_one_is_read_later() {
    let world = trained(model("faq"));
    world.wants(model("router").validation(VALIDATION)).does("apply --yes").later("3h");
    world.fault("other@batchRead:status=403:1");
    let shown = world.run("metrics router faq --follow --format csv --series eval_total_loss");
    assert!(shown.ends_with("[exit 0]"), "{shown}");
    assert_eq!(shown.matches("/eval_total_loss,").count(), 3, "{shown}");
}

#[test]
fn following_ends_with_6_when_curves_are_required_and_missing() {
    let world = trained(model("faq").dataset(&sample("no-experiment")));
    world.wants(model("router")).does("apply --yes").later("3h");
    assert!(world.run("metrics faq router --follow -q").ends_with("[exit 0]"));
    let shown = world.run("metrics faq router --follow --require-curves -q");
    assert!(shown.ends_with("[exit 6]"), "{shown}");
    assert!(world.run("metrics router --follow --require-curves -q").ends_with("[exit 0]"));
}

/// It fails before its first point: each of its states is news.
#[test]
fn following_gives_csv_one_heading() {
    let world = World::ticking_by(Duration::from_secs(10));
    world.wants(model("faq").dataset("gs://retune-samples/faults/fail.jsonl")).does("apply --yes");
    let shown = world.run("metrics faq --follow --format csv");
    assert!(shown.matches("\n· faq: no curves").count() > 1, "{shown}");
    assert_eq!(shown.matches("name,job,series,").count(), 1, "{shown}");
}

#[test]
fn following_writes_the_file_anew() {
    let world = World::ticking();
    world.wants(model("faq")).does("apply --yes");
    world.does("metrics faq --follow --format svg --write faq.svg -q");
    let last = std::fs::read(world.path("faq.svg")).unwrap();
    assert_eq!(String::from_utf8(last).unwrap(), world.stdout("metrics faq --format svg"));
}

#[test]
fn following_on_a_terminal_draws_and_leaves_the_chart() {
    let world = World::ticking();
    world.wants(model("faq").validation(VALIDATION)).does("apply --yes");
    let Some(shown) = terminal_of("dumb", &world, "metrics faq --follow") else { return };
    assert!(!shown.contains('\u{1b}') && shown.contains("\nstep 300: "), "{shown}");
    let world = World::ticking();
    world.wants(model("faq").validation(VALIDATION)).does("apply --yes");
    let shown = terminal_of("xterm", &world, "metrics faq --follow").unwrap();
    let (drawn, left) = shown.rsplit_once("\u{1b}[?25h\u{1b}[?1049l").unwrap();
    assert!(drawn.starts_with("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?2026h\u{1b}[H"), "{drawn:?}");
    let pictures: Vec<&str> = drawn.split("\u{1b}[?2026h\u{1b}[H").skip(1).collect();
    assert!(pictures.iter().any(|picture| picture.contains(": running")), "{pictures:?}");
    assert!(pictures.len() > 2 && pictures.last().unwrap().contains(": succeeded"));
    // The terminal has 24 rows.
    assert!(pictures.iter().all(|picture| picture.lines().count() <= 24));
    assert!(!left.contains('\u{1b}') && left.contains("★ best step "), "{left}");
}

#[test]
fn nothing_is_wider_than_a_narrow_terminal() {
    let world = trained(model("faq").validation(VALIDATION));
    world.wants(model("faq").validation(VALIDATION).epochs(5)).does("apply --yes").later("3h");
    let (one, other) = (world.full_job(1), world.full_job(2));
    for rows in [24, 0] {
        for arguments in ["metrics faq", &format!("metrics --run {one} --run {other}")] {
            let Some(shown) = terminal_sized(rows, 40, &world, arguments) else { return };
            assert!(shown.contains("next-step"), "{shown}");
            // What is said beside the curves is for no terminal alone.
            for line in shown.lines().filter(|line| !line.starts_with("faq has 2 runs")) {
                assert!(line.chars().count() <= 40, "{rows} rows: {line:?} of\n{shown}");
            }
        }
    }
}

/// Its clock stands still, so that the run never ends.
#[test]
fn following_ends_at_once_when_it_is_asked_to() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("10m");
    let mut command = world.command(&["metrics", "faq", "--follow"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("step 1: training loss "));
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert!(lines.all(|line| line.unwrap().starts_with("step ")));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "Interrupted; the runs go on: faq. Look again with `retune metrics faq`.\n");
}

#[test]
fn following_ends_when_its_reader_goes_away() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("10m");
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    drop(theirs);
    let mut command = world.command(&["metrics", "faq", "--follow"]);
    let output = command.stdout(Stdio::from(std::os::fd::OwnedFd::from(ours))).output().unwrap();
    assert_snapshot!(world.shown(&output), @"[exit 0]");
}
