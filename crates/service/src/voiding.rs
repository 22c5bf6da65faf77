//! Voiding statements: storing a statement that voids another one.

use acta_access::{Authority, Principal, TenantId};
use acta_storage::StoredStatement;
use acta_storage::directory::TenantLimits;
use acta_xapi::json::write_string;
use acta_xapi::{IriRule, ParseLimits, StatementId, Verb, Version, parse_statement};

use crate::{Sent, Service, ServiceError, Shape, Upload};

/// Whether a statement can be voided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voidability {
    /// It can. It came with this version of xAPI.
    Voidable(Version),
    /// It is voided.
    Voided,
    /// It is a voiding statement, which cannot be voided.
    Voiding,
}

/// A voiding statement to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewVoiding<'a> {
    /// The id of the voiding statement.
    pub id: StatementId,
    /// The statement that it voids.
    pub target: StatementId,
    /// The version of xAPI of the voiding statement.
    pub version: Version,
    /// The name of the actor, if one is to be in the statement.
    pub actor_name: Option<&'a str>,
    /// Why.
    pub reason: &'a str,
    /// How much the tenant may store.
    pub limits: &'a TenantLimits,
}

impl Service {
    /// Whether a statement of a tenant can be voided.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`]: there is no such statement. [`ServiceError::Failed`]: it cannot
    /// be read.
    ///
    /// Spec: xAPI 1.0.3, Part Two, 2.3.2.
    pub async fn find_voidability(
        &self,
        tenant: TenantId,
        id: StatementId,
    ) -> Result<Voidability, ServiceError> {
        let found = self.storage.find_statement(tenant, id).await?.ok_or(ServiceError::NotFound)?;
        if found.is_voided {
            return Ok(Voidability::Voided);
        }
        let bytes = found.text.len();
        self.run(tenant, bytes, move || voidability_of(&found)).await
    }

    /// Stores a voiding statement, whose actor is the authority of `principal`, and counts it in
    /// the usage of the tenant.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Denied`]: without the scope to write statements. Otherwise as
    /// [`Service::store_statements`].
    ///
    /// Spec: xAPI 1.0.3, Part Two, 2.3.2; IEEE 9274.1.1, 4.2.5.
    pub async fn store_voiding(
        &self,
        principal: &Principal,
        new: NewVoiding<'_>,
    ) -> Result<(), ServiceError> {
        let authority = self.authority_of(principal);
        let text = match new.actor_name {
            Some(name) => text_of(&Authority::new(authority.ifi().clone(), Some(name)), new),
            None => text_of(&authority, new),
        };
        let bytes = text.len();
        let sent = Sent {
            text: text.into(),
            version: new.version,
            shape: Shape::One(new.id),
            iris: IriRule::Strict,
        };
        let statements = self.prepare_statements(principal, sent).await?;
        let upload = Upload { statements, attachments: Vec::new(), bytes, limits: new.limits };
        self.store_statements(upload).await.map(drop)
    }
}

fn voidability_of(stored: &StoredStatement) -> Voidability {
    let parsed = parse_statement(stored.text.as_bytes(), stored.version, &ParseLimits::STORED);
    match parsed {
        Ok(statement) if statement.voids().is_some() => Voidability::Voiding,
        // What is not valid by the current rules was stored by older ones, and can be voided.
        Ok(_) | Err(_) => Voidability::Voidable(stored.version),
    }
}

/// The text of a voiding statement.
fn text_of(actor: &Authority, new: NewVoiding<'_>) -> String {
    let (actor, verb, target) = (actor.json(), Verb::VOIDED, new.target);
    let mut text = format!(
        r#"{{"actor":{actor},"verb":{{"id":"{verb}","display":{{"en-US":"voided"}}}},"object":{{"objectType":"StatementRef","id":"{target}"}},"result":{{"response":"#
    );
    write_string(&mut text, new.reason);
    text.push_str("}}");
    text
}
