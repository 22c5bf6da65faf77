//! What lets people and clients in, drawn at random: sign-ins, links, invitations, resets, browser
//! tokens, credentials, and the forms of the pages.

use acta_tests::client::form;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::administration::path;
use super::{Drawn, Grammar, NAMES};
use crate::bodies::list;

/// The answers to what lets people in: nobody comes in by a guess.
const SIGNED_IN: &[u16] = &[0, 400, 401, 403, 404, 410, 413, 414, 415, 429, 431, 503];

/// The answers to the pages: what they show, where they lead, and the same.
const PAGES: &[u16] =
    &[0, 200, 303, 400, 401, 403, 404, 405, 409, 410, 413, 414, 415, 429, 431, 503];

/// The answers to requests about people and credentials of the tenant.
const ADMINISTERED: &[u16] =
    &[0, 200, 201, 204, 400, 401, 403, 404, 405, 409, 412, 413, 414, 415, 422, 428, 429, 431, 503];

/// The pages with forms, each with its fields.
const FORMS: [(&str, &[&str]); 6] = [
    ("/setup", &["token", "display_name", "email", "password"]),
    ("/signin", &["email", "password", "code", "invitation"]),
    ("/signout", &["csrf"]),
    ("/invitation", &["token", "display_name", "password", "csrf"]),
    ("/reset", &["token", "password"]),
    ("/account", &["act", "csrf", "current_password", "new_password", "code", "display_name"]),
];

/// What the kinds of links and tokens begin with.
const SECRETS: [&str; 7] = ["acta_i_", "acta_r_", "acta_s_", "acta_t_", "acta_e_", "acta_", ""];

const ROLES: [&str; 4] = ["viewer", "owner", "learner", "nobody"];

impl Grammar {
    /// Something like the token of a link or of a session, which was never made.
    fn secret(&self) -> String {
        let length = self.size(if self.is_one_in(10) { 8_000 } else { 60 });
        let bytes: Vec<u8> = (0..length).map(|_| self.below(256).to_le_bytes()[0]).collect();
        format!("{}{}", self.one_of(&SECRETS), URL_SAFE_NO_PAD.encode(bytes))
    }

    fn email(&self) -> String {
        match self.below(6) {
            0 => format!("{}@example.org", "a".repeat(self.size(400))),
            1 => "@".repeat(self.size(200)),
            2 => self.text().chars().take(300).collect(),
            _ => format!("{}@example.org", self.below(NAMES)),
        }
    }

    /// A password, of which the long ones are refused.
    fn password(&self) -> String {
        self.one_of(&["x", "é", "blue otters juggle at dawn"]).repeat(self.size(200))
    }

    fn sign_in(&self) -> Drawn {
        let code = if self.is_one_in(3) {
            format!(r#","code":"{}""#, "9".repeat(self.size(200)))
        } else {
            String::new()
        };
        let email = self.email().replace(['"', '\\'], "");
        let body = format!(r#"{{"email":"{email}","password":"{}"{code}}}"#, self.password());
        self.json("POST", "/api/v1/session", body).without("Authorization").answered(SIGNED_IN)
    }

    fn link(&self) -> Drawn {
        let target = self.one_of(&["/api/v1/links/read", "/api/v1/links/accept"]);
        let more = match self.below(3) {
            0 => {
                format!(r#","display_name":{},"password":"{}""#, self.json_text(), self.password())
            }
            _ => String::new(),
        };
        let drawn = self.json("POST", target, format!(r#"{{"token":"{}"{more}}}"#, self.secret()));
        drawn.without("Authorization").answered(SIGNED_IN)
    }

    /// Begins to sign in at the provider, or comes back from it with what it never gave.
    fn provided(&self) -> Drawn {
        let drawn = if self.is_one_in(2) {
            let drawn = Drawn::new("GET", "/signin/begin");
            if self.is_one_in(2) { drawn.query("connect", self.secret()) } else { drawn }
        } else {
            Drawn::new("GET", "/signin/oidc")
                .query("code", self.secret())
                .query("state", self.secret())
                .header("Cookie", format!("acta-oidc={}", self.secret()))
        };
        drawn.without("Authorization").answered(PAGES)
    }

    /// A new browser token, bound to many activities at times.
    fn browser_token(&self) -> Drawn {
        let activities = list(self.size(100), |number| {
            format!(r#""http://example.org/{}/{number}""#, self.below(NAMES))
        });
        let scopes = self.one_of(&[r#"["state"]"#, r#"["all"]"#, r#"["statements/write"]"#, "[]"]);
        let body = format!(
            r#"{{"agent":{},"activities":[{activities}],"scopes":{scopes},"lifetime_seconds":{}}}"#,
            self.agent(),
            self.size(100_000)
        );
        let target = match self.below(3) {
            0 => path(&format!("/credentials/{}/tokens", self.below(NAMES))),
            _ => "/api/v1/tokens".to_owned(),
        };
        self.json("POST", target, body).answered(ADMINISTERED)
    }

    /// Reads or writes with a token that was never issued.
    fn forged(&self) -> Drawn {
        let drawn = match self.below(3) {
            0 => Drawn::new("GET", "/xapi/statements"),
            1 => self.store(),
            _ => Drawn::new("GET", path("/stream/statements")).query("token", self.secret()),
        };
        drawn.header("Authorization", format!("Bearer {}", self.secret())).answered(SIGNED_IN)
    }

    fn invitation(&self) -> Drawn {
        let drawn = match self.below(4) {
            0 => Drawn::new("GET", path("/invitations")).query("limit", self.size(300).to_string()),
            1 => Drawn::new("DELETE", path(&format!("/invitations/{}", self.record_id()))),
            _ => {
                let email = self.email().replace(['"', '\\'], "");
                let role = self.one_of(&ROLES);
                let body = format!(r#"{{"email":"{email}","role":"{role}"}}"#);
                let drawn = self.json("POST", path("/invitations"), body);
                drawn.header("Idempotency-Key", self.below(NAMES).to_string())
            }
        };
        drawn.answered(ADMINISTERED)
    }

    fn account(&self) -> Drawn {
        let account = format!("/api/v1/accounts/{}", self.record_id());
        let drawn = match self.below(4) {
            0 => Drawn::new("POST", format!("{account}/reset")),
            1 => Drawn::new("GET", "/api/v1/accounts").query("email", self.email()),
            2 => self.json(
                "PATCH",
                path(&format!("/people/{}", self.record_id())),
                format!(r#"{{"role":"{}"}}"#, self.one_of(&ROLES)),
            ),
            _ => {
                let body = format!(
                    r#"{{"current_password":"{}","new_password":"{}"}}"#,
                    self.password(),
                    self.password()
                );
                self.json("PUT", "/api/v1/account/password", body)
            }
        };
        drawn.answered(ADMINISTERED)
    }

    /// A request about what lets people and clients in.
    pub(super) fn of_people(&self) -> Drawn {
        match self.below(8) {
            0 => self.sign_in(),
            1..=2 => self.link(),
            3 => self.provided(),
            4 => self.browser_token(),
            5 => self.forged(),
            6 => self.invitation(),
            _ => self.account(),
        }
    }

    /// A request about credentials: new ones with many restrictions, and changes of those that
    /// there are not.
    pub(super) fn credential(&self) -> Drawn {
        let prefixes = list(self.size(120), |number| {
            format!(r#""http://{}.example.org/{number}""#, self.below(NAMES))
        });
        let origins = list(self.size(120), |number| format!(r#""https://{number}.example.org""#));
        let scopes = self.one_of(&[r#"["statements/write"]"#, r#"["all"]"#, r#"["nothing"]"#]);
        let body = format!(
            r#"{{"label":{},"scopes":{scopes},"activity_prefixes":[{prefixes}],"origins":[{origins}]}}"#,
            self.json_text()
        );
        let known = format!("/credentials/{}", self.below(NAMES));
        let drawn = match self.below(4) {
            0 => self.json("PATCH", path(&known), body),
            1 => self.json("POST", path(&format!("{known}/rotate")), "{}".to_owned()),
            _ => self.json("POST", path("/credentials"), body),
        };
        drawn.answered(ADMINISTERED)
    }

    /// A page, or one of its forms.
    pub(super) fn page(&self) -> Drawn {
        let (path, names) = FORMS[self.below(FORMS.len())];
        let drawn = if self.is_one_in(3) {
            let drawn = Drawn::new("GET", path);
            if self.is_one_in(2) { drawn.query("token", self.secret()) } else { drawn }
        } else {
            let values: Vec<String> = names.iter().map(|name| self.form_value(name)).collect();
            let mut fields: Vec<(&str, &str)> =
                names.iter().copied().zip(values.iter().map(String::as_str)).collect();
            if self.is_one_in(6) {
                fields.extend(vec![("x", "y"); self.size(4_000)]);
            }
            let body = match self.below(8) {
                0 => "&".repeat(self.size(16 << 10)),
                1 => "a%".repeat(self.size(8 << 10)),
                _ => form(&fields),
            };
            Drawn::new("POST", path)
                .body("application/x-www-form-urlencoded", self.damaged(body.into_bytes()))
        };
        let drawn = match self.below(4) {
            0 => drawn.header("Origin", "https://elsewhere.example"),
            1 => drawn.header("Cookie", format!("acta-session={}", self.secret())),
            _ => drawn,
        };
        drawn.without("Authorization").answered(PAGES)
    }

    fn form_value(&self, name: &str) -> String {
        match name {
            "email" => self.email(),
            "password" | "current_password" | "new_password" => self.password(),
            "act" => {
                let acts = ["rename", "password", "begin", "confirm", "remove", "end", "other"];
                self.one_of(&acts).to_owned()
            }
            "display_name" => "\u{202e}<b>".repeat(self.size(2_000)),
            _ => self.secret(),
        }
    }
}
