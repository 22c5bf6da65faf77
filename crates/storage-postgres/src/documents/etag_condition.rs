//! The condition on a document's tag that the database checks.

use acta_storage::{Etag, EtagMatch, Precondition};

/// A precondition on an existing document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EtagCondition<'a> {
    /// Its tag must be one of these; `None` for any.
    pub(super) one_of: Option<Vec<&'a str>>,
    /// Its tag must be none of these.
    pub(super) none_of: Vec<&'a str>,
}

impl<'a> EtagCondition<'a> {
    /// The condition of `precondition`; `None` if the document must not exist.
    pub(super) fn of(precondition: &'a Precondition) -> Option<Self> {
        let one_of = match &precondition.if_match {
            Some(EtagMatch::OneOf(etags)) => Some(texts(etags)),
            Some(EtagMatch::Any) | None => None,
        };
        let none_of = match &precondition.if_none_match {
            Some(EtagMatch::Any) => return None,
            Some(EtagMatch::OneOf(etags)) => texts(etags),
            None => Vec::new(),
        };
        Some(Self { one_of, none_of })
    }
}

/// The tags without those that contain the character 0, which no text in the database
/// contains.
fn texts(etags: &[Etag]) -> Vec<&str> {
    etags.iter().map(|etag| etag.0.as_str()).filter(|etag| !etag.contains('\0')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_etag_condition_agrees_with_the_precondition() {
        let etag = |text: &str| Etag(text.to_owned());
        let one_of =
            |texts: &[&str]| Some(EtagMatch::OneOf(texts.iter().copied().map(etag).collect()));
        let any = Some(EtagMatch::Any);
        let matches =
            [None, any, one_of(&[]), one_of(&["a"]), one_of(&["b", "a"]), one_of(&["b\0"])];
        for (if_match, if_none_match) in
            matches.iter().flat_map(|one| matches.iter().map(move |other| (one, other)))
        {
            let precondition =
                Precondition { if_match: if_match.clone(), if_none_match: if_none_match.clone() };
            let is_met = EtagCondition::of(&precondition).is_some_and(|wanted| {
                wanted.one_of.is_none_or(|etags| etags.contains(&"a"))
                    && !wanted.none_of.contains(&"a")
            });
            assert_eq!(is_met, precondition.holds(Some(&etag("a"))), "{precondition:?}");
        }
    }
}
