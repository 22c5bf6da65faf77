use super::*;

fn account(home_page: &str, name: &str) -> Ifi {
    Ifi::Account { home_page: home_page.parse().unwrap(), name: name.into() }
}

#[test]
fn keys_are_the_identifier_as_json() {
    let sha1 = "ebd31e95054c018b10727ccffd2ef2ec3a016ee9";
    let table = [
        (
            Ifi::Mbox("mailto:Ada@EXAMPLE.org".parse().unwrap()),
            r#"{"mbox":"mailto:Ada@example.org"}"#.to_owned(),
        ),
        (Ifi::MboxSha1(sha1.into()), format!(r#"{{"mbox_sha1sum":"{sha1}"}}"#)),
        (
            Ifi::OpenId("http://ada.example.org/".parse().unwrap()),
            r#"{"openid":"http://ada.example.org/"}"#.to_owned(),
        ),
        (
            account("http://example.org/", "a\"b"),
            r#"{"account":{"homePage":"http://example.org/","name":"a\"b"}}"#.to_owned(),
        ),
    ];
    for (ifi, key) in table {
        assert_eq!(ifi.to_key(), key, "input: {ifi:?}");
    }
}

#[test]
fn different_accounts_have_different_keys() {
    let crafted = account("http://example.org/", "x\",\"name\":\"y");
    assert_ne!(crafted.to_key(), account("http://example.org/", "x").to_key());
    assert_ne!(account("http://a.org/", "x").to_key(), account("http://b.org/", "x").to_key());
}

use crate::statement::testing::{check, check_member, parsed, statement};
use crate::{Version, parse_actor};

const SHA1: &str = "EBD31E95054C018B10727CCFFD2EF2EC3A016EE9";

#[test]
fn an_agent_has_exactly_one_identifier() {
    check_member(
        "actor",
        &[
            (r#"{"mbox":"mailto:a@b.org"}"#, None),
            (r#"{"objectType":"Agent","name":"","mbox":"mailto:a@b.org"}"#, None),
            (r#"{"mbox_sha1sum":"EBD31E95054C018B10727CCFFD2EF2EC3A016EE9"}"#, None),
            (r#"{"openid":"http://a.example.org/"}"#, None),
            (r#"{"account":{"homePage":"http://b.org","name":"1"}}"#, None),
            (r#"{"\u006dbox":"mailto:a@b.org"}"#, None),
            ("{}", Some(("/actor", Rule::AgentIfi))),
            (r#"{"name":"Ada"}"#, Some(("/actor", Rule::AgentIfi))),
            (
                r#"{"mbox":"mailto:a@b.org","openid":"http://a.example.org/"}"#,
                Some(("/actor", Rule::AgentIfi)),
            ),
        ],
    );
}

#[test]
fn identifiers_have_their_formats() {
    check_member(
        "actor",
        &[
            (r#"{"mbox":"a@b.org"}"#, Some(("/actor/mbox", Rule::Mbox))),
            (r#"{"mbox":5}"#, Some(("/actor/mbox", Rule::Mbox))),
            (r#"{"mbox":null}"#, Some(("/actor/mbox", Rule::Null))),
            (r#"{"mbox_sha1sum":"ebd3"}"#, Some(("/actor/mbox_sha1sum", Rule::MboxSha1))),
            (
                r#"{"mbox_sha1sum":"gbd31e95054c018b10727ccffd2ef2ec3a016ee9"}"#,
                Some(("/actor/mbox_sha1sum", Rule::MboxSha1)),
            ),
            (r#"{"openid":"a.example.org"}"#, Some(("/actor/openid", Rule::IriScheme))),
            (r#"{"openid":"http://a b"}"#, Some(("/actor/openid", Rule::OpenId))),
            (r#"{"account":"1"}"#, Some(("/actor/account", Rule::Account))),
            (r#"{"account":{"name":"1"}}"#, Some(("/actor/account", Rule::AccountHomePage))),
            (
                r#"{"account":{"homePage":"http://a b","name":"1"}}"#,
                Some(("/actor/account/homePage", Rule::AccountHomePage)),
            ),
            (
                r#"{"account":{"homePage":"http://b.org"}}"#,
                Some(("/actor/account", Rule::AccountName)),
            ),
            (
                r#"{"account":{"homePage":"http://b.org","name":1}}"#,
                Some(("/actor/account/name", Rule::AccountName)),
            ),
            (
                r#"{"account":{"homePage":"http://b.org","name":"1","Name":"1"}}"#,
                Some(("/actor/account/Name", Rule::KeyCase)),
            ),
        ],
    );
}

#[test]
fn the_type_of_an_actor_is_agent_or_group() {
    check_member(
        "actor",
        &[
            (
                r#"{"objectType":"agent","mbox":"mailto:a@b.org"}"#,
                Some(("/actor/objectType", Rule::ValueCase)),
            ),
            (
                r#"{"objectType":"Activity","mbox":"mailto:a@b.org"}"#,
                Some(("/actor/objectType", Rule::ActorObjectType)),
            ),
            (
                r#"{"objectType":{},"mbox":"mailto:a@b.org"}"#,
                Some(("/actor/objectType", Rule::ObjectTypeString)),
            ),
            (r#"{"name":1,"mbox":"mailto:a@b.org"}"#, Some(("/actor/name", Rule::ActorName))),
            (r#"{"mbox":"mailto:a@b.org","age":1}"#, Some(("/actor/age", Rule::UnknownProperty))),
            (r#""Ada""#, Some(("/actor", Rule::DataType))),
            ("null", Some(("/actor", Rule::Null))),
        ],
    );
}

#[test]
fn a_group_has_an_identifier_or_members() {
    check_member(
        "actor",
        &[
            (r#"{"objectType":"Group","mbox":"mailto:a@b.org"}"#, None),
            (r#"{"objectType":"Group","mbox":"mailto:a@b.org","member":[]}"#, None),
            (r#"{"objectType":"Group","member":[{"mbox":"mailto:a@b.org"}]}"#, None),
            (r#"{"objectType":"Group"}"#, Some(("/actor", Rule::GroupIfi))),
            (r#"{"objectType":"Group","member":[]}"#, Some(("/actor/member", Rule::GroupIfi))),
            (r#"{"objectType":"Group","member":{}}"#, Some(("/actor/member", Rule::Members))),
            (r#"{"objectType":"Group","member":[1]}"#, Some(("/actor/member/0", Rule::Members))),
            (
                r#"{"objectType":"Group","member":[{"mbox":"mailto:a@b.org"},{"name":"x"}]}"#,
                Some(("/actor/member/1", Rule::AgentIfi)),
            ),
            (
                r#"{"objectType":"Group","member":[{"objectType":"Group","openid":"urn:x"}]}"#,
                Some(("/actor/member/0", Rule::Members)),
            ),
            (
                r#"{"objectType":"Group","mbox":"mailto:a@b.org","openid":"http://b.org"}"#,
                Some(("/actor", Rule::GroupIfi)),
            ),
            (
                r#"{"mbox":"mailto:a@b.org","member":[{"mbox":"mailto:a@b.org"}]}"#,
                Some(("/actor/member", Rule::MemberOfAgent)),
            ),
        ],
    );
}

#[test]
fn an_authority_is_an_agent_or_an_application_with_its_user() {
    const APPLICATION: &str = r#"{"account":{"homePage":"http://b.org/token","name":"key"}}"#;
    const USER: &str = r#"{"mbox":"mailto:a@b.org"}"#;
    let group = |rest: &str| format!(r#"{{"objectType":"Group",{rest}}}"#);
    let table = [
        (USER.to_owned(), None),
        (group(&format!(r#""member":[{APPLICATION},{USER}]"#)), None),
        (group(&format!(r#""member":[{USER},{APPLICATION}]"#)), None),
        (group(&format!(r#""member":[{USER},{USER}]"#)), Some(Rule::AuthorityConsumer)),
        (group(&format!(r#""member":[{APPLICATION}]"#)), Some(Rule::AuthorityGroup)),
        (group(&format!(r#""member":[{APPLICATION},{USER},{USER}]"#)), Some(Rule::AuthorityGroup)),
        (
            group(&format!(r#""openid":"http://b.org","member":[{APPLICATION},{USER}]"#)),
            Some(Rule::AuthorityGroup),
        ),
        (group(r#""mbox":"mailto:a@b.org""#), Some(Rule::AuthorityGroup)),
        (r#""Ada""#.to_owned(), Some(Rule::Authority)),
    ];
    for (authority, rule) in table {
        check(&[("authority", &authority)], rule.map(|rule| ("/authority", rule)).as_slice());
    }
}

#[test]
fn reads_identifier_and_name_of_an_actor() {
    let group = format!(
        r#"{{"objectType":"Group","name":"Tea\u006d","mbox_sha1sum":"{SHA1}",
            "member":[{{"name":"Ada","account":{{"homePage":"http://b.org","name":"1"}}}}]}}"#
    );
    let actor = parsed(&statement(&[("actor", &group)]), Version::V1_0_3).actor;
    assert_eq!(actor.actor_type, ActorType::Group);
    assert_eq!(actor.ifi, Some(Ifi::MboxSha1(SHA1.to_ascii_lowercase().into())));
    assert_eq!(actor.name.as_deref(), Some("Team"));
    assert_eq!(actor.members.len(), 1);
    let names: Vec<&str> = actor.named().map(|(_, name)| name).collect();
    assert_eq!(names, ["Team", "Ada"]);
}

#[test]
fn reads_an_actor_by_itself() {
    let version = Version::V1_0_3;
    assert!(parse_actor(br#"{"mbox":"mailto:a@b.org"}"#, version).is_ok());
    let faults = parse_actor(br#"{"mbox":"a@b.org","mbox":""}"#, version).unwrap_err().0;
    let rules: Vec<_> = faults.iter().map(|fault| (&*fault.pointer, fault.rule)).collect();
    assert_eq!(rules, [("/mbox", Rule::DuplicateKey), ("/mbox", Rule::Mbox)]);
    let faults = parse_actor(b"ada", version).unwrap_err().0;
    assert_eq!((faults.len(), faults[0].rule), (1, Rule::Json));
}
