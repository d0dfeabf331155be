//! `--help` tells the truth: a flag is there when its capability is.

use insta::assert_snapshot;

use crate::world::World;

/// A command's help without the flags that all commands have.
fn help(command: &str) -> String {
    let shown = World::alone().stdout(&format!("{command} -h"));
    shown.split("\nGlobal options:").next().unwrap().to_owned()
}

#[test]
fn of_the_program() {
    let world = World::alone();
    assert_snapshot!(world.run("--help"), @"
    The declarative way to tune Gemini models on Vertex AI.

    A directory of YAML says which tuned models should exist. `plan` shows what is missing and why,
    `apply` makes it so. There is no state file: the labels of the tuning jobs are the state.

    Usage: retune [OPTIONS] <COMMAND>

    Commands:
      init         Write a Workspace and a first manifest
      validate     Check manifests; asks nothing of Vertex
      plan         Show what would be done, and why; changes nothing
      apply        Plan, show, ask, do
      watch        Keep Vertex as the manifests say, for as long as it runs
      status       Show each tuned model against its manifest
      describe     Show everything known of one tuned model
      jobs         List tuning jobs, foreign ones too
      metrics      Show the training curves of tuned models, or of runs
      cancel       Stop a run now, by hand
      prompt       Ask a tuned model
      outputs      Print what tuned models leave for those who call them: endpoints, models, checkpoints
      import       Print manifests for jobs that exist already, foreign ones too
      schema       Print the JSON Schema of the manifests
      completions  Print a shell's completion script
      man          Print the manual page
      emulator     Run a Vertex AI tuning service on this machine, for trying and testing
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Global options:
          --project <PROJECT>
              Project of manifests that name none [env: GOOGLE_CLOUD_PROJECT]

          --location <LOCATION>
              Location of manifests that name none [env: GOOGLE_CLOUD_LOCATION]

          --endpoint <URL>
              Another address of the service; no credential is sent there unless it is Google's [env:
              GOOGLE_VERTEX_BASE_URL]

          --emulator
              Run against an emulator inside this process; its world is kept in .retune/emulator

          --revision <REVISION>
              The manifests' source revision: the commit's time in seconds [default: of git's HEAD]
              [env: RETUNE_REVISION]

          --color <WHEN>
              When to colour

              Possible values:
              - auto:   When stdout is a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are heard
              - always: Always
              - never:  Never
              
              [default: auto]

      -q, --quiet
              Say less: data and errors only

      -v, --verbose...
              Say more; twice for every request

          --log-format <FORMAT>
              Form of the log lines of `watch`, and of those that --verbose brings

              Possible values:
              - text: For people
              - json: One JSON object a line
              
              [default: text]

    Exit codes: 0 done, 1 unexpected error, 2 changes pending (plan --detailed-exitcode),
    3 manifests invalid or none found, 4 Vertex or credential unreachable, 5 refused,
    6 an action failed, 7 the wait timed out, 64 wrong usage, 130 interrupted
    [exit 0]
    ");
    assert_snapshot!(world.run("--version"), @"
    retune 0.1.0
    [exit 0]
    ");
    assert!(world.run("").ends_with("[exit 64]"));
}

#[test]
fn of_init() {
    assert_snapshot!(help("init"), @"
    Write a Workspace and a first manifest

    Usage: retune init [OPTIONS] [DIR]

    Arguments:
      [DIR]  Where to write; made when it is not there [default: manifests]

    Options:
      -h, --help  Print help (see more with '--help')
    ");
}

#[test]
fn of_validate() {
    assert_snapshot!(help("validate"), @"
    Check manifests; asks nothing of Vertex

    Usage: retune validate [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Manifest files and directories; `manifests` when there is one, else the current
                 directory

    Options:
          --format <FORMAT>  How findings are written [default: text] [possible values: text, json,
                             sarif, github]
      -h, --help             Print help (see more with '--help')
    ");
}

#[test]
fn of_plan() {
    assert_snapshot!(help("plan"), @"
    Show what would be done, and why; changes nothing

    Usage: retune plan [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Manifests or directories [default: manifests/, else the current directory]

    Options:
          --only <NAME>        Decide about this tuned model only (repeatable)
          --format <FORMAT>    How to show the plan [default: text] [possible values: text, json,
                               markdown]
          --full               List tuned models that need no change, too
          --detailed-exitcode  End with 2 when there are changes
          --max-bytes <N>      Cut Markdown at this size, by whole rows; GitHub takes 65536 [default:
                               60000]
      -h, --help               Print help (see more with '--help')
    ");
}

#[test]
fn of_apply() {
    assert_snapshot!(help("apply"), @"
    Plan, show, ask, do

    Usage: retune apply [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Manifests or directories [default: manifests/, else the current directory]

    Options:
      -y, --yes                   Do not ask
          --wait[=<DURATION>]     Stay until runs end, at most for this long
          --only <NAME>           Decide about this tuned model only (repeatable)
          --prune <NAME>          Cancel all active runs of this name, which has no manifest
                                  (repeatable)
          --max-creates <N>       Creates that this plan may make [default: limits.maxCreates, else 10]
          --max-cancels <N>       Cancels that this plan may make [default: limits.maxCancels, else 5]
          --expect-plan <DIGEST>  Refuse any other plan than the one with this digest
          --accept-duplicates     Create without a settle window although a listing may lag behind
          --format <FORMAT>       How to tell what happens [default: text] [possible values: text,
                                  jsonl]
          --full                  List tuned models that need no change, too
      -h, --help                  Print help (see more with '--help')
    ");
}

#[test]
fn of_status() {
    assert_snapshot!(help("status"), @"
    Show each tuned model against its manifest

    Usage: retune status [OPTIONS] [NAME]...

    Arguments:
      [NAME]...  Tuned models [default: all]

    Options:
          --manifests <PATH>  Manifests or a directory (repeatable) [default: manifests/, else the
                              current directory]
          --format <FORMAT>   How to show it [default: text] [possible values: text, json]
          --html <FILE>       Write a page to look at instead: one HTML file with everything in it; `-`
                              for standard output
      -h, --help              Print help (see more with '--help')
    ");
}

#[test]
fn of_describe() {
    assert_snapshot!(help("describe"), @"
    Show everything known of one tuned model

    Usage: retune describe [OPTIONS] <NAME>

    Arguments:
      <NAME>  The tuned model

    Options:
          --manifests <PATH>  Manifests or a directory (repeatable) [default: manifests/, else the
                              current directory]
          --format <FORMAT>   How to show it [default: text] [possible values: text, json]
      -h, --help              Print help (see more with '--help')
    ");
}

#[test]
fn of_jobs() {
    assert_snapshot!(help("jobs"), @"
    List tuning jobs, foreign ones too

    Usage: retune jobs [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Manifests or directories, for the places to list; --project and --location name one
                 place without any manifest

    Options:
          --format <FORMAT>  How to show it [default: text] [possible values: text, json]
      -h, --help             Print help (see more with '--help')
    ");
}

#[test]
fn of_metrics() {
    assert_snapshot!(help("metrics"), @"
    Show the training curves of tuned models, or of runs

    Usage: retune metrics [OPTIONS] [NAME]...

    Arguments:
      [NAME]...  Tuned models; of each the run that matches its manifest, else the newest

    Options:
          --run <JOB>         A run: its full name, `tuningJobs/ID` or its ID (repeatable)
          --manifests <PATH>  Manifests or a directory (repeatable) [default: manifests/, else the
                              current directory]
          --series <SERIES>   Only this series, such as eval_total_loss (repeatable) [default: loss and
                              accuracy; json and csv hold all]
          --all-points        Read every point; Vertex by itself gives up to 1000 of a series, chosen at
                              random
      -f, --follow            Go on until the runs have ended, and end with 6 unless all went well
          --require-curves    End with 6 when a run has no curves
          --format <FORMAT>   How to show them [default: text] [possible values: text, json, csv, svg,
                              html]
          --write <FILE>      Write to this file instead of stdout, all of it or nothing
          --ascii             Draw with ASCII only
      -h, --help              Print help (see more with '--help')
    ");
}

#[test]
fn of_cancel() {
    assert_snapshot!(help("cancel"), @"
    Stop a run now, by hand

    Usage: retune cancel [OPTIONS] <NAME or JOB>

    Arguments:
      <NAME or JOB>  A tuned model, whose active runs are stopped, or one job: its full name,
                     `tuningJobs/ID` or its ID

    Options:
          --manifests <PATH>  Manifests or a directory (repeatable) [default: manifests/, else the
                              current directory]
      -y, --yes               Do not ask
          --foreign           Stop a job that is not ours
      -h, --help              Print help (see more with '--help')
    ");
}

#[test]
fn of_schema() {
    assert_snapshot!(help("schema"), @"
    Print the JSON Schema of the manifests

    Usage: retune schema [OPTIONS]

    Options:
      -h, --help  Print help (see more with '--help')
    ");
}

#[test]
fn of_completions() {
    assert_snapshot!(help("completions"), @"
    Print a shell's completion script

    Usage: retune completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>  Which shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help  Print help (see more with '--help')
    ");
}

#[test]
fn of_man() {
    assert_snapshot!(help("man"), @"
    Print the manual page

    Usage: retune man [OPTIONS]

    Options:
      -h, --help  Print help (see more with '--help')
    ");
}

#[test]
fn of_emulator() {
    assert_snapshot!(help("emulator"), @"
    Run a Vertex AI tuning service on this machine, for trying and testing

    Usage: retune emulator [OPTIONS]

    Options:
          --listen <ADDRESS:PORT>  Where to listen; loopback only, port 0 takes a free one [default:
                                   127.0.0.1:8089]
          --speed <FACTOR>         How many times faster than the real service jobs run; at 1 a job
                                   takes most of an hour [default: 600]
          --concurrent-jobs <N>    Jobs a project may run at once; more wait in the queue [default: 1]
          --data-dir <DIR>         Where jobs, models and objects are kept; without it they end with the
                                   emulator
          --seed <NUMBER>          What ids and durations are drawn from [default: 0]
          --assume-datasets        Take datasets in buckets that the emulator does not hold to exist
          --fault <RULE>           Let requests go wrong, such as `create:process-then-drop:1`; may be
                                   given more than once
          --faults <FILE>          A JSON file with an array of such rules, which come first
      -h, --help                   Print help (see more with '--help')
    ");
}

#[test]
fn of_prompt() {
    assert_snapshot!(help("prompt"), @r#"
    Ask a tuned model

    Usage: retune prompt [OPTIONS] <NAME> [TEXT]

    Arguments:
      <NAME>  The tuned model
      [TEXT]  What to ask; `-` reads it from standard input

    Options:
          --manifests <PATH>           Manifests or a directory (repeatable) [default: manifests/, else
                                       the current directory]
          --file <URI>                 A file that goes along (repeatable): gs://BUCKET/OBJECT, with its
                                       type behind it where the ending does not say it
                                       (gs://acme/scan=image/png)
          --system <TEXT>              What the model is told before; as in the training data, or it
                                       answers worse
          --temperature <NUMBER>       How freely it chooses its words, 0 to 2
          --top-p <NUMBER>             From how much of the likely it chooses, 0 to 1
          --top-k <COUNT>              From how many words it chooses
          --max-output-tokens <COUNT>  The most tokens it may answer with, thoughts included
          --seed <NUMBER>              Makes its choices come again
          --thinking <HOW>             How much it may think: `lowest`, as Google advises for tuned
                                       models, `model` for as much as it likes, a level (`minimal`,
                                       `low`, `medium`, `high`; Gemini 3) or a number of tokens (Gemini
                                       2.5) [default: lowest]
          --checkpoint <ID>            Ask this checkpoint [default: the model's default one]
          --run <JOB>                  Ask the model of this run [default: of the run that is in sync,
                                       else of the newest that has an endpoint]
          --compare-base[=<MODEL>]     Ask the base model too, or another one of Google's, and show both
          --stream                     Print the answer as it comes
          --prompts <FILE>             Ask every line of a file: {"prompt": "…"}, or lines of a dataset
          --output <FILE>              Where the results go, one JSON object a line; goes on where it
                                       stopped [default: standard output]
          --concurrency <COUNT>        How many are asked at a time [default: 4]
          --drop-stale                 Drop results whose line or setting has changed since
          --format <FORMAT>            How to show it [default: text] [possible values: text, json]
      -h, --help                       Print help (see more with '--help')
    "#);
}

#[test]
fn what_is_generated_names_every_command() {
    let world = World::alone();
    let script = world.stdout("completions bash");
    let page = world.stdout("man");
    for command in ["init", "validate", "plan", "apply", "status", "describe", "jobs", "cancel"] {
        assert!(script.contains(command), "{command}");
        assert!(page.contains(command), "{command}");
    }
    let schema: serde_json::Value = serde_json::from_str(&world.stdout("schema")).unwrap();
    assert!(schema["$schema"].is_string());
}

#[test]
fn of_watch() {
    assert_snapshot!(help("watch"), @"
    Keep Vertex as the manifests say, for as long as it runs

    Usage: retune watch [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Manifests or directories [default: manifests/, else the current directory]

    Options:
          --observe              Look and tell what differs; never create or cancel anything
          --interval <DURATION>  Time between two complete looks [default: 5m, and longer where a
                                 listing has more than 25 pages; 2s with --emulator]
          --shard <I/N>          Keep only part I of N of the names; the others are for other daemons
          --max-creates <N>      Creates within 24 hours [default: limits.maxCreates, else 10]
          --max-cancels <N>      Cancels that one pass may make [default: limits.maxCancels, else 5]
          --accept-duplicates    Create without a settle window although a listing may lag behind
      -h, --help                 Print help (see more with '--help')

    What it tells:
          --listen <ADDRESS>             Serve a page to look at, health, metrics and status over HTTP,
                                         such as on 127.0.0.1:9470
          --listen-public                Allow --listen on an address that other machines can reach
          --allow-host <HOST>            A Host that requests for the status may name, beside loopback
                                         (repeatable)
          --webhook <URL>                Post changes of state to this address [env:
                                         RETUNE_WEBHOOK_URL]; signed with the key in
                                         RETUNE_WEBHOOK_SECRET
          --webhook-format <FORMAT>      What is posted [default: json] [possible values: json, slack]
          --webhook-severity <SEVERITY>  The least that is posted [default: info] [possible values:
                                         info, warning, error]
          --state-dir <DIR>              Where events are kept until they are delivered, over restarts
                                         too
    ");
}

#[test]
fn of_outputs() {
    assert_snapshot!(help("outputs"), @"
    Print what tuned models leave for those who call them: endpoints, models, checkpoints

    Usage: retune outputs [OPTIONS] [NAME]...

    Arguments:
      [NAME]...  Tuned models [default: all]

    Options:
          --manifests <PATH>       Manifests or a directory (repeatable) [default: manifests/, else the
                                   current directory]
          --format <FORMAT>        How to write it [default: text] [possible values: text, json, yaml,
                                   env, github, configmap]
          --require-ready          Write nothing, and end with 6, unless every one of them can be called
          --write <FILE>           Write into a file instead, whole or not at all. A file that holds the
                                   same already is not touched, one that differs keeps its permissions,
                                   and a link is followed
          --prefix <PREFIX>        What variables begin with, of env and configmap [default: RETUNE_]
          --name <NAME>            The ConfigMap's name [default: retune-outputs]
          --namespace <NAMESPACE>  The ConfigMap's namespace [default: that of whoever applies it]
      -h, --help                   Print help (see more with '--help')
    ");
}

#[test]
fn of_import() {
    assert_snapshot!(help("import"), @"
    Print manifests for jobs that exist already, foreign ones too

    Usage: retune import [OPTIONS] [JOB]...

    Arguments:
      [JOB]...  Jobs, by full name, `tuningJobs/ID` or ID

    Options:
          --all               Every job of the listed places that no manifest speaks of: of each name of
                              ours one run, and each job that retune did not make
          --ended             With --all, also what failed or was cancelled
          --write <DIR>       Write a file for each into this directory, and over none
          --manifests <PATH>  Manifests or directories that say where to look and what has a manifest
                              already (repeatable) [default: manifests/, else the current directory];
                              --project and --location name one place without any manifest
      -h, --help              Print help (see more with '--help')
    ");
}
