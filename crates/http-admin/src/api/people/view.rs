//! Views of people, and values in their requests.

use acta_access::{Role, TenantId};
use acta_admin::{Admin, AdminError, Member};
use acta_storage::directory::{
    Account, EmailAddress, Identity, Membership, Session, Ticket, TicketPurpose,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// The name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoleName(pub(crate) Role);

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl Serialize for RoleName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl PartialSchema for RoleName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Role::EVERY.map(Role::as_str)))
            .description(Some("The name of a role."))
            .into()
    }
}

impl ToSchema for RoleName {}

/// An e-mail address in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email(pub(crate) EmailAddress);

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// The role of an account in a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TenantRole {
    /// The id of the tenant.
    #[schema(minimum = 1)]
    tenant: u32,
    /// The role.
    role: RoleName,
}

impl TenantRole {
    pub(crate) fn of(tenant: TenantId, role: Role) -> Self {
        Self { tenant: tenant.number(), role: RoleName(role) }
    }
}

impl From<&Membership> for TenantRole {
    fn from(membership: &Membership) -> Self {
        Self::of(membership.tenant, membership.role)
    }
}

/// The account of a person.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Account)]
#[expect(clippy::struct_excessive_bools, reason = "each is a claim of its own for clients")]
pub(crate) struct AccountView {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The e-mail address that the account signs in with, in lower case.
    #[schema(example = "ada@example.org")]
    email: String,
    /// The display name of the person.
    #[schema(example = "Ada Lovelace")]
    display_name: String,
    /// Whether the account is an operator of the server, who creates, suspends and removes tenants
    /// and accounts.
    is_operator: bool,
    /// Whether the account is disabled: it cannot sign in until it is enabled again.
    is_disabled: bool,
    /// Whether the account has a password.
    has_password: bool,
    /// Whether sign-in requires a second factor.
    has_second_factor: bool,
    /// When it was created.
    #[schema(format = DateTime)]
    created: String,
    /// When the account last signed in; null if never.
    #[schema(format = DateTime)]
    last_signed_in: Option<String>,
    /// The roles of the account.
    roles: Vec<TenantRole>,
}

impl AccountView {
    pub(crate) fn new(account: &Account, roles: Vec<TenantRole>) -> Self {
        let factor = account.second_factor.as_ref();
        Self {
            id: account.id.to_string(),
            email: account.email.to_string(),
            display_name: account.display_name.clone(),
            is_operator: account.is_operator,
            is_disabled: account.is_disabled,
            has_password: account.password.is_some(),
            has_second_factor: factor.is_some_and(|factor| factor.is_confirmed),
            created: account.created.to_string(),
            last_signed_in: account.last_signed_in.map(|moment| moment.to_string()),
            roles,
        }
    }

    pub(crate) fn id(&self) -> String {
        self.id.clone()
    }

    /// The view of an account, with its roles from storage.
    pub(crate) async fn read(admin: &Admin, account: &Account) -> Result<Self, AdminError> {
        let roles = admin.roles_of(account.id).await?;
        Ok(Self::new(account, roles.iter().map(TenantRole::from).collect()))
    }
}

/// A person of a tenant.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Person {
    /// The id of the account.
    #[schema(format = "uuid")]
    account: String,
    /// The e-mail address that the person signs in with, in lower case.
    #[schema(example = "ada@example.org")]
    email: String,
    /// The display name of the person.
    #[schema(example = "Ada Lovelace")]
    display_name: String,
    /// The role.
    role: RoleName,
    /// The groups about whose members an advisor may ask, by their ids; empty for other roles.
    groups: Vec<String>,
    /// Whether the role is managed by an identity provider.
    is_provided: bool,
    /// Whether the account is disabled.
    is_disabled: bool,
    /// Whether sign-in requires a second factor.
    has_second_factor: bool,
    /// Since when the person has a role in the tenant.
    #[schema(format = DateTime)]
    since: String,
    /// When the person last signed in; null if never.
    #[schema(format = DateTime)]
    last_signed_in: Option<String>,
}

impl Person {
    pub(crate) fn of(member: &Member) -> Self {
        let Member { account, membership } = member;
        let factor = account.second_factor.as_ref();
        Self {
            account: account.id.to_string(),
            email: account.email.to_string(),
            display_name: account.display_name.clone(),
            role: RoleName(membership.value.role),
            groups: membership.value.groups.iter().map(ToString::to_string).collect(),
            is_provided: membership.value.is_provided,
            is_disabled: account.is_disabled,
            has_second_factor: factor.is_some_and(|factor| factor.is_confirmed),
            since: membership.value.created.to_string(),
            last_signed_in: account.last_signed_in.map(|moment| moment.to_string()),
        }
    }
}

/// An invitation that has not been accepted yet.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Invitation {
    /// The id.
    #[schema(example = "0a1b2c")]
    id: String,
    /// The e-mail address of the invited person; null if the link is not an invitation.
    #[schema(example = "ada@example.org")]
    email: Option<String>,
    /// The role.
    role: Option<RoleName>,
    /// The groups about whose members an advisor may ask, by their ids; empty for other roles.
    groups: Vec<String>,
    /// When it was created.
    #[schema(format = DateTime)]
    created: String,
    /// When it expires.
    #[schema(format = DateTime)]
    expires: String,
}

impl Invitation {
    pub(crate) fn of(ticket: &Ticket) -> Self {
        let (email, role, groups) = match &ticket.purpose {
            TicketPurpose::Invitation { email, role, groups, .. } => {
                (Some(email), Some(*role), groups.as_slice())
            }
            TicketPurpose::SetUp | TicketPurpose::Reset { .. } => (None, None, &[][..]),
        };
        Self {
            id: ticket.id.clone(),
            email: email.map(ToString::to_string),
            role: role.map(RoleName),
            groups: groups.iter().map(ToString::to_string).collect(),
            created: ticket.created.to_string(),
            expires: ticket.expires.to_string(),
        }
    }
}

/// An identity at an identity provider, with which an account can sign in.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityView {
    /// The id.
    id: String,
    /// The provider.
    #[schema(example = "https://id.example.org")]
    issuer: String,
    /// The provider's id of the person.
    subject: String,
}

/// The identities of an account.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Identities {
    /// All of them.
    items: Vec<IdentityView>,
    /// Always null: there is only one page.
    next: Option<String>,
}

impl Identities {
    pub(crate) fn of(identities: &[Identity]) -> Self {
        let items = identities.iter().map(|identity| IdentityView {
            id: Identity::record_id_of(&identity.issuer, &identity.subject),
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
        });
        Self { items: items.collect(), next: None }
    }
}

/// A session: a browser in which an account is signed in.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = OwnSession)]
pub(crate) struct SessionView {
    /// The id.
    id: String,
    /// Whether it is the session of this request.
    is_current: bool,
    /// When the session was started.
    #[schema(format = DateTime)]
    created: String,
    /// When it was last used, to the minute or so.
    #[schema(format = DateTime)]
    last_used: String,
    /// When the session expires unless it is used.
    #[schema(format = DateTime)]
    expires: String,
    /// The address from which the session was started.
    from: String,
    /// Whether a second factor was used for sign-in.
    is_strong: bool,
}

impl SessionView {
    pub(crate) fn new(session: &Session, current: Option<&str>) -> Self {
        Self {
            id: session.id.clone(),
            is_current: current == Some(session.id.as_str()),
            created: session.created.to_string(),
            last_used: session.last_used.to_string(),
            expires: session.expires.to_string(),
            from: session.from.clone(),
            is_strong: session.is_strong,
        }
    }
}
