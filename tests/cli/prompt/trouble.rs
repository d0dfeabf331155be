//! Services that do not answer, or somebody else who does.

use insta::assert_snapshot;

use super::service::Service;
use super::{ask, questions, tuned};

#[test]
fn an_answer_that_is_not_the_apis() {
    let world = tuned();
    world.fault("other@generateContent:html=200");
    assert_snapshot!(ask(&world, &["hi"]), @"
    --- stderr
    error: could not read the answer of `127.0.0.1:[PORT]`
      caused by: the answer is not the API's (text/html); is the address right?

    hint: it may have been answered and billed; asking again is billed again
    [exit 6]
    ");
    world.heal();
    world.fault("other@GenerateContent:html=200");
    let shown = ask(&world, &["hi", "--stream"]);
    assert!(shown.contains("(text/html); is the address right?"), "{shown}");
    assert!(shown.ends_with("[exit 6]"), "{shown}");
    world.heal();
    world.fault("other@generateContent:html=404");
    assert!(ask(&world, &["hi"]).ends_with("[exit 6]"));
    world.heal();
    world.fault("other@generateContent:invalid-json");
    assert_snapshot!(ask(&world, &["hi"]), @"
    --- stderr
    error: could not read the answer of `127.0.0.1:[PORT]`
      caused by: the answer is cut off after 509 bytes

    hint: it may have been answered and billed; asking again is billed again
    [exit 6]
    ");
    world.heal();
    world.fault("other@generateContent:empty-json");
    assert_snapshot!(ask(&world, &["hi"]), @"
    --- stderr
    faq (tuningJobs/[JOB-1]): tokens not counted; [TIME]
    error: the answer is empty: it holds no candidate

    hint: --format json has the answer as it came
    [exit 6]
    ");
}

#[test]
fn what_cannot_have_been_billed_is_asked_again() {
    let world = tuned();
    for fault in ["status=503", "quota"] {
        let before = questions(&world);
        world.fault(&format!("other@generateContent:{fault}:1"));
        assert!(ask(&world, &["hi"]).ends_with("[exit 0]"), "{fault}");
        assert_eq!(questions(&world) - before, 2, "{fault}");
        world.heal();
    }
}

#[test]
fn what_may_have_been_billed_is_not() {
    let world = tuned();
    for fault in ["status=500", "status=502", "status=504", "drop", "process-then-drop"] {
        let before = questions(&world);
        world.fault(&format!("other@generateContent:{fault}"));
        let shown = ask(&world, &["hi"]);
        assert!(
            shown.ends_with(
                "hint: it may have been answered and billed; asking again is billed again\n[exit 6]"
            ),
            "{fault}: {shown}"
        );
        assert_eq!(questions(&world) - before, 1, "{fault}");
        world.heal();
    }
}

#[test]
fn a_quota_that_is_used_up_for_longer() {
    let world = tuned();
    world.fault("other@generateContent:quota,retry-after=120");
    assert_snapshot!(ask(&world, &["hi"]), @"
    --- stderr
    error: `127.0.0.1:[PORT]` asked us to slow down: Quota exceeded for aiplatform.googleapis.com/global_concurrent_tuning_jobs.

    hint: try again in 120 s
    [exit 6]
    ");
}

#[test]
fn a_permission_that_is_missing() {
    let refusal = r#"{"error": {"code": 403, "status": "PERMISSION_DENIED", "message":
        "Permission 'aiplatform.endpoints.predict' denied on resource (or it may not exist)."}}"#;
    let (world, service) = Service::json("403 Forbidden", &refusal.replace('\n', " "));
    assert_snapshot!(service.ask(&world, &["hi"]), @"
    --- stderr
    no model of `faq` is as its manifest says; asking that of tuningJobs/[JOB-1] (succeeded), the newest that has an endpoint
    error: permission `aiplatform.endpoints.predict` denied in `123456789012/us-central1`: Permission 'aiplatform.endpoints.predict' denied on resource (or it may not exist).
    [exit 4]
    ");
}

#[test]
fn a_setting_that_the_model_does_not_take() {
    let world = tuned();
    assert_snapshot!(ask(&world, &["hi", "--thinking", "low", "--top-k", "100"]), @"
    --- stderr
    error: `127.0.0.1:[PORT]` refused the request (HTTP 400): generation_config.top_k: Unable to submit request because top_k must be from 1 to 40, found 100.
    [exit 6]
    ");
    assert_snapshot!(ask(&world, &["hi", "--top-k", "100"]), @"
    --- stderr
    error: `127.0.0.1:[PORT]` refused the request (HTTP 400): generation_config.top_k: Unable to submit request because top_k must be from 1 to 40, found 100.

    hint: if it is about thinking, --thinking model leaves that to the model
    [exit 6]
    ");
}

#[test]
fn nobody_there() {
    let world = tuned();
    let shown = ask(&world, &["hi", "--endpoint", "http://127.0.0.1:1"]);
    assert!(shown.ends_with("[exit 4]") && !shown.contains("billed"), "{shown}");
}
