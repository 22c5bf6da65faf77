//! Quality of data: statements that repeat others, and verbs that nobody else knows.

use std::collections::BTreeMap;

/// What a statement reports, by which two can be the same. Texts are numbers; 0 stands for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportedEvent {
    /// When it happened, in microseconds since 1970.
    pub time: i64,
    /// Who did it.
    pub person: u32,
    /// What was done.
    pub verb: u32,
    /// To what.
    pub object: u32,
    /// In which registration.
    pub registration: u32,
    /// With which response.
    pub response: u32,
}

/// The indices of statements that report the same as one before them: sent twice with different
/// ids.
pub fn repeated(events: &[ReportedEvent]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_unstable_by_key(|index| (events[*index], *index));
    let pairs = order.windows(2).filter(|pair| events[pair[0]] == events[pair[1]]);
    let mut repeated: Vec<usize> = pairs.map(|pair| pair[1]).collect();
    repeated.sort_unstable();
    repeated
}

/// The beginnings of verbs of vocabularies that are published.
const VOCABULARIES: [&str; 12] = [
    "http://adlnet.gov/expapi/verbs/",
    "https://adlnet.gov/expapi/verbs/",
    "https://w3id.org/xapi/",
    "http://w3id.org/xapi/",
    "http://activitystrea.ms/",
    "https://activitystrea.ms/",
    "http://id.tincanapi.com/verb/",
    "https://id.tincanapi.com/verb/",
    "http://www.tincanapi.co.uk/verbs/",
    "https://brindlewaye.com/xAPITerms/verbs/",
    "http://future-learning.info/xAPI/verb/",
    "http://risc-inc.com/annotator/verbs/",
];

/// Whether a verb belongs to a vocabulary that is published.
pub fn is_known_verb(verb: &str) -> bool {
    VOCABULARIES.iter().any(|start| verb.starts_with(start))
}

/// Verbs that are the same word with different ids, so that each is counted alone: by the last
/// part of the id, in small letters.
pub fn verbs_of_one_word<'v>(
    verbs: impl IntoIterator<Item = &'v str>,
) -> BTreeMap<String, Vec<&'v str>> {
    let mut words: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for verb in verbs {
        let word = verb.rsplit(['/', '#']).find(|part| !part.is_empty()).unwrap_or(verb);
        words.entry(word.to_lowercase()).or_default().push(verb);
    }
    words.retain(|_, verbs| 1 < verbs.len());
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(time: i64, person: u32, response: u32) -> ReportedEvent {
        ReportedEvent { time, person, verb: 1, object: 2, registration: 0, response }
    }

    #[test]
    fn a_statement_with_the_same_event_is_repeated() {
        let all = [event(5, 1, 0), event(4, 1, 0), event(5, 1, 0), event(5, 1, 3), event(5, 1, 0)];
        assert_eq!(repeated(&all), [2, 4]);
        assert_eq!(repeated(&[]), []);
    }

    #[test]
    fn verbs_are_known_by_their_vocabulary() {
        assert!(is_known_verb("http://adlnet.gov/expapi/verbs/completed"));
        assert!(!is_known_verb("http://lms.example/verbs/completed"));
        let verbs = ["http://a/Completed", "http://b#completed", "http://b/failed", "http://c/"];
        let found = verbs_of_one_word(verbs);
        assert_eq!(found.len(), 1);
        assert_eq!(found["completed"], [verbs[0], verbs[1]]);
    }

    proptest! {
        #[test]
        fn as_many_are_left_as_there_are_different_ones(
            pairs in prop::collection::vec((0..5_i64, 0..3_u32, 0..2_u32), 0..40),
        ) {
            let all: Vec<ReportedEvent> = pairs.iter().map(|it| event(it.0, it.1, it.2)).collect();
            let different: std::collections::BTreeSet<_> = all.iter().copied().collect();
            prop_assert_eq!(all.len() - repeated(&all).len(), different.len());
            let mut late = all.clone();
            late.reverse();
            prop_assert_eq!(repeated(&late).len(), repeated(&all).len());
        }
    }
}
