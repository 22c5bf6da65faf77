//! Rules by which identifiers are one without being listed.

use acta_xapi::Ifi;

use crate::directory::PersonRules;
use crate::directory::mailbox_sha1;

/// What the identifiers have in common that are one by a rule, and the place of one of them: that
/// with the smallest place speaks for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentifierClass {
    /// Equal for identifiers that are one.
    pub text: String,
    /// The place in the rule, from 0.
    pub place: usize,
}

impl PersonRules {
    /// The class of an identifier as [`Ifi::to_key`] writes it; none if no rule concerns it.
    pub fn class_of(&self, key: &str) -> Option<IdentifierClass> {
        if self.is_empty() {
            return None;
        }
        let value: serde_json::Value = serde_json::from_str(key).ok()?;
        if let Some(mbox) = value["mbox"].as_str().filter(|_| self.mailbox_sha1) {
            return Some(IdentifierClass { text: mailbox_sha1(mbox), place: 0 });
        }
        if let Some(sum) = value["mbox_sha1sum"].as_str().filter(|_| self.mailbox_sha1) {
            return Some(IdentifierClass { text: sum.to_owned(), place: 1 });
        }
        let page = value["account"]["homePage"].as_str()?;
        let name = value["account"]["name"].as_str()?;
        self.home_pages.iter().enumerate().find_map(|(list, pages)| {
            let place = pages.iter().position(|known| known.as_str() == page)?;
            Some(IdentifierClass { text: format!("{list} {name}"), place })
        })
    }
}

/// The identifiers that are one with `identifier` by a rule, in the order of the rule, as far as
/// they can be computed: a mailbox cannot be computed from its SHA-1.
pub fn class_members(rules: &PersonRules, identifier: &Ifi) -> Vec<Ifi> {
    match identifier {
        Ifi::Mbox(mbox) if rules.mailbox_sha1 => {
            vec![identifier.clone(), Ifi::MboxSha1(mailbox_sha1(mbox.as_str()).into())]
        }
        Ifi::Account { home_page, name } => {
            let list = rules.home_pages.iter().find(|pages| pages.contains(home_page));
            let pages = list.into_iter().flatten();
            let account = |page: &acta_xapi::Iri| Ifi::Account {
                home_page: page.clone(),
                name: name.clone(),
            };
            pages.map(account).collect()
        }
        Ifi::Mbox(_) | Ifi::MboxSha1(_) | Ifi::OpenId(_) => Vec::new(),
    }
}
