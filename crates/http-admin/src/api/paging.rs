//! Pagination: `?limit=` and `?cursor=`, and the envelope of a page.

use std::str::FromStr;

use acta_http::edge::{FromParams, Params};
use acta_http::problem::{FaultView, Problem};
use acta_xapi::Rule;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The items of the page, in the order of the list.
    items: Vec<T>,
    /// The value of `cursor` for the next page; null on the last page.
    next: Option<String>,
}

/// The requested page of a list.
#[derive(Clone, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// The maximum number of items on the page.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: usize,
    /// The key of the last item of the previous page, as encoded in its `next`.
    #[param(value_type = Option<String>, max_length = 683)]
    pub(crate) cursor: Option<String>,
}

impl PageParams {
    /// Items on a page if no limit is requested.
    const LIMIT: usize = 50;

    /// Most items on a page.
    const LIMIT_MAX: usize = 200;

    /// Longest key of an item, in bytes.
    const KEY_BYTES_MAX: usize = 512;
}

impl PageParams {
    /// The id of the item after which the page begins.
    ///
    /// # Errors
    ///
    /// 400 for the cursor of another list.
    pub(crate) fn after<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        let Some(key) = &self.cursor else { return Ok(None) };
        key.parse().map(Some).map_err(|_of_another_list| {
            let message = "expected the value of `next` from a page of this list";
            let fault = FaultView::in_parameter("cursor", Rule::Parameter, message, key);
            Problem::faulty(vec![fault])
        })
    }
}

impl FromParams for PageParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let most = Self::LIMIT_MAX;
        let limit = match params.text("limit") {
            None => Some(Self::LIMIT),
            Some(text) => {
                let message = format!("expected a whole number from 1 to {most}");
                params.read("limit", &text, &message, |text| {
                    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
                    let number = is_number.then(|| text.parse().ok()).flatten();
                    number.filter(|number| (1..=most).contains(number))
                })
            }
        };
        let cursor = match params.text("cursor") {
            None => Some(None),
            Some(text) => {
                params.read("cursor", &text, "expected the value of `next` from a page", |text| {
                    unseal(text).map(Some)
                })
            }
        };
        Some(Self { limit: limit?, cursor: cursor? })
    }
}

impl<T> Page<T> {
    /// Makes a page of the first `limit` of `items`, which may hold one item more than the page;
    /// `key_of` returns the key after which the next page begins.
    pub(crate) fn of(mut items: Vec<T>, limit: usize, key_of: impl Fn(&T) -> String) -> Self {
        let has_more = limit < items.len();
        items.truncate(limit);
        let last = items.last().filter(|_| has_more);
        Self { next: last.map(|item| seal(&key_of(item))), items }
    }
}

impl<T> Page<T> {
    /// The same page with each item converted by `show`.
    pub(crate) fn map<U>(self, show: impl Fn(&T) -> U) -> Page<U> {
        Page { items: self.items.iter().map(show).collect(), next: self.next }
    }
}

/// Encodes a key as an opaque text.
fn seal(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

fn unseal(text: &str) -> Option<String> {
    let key = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    (1..=PageParams::KEY_BYTES_MAX).contains(&key.len()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_cursor_of_the_next_one() {
        let all = ["a", "b", "c"];
        let page = |limit: usize| {
            Page::of(all[..all.len().min(limit + 1)].to_vec(), limit, |item| (*item).to_owned())
        };
        let first = page(2);
        assert_eq!((first.items.as_slice(), first.next.is_some()), (&["a", "b"][..], true));
        assert_eq!(unseal(&first.next.unwrap()).as_deref(), Some("b"));
        assert_eq!((page(3).items.len(), page(3).next), (3, None));
        assert_eq!(Page::of(Vec::<String>::new(), 1, Clone::clone).next, None);
    }

    #[test]
    fn a_cursor_comes_from_a_page() {
        let long = seal(&"x".repeat(513));
        for text in ["", "!", "YQ==", "_w", long.as_str()] {
            assert_eq!(unseal(text), None, "{text}");
        }
        for key in ["a", "tenant/ä b", &"x".repeat(512)] {
            assert_eq!(unseal(&seal(key)).as_deref(), Some(key));
        }
    }
}
