//! Statements as people read them: with their place in the log, and with the parts of a sentence
//! in their language.

mod described;
mod sentence;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use acta_access::{Principal, reads_every_statement};
use acta_storage::StoredStatement;
use acta_xapi::json::{Json, JsonLimits, Value, parse, write_string};
use acta_xapi::{ActivityId, Ifi, IriRule, Languages, parse_actor};

use crate::{Service, ServiceError};
pub use described::Described;
pub(crate) use sentence::choose_name;
use sentence::{Names, Sentence};

/// A statement as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position in the tenant's log.
    pub sequence: u64,
    /// The JSON text, on one line unless the statement has several.
    pub text: String,
}

/// What is to be looked up for entries.
#[derive(Debug, Default)]
struct Unnamed {
    activities: HashSet<ActivityId>,
    persons: HashMap<String, Ifi>,
}

impl Service {
    /// Most persons that are looked up for the entries of a page. The others show their
    /// identifier.
    const PERSONS_MAX: usize = 50;

    /// Most activities that are looked up for the entries of a page. The others show their id.
    const ACTIVITIES_MAX: usize = 500;

    /// Writes statements as people read them, in the order of `statements`. What a statement does
    /// not name itself is named as it was last, if the principal may read all statements. Others do
    /// not get the places in the log either, which tell how many statements there are.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] when a name cannot be read.
    pub async fn write_entries(
        &self,
        principal: &Principal,
        statements: Vec<StoredStatement>,
        languages: &Languages,
    ) -> Result<Vec<Entry>, ServiceError> {
        let bytes = statements.iter().map(|statement| statement.text.len()).sum();
        let statements = Arc::new(statements);
        let reads_all = reads_every_statement(principal);
        let names = if reads_all {
            self.find_names(principal, &statements).await?
        } else {
            Names::default()
        };
        let languages = languages.clone();
        self.run(principal.tenant, bytes, move || {
            let write = |statement: &StoredStatement| {
                let place = reads_all.then_some(statement.sequence);
                let text = write_entry(statement, place, (&names, &languages));
                Entry { sequence: statement.sequence, text }
            };
            statements.iter().map(write).collect()
        })
        .await
    }

    /// The names of what statements do not name, as the follower has last written them.
    async fn find_names(
        &self,
        principal: &Principal,
        statements: &Arc<Vec<StoredStatement>>,
    ) -> Result<Names, ServiceError> {
        let tenant = principal.tenant;
        let bytes = statements.iter().map(|statement| statement.text.len()).sum();
        let searched = Arc::clone(statements);
        let unnamed = self.run(tenant, bytes, move || Unnamed::in_all(&searched)).await?;
        let mut names = Names::default();
        let activities: Vec<ActivityId> =
            unnamed.activities.into_iter().take(Self::ACTIVITIES_MAX).collect();
        if !activities.is_empty() {
            let found = self.storage.read_definitions(tenant, &activities).await?.value;
            let found = activities.iter().zip(found);
            names.definitions.extend(
                found.filter_map(|(activity, found)| Some((activity.as_str().to_owned(), found?))),
            );
        }
        for (key, ifi) in unnamed.persons.into_iter().take(Self::PERSONS_MAX) {
            let person = self.storage.read_person(tenant, &ifi).await?.value;
            names.persons.extend(person.names.into_iter().last().map(|name| (key, name)));
        }
        Ok(names)
    }
}

impl Unnamed {
    fn in_all(statements: &[StoredStatement]) -> Self {
        let mut unnamed = Self::default();
        for statement in statements {
            if let Some(json) = read(statement) {
                unnamed.add(statement, json.root());
            }
        }
        unnamed
    }

    fn add(&mut self, statement: &StoredStatement, part: Value<'_, '_>) {
        for actor in [part.member("actor"), part.member("object")].into_iter().flatten() {
            self.add_actor(statement, actor);
        }
        let Some(object) = part.member("object") else { return };
        let kind = object.member("objectType").and_then(Value::as_str);
        let is_activity = kind.as_deref().is_none_or(|kind| kind == "Activity");
        let name = object.member("definition").and_then(|definition| definition.member("name"));
        if is_activity && name.is_none() {
            let id = object.member("id").and_then(Value::as_str).unwrap_or_default();
            self.activities.extend(ActivityId::parse(&id, IriRule::Old).ok());
        }
        if kind.as_deref() == Some("SubStatement") {
            self.add(statement, object);
        }
    }

    fn add_actor(&mut self, statement: &StoredStatement, value: Value<'_, '_>) {
        let is_named = value.member("name").is_some();
        let is_identified = ["mbox", "mbox_sha1sum", "openid", "account"]
            .into_iter()
            .any(|name| value.member(name).is_some());
        if is_named || !is_identified {
            return;
        }
        let actor = parse_actor(value.raw().as_bytes(), statement.version);
        if let Some(ifi) = actor.ok().and_then(|actor| actor.ifi) {
            self.persons.insert(ifi.to_key(), ifi);
        }
    }
}

/// The JSON of a stored statement, unless it is damaged.
fn read(statement: &StoredStatement) -> Option<Json<'_>> {
    parse(statement.text.as_bytes(), &JsonLimits::STORED).ok()
}

fn write_entry(
    statement: &StoredStatement,
    place: Option<u64>,
    (names, languages): (&Names, &Languages),
) -> String {
    let json = read(statement);
    let root = json.as_ref().map(Json::root);
    let sentence = root.map(|root| {
        let reader = sentence::Reader { names, languages, version: statement.version };
        reader.read(root)
    });
    let source = root.and_then(source_of);
    let mut text = String::with_capacity(statement.text.len() + 512);
    text.push_str("{\"sequence\":");
    match place {
        Some(sequence) => text.push_str(&sequence.to_string()),
        None => text.push_str("null"),
    }
    text.push_str(",\"id\":");
    write_string(&mut text, &statement.id.to_string());
    text.push_str(",\"stored\":");
    write_string(&mut text, &statement.stored.to_string());
    text.push_str(if statement.is_voided { ",\"is_voided\":true" } else { ",\"is_voided\":false" });
    text.push_str(",\"source\":");
    match source {
        Some(source) => write_string(&mut text, &source),
        None => text.push_str("null"),
    }
    let Sentence { actor, verb, object } = sentence.unwrap_or_default();
    for (start, part) in
        [(",\"sentence\":{\"actor\":", actor), (",\"verb\":", verb), (",\"object\":", object)]
    {
        text.push_str(start);
        write_string(&mut text, &part);
    }
    text.push_str("},\"statement\":");
    text.push_str(&statement.text);
    text.push('}');
    text
}

/// The name of the account of the authority, or of that of the first member of a group.
fn source_of(statement: Value<'_, '_>) -> Option<String> {
    let authority = statement.member("authority")?;
    let account = |actor: Value<'_, '_>| {
        actor.member("account")?.member("name")?.as_str().map(std::borrow::Cow::into_owned)
    };
    let member = || authority.member("member")?.elements().find_map(account);
    account(authority).or_else(member)
}
