//! Every filter of a query, alone and together.
//!
//! Spec: xAPI 1.0.3, Part Three, 2.1.3; IEEE 9274.1.1, 4.1.6.1.

use acta_storage::{AgentFilter, Order, StatementQuery};

use crate::EngineUnderTest;
use crate::fixture::{
    Draft, Stage, account, activity, activity_id, agent, everything, group, mailbox, substatement,
    uuid, verb,
};

fn by_agent(name: &str) -> StatementQuery {
    let agent = Some(AgentFilter { ifi: mailbox(name), is_related: false });
    StatementQuery { agent, ..everything() }
}

fn by_related_agent(name: &str) -> StatementQuery {
    let agent = Some(AgentFilter { ifi: mailbox(name), is_related: true });
    StatementQuery { agent, ..everything() }
}

fn by_activity(name: &str) -> StatementQuery {
    StatementQuery { activity: Some(activity_id(name)), ..everything() }
}

fn by_related_activity(name: &str) -> StatementQuery {
    StatementQuery { is_activity_related: true, ..by_activity(name) }
}

/// Checks every query of a table, newest first and oldest first, whole and in small pages.
async fn check<E: EngineUnderTest>(stage: &Stage<E>, table: &[(StatementQuery, &[u128])]) {
    for (query, expected) in table {
        let found = stage.numbers(query).await;
        assert_eq!(found, *expected, "{query:?}");
        let paged = StatementQuery { count_max: 2, ..query.clone() };
        assert_eq!(stage.numbers(&paged).await, *expected, "{paged:?}");
        let ascending = StatementQuery { order: Order::Ascending, ..query.clone() };
        let mut found = stage.numbers(&ascending).await;
        found.reverse();
        assert_eq!(found, *expected, "{ascending:?}");
    }
}

/// Actor and object, and members of groups that are actor or object.
pub async fn an_agent_is_actor_or_object_or_member<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mbox = r#""member":[{"mbox":"mailto:carl@example.org"}],"mbox":"mailto:team@example.org""#;
    let named_group = format!(r#"{{"objectType":"Group",{mbox}}}"#);
    let context = format!(r#"{{"instructor":{},"team":{}}}"#, agent("dora"), group(&["emma"]));
    stage
        .append_each(&[
            Draft::new(1),
            Draft::new(2).actor(agent("bob")),
            Draft::new(3).actor(group(&["bob", "carl"])),
            Draft::new(4).actor(named_group),
            Draft::new(5).object(agent("carl")),
            Draft::new(6).object(group(&["bob"])),
            Draft::new(7).context(&context),
            Draft::new(8).object(substatement(&agent("carl"), &activity("plan"), "{}")),
        ])
        .await;
    let table: [(StatementQuery, &[u128]); 6] = [
        (by_agent("ada"), &[8, 7, 6, 5, 1]),
        (by_agent("bob"), &[6, 3, 2]),
        (by_agent("carl"), &[5, 4, 3]),
        (by_agent("team"), &[4]),
        (by_agent("dora"), &[]),
        (by_agent("nobody"), &[]),
    ];
    check(&stage, &table).await;
}

/// Authority, instructor, team, context agents and groups, and those of a substatement.
pub async fn a_related_agent_is_found_in_every_property<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let people = format!(
        r#"{{
            "instructor":{},
            "team":{},
            "contextAgents":[{{"objectType":"contextAgent","agent":{}}}],
            "contextGroups":[{{"objectType":"contextGroup","group":{}}}]
        }}"#,
        agent("dora"),
        group(&["emma", "finn"]),
        agent("gina"),
        group(&["hugo"]),
    );
    let inner = format!(r#"{{"instructor":{},"team":{}}}"#, agent("ivan"), group(&["jane"]));
    stage
        .append_each(&[
            Draft::new(1).context(&people),
            Draft::new(2).object(substatement(&agent("kurt"), &agent("lena"), &inner)),
            Draft::new(3).object(substatement(&group(&["kurt"]), &group(&["lena"]), "{}")),
            Draft { authority: "publisher", ..Draft::new(4).actor(agent("dora")) },
        ])
        .await;
    let mut table: Vec<(StatementQuery, &[u128])> = Vec::new();
    for name in ["emma", "finn", "gina", "hugo"] {
        table.push((by_related_agent(name), &[1]));
        table.push((by_agent(name), &[]));
    }
    for name in ["ivan", "jane"] {
        table.push((by_related_agent(name), &[2]));
        table.push((by_agent(name), &[]));
    }
    for name in ["kurt", "lena"] {
        table.push((by_related_agent(name), &[3, 2]));
        table.push((by_agent(name), &[]));
    }
    table.push((by_related_agent("dora"), &[4, 1]));
    table.push((by_agent("dora"), &[4]));
    table.push((by_related_agent("ada"), &[3, 2, 1]));
    for (name, expected) in [("publisher", &[4][..]), ("client", &[3, 2, 1])] {
        let related = Some(AgentFilter { ifi: account(name), is_related: true });
        table.push((StatementQuery { agent: related, ..everything() }, expected));
        let narrow = Some(AgentFilter { ifi: account(name), is_related: false });
        table.push((StatementQuery { agent: narrow, ..everything() }, &[]));
    }
    check(&stage, &table).await;
}

/// Agents are distinguished by every kind of identifier and by nothing else.
pub async fn agents_are_distinguished_by_their_identifier<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let sha1 = "0123456789abcdef0123456789abcdef01234567";
    let actors = [
        r#"{"mbox":"mailto:x@example.org","name":"First"}"#.to_owned(),
        r#"{"mbox":"mailto:x@EXAMPLE.org","name":"Second"}"#.to_owned(),
        format!(r#"{{"mbox_sha1sum":"{sha1}"}}"#),
        r#"{"openid":"http://example.org/x"}"#.to_owned(),
        r#"{"account":{"homePage":"http://example.org/accounts","name":"x"}}"#.to_owned(),
        r#"{"account":{"homePage":"http://example.org/other","name":"x"}}"#.to_owned(),
        r#"{"account":{"homePage":"http://example.org/accounts","name":"X"}}"#.to_owned(),
    ];
    let drafts: Vec<Draft> = actors
        .into_iter()
        .zip(1..)
        .map(|(actor, number)| Draft::new(number).actor(actor))
        .collect();
    stage.append_each(&drafts).await;
    let query = |ifi| {
        let agent = Some(AgentFilter { ifi, is_related: false });
        StatementQuery { agent, ..everything() }
    };
    let table: [(StatementQuery, &[u128]); 5] = [
        (query(mailbox("x")), &[2, 1]),
        (query(acta_xapi::Ifi::MboxSha1(sha1.into())), &[3]),
        (query(acta_xapi::Ifi::OpenId(crate::fixture::iri("http://example.org/x"))), &[4]),
        (query(account("x")), &[5]),
        (query(account("X")), &[7]),
    ];
    check(&stage, &table).await;
}

/// The object; related also context activities of every kind, and those of a substatement.
pub async fn an_activity_is_object_or_related<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let contexts = ["parent", "grouping", "category", "other"].map(|kind| {
        let name = format!("{kind}-of-it");
        format!(r#"{{"contextActivities":{{"{kind}":[{},{}]}}}}"#, activity("x"), activity(&name))
    });
    let inner = format!(r#"{{"contextActivities":{{"other":[{}]}}}}"#, activity("inner"));
    stage
        .append_each(&[
            Draft::new(1).object(activity("x")),
            Draft::new(2).context(&contexts[0]),
            Draft::new(3).context(&contexts[1]),
            Draft::new(4).context(&contexts[2]),
            Draft::new(5).context(&contexts[3]),
            Draft::new(6).object(substatement(&agent("bob"), &activity("x"), "{}")),
            Draft::new(7).object(substatement(&agent("bob"), &activity("y"), &inner)),
        ])
        .await;
    let table: [(StatementQuery, &[u128]); 12] = [
        (by_activity("x"), &[1]),
        (by_related_activity("x"), &[6, 5, 4, 3, 2, 1]),
        (by_related_activity("parent-of-it"), &[2]),
        (by_related_activity("grouping-of-it"), &[3]),
        (by_related_activity("category-of-it"), &[4]),
        (by_related_activity("other-of-it"), &[5]),
        (by_activity("parent-of-it"), &[]),
        (by_activity("y"), &[]),
        (by_related_activity("y"), &[7]),
        (by_related_activity("inner"), &[7]),
        (by_activity("course"), &[5, 4, 3, 2]),
        (by_related_activity("course"), &[5, 4, 3, 2]),
    ];
    check(&stage, &table).await;
}

/// Verb, registration and authority.
pub async fn verb_registration_and_authority_are_the_statements_own<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let registered = |number| format!(r#"{{"registration":"{:?}"}}"#, uuid(number));
    stage
        .append_each(&[
            Draft::new(1).verb("passed").context(&registered(70)),
            Draft { authority: "publisher", ..Draft::new(2).verb("passed") },
            Draft::new(3).context(&registered(71)),
            Draft::new(4).object(substatement(&agent("bob"), &activity("x"), &registered(70))),
        ])
        .await;
    let by_verb = |name: &str| StatementQuery { verb: Some(verb(name)), ..everything() };
    let by_registration =
        |number| StatementQuery { registration: Some(uuid(number)), ..everything() };
    let by_authority =
        |name: &str| StatementQuery { authorities: Some(vec![account(name)]), ..everything() };
    let authorities = Some(vec![account("nobody"), account("publisher"), account("client")]);
    let table: [(StatementQuery, &[u128]); 12] = [
        (by_verb("passed"), &[2, 1]),
        (by_verb("completed"), &[4, 3]),
        (by_verb("planned"), &[]),
        (by_verb("PASSED"), &[]),
        (by_registration(70), &[1]),
        (by_registration(71), &[3]),
        (by_registration(72), &[]),
        (by_authority("client"), &[4, 3, 1]),
        (by_authority("publisher"), &[2]),
        (by_authority("nobody"), &[]),
        (StatementQuery { authorities: authorities.clone(), ..everything() }, &[4, 3, 2, 1]),
        (StatementQuery { authorities, ..by_verb("passed") }, &[2, 1]),
    ];
    check(&stage, &table).await;
}

/// Filters together are joined by *and*.
pub async fn combined_filters_must_all_match<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let names = ["ada", "bob"];
    let verbs = ["passed", "failed", "launched"];
    let activities = ["x", "y"];
    let mut drafts = Vec::new();
    for number in 0..48_usize {
        let context = format!(
            r#"{{"registration":"{:?}","contextActivities":{{"parent":[{}]}}}}"#,
            uuid(70 + number as u128 / 12 % 2),
            activity(activities[number / 24]),
        );
        let draft = Draft::new(number as u128 + 1)
            .actor(agent(names[number % 2]))
            .verb(verbs[number / 2 % 3])
            .object(activity(activities[number / 6 % 2]))
            .context(&context);
        let authority = if number % 5 == 0 { "publisher" } else { "client" };
        drafts.push(Draft { authority, ..draft });
    }
    let times = stage.append_each(&drafts).await;
    let nanos = |index: usize| Some(i128::from(times[index].unix_micros()) * 1000);
    let count = |is_kept: &dyn Fn(usize) -> bool| -> Vec<u128> {
        (0..48).filter(|number| is_kept(*number)).map(|n| n as u128 + 1).rev().collect()
    };
    let ada_passed = StatementQuery { verb: Some(verb("passed")), ..by_agent("ada") };
    let expected = count(&|n| n % 2 == 0 && n / 2 % 3 == 0);
    let with_activity = StatementQuery { activity: Some(activity_id("y")), ..ada_passed.clone() };
    let with_activity_expected = count(&|n| n % 2 == 0 && n / 2 % 3 == 0 && n / 6 % 2 == 1);
    let with_all = StatementQuery {
        registration: Some(uuid(71)),
        since_nanos: nanos(4),
        until_nanos: nanos(44),
        ..with_activity.clone()
    };
    let with_all_expected = count(&|n| {
        n % 2 == 0 && n / 2 % 3 == 0 && n / 6 % 2 == 1 && n / 12 % 2 == 1 && 4 < n && n <= 44
    });
    let related = StatementQuery {
        registration: Some(uuid(70)),
        authorities: Some(vec![account("publisher")]),
        ..by_related_activity("y")
    };
    let related_expected =
        count(&|n| n / 12 % 2 == 0 && n % 5 == 0 && (n / 6 % 2 == 1 || n / 24 == 1));
    for expected in [&expected, &with_activity_expected, &with_all_expected, &related_expected] {
        assert!(!expected.is_empty(), "the table would prove nothing");
    }
    let table = [
        (ada_passed, &expected[..]),
        (with_activity, &with_activity_expected[..]),
        (with_all, &with_all_expected[..]),
        (related, &related_expected[..]),
    ];
    check(&stage, &table).await;
}
