//! `retune validate`: its formats; the findings have tests of their own.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn good_manifests() {
    let world = World::alone();
    world.wants(model("faq"));
    assert_snapshot!(world.run("validate"), @"
    --- stderr
    no findings in 2 files with 2 documents
    [exit 0]
    ");
}

#[test]
fn a_misspelt_field_in_every_format() {
    let world = World::alone();
    world.wants(model("faq").spec("description: a").lifecycle("reruns: 1"));
    assert_snapshot!(world.run("validate"), @"
    error[unknown-key]: unknown key `reruns` in `spec.lifecycle`
      --> manifests/faq.yaml:14:5
       |
    14 |     reruns: 1
       |     ^^^^^^
       |
       = help: did you mean `rerun`?

    --- stderr
    1 error in 2 files with 2 documents
    [exit 3]
    ");
    assert_snapshot!(world.run("validate --format json"), @r#"
    {
      "formatVersion": 1,
      "summary": {
        "files": 2,
        "documents": 2,
        "errors": 1,
        "warnings": 0,
        "advice": 0
      },
      "findings": [
        {
          "code": "unknown-key",
          "severity": "error",
          "file": "manifests/faq.yaml",
          "line": 14,
          "column": 5,
          "endColumn": 11,
          "message": "unknown key `reruns` in `spec.lifecycle`",
          "hint": "did you mean `rerun`?"
        }
      ]
    }
    --- stderr
    1 error in 2 files with 2 documents
    [exit 3]
    "#);
    assert_snapshot!(world.run("validate --format github"), @"
    ::error file=manifests/faq.yaml,line=14,col=5,endColumn=11,title=unknown-key::unknown key `reruns` in `spec.lifecycle`%0Ahelp: did you mean `rerun`?
    --- stderr
    1 error in 2 files with 2 documents
    [exit 3]
    ");
    let sarif: serde_json::Value =
        serde_json::from_str(&world.stdout("validate --format sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
}
