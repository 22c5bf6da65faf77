//! What stands in for a browser: it keeps cookies, goes where it is sent, and fills forms in.

use std::collections::BTreeMap;

use ureq::http::Response;
use ureq::{Agent, Body};
use url::Url;

use crate::REDIRECT_URI;

/// Most pages on the way.
const PAGES_MAX: usize = 20;

/// A browser with no cookies yet.
#[derive(Debug)]
pub(crate) struct Browser {
    agent: Agent,
    cookies: BTreeMap<String, String>,
}

impl Default for Browser {
    fn default() -> Self {
        let config = Agent::config_builder().max_redirects(0).http_status_as_error(false);
        Self { agent: config.build().new_agent(), cookies: BTreeMap::new() }
    }
}

/// Where a browser has come to.
enum Location {
    /// A page of the server.
    Page(String),
    /// Back at the client, with this query.
    Client(String),
}

impl Browser {
    pub(crate) fn sign_in(mut self, url: &str, account: &str) -> String {
        let mut place = self.go(url);
        for _ in 0..PAGES_MAX {
            let page = match place {
                Location::Client(query) => return query,
                Location::Page(page) => page,
            };
            let action = attribute(&page, "<form", "action");
            place = if page.contains(r#"name="prompt" value="login""#) {
                self.send(&action, &format!("prompt=login&login={account}&password=any"))
            } else {
                self.send(&action, "prompt=consent")
            };
        }
        panic!("no way back after {PAGES_MAX} pages");
    }

    pub(crate) fn turn_back(mut self, url: &str) -> String {
        let Location::Page(page) = self.go(url) else { panic!("{url} is no page") };
        let abort = page.split("<a ").find(|link| link.contains("/abort")).expect("a way back");
        match self.go(&attribute(abort, "", "href")) {
            Location::Client(query) => query,
            Location::Page(page) => panic!("not back at the client: {page}"),
        }
    }

    fn go(&mut self, url: &str) -> Location {
        let request = self.agent.get(url).header("Cookie", self.cookies());
        let answer = request.call().expect("the server answers");
        self.follow(url, answer)
    }

    fn send(&mut self, url: &str, form: &str) -> Location {
        let request = self.agent.post(url).header("Cookie", self.cookies());
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.send(form).expect("the server answers");
        self.follow(url, answer)
    }

    fn follow(&mut self, url: &str, mut answer: Response<Body>) -> Location {
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie in ASCII");
            let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie with a name");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let Some(location) = answer.headers().get("location") else {
            let page = answer.body_mut().read_to_string().expect("a page");
            assert!(answer.status().is_success(), "{url}: {} {page}", answer.status());
            return Location::Page(page);
        };
        let location = location.to_str().expect("an address in ASCII");
        let next = Url::parse(url).and_then(|url| url.join(location)).expect("an address");
        if next.as_str().starts_with(REDIRECT_URI) {
            return Location::Client(next.query().unwrap_or_default().to_owned());
        }
        self.go(next.as_str())
    }

    fn cookies(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }
}

/// The value of an attribute of the first element behind `start`.
fn attribute(page: &str, start: &str, name: &str) -> String {
    let (_, rest) = page.split_once(start).expect("the element is there");
    let (_, rest) = rest.split_once(&format!("{name}=\"")).expect("the attribute is there");
    let (value, _) = rest.split_once('"').expect("a value in quotes");
    value.replace("&amp;", "&")
}
