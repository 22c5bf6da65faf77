//! Signing in, second factors, and sessions.

use std::fmt::Write;
use std::time::Duration;

use acta_access::Role;
use acta_admin::{AccountChanges, AdminError, Requester, SignIn};
use acta_ambient::Clock;
use acta_auth::SignInAdmission;
use sha1::{Digest, Sha1};

use crate::engine::{Engine, on_every_engine};
use crate::house::{FROM, House, OTHER_PASSWORD, PASSWORD, at_once, refused};

const EMAIL: &str = "ada@example.org";

on_every_engine! {
    only_the_password_of_an_open_account_signs_in
    failures_delay_even_a_correct_attempt
    guessing_at_many_accounts_from_one_address_is_limited
    guessing_from_many_addresses_is_delayed
    guessing_from_many_addresses_locks_nobody_out
    guesses_from_elsewhere_do_not_delay_the_owner_where_the_owner_signed_in
    all_addresses_of_one_network_share_a_counter
    concurrent_attempts_are_all_counted
    two_browsers_sign_in_at_the_same_time
    a_second_factor_is_required_and_each_code_works_once
    omitting_the_code_gives_no_further_guesses
    a_session_ends_after_its_idle_time_and_its_lifetime
    a_new_password_ends_all_other_sessions
    adding_and_removing_a_factor_ends_other_sessions_and_reset_links
}

/// The code that an app shows now.
///
/// Spec: RFC 2104; RFC 4226, 5.3; RFC 6238, 4.
fn code_now(house: &House, secret: &str) -> String {
    let mut bits = String::new();
    for letter in secret.chars() {
        let place = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        write!(bits, "{place:05b}").unwrap();
    }
    let bytes = (0..bits.len() / 8).map(|at| u8::from_str_radix(&bits[8 * at..8 * at + 8], 2));
    let mut key: Vec<u8> = bytes.map(Result::unwrap).collect();
    key.resize(64, 0);
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let step = u64::try_from(house.clock.now().unix_micros()).unwrap() / 30_000_000;
    let inner = Sha1::new().chain_update(padded(0x36)).chain_update(step.to_be_bytes());
    let mac = Sha1::new().chain_update(padded(0x5c)).chain_update(inner.finalize()).finalize();
    let start = usize::from(mac[19] & 15);
    let four: [u8; 4] = mac[start..start + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

async fn only_the_password_of_an_open_account_signs_in(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let eve = house.comes(&ada, ("eve@example.org", Role::Viewer)).await;
    assert!(house.sign_in(" ADA@example.org ".trim(), PASSWORD, None).await.is_ok());
    refused!(house.sign_in(EMAIL, OTHER_PASSWORD, None).await, AdminError::NotSignedIn);
    refused!(house.sign_in(EMAIL, &"x".repeat(129), None).await, AdminError::NotSignedIn);
    refused!(house.sign_in(EMAIL, "", None).await, AdminError::NotSignedIn);
    refused!(house.sign_in("no address", PASSWORD, None).await, AdminError::NotSignedIn);
    refused!(house.sign_in("nobody@example.org", PASSWORD, None).await, AdminError::NotSignedIn);
    let changes = AccountChanges { is_disabled: Some(true), ..AccountChanges::default() };
    let id = eve.account().unwrap().id;
    house.admin.change_account(&ada, id, changes, None).await.unwrap();
    refused!(house.sign_in("eve@example.org", OTHER_PASSWORD, None).await, AdminError::NotSignedIn);
}

async fn failures_delay_even_a_correct_attempt(engine: Engine) {
    let house = House::new(engine).await;
    house.ada().await;
    for _ in 0..5 {
        refused!(house.sign_in(EMAIL, "wrong", None).await, AdminError::NotSignedIn);
    }
    let Err(AdminError::Delayed { retry_after }) = house.sign_in(EMAIL, PASSWORD, None).await
    else {
        panic!("the sixth attempt waits");
    };
    assert_eq!(retry_after, Duration::from_secs(1));
    // Clients at other addresses are not affected.
    let elsewhere = SignIn { email: EMAIL, password: PASSWORD, code: None, from: "192.0.2.8" };
    assert!(house.admin.sign_in(&elsewhere).await.is_ok());
    house.clock.advance(retry_after);
    assert!(house.sign_in(EMAIL, PASSWORD, None).await.is_ok());
    assert!(house.sign_in(EMAIL, PASSWORD, None).await.is_ok(), "success wipes the slate");
}

async fn guessing_at_many_accounts_from_one_address_is_limited(engine: Engine) {
    let house = House::new(engine).await;
    house.ada().await;
    let attempt = async |email: &str, password: &str, from: &str| {
        let sign_in = SignIn { email, password, code: None, from };
        house.admin.sign_in(&sign_in).await
    };
    for number in 0..SignInAdmission::BURST {
        let email = format!("account-{number}@example.org");
        refused!(attempt(&email, "", FROM).await, AdminError::NotSignedIn);
    }
    let entries = house.entries(None).await.len();
    refused!(attempt(EMAIL, PASSWORD, FROM).await, AdminError::Delayed { .. });
    assert_eq!(house.entries(None).await.len(), entries, "nothing is written for it");
    assert!(attempt(EMAIL, PASSWORD, "198.51.100.7").await.is_ok(), "others are let in");
    house.clock.advance(Duration::from_secs(2));
    assert!(attempt(EMAIL, PASSWORD, FROM).await.is_ok(), "one is restored in a second");
}

async fn guessing_from_many_addresses_is_delayed(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let mut delayed = 0;
    for place in 0..60 {
        let from = format!("192.0.2.{place}");
        let sign_in = SignIn { email: EMAIL, password: "", code: None, from: &from };
        let counted = house.failures().await;
        if matches!(house.admin.sign_in(&sign_in).await, Err(AdminError::Delayed { .. })) {
            delayed += 1;
            assert_eq!(house.failures().await, counted, "nothing is written for it");
        }
    }
    assert_eq!(delayed, 10, "fifty are looked at");
    // A link is better proof than a password: failures of others before it no longer count.
    let made = house.admin.reset_account(&ada, ada.account().unwrap().id).await.unwrap();
    house.admin.reset_password(made.token.expose(), OTHER_PASSWORD, FROM).await.unwrap();
    assert!(house.sign_in(EMAIL, OTHER_PASSWORD, None).await.is_ok());
}

async fn guessing_from_many_addresses_locks_nobody_out(engine: Engine) {
    let house = House::new(engine).await;
    house.ada().await;
    let attempt = async |place: u32, password: &str| {
        let from = format!("10.0.{}.{}", place / 256, place % 256);
        house.admin.sign_in(&SignIn { email: EMAIL, password, code: None, from: &from }).await
    };
    for place in 0..130 {
        refused!(attempt(place, "wrong").await, AdminError::NotSignedIn);
        house.clock.advance(Duration::from_secs(30));
    }
    refused!(attempt(200, "wrong").await, AdminError::NotSignedIn);
    let Err(AdminError::Delayed { retry_after }) = attempt(201, PASSWORD).await else {
        panic!("very many guesses slow everybody down");
    };
    assert_eq!(retry_after, Duration::from_secs(30));
    house.clock.advance(retry_after);
    assert!(attempt(202, PASSWORD).await.is_ok());
}

async fn guesses_from_elsewhere_do_not_delay_the_owner_where_the_owner_signed_in(engine: Engine) {
    let house = House::new(engine).await;
    house.ada().await;
    let attempt = async |from: &str, password: &str| {
        house.admin.sign_in(&SignIn { email: EMAIL, password, code: None, from }).await
    };
    assert!(attempt("198.51.100.7", PASSWORD).await.is_ok());
    let guess = async || {
        for place in 0..60 {
            let _refused = attempt(&format!("192.0.2.{place}"), "wrong").await;
        }
    };
    guess().await;
    refused!(attempt("198.51.100.8", PASSWORD).await, AdminError::Delayed { .. });
    assert!(attempt("198.51.100.7", PASSWORD).await.is_ok());
    // Guesses from there are still delayed.
    guess().await;
    for _ in 0..5 {
        refused!(attempt("198.51.100.7", "wrong").await, AdminError::NotSignedIn);
    }
    refused!(attempt("198.51.100.7", PASSWORD).await, AdminError::Delayed { .. });
}

async fn all_addresses_of_one_network_share_a_counter(engine: Engine) {
    let house = House::new(engine).await;
    house.ada().await;
    let attempt = async |from: &str, password: &str| {
        let sign_in = SignIn { email: EMAIL, password, code: None, from };
        house.admin.sign_in(&sign_in).await
    };
    for host in 0..5 {
        let from = format!("2001:db8:0:7:{host}::1");
        refused!(attempt(&from, "wrong").await, AdminError::NotSignedIn);
    }
    refused!(attempt("2001:db8:0:7::9", PASSWORD).await, AdminError::Delayed { .. });
    assert!(attempt("2001:db8:0:8::9", PASSWORD).await.is_ok(), "the neighbours are not kept out");
}

async fn concurrent_attempts_are_all_counted(engine: Engine) {
    let house = House::new(engine).await;
    house.ada().await;
    let attempts = (0..12).map(|_| {
        let admin = house.admin.clone();
        async move {
            let sign_in = SignIn { email: EMAIL, password: "wrong", code: None, from: FROM };
            admin.sign_in(&sign_in).await
        }
    });
    let mut looked_at = 0;
    for attempt in at_once(attempts).await {
        if matches!(attempt, Err(AdminError::NotSignedIn)) {
            looked_at += 1;
        }
    }
    assert!(looked_at <= 5, "{looked_at} were looked at");
}

async fn two_browsers_sign_in_at_the_same_time(engine: Engine) {
    let house = House::new(engine).await;
    house.ada().await;
    let both = [0; 2].map(|_| {
        let admin = house.admin.clone();
        async move {
            let sign_in = SignIn { email: EMAIL, password: PASSWORD, code: None, from: FROM };
            admin.sign_in(&sign_in).await
        }
    });
    for signed_in in at_once(both).await {
        signed_in.unwrap();
    }
}

/// Gives Ada a second factor; returns its secret and the recovery codes.
async fn add_factor(house: &House, ada: &Requester) -> (String, Vec<String>) {
    let begun = house.admin.begin_factor(ada, PASSWORD).await.unwrap();
    let secret = begun.secret.expose().to_owned();
    assert!(house.sign_in(EMAIL, PASSWORD, None).await.is_ok(), "it is not asked for yet");
    refused!(house.admin.confirm_factor(ada, "12345").await, AdminError::Faulty(_));
    let code = code_now(house, &secret);
    let codes = house.admin.confirm_factor(ada, &code).await.unwrap();
    (secret, codes.0.iter().map(|code| code.expose().to_owned()).collect())
}

async fn a_second_factor_is_required_and_each_code_works_once(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    refused!(house.admin.begin_factor(&ada, "wrong").await, AdminError::Faulty(_));
    let (secret, recovery) = add_factor(&house, &ada).await;
    refused!(house.sign_in(EMAIL, PASSWORD, None).await, AdminError::CodeNeeded);
    refused!(house.sign_in(EMAIL, "wrong", None).await, AdminError::NotSignedIn);
    house.clock.advance(Duration::from_mins(2));
    let code = code_now(&house, &secret);
    let signed_in = house.sign_in(EMAIL, PASSWORD, Some(&code)).await.unwrap();
    assert!(signed_in.session.is_strong);
    refused!(house.sign_in(EMAIL, PASSWORD, Some(&code)).await, AdminError::NotSignedIn);
    assert!(house.sign_in(EMAIL, PASSWORD, Some(&recovery[0])).await.is_ok());
    refused!(house.sign_in(EMAIL, PASSWORD, Some(&recovery[0])).await, AdminError::NotSignedIn);
    refused!(house.admin.begin_factor(&ada, PASSWORD).await, AdminError::Conflict(_));
    refused!(house.admin.remove_factor(&ada, "wrong").await, AdminError::Faulty(_));
    house.admin.remove_factor(&ada, PASSWORD).await.unwrap();
    assert!(!house.sign_in(EMAIL, PASSWORD, None).await.unwrap().session.is_strong);
}

async fn omitting_the_code_gives_no_further_guesses(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    add_factor(&house, &ada).await;
    let mut looked_at = 0;
    for _ in 0..12 {
        let left_out = house.sign_in(EMAIL, PASSWORD, None).await;
        assert!(matches!(left_out, Err(AdminError::CodeNeeded | AdminError::Delayed { .. })));
        match house.sign_in(EMAIL, PASSWORD, Some("1")).await {
            Err(AdminError::NotSignedIn) => looked_at += 1,
            other => assert!(matches!(other, Err(AdminError::Delayed { .. })), "{other:?}"),
        }
    }
    assert_eq!(looked_at, 5);
}

async fn a_session_ends_after_its_idle_time_and_its_lifetime(engine: Engine) {
    let house = House::new(engine).await;
    house.ada().await;
    let signed_in = house.sign_in(EMAIL, PASSWORD, None).await.unwrap();
    let find = |token: String| {
        let admin = house.admin.clone();
        async move { admin.find_session(&token, FROM).await }
    };
    let token = signed_in.token.expose().to_owned();
    refused!(find(format!("{token}x")).await, AdminError::NotSignedIn);
    let hours = |hours| Duration::from_hours(hours);
    for _ in 0..23 {
        house.clock.advance(hours(7));
        assert!(find(token.clone()).await.is_ok());
    }
    house.clock.advance(hours(7));
    refused!(find(token).await, AdminError::NotSignedIn);
    let idle = house.sign_in(EMAIL, PASSWORD, None).await.unwrap();
    house.clock.advance(hours(8));
    refused!(find(idle.token.expose().to_owned()).await, AdminError::NotSignedIn);
}

async fn a_new_password_ends_all_other_sessions(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let own = house.sign_in(EMAIL, PASSWORD, None).await.unwrap();
    let other = house.sign_in(EMAIL, PASSWORD, None).await.unwrap();
    let (own_token, other_token) = (own.token.clone(), other.token.clone());
    let own = Requester::of(own, FROM);
    let wrong = house.admin.change_password(&own, "wrong", OTHER_PASSWORD).await;
    let Err(AdminError::Faulty(faults)) = wrong else { panic!("{wrong:?}") };
    assert_eq!(faults[0].pointer, "/current_password");
    let weak = house.admin.change_password(&own, PASSWORD, "ada@example.org").await;
    let Err(AdminError::Faulty(faults)) = weak else { panic!("{weak:?}") };
    assert_eq!(faults[0].pointer, "/new_password");
    house.admin.change_password(&own, PASSWORD, OTHER_PASSWORD).await.unwrap();
    assert!(house.admin.find_session(own_token.expose(), FROM).await.is_ok());
    refused!(house.admin.find_session(other_token.expose(), FROM).await, AdminError::NotSignedIn);
    let made = house.admin.reset_account(&ada, ada.account().unwrap().id).await.unwrap();
    assert!(house.admin.find_session(own_token.expose(), FROM).await.is_ok());
    house.admin.reset_password(made.token.expose(), PASSWORD, FROM).await.unwrap();
    refused!(house.admin.find_session(own_token.expose(), FROM).await, AdminError::NotSignedIn);
}

async fn adding_and_removing_a_factor_ends_other_sessions_and_reset_links(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let id = ada.account().unwrap().id;
    let open = async || {
        let other = house.sign_in(EMAIL, PASSWORD, None).await.unwrap().token;
        let link = house.admin.reset_account(&ada, id).await.unwrap().token;
        (other, link)
    };
    let check_ended = async |other: acta_auth::Secret, link: acta_auth::Secret| {
        refused!(house.admin.find_session(other.expose(), FROM).await, AdminError::NotSignedIn);
        refused!(house.admin.read_link(link.expose()).await, AdminError::LinkVoid);
    };
    let (other, link) = open().await;
    let begun = house.admin.begin_factor(&ada, PASSWORD).await.unwrap();
    assert!(house.admin.find_session(other.expose(), FROM).await.is_ok());
    let secret = begun.secret.expose().to_owned();
    let code = code_now(&house, &secret);
    house.admin.confirm_factor(&ada, &code).await.unwrap();
    check_ended(other, link).await;
    house.clock.advance(Duration::from_mins(2));
    let code = code_now(&house, &secret);
    let other = house.sign_in(EMAIL, PASSWORD, Some(&code)).await.unwrap().token;
    let link = house.admin.reset_account(&ada, id).await.unwrap().token;
    house.admin.remove_factor(&ada, PASSWORD).await.unwrap();
    check_ended(other, link).await;
    assert_eq!(house.admin.list_sessions(&ada).await.unwrap().len(), 1, "the own one stays");
}
