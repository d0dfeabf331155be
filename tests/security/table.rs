//! The table at the head of `tests/security.rs` names what is there.

use std::collections::BTreeSet;

use crate::sources::files;

/// How many threats there are.
const THREATS: usize = 20;

struct Row<'a> {
    threat: &'a str,
    /// Names of tests.
    tests: Vec<&'a str>,
    /// What else is said.
    rest: &'a str,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let row = |line| {
        let line: &str = str::strip_prefix(line, "//! | X")?;
        let mut cells = line.split('|').map(str::trim);
        let (threat, _, rest) = (cells.next()?, cells.next()?, cells.next()?);
        let tests = rest.split('`').skip(1).step_by(2).collect();
        Some(Row { threat, tests, rest })
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn each_threat_has_tests_that_exist_or_says_what_is_not_built() {
    let known: BTreeSet<String> = ["src", "tests"]
        .into_iter()
        .flat_map(files)
        .flat_map(|(_, text)| {
            let mut names = Vec::new();
            let mut above = "";
            for line in text.lines().map(str::trim) {
                let is_test = above.starts_with("#[test]") || above.starts_with("#[tokio::test");
                let name = line.trim_start_matches("async ").strip_prefix("fn ");
                let name = name.and_then(|rest| rest.split_once('('));
                // A property's attribute is expanded away from its function.
                if let Some((name, _)) = name.filter(|_| is_test) {
                    names.push(name.to_owned());
                }
                above = line;
            }
            names
        })
        .collect();
    assert!(known.len() > 400, "{} tests found", known.len());
    let rows = rows(include_str!("../security.rs"));
    let threats: Vec<String> = rows.iter().map(|row| row.threat.to_owned()).collect();
    let all: Vec<String> = (1..=THREATS).map(|number| number.to_string()).collect();
    assert_eq!(threats, all, "each threat once, in order");
    for Row { threat, tests, rest } in rows {
        for test in &tests {
            assert!(known.contains(*test), "X{threat} names `{test}`, which is no test");
        }
        let honest = !tests.is_empty() || rest.starts_with("not built");
        assert!(honest, "X{threat} has no test and does not say why");
    }
}
