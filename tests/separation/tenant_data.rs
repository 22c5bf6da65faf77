//! Everything that one tenant holds. What it says has a marker in it; what names it has not,
//! so that an answer which repeats what it was asked for tells nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use acta_tests::multipart::{self, Part, content_type};
use acta_tests::server::basic;
use acta_tests::{Call, Client, Response, Server, Store, Version, make};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "a pass phrase of somebody";

/// The lists of the admin API below a tenant that are read page by page.
const LISTS: [&str; 7] =
    ["credentials", "people", "invitations", "audit", "statements", "persons", "groups"];

/// What a tenant holds.
pub(crate) struct TenantData {
    /// What every text of the tenant has in it.
    pub(crate) marker: String,
    pub(crate) tenant: String,
    /// What its owner signs in with.
    pub(crate) email: String,
    pub(crate) account: String,
    pub(crate) session: SignedInPerson,
    /// The value of `Authorization` with a credential that may everything.
    pub(crate) authorization: String,
    /// The key of another credential.
    pub(crate) key: String,
    /// Browser tokens, as Bearer and as Basic.
    pub(crate) tokens: [String; 2],
    pub(crate) invitation: String,
    /// A person with two identifiers.
    pub(crate) person: String,
    /// A group that the person is in.
    pub(crate) group: String,
    /// A question that is shared.
    pub(crate) question: String,
    /// A dashboard that is shared, with a tile of the question.
    pub(crate) dashboard: String,
    /// Where documents and statements are.
    pub(crate) agent: Value,
    pub(crate) activity: String,
    pub(crate) verb: String,
    pub(crate) registration: String,
    pub(crate) statement: String,
    pub(crate) voided: String,
    pub(crate) attachment: String,
    /// Where the second page of its statements is.
    pub(crate) more: String,
    /// Where the second page of each list is.
    pub(crate) cursors: BTreeMap<&'static str, String>,
    address: SocketAddr,
}

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedInPerson {
    pub(crate) id: String,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl SignedInPerson {
    pub(crate) fn sign_in(client: &Client, email: &str) -> Self {
        let body = json!({ "email": email, "password": PASSWORD });
        let call = client.call_outside("POST", "/api/v1/session").without("Authorization");
        let answer = call.json(&body).send().expect(200);
        let cookie = answer.must_header("set-cookie");
        let cookie = cookie.split(';').next().expect("a cookie").to_owned();
        let csrf = answer.json()["csrf_token"].as_str().expect("a token").to_owned();
        let mut signed = Self { id: String::new(), cookie, csrf };
        let sessions = signed.onto(client.call_outside("GET", "/api/v1/account/sessions"));
        let sessions = sessions.send().expect(200).json();
        let sessions = sessions["items"].as_array().expect("a list").clone();
        signed.id = text(&sessions[0]["id"]);
        signed
    }

    /// The request as their browser sends it.
    pub(crate) fn onto<'a>(&self, call: Call<'a>) -> Call<'a> {
        let call = call.without("Authorization").header("Cookie", &self.cookie);
        call.header("X-CSRF-Token", &self.csrf).header("Sec-Fetch-Site", "same-origin")
    }
}

/// Makes an account without a part in any tenant, or with one.
pub(crate) fn account(
    client: &Client,
    store: &Store,
    email: &str,
    name: &str,
    more: &[&str],
) -> String {
    let arguments = [&["account", "create", email, "--name", name], more].concat();
    let made = store.administer(&arguments);
    let body = json!({ "token": made["token"], "password": PASSWORD });
    let call = client.call_outside("POST", "/api/v1/links/accept").without("Authorization");
    call.json(&body).send().expect(204);
    text(&made["account"]["id"])
}

#[track_caller]
fn text(value: &Value) -> String {
    assert!(value.is_string() || value.is_number(), "{value} names nothing");
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Sends it below `/api/v1`.
#[track_caller]
fn post(client: &Client, path: &str, body: &Value) -> Value {
    let answer = client.call_outside("POST", &format!("/api/v1{path}")).json(body).send();
    assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.text());
    answer.json()
}

impl TenantData {
    /// Makes a tenant and fills it.
    pub(crate) fn fill(server: &Server, store: &Store, name: &str) -> Self {
        let client = server.client(Version::V2_0_0);
        let marker = format!("marker-{name}-{}", make::id());
        let tenant = text(&store.administer(&["tenant", "create", &marker])["id"]);
        let email = format!("{name}@example.org");
        let role = ["--role", "owner", "--tenant", &tenant];
        let account = account(&client, store, &email, &marker, &role);
        let session = SignedInPerson::sign_in(&client, &email);
        let made = store.administer(&[
            "credential",
            "create",
            "--tenant",
            &tenant,
            "--label",
            &marker,
            "--scope",
            "all,admin",
        ]);
        let mut held = Self {
            authorization: basic(&text(&made["key"]), &text(&made["secret"])),
            agent: json!({ "mbox": format!("mailto:{}@example.org", make::id()) }),
            activity: make::activity_id(),
            verb: make::verb_id(),
            registration: make::id(),
            key: String::new(),
            tokens: [const { String::new() }; 2],
            invitation: String::new(),
            person: String::new(),
            group: String::new(),
            question: String::new(),
            dashboard: String::new(),
            statement: String::new(),
            voided: String::new(),
            attachment: String::new(),
            more: String::new(),
            cursors: BTreeMap::new(),
            address: server.address(),
            marker,
            tenant,
            email,
            account,
            session,
        };
        held.administer();
        held.store_statements();
        held.store_documents();
        held.open_lists();
        held
    }

    /// A client with its credential.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address, Version::V2_0_0).with("Authorization", &self.authorization)
    }

    fn administer(&mut self) {
        let client = self.client();
        let below = |path: &str| format!("/tenants/{}/{path}", self.tenant);
        let credential = json!({ "label": self.marker, "scopes": ["all"] });
        let made = post(&client, &below("credentials"), &credential);
        let key = text(&made["key"]);
        let token = json!({ "agent": self.agent, "scopes": ["all"] });
        let token = post(&client, &below(&format!("credentials/{key}/tokens")), &token);
        let tokens = [format!("Bearer {}", text(&token["token"])), text(&token["basic"])];
        let invite = |number: u8| {
            let email = format!("{}-{number}@example.org", self.marker);
            let body = json!({ "email": email, "role": "viewer" });
            text(&post(&client, &below("invitations"), &body)["id"])
        };
        let invitation = [invite(0), invite(1)][0].clone();
        let join = |identifiers: Value| {
            let body = json!({
                "name": self.marker, "identifiers": identifiers,
                "attributes": { "unit": self.marker },
            });
            text(&post(&client, &below("persons"), &body)["id"])
        };
        let account =
            |name: &str| json!({ "account": { "homePage": self.activity, "name": name } });
        let person = join(json!([self.agent, account("first")]));
        join(json!([account("second")]));
        let group = |number: u8| {
            let name = format!("{} {number}", self.marker);
            let body = json!({ "name": name, "kind": "unit" });
            text(&post(&client, &below("groups"), &body)["id"])
        };
        let group = [group(0), group(1)][0].clone();
        let member = json!({ "agent": self.agent });
        post(&client, &below(&format!("groups/{group}/members")), &member);
        self.group = group;
        let save = |number: u8| {
            let body = json!({
                "name": format!("{} {number}", self.marker), "description": self.marker,
                "shared": true, "query": { "measures": [{ "measure": "count" }] },
            });
            text(&post(&client, &below("questions"), &body)["id"])
        };
        self.question = save(0);
        save(1);
        let save = |number: u8| {
            let body = json!({
                "name": format!("{} {number}", self.marker), "description": self.marker,
                "shared": true,
                "tiles": [{ "question": self.question, "title": self.marker, "kpi": {} }],
            });
            text(&post(&client, &below("dashboards"), &body)["id"])
        };
        self.dashboard = save(0);
        save(1);
        (self.key, self.tokens, self.invitation) = (key, tokens, invitation);
        self.person = person;
    }

    fn store_statements(&mut self) {
        let client = self.client();
        let content = format!("attached: {}", self.marker);
        self.attachment = hex::encode(Sha256::digest(content.as_bytes()));
        let attachment = json!({
            "usageType": "https://example.org/usage", "display": { "en": self.marker },
            "contentType": "text/plain", "length": content.len(), "sha2": self.attachment,
        });
        let mut statement = self.said();
        statement["attachments"] = json!([attachment]);
        let parts = [
            Part::statements(&statement.to_string()),
            Part::attachment("text/plain", &self.attachment, content.as_bytes()),
        ];
        let call = client.post("/statements").body(&content_type(), multipart::write(&parts));
        let stored = call.send().expect(200).json();
        self.statement = text(&stored[0]);
        let further = client.store(&json!([self.said(), self.said(), self.said()]));
        self.voided.clone_from(&further[0]);
        client.store(&make::voiding(&self.voided));
        let page = client.get("/statements").query("limit", "1").send().expect(200).json();
        self.more = text(&page["more"]);
    }

    /// A statement in which everything is the tenant's.
    fn said(&self) -> Value {
        let name = json!({ "en": self.marker });
        let mut actor = self.agent.clone();
        actor["name"] = json!(self.marker);
        json!({
            "actor": actor,
            "verb": { "id": self.verb, "display": name },
            "object": { "id": self.activity, "definition": { "name": name } },
            "context": { "registration": self.registration, "platform": self.marker },
            "result": { "response": self.marker },
        })
    }

    fn store_documents(&self) {
        let client = self.client();
        for (path, query) in self.documents() {
            let call = client.put(path).queries(&pairs(&query)).header("If-None-Match", "*");
            call.json(&json!({ "said": self.marker })).send().expect(204);
        }
    }

    /// The documents of a tenant: where they are, and how they are named.
    pub(crate) fn documents(&self) -> [(&'static str, Vec<(&'static str, String)>); 4] {
        let agent = || ("agent", self.agent.to_string());
        let activity = || ("activityId", self.activity.clone());
        let registration = || ("registration", self.registration.clone());
        let id = |name| (name, "a document".to_owned());
        [
            ("/activities/state", vec![activity(), agent(), registration(), id("stateId")]),
            ("/activities/state", vec![activity(), agent(), id("stateId")]),
            ("/activities/profile", vec![activity(), id("profileId")]),
            ("/agents/profile", vec![agent(), id("profileId")]),
        ]
    }

    fn open_lists(&mut self) {
        let client = self.client();
        for list in LISTS {
            let path = format!("/api/v1/tenants/{}/{list}", self.tenant);
            let page = client.call_outside("GET", &path).query("limit", "1").send();
            let next = page.expect(200).json()["next"].as_str().map(str::to_owned);
            self.cursors.extend(next.map(|next| (list, next)));
        }
    }

    /// All that the tenant holds, byte for byte, but for when credentials were last used.
    pub(crate) fn everything(&self) -> Vec<(String, Value)> {
        let client = self.client();
        let mut all = Vec::new();
        let mut keep = |name: String, answer: Response| {
            let value = answer.headers.iter().find(|(name, _)| name == "etag").cloned();
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            all.push((name, json!([answer.status, value, body])));
        };
        for (path, query) in self.documents() {
            keep(path.to_owned(), client.get(path).queries(&pairs(&query)).send());
        }
        let query = [("statementId", self.statement.as_str()), ("attachments", "true")];
        let attached = client.get("/statements").queries(&query).send();
        let boundary = attached.must_header("content-type").to_owned();
        assert!(attached.text().contains(&format!("attached: {}", self.marker)), "{boundary}");
        let voided = client.get("/statements").query("voidedStatementId", &self.voided).send();
        keep("voided".to_owned(), voided);
        keep("statements".to_owned(), client.get("/statements").query("limit", "0").send());
        let activity = client.get("/activities").query("activityId", &self.activity).send();
        keep("activity".to_owned(), activity);
        let agent = client.get("/agents").query("agent", &self.agent.to_string()).send();
        keep("agent".to_owned(), agent);
        let members = format!("/groups/{}/members", self.group);
        let lists =
            ["", "/people", "/invitations", "/persons", "/person-rules", "/groups", &members];
        for list in lists {
            let path = format!("/api/v1/tenants/{}{list}", self.tenant);
            keep(path.clone(), client.call_outside("GET", &path).send().expect(200));
        }
        // What was stored today is counted now and then.
        let path = format!("/api/v1/tenants/{}/usage", self.tenant);
        let usage = client.call_outside("GET", &path).send().expect(200).json();
        all.push((path, usage["statements"].clone()));
        for list in ["credentials", "audit"] {
            all.push((list.to_owned(), self.list(list)));
        }
        all
    }

    fn list(&self, list: &str) -> Value {
        let path = format!("/api/v1/tenants/{}/{list}", self.tenant);
        let page = self.client().call_outside("GET", &path).query("limit", "200").send();
        let mut page = page.expect(200).json();
        for item in page["items"].as_array_mut().expect("a list") {
            item.as_object_mut().expect("an object").remove("last_used");
        }
        page
    }
}

/// Parameters of a query as a client takes them.
pub(crate) fn pairs<'a>(query: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    query.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
