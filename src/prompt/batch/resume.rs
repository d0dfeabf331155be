//! What of a file of prompts is still to be asked.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::record::Known;

/// What a file of results means for a file of prompts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resumed {
    /// Lines that are done, each with the place of its result among those known.
    pub done: BTreeMap<u64, usize>,
    /// Places of results whose request is asked by no line any more.
    pub stale: Vec<usize>,
}

/// Finds out what is done. `asked` are the lines with their fingerprints,
/// `known` the results in the order of their file.
pub fn resume(asked: &[(u64, String)], known: &[Known]) -> Resumed {
    let wanted: HashMap<u64, &str> =
        asked.iter().map(|(number, request)| (*number, request.as_str())).collect();
    let mut resumed = Resumed::default();
    // Results of lines that moved, by what they answer.
    let mut left: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (at, result) in known.iter().enumerate() {
        let here = wanted.get(&result.number) == Some(&result.request.as_str());
        if here && result.done && !resumed.done.contains_key(&result.number) {
            resumed.done.insert(result.number, at);
        } else if result.done {
            left.entry(&result.request).or_default().push_back(at);
        }
    }
    for (number, request) in asked {
        if resumed.done.contains_key(number) {
            continue;
        }
        if let Some(at) = left.get_mut(request.as_str()).and_then(VecDeque::pop_front) {
            resumed.done.insert(*number, at);
        }
    }
    resumed.stale = left.into_values().flatten().collect();
    resumed.stale.sort_unstable();
    resumed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lines: &[(u64, &str)]) -> Vec<(u64, String)> {
        lines.iter().map(|(number, request)| (*number, (*request).to_owned())).collect()
    }

    fn known(results: &[(u64, &str, bool)]) -> Vec<Known> {
        let known = |(number, request, done): &(u64, &str, bool)| Known {
            number: *number,
            request: (*request).to_owned(),
            done: *done,
            good: *done,
        };
        results.iter().map(known).collect()
    }

    fn resumed(
        lines: &[(u64, &str)],
        results: &[(u64, &str, bool)],
    ) -> (Vec<(u64, usize)>, Vec<usize>) {
        let Resumed { done, stale } = resume(&asked(lines), &known(results));
        (done.into_iter().collect(), stale)
    }

    #[test]
    fn what_has_an_answer_is_done_and_a_failure_is_not() {
        let lines = [(1, "a"), (2, "b"), (3, "c")];
        let results = [(2, "b", true), (1, "a", false), (3, "c", false), (3, "c", true)];
        assert_eq!(resumed(&lines, &results), (vec![(2, 0), (3, 3)], vec![]));
    }

    #[test]
    fn a_line_that_moved_is_done_where_it_is_now() {
        let lines = [(1, "new"), (2, "a"), (4, "b")];
        assert_eq!(
            resumed(&lines, &[(1, "a", true), (2, "b", true)]),
            (vec![(2, 0), (4, 1)], vec![])
        );
    }

    #[test]
    fn a_line_that_changed_is_asked_again_and_its_answer_is_stale() {
        assert_eq!(resumed(&[(1, "a2")], &[(1, "a", true), (1, "x", false)]), (vec![], vec![0]));
    }

    #[test]
    fn lines_that_ask_the_same_are_answered_each() {
        let lines = [(1, "a"), (2, "a"), (3, "a")];
        assert_eq!(resumed(&lines, &[(3, "a", true)]), (vec![(3, 0)], vec![]));
        assert_eq!(
            resumed(&lines, &[(9, "a", true), (3, "a", true)]),
            (vec![(1, 0), (3, 1)], vec![])
        );
        let all = [(1, "a", true), (2, "a", true), (3, "a", true), (4, "a", true)];
        assert_eq!(resumed(&lines, &all).1, [3]);
    }
}
