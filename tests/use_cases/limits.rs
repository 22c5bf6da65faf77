//! How many credentials, invitations, people, accounts, sessions and identities there may be: also
//! when many are created at the same time.

use std::pin::Pin;
use std::time::Duration;

use acta_access::{Restrictions, Role, Scope, TenantId};
use acta_admin::{
    AccountChanges, Admin, AdminError, Idempotency, Idempotent, IssuedCredential, NewAccount,
    NewCredential, NewInvitation, NewcomerRule, Options, RequestKey, Requester,
};
use acta_auth::oidc;
use acta_storage::directory::{Credential, Session, Ticket};
use acta_storage::{AuditOutcome, Group, Storage, directory};

use crate::engine::{Engine, on_every_engine};
use crate::house::{FROM, House, OTHER_PASSWORD, at_once, refused};

on_every_engine! {
    a_tenant_has_a_maximum_number_of_credentials
    a_repeated_request_gets_its_answer_when_the_maximum_is_reached
    a_tenant_has_a_maximum_number_of_open_invitations
    a_tenant_has_a_maximum_number_of_people
    claims_give_no_role_in_a_tenant_that_is_full
    a_tenant_has_a_maximum_number_of_accounts_that_are_created_for_it
    the_oldest_session_of_an_account_ends_for_a_new_one
    simultaneous_sign_ins_keep_the_maximum_number_of_sessions
    an_account_has_a_maximum_number_of_identities
}

const FEW: usize = 3;

/// A store that permits [`FEW`] of everything.
async fn small_house(engine: Engine) -> House {
    let options = Options {
        credentials_max: FEW,
        invitations_max: FEW,
        people_max: FEW,
        sessions_max: FEW,
        identities_max: FEW,
        ..Options::usual()
    };
    House::with_options(engine, options).await
}

async fn create_credential(
    admin: &Admin,
    tenant: TenantId,
    key: Option<&RequestKey>,
) -> Result<Idempotent<IssuedCredential>, AdminError> {
    let new = NewCredential {
        label: "LMS".to_owned(),
        scopes: [Scope::StatementsWrite].into_iter().collect(),
        restrictions: Restrictions::default(),
        authority: None,
        expires: None,
    };
    let once =
        Idempotency { key, encode: &|issued: &IssuedCredential| issued.credential.key.clone() };
    admin.create_credential(&Requester::machine(), tenant, new, once).await
}

/// Does something so many times at once, and returns the texts of what was refused.
async fn refusals<T, A>(acts: impl IntoIterator<Item = A>) -> Vec<String>
where
    T: Send + 'static,
    A: Future<Output = Result<T, AdminError>> + Send + 'static,
{
    let all = Box::pin(at_once(acts)).await;
    all.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect()
}

async fn credentials(storage: &dyn Storage, tenant: TenantId) -> Vec<String> {
    let group = Group::OfTenant(tenant);
    let found = directory::list::<Credential>(storage, &group).await.unwrap();
    found.into_iter().map(|found| found.value.key).collect()
}

async fn a_tenant_has_a_maximum_number_of_credentials(engine: Engine) {
    let house = small_house(engine).await;
    let creations = (0..8).map(|_| {
        let admin = house.admin.clone();
        Box::pin(async move { create_credential(&admin, TenantId::FIRST, None).await })
    });
    let text = "the tenant already has the maximum of 3 credentials; remove one first \
                (tenants.credentials_max)";
    assert_eq!(refusals(creations).await, [text; 5]);
    let keys = credentials(&*house.storage, TenantId::FIRST).await;
    assert_eq!(keys.len(), FEW);
    // Another tenant has its own.
    let other = house.storage.create_tenant("north", house.start()).await.unwrap();
    assert!(create_credential(&house.admin, other, None).await.is_ok());
    // One that is removed makes room for one.
    let machine = Requester::machine();
    house.admin.remove_credential(&machine, TenantId::FIRST, &keys[0]).await.unwrap();
    assert!(create_credential(&house.admin, TenantId::FIRST, None).await.is_ok());
    let one_more = create_credential(&house.admin, TenantId::FIRST, None).await;
    refused!(one_more, AdminError::LimitReached(_));
    assert_eq!(credentials(&*house.storage, TenantId::FIRST).await.len(), FEW);
}

async fn a_repeated_request_gets_its_answer_when_the_maximum_is_reached(engine: Engine) {
    let house = small_house(engine).await;
    let key = RequestKey { id: "first".to_owned(), request: [7; 32] };
    let first = create_credential(&house.admin, TenantId::FIRST, Some(&key)).await.unwrap();
    let Idempotent::Performed(issued) = first else { panic!("it is the first time") };
    for _ in 1..FEW {
        create_credential(&house.admin, TenantId::FIRST, None).await.unwrap();
    }
    let again = create_credential(&house.admin, TenantId::FIRST, Some(&key)).await.unwrap();
    let Idempotent::Replayed(answer) = again else { panic!("it was done before") };
    assert_eq!(answer, issued.credential.key);
    // One that was refused was not performed, and is performed when there is room.
    let other = RequestKey { id: "second".to_owned(), request: [8; 32] };
    let create = async || create_credential(&house.admin, TenantId::FIRST, Some(&other)).await;
    refused!(create().await, AdminError::LimitReached(_));
    let machine = Requester::machine();
    house.admin.remove_credential(&machine, TenantId::FIRST, &answer).await.unwrap();
    assert!(matches!(create().await.unwrap(), Idempotent::Performed(_)));
}

async fn invite(admin: &Admin, ada: &Requester, number: usize) -> Result<(), AdminError> {
    let email = format!("guest-{number}@example.org").parse().unwrap();
    let who = NewInvitation { email, role: Role::Viewer, groups: Vec::new() };
    let once = Idempotency { key: None, encode: &|_| String::new() };
    admin.invite(ada, TenantId::FIRST, who, once).await.map(drop)
}

async fn a_tenant_has_a_maximum_number_of_open_invitations(engine: Engine) {
    let house = small_house(engine).await;
    let ada = house.ada().await;
    // Links for passwords are not invitations.
    house.admin.reset_account(&ada, ada.account().unwrap().id).await.unwrap();
    let invitations = (0..6).map(|number| {
        let (admin, ada) = (house.admin.clone(), ada.clone());
        Box::pin(async move { invite(&admin, &ada, number).await })
    });
    let text = "the tenant already has the maximum of 3 open invitations; remove one first \
                (tenants.invitations_max)";
    assert_eq!(refusals(invitations).await, [text; 3]);
    // One that is removed makes room.
    let open = house.admin.list_invitations(&ada, TenantId::FIRST, None, 10).await.unwrap();
    assert_eq!(open.len(), FEW);
    house.admin.remove_invitation(&ada, TenantId::FIRST, &open[0].id).await.unwrap();
    // So does one that is accepted.
    let token = house.invite(&ada, ("bob@example.org", Role::Viewer)).await.unwrap();
    refused!(invite(&house.admin, &ada, 6).await, AdminError::LimitReached(_));
    house.admin.accept_as_new(&token, &House::who("Bob", OTHER_PASSWORD)).await.unwrap();
    invite(&house.admin, &ada, 6).await.unwrap();
    refused!(invite(&house.admin, &ada, 7).await, AdminError::LimitReached(_));
    // And those that have expired, before maintenance removes them.
    house.clock.advance(Options::usual().invitation_lifetime);
    for number in 7..10 {
        invite(&house.admin, &ada, number).await.unwrap();
    }
    refused!(invite(&house.admin, &ada, 10).await, AdminError::LimitReached(_));
    let all: Vec<directory::Versioned<Ticket>> =
        directory::list(&*house.storage, &Group::OfTenant(TenantId::FIRST)).await.unwrap();
    assert_eq!(all.len(), 2 * FEW, "three have expired");
}

const TOO_MANY_PEOPLE: &str =
    "the tenant already has the maximum of 3 people; remove one first (tenants.people_max)";
const TOO_MANY_ACCOUNTS: &str = "the tenant already has the maximum of 3 accounts that were \
                                 created for it; remove one first (tenants.accounts_max)";

/// The texts of what was refused, of one act.
fn refusal<T>(answer: Result<T, AdminError>) -> Option<String> {
    answer.err().map(|error| error.to_string())
}

/// The number of people of a tenant.
async fn count_people(house: &House, tenant: TenantId) -> usize {
    house.admin.list_people(&Requester::machine(), tenant, None, 100).await.unwrap().len()
}

/// An act that is done at the same time as others.
type Act = Pin<Box<dyn Future<Output = Result<(), AdminError>> + Send>>;

/// Accepts an invitation. All depend on the rights of its creator: of two at the same time, one
/// tries again.
async fn enter_as_new(admin: Admin, token: String) -> Result<(), AdminError> {
    loop {
        match admin.accept_as_new(&token, &House::who("Guest", OTHER_PASSWORD)).await {
            Err(AdminError::Stale) => {}
            answer => return answer.map(drop),
        }
    }
}

/// As [`enter_as_new`], for somebody who has an account.
async fn enter_as_known(admin: Admin, (who, token): (Requester, String)) -> Result<(), AdminError> {
    loop {
        match admin.accept_as_known(&who, &token).await {
            Err(AdminError::Stale) => {}
            answer => return answer,
        }
    }
}

/// An operator creates an account with a role in tenants.
async fn create_account(house: &House, tenants: &[TenantId]) -> Result<(), AdminError> {
    let email = "made@example.org".parse().unwrap();
    let roles = tenants.iter().map(|tenant| (*tenant, Role::Viewer)).collect();
    let new = NewAccount { email, display_name: "Made".to_owned(), is_operator: false, roles };
    let once = Idempotency { key: None, encode: &|_| String::new() };
    house.admin.create_account(&Requester::machine(), new, once).await.map(drop)
}

async fn a_tenant_has_a_maximum_number_of_people(engine: Engine) {
    let house = small_house(engine).await;
    let ada = house.ada().await;
    let north = house.storage.create_tenant("north", house.start()).await.unwrap();
    // Alice has a role elsewhere, and is invited.
    let alice = provided("alice", &[north]);
    let alice = house.admin.sign_in_provided(&alice, FROM, NewcomerRule::CreateAccount).await;
    let alice = Requester::of(alice.unwrap(), FROM);
    let mut tokens = Vec::new();
    for email in ["bob@example.org", "eve@example.org", "alice@example.org"] {
        tokens.push(house.invite(&ada, (email, Role::Viewer)).await.unwrap());
    }
    let [bob, eve, to_alice] = &*tokens else { panic!("three") };
    let mut entries: Vec<Act> = Vec::new();
    for token in [bob, eve] {
        entries.push(Box::pin(enter_as_new(house.admin.clone(), token.clone())));
    }
    let known = (alice.clone(), to_alice.clone());
    entries.push(Box::pin(enter_as_known(house.admin.clone(), known)));
    // With Ada, there is room for two.
    assert_eq!(refusals(entries).await, [TOO_MANY_PEOPLE]);
    assert_eq!(count_people(&house, TenantId::FIRST).await, FEW);
    let refused = create_account(&house, &[north, TenantId::FIRST]).await;
    assert_eq!(refusal(refused).as_deref(), Some(TOO_MANY_PEOPLE));
    create_account(&house, &[north]).await.unwrap();
    // The invitation stays, for when there is room.
    let open = house.admin.list_invitations(&ada, TenantId::FIRST, None, 10).await.unwrap();
    assert_eq!(open.len(), 1);
    let people = house.admin.list_people(&ada, TenantId::FIRST, None, 10).await.unwrap();
    let other = people.iter().find(|member| member.membership.value.role != Role::Owner).unwrap();
    house.admin.remove_member(&ada, TenantId::FIRST, other.account.id).await.unwrap();
    for token in [bob, eve] {
        if house.admin.read_link(token).await.is_ok() {
            let who = House::who("Guest", OTHER_PASSWORD);
            house.admin.accept_as_new(token, &who).await.unwrap();
        }
    }
    if house.admin.read_link(to_alice).await.is_ok() {
        house.admin.accept_as_known(&alice, to_alice).await.unwrap();
    }
    assert_eq!(count_people(&house, TenantId::FIRST).await, FEW);
    let late = house.invite(&ada, ("late@example.org", Role::Viewer)).await.unwrap();
    let late = house.admin.accept_as_new(&late, &House::who("Late", OTHER_PASSWORD)).await;
    assert_eq!(refusal(late).as_deref(), Some(TOO_MANY_PEOPLE));
}

/// A person to whom the provider gives a role in tenants.
fn provided(name: &str, tenants: &[TenantId]) -> oidc::SignedIn {
    oidc::SignedIn {
        subject: name.to_owned(),
        email: Some(format!("{name}@example.org")),
        grants: tenants.iter().map(|tenant| (*tenant, Role::Viewer)).collect(),
        ..alice(name)
    }
}

/// A person comes from the provider. Returns the tenants in which it has a role then.
async fn come(house: &House, who: &oidc::SignedIn) -> Result<Vec<TenantId>, AdminError> {
    let came = house.admin.sign_in_provided(who, FROM, NewcomerRule::CreateAccount).await?;
    let roles = house.admin.roles_of(came.account.id).await?;
    Ok(roles.into_iter().map(|role| role.tenant).collect())
}

async fn claims_give_no_role_in_a_tenant_that_is_full(engine: Engine) {
    let house = small_house(engine).await;
    let first = TenantId::FIRST;
    let north = house.storage.create_tenant("north", house.start()).await.unwrap();
    let arrivals = (0..5).map(|number| {
        let (admin, who) = (house.admin.clone(), provided(&format!("p{number}"), &[first]));
        Box::pin(async move {
            admin.sign_in_provided(&who, FROM, NewcomerRule::CreateAccount).await.map(drop)
        })
    });
    assert_eq!(refusals(arrivals).await, [TOO_MANY_PEOPLE; 2]);
    assert_eq!(count_people(&house, first).await, FEW);
    // What else the claims give is given.
    let both = provided("both", &[first, north]);
    assert_eq!(come(&house, &both).await.unwrap(), [north]);
    assert_eq!(come(&house, &both).await.unwrap(), [north], "a known person comes in");
    let entries = house.entries(Some(first)).await;
    let refused = entries.iter().filter(|entry| {
        entry.content.outcome == AuditOutcome::Refused && entry.content.act == "person.added"
    });
    assert_eq!(refused.count(), 2);
    // A new person of whom nothing would be left has no account.
    assert_eq!(
        refusal(come(&house, &provided("eve", &[first])).await).as_deref(),
        Some(TOO_MANY_PEOPLE)
    );
    let email = "eve@example.org".parse().unwrap();
    let eve = house.admin.read_account_by_email(&Requester::machine(), &email).await;
    refused!(eve, AdminError::NotFound);
    let people = house.admin.list_people(&Requester::machine(), first, None, 10).await.unwrap();
    let leaving = people[0].account.id;
    house.admin.remove_member(&Requester::machine(), first, leaving).await.unwrap();
    assert_eq!(come(&house, &both).await.unwrap(), [first, north]);
}

async fn a_tenant_has_a_maximum_number_of_accounts_that_are_created_for_it(engine: Engine) {
    let options = Options { accounts_max: FEW, ..Options::usual() };
    let house = House::with_options(engine, options).await;
    let first = TenantId::FIRST;
    let ada = house.ada().await;
    let north = house.storage.create_tenant("north", house.start()).await.unwrap();
    // Nobody stays, so that the people of the tenant are never many.
    for number in 0..FEW {
        let name = format!("p{number}");
        assert_eq!(come(&house, &provided(&name, &[first])).await.unwrap(), [first]);
        assert_eq!(come(&house, &provided(&name, &[])).await.unwrap(), []);
    }
    assert_eq!(count_people(&house, first).await, 1);
    let more = (0..2).map(|number| {
        let (admin, who) = (house.admin.clone(), provided(&format!("more{number}"), &[first]));
        Box::pin(async move {
            admin.sign_in_provided(&who, FROM, NewcomerRule::CreateAccount).await.map(drop)
        })
    });
    assert_eq!(refusals(more).await, [TOO_MANY_ACCOUNTS; 2]);
    let token = house.invite(&ada, ("bob@example.org", Role::Viewer)).await.unwrap();
    let enter = async || {
        house.admin.accept_as_new(&token, &House::who("Bob", OTHER_PASSWORD)).await.map(drop)
    };
    assert_eq!(refusal(enter().await).as_deref(), Some(TOO_MANY_ACCOUNTS));
    // Who has an account already comes back, and another tenant may create one.
    assert_eq!(come(&house, &provided("p0", &[first])).await.unwrap(), [first]);
    let both = provided("both", &[first, north]);
    assert_eq!(come(&house, &both).await.unwrap(), [first, north]);
    // A change of an account leaves it with the tenant for which it was created.
    let email = "p0@example.org".parse().unwrap();
    let known = house.admin.read_account_by_email(&ada, &email).await.unwrap().value;
    assert_eq!(known.created_for, Some(first));
    let renamed = AccountChanges { display_name: Some("Pia".into()), ..AccountChanges::default() };
    house.admin.change_account(&ada, known.id, renamed, None).await.unwrap();
    assert_eq!(refusal(enter().await).as_deref(), Some(TOO_MANY_ACCOUNTS));
    // One that an operator removes makes room.
    house.admin.remove_account(&ada, known.id).await.unwrap();
    enter().await.unwrap();
    let late = come(&house, &provided("late", &[first])).await;
    assert_eq!(refusal(late).as_deref(), Some(TOO_MANY_ACCOUNTS));
}

fn alice(subject: &str) -> oidc::SignedIn {
    oidc::SignedIn {
        issuer: "https://id.example.org".to_owned(),
        subject: subject.to_owned(),
        email: Some("alice@example.org".to_owned()),
        is_email_verified: true,
        name: None,
        grants: vec![(TenantId::FIRST, Role::Viewer)],
    }
}

/// Alice signs in; the token of her session.
async fn sign_in(admin: &Admin) -> acta_admin::SignedIn {
    admin.sign_in_provided(&alice("alice"), FROM, NewcomerRule::CreateAccount).await.unwrap()
}

async fn the_oldest_session_of_an_account_ends_for_a_new_one(engine: Engine) {
    let house = small_house(engine).await;
    let mut sessions = Vec::new();
    let check = async |sessions: &[acta_admin::SignedIn], open: &[bool]| {
        for (number, (session, is_open)) in sessions.iter().zip(open).enumerate() {
            let found = house.admin.find_session(session.token.expose(), FROM).await;
            assert_eq!(found.is_ok(), *is_open, "{number} of {open:?}");
        }
    };
    for _ in 0..FEW {
        sessions.push(sign_in(&house.admin).await);
        house.clock.advance(Duration::from_hours(1));
    }
    check(&sessions, &[true, true, true]).await;
    sessions.push(sign_in(&house.admin).await);
    check(&sessions, &[false, true, true, true]).await;
    let entries = house.entries(None).await;
    let started: Vec<_> = entries
        .iter()
        .filter(|entry| entry.content.act == "session.started")
        .map(|entry| entry.content.detail.contains(r#""ended_sessions":1"#))
        .collect();
    assert_eq!(started, [false, false, false, true]);
    // One that has ended by itself is not an older one: 1 is not used any more, 2 is.
    house.clock.advance(Duration::from_hours(4));
    check(&sessions[2..], &[true, true]).await;
    house.clock.advance(Duration::from_hours(5));
    check(&sessions[2..], &[true, true]).await;
    sessions.push(sign_in(&house.admin).await);
    check(&sessions, &[false, false, true, true, true]).await;
}

async fn simultaneous_sign_ins_keep_the_maximum_number_of_sessions(engine: Engine) {
    let house = small_house(engine).await;
    let account = sign_in(&house.admin).await.account;
    let all = [(); 6].map(|()| {
        let admin = house.admin.clone();
        Box::pin(async move { sign_in(&admin).await })
    });
    assert_eq!(at_once(all).await.len(), 6);
    let group = Group::OwnedBy(account.id.to_string());
    let sessions = directory::list::<Session>(&*house.storage, &group).await.unwrap();
    assert_eq!(sessions.len(), FEW);
}

async fn an_account_has_a_maximum_number_of_identities(engine: Engine) {
    let house = small_house(engine).await;
    let ada = house.ada().await;
    let alice_signed_in = Requester::of(sign_in(&house.admin).await, FROM);
    let connections = ["b", "c", "d", "e"].map(|subject| {
        let (admin, requester) = (house.admin.clone(), alice_signed_in.clone());
        async move { admin.connect(&requester, &alice(subject)).await }
    });
    let text = "the account already has the maximum of 3 identities at providers; remove one \
                first (accounts.identities_max)";
    assert_eq!(refusals(connections).await, [text; 2]);
    // What is connected is no new one.
    house.admin.connect(&alice_signed_in, &alice("alice")).await.unwrap();
    let identities = house.admin.list_own_identities(&alice_signed_in).await.unwrap();
    assert_eq!(identities.len(), FEW);
    // Others have their own.
    house.admin.connect(&ada, &alice("ada")).await.unwrap();
    refused!(house.admin.connect(&alice_signed_in, &alice("ada")).await, AdminError::Conflict(_));
}
