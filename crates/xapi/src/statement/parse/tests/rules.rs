//! One broken statement for every rule about statements.

use super::*;

/// Rules about requests, which other crates check, and about signatures.
const RULES_OF_REQUESTS: [Rule; 19] = [
    Rule::Signature,
    Rule::SignaturePayload,
    Rule::SignatureAlgorithm,
    Rule::Parameter,
    Rule::ParameterUnknown,
    Rule::ParameterMissing,
    Rule::StatementIdMatch,
    Rule::ParameterConflict,
    Rule::ContentType,
    Rule::Header,
    Rule::AttachmentPart,
    Rule::AttachmentExcess,
    Rule::AttachmentHeader,
    Rule::AttachmentHash,
    Rule::Multipart,
    Rule::MultipartStatements,
    Rule::Version,
    Rule::DocumentMerge,
    Rule::Precondition,
];

/// Rules about the body as a whole, each with a test of its own.
const RULES_OF_BODIES: [Rule; 9] = [
    Rule::Json,
    Rule::Utf8,
    Rule::Size,
    Rule::Depth,
    Rule::BatchLength,
    Rule::ContextActivityCount,
    Rule::AgentCount,
    Rule::AttachmentCount,
    Rule::DuplicateId,
];

/// A member of a statement that breaks one rule.
const TABLE: &[(&str, &str, Rule)] = &[
    ("result", "null", Rule::Null),
    ("actor", "", Rule::ActorMissing),
    ("verb", "", Rule::VerbMissing),
    ("object", "", Rule::ObjectMissing),
    ("result", "[]", Rule::DataType),
    ("Result", "{}", Rule::KeyCase),
    ("object", r#"{"objectType":"ACTIVITY","id":"urn:x:1"}"#, Rule::ValueCase),
    ("mood", "1", Rule::UnknownProperty),
    ("verb", r#"{"id":"met"}"#, Rule::IriScheme),
    ("verb", r#"{"id":"urn:x:v","display":{"a12345678":""}}"#, Rule::LanguageTag),
    ("verb", r#"{"id":"urn:x:v","id":"urn:x:v"}"#, Rule::DuplicateKey),
    ("verb", r#"{"id":"http://adlnet.gov/expapi/verbs/voided"}"#, Rule::Voiding),
    ("timestamp", r#""now""#, Rule::StatementTimestamp),
    ("stored", r#""now""#, Rule::Stored),
    ("authority", "5", Rule::Authority),
    ("attachments", "5", Rule::Attachments),
    ("id", r#""5""#, Rule::StatementId),
    ("id", "5", Rule::StatementIdType),
    ("authority", r#"{"objectType":"Group","mbox":"mailto:a@b.org"}"#, Rule::AuthorityGroup),
    (
        "authority",
        r#"{"objectType":"Group","member":[{"mbox":"mailto:a@b.org"},{"mbox":"mailto:a@b.org"}]}"#,
        Rule::AuthorityConsumer,
    ),
    ("version", r#""3.0.0""#, Rule::StatementVersion),
    ("actor", r#"{"objectType":"Person","mbox":"mailto:a@b.org"}"#, Rule::ActorObjectType),
    ("actor", r#"{"objectType":1,"mbox":"mailto:a@b.org"}"#, Rule::ObjectTypeString),
    ("actor", r#"{"name":1,"mbox":"mailto:a@b.org"}"#, Rule::ActorName),
    ("actor", "{}", Rule::AgentIfi),
    ("actor", r#"{"mbox":"mailto:a@b.org","member":[]}"#, Rule::MemberOfAgent),
    ("actor", r#"{"objectType":"Group","member":5}"#, Rule::Members),
    ("actor", r#"{"objectType":"Group"}"#, Rule::GroupIfi),
    ("actor", r#"{"mbox":"mailto:a"}"#, Rule::Mbox),
    ("actor", r#"{"mbox_sha1sum":"a"}"#, Rule::MboxSha1),
    ("actor", r#"{"openid":5}"#, Rule::OpenId),
    ("actor", r#"{"account":5}"#, Rule::Account),
    ("actor", r#"{"account":{"name":"1"}}"#, Rule::AccountHomePage),
    ("actor", r#"{"account":{"homePage":"http://b.org"}}"#, Rule::AccountName),
    ("verb", "{}", Rule::VerbId),
    ("verb", r#"{"id":"urn:x:v","display":5}"#, Rule::VerbDisplay),
    ("object", r#"{"objectType":"Thing"}"#, Rule::ObjectType),
    ("object", "{}", Rule::ActivityId),
    ("definition", "5", Rule::Definition),
    ("definition", r#"{"interactionType":"essay"}"#, Rule::InteractionType),
    ("interaction", r#""correctResponsesPattern":5"#, Rule::CorrectResponsesPattern),
    ("interaction", r#""steps":5"#, Rule::Steps),
    ("interaction", r#""target":5"#, Rule::Target),
    ("interaction", r#""source":5"#, Rule::Source),
    ("interaction", r#""scale":5"#, Rule::Scale),
    ("interaction", r#""choices":5"#, Rule::Choices),
    ("definition", r#"{"name":5}"#, Rule::DefinitionName),
    ("definition", r#"{"extensions":5}"#, Rule::DefinitionExtensions),
    ("interaction", r#""choices":[{}]"#, Rule::ComponentId),
    ("definition", r#"{"description":5}"#, Rule::DefinitionDescription),
    ("definition", r#"{"type":5}"#, Rule::DefinitionType),
    ("definition", r#"{"moreInfo":5}"#, Rule::MoreInfo),
    ("interaction", r#""choices":[{"id":"a","description":5}]"#, Rule::ComponentDescription),
    ("interaction", r#""choices":[5]"#, Rule::Component),
    ("definition", r#"{"choices":[]}"#, Rule::InteractionTypeMissing),
    ("interaction", r#""choices":[]"#, Rule::ComponentList),
    ("object", r#"{"mbox":"mailto:a@b.org"}"#, Rule::ActorObjectTypeMissing),
    ("sub", r#""authority":5"#, Rule::SubStatementAuthority),
    ("sub", r#""version":5"#, Rule::SubStatementVersion),
    ("sub", r#""stored":5"#, Rule::SubStatementStored),
    ("sub", r#""id":5"#, Rule::SubStatementId),
    ("sub", r#""object":{"objectType":"SubStatement"}"#, Rule::SubStatementNested),
    ("object", r#"{"objectType":"StatementRef"}"#, Rule::StatementRefId),
    ("object", r#"{"verb":{}}"#, Rule::StatementObjectTypeMissing),
    ("result", r#"{"success":5}"#, Rule::Success),
    ("result", r#"{"completion":5}"#, Rule::Completion),
    ("result", r#"{"response":5}"#, Rule::Response),
    ("result", r#"{"duration":5}"#, Rule::Duration),
    ("result", r#"{"extensions":5}"#, Rule::ResultExtensions),
    ("result", r#"{"score":5}"#, Rule::Score),
    ("result", r#"{"score":{"max":"5"}}"#, Rule::ScoreMax),
    ("result", r#"{"score":{"min":"5"}}"#, Rule::ScoreMin),
    ("result", r#"{"score":{"raw":"5"}}"#, Rule::ScoreRaw),
    ("result", r#"{"score":{"scaled":5}}"#, Rule::ScoreScaled),
    ("actor context", r#"{"revision":"5"}"#, Rule::RevisionObject),
    ("actor context", r#"{"platform":"5"}"#, Rule::PlatformObject),
    ("context", r#"{"contextActivities":5}"#, Rule::ContextActivities),
    ("context", r#"{"registration":5}"#, Rule::Registration),
    ("context", r#"{"instructor":5}"#, Rule::Instructor),
    ("context", r#"{"team":5}"#, Rule::Team),
    ("context", r#"{"revision":5}"#, Rule::Revision),
    ("context", r#"{"platform":5}"#, Rule::Platform),
    ("context", r#"{"language":5}"#, Rule::Language),
    ("context", r#"{"statement":5}"#, Rule::ContextStatement),
    ("context", r#"{"contextActivities":{"cousin":[]}}"#, Rule::ContextActivityKey),
    ("context", r#"{"contextActivities":{"parent":5}}"#, Rule::ContextActivity),
    ("context", r#"{"contextAgents":5}"#, Rule::ContextAgents),
    ("context", r#"{"contextGroups":5}"#, Rule::ContextGroups),
    (
        "context",
        r#"{"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:a@b.org"},
            "relevantTypes":5}]}"#,
        Rule::RelevantTypes,
    ),
    ("attachment", "{}", Rule::AttachmentLength),
    ("attachment", "{}", Rule::AttachmentSha2),
    ("attachment", r#"{"fileUrl":5}"#, Rule::AttachmentFileUrl),
    ("attachment", "{}", Rule::AttachmentContentType),
    ("attachment", "{}", Rule::AttachmentDisplay),
    ("attachment", r#"{"description":5}"#, Rule::AttachmentDescription),
    ("attachment", "{}", Rule::AttachmentUsageType),
    ("context", r#"{"extensions":{"urn:a b":5}}"#, Rule::ExtensionKey),
    ("context", r#"{"extensions":5}"#, Rule::Extensions),
];

/// The statement that a row of the table stands for.
fn statement_of(name: &str, value: &str) -> String {
    let activity = |definition: &str| format!(r#"{{"id":"urn:x:1","definition":{definition}}}"#);
    match name {
        "definition" => statement(&[("object", &activity(value))]),
        "interaction" => {
            let definition = format!(r#"{{"interactionType":"numeric",{value}}}"#);
            statement(&[("object", &activity(&definition))])
        }
        "sub" => statement(&[("object", &sub_statement(&format!(",{value}")))]),
        "actor context" => {
            let agent = r#"{"objectType":"Agent","mbox":"mailto:a@b.org"}"#;
            statement(&[("object", agent), ("context", value)])
        }
        "attachment" => statement(&[("attachments", &format!("[{value}]"))]),
        member => statement(&[(member, value)]),
    }
}

#[test]
fn every_rule_is_broken_by_a_statement() {
    let mut seen: BTreeSet<Rule> = RULES_OF_REQUESTS.into_iter().chain(RULES_OF_BODIES).collect();
    for &(name, value, rule) in TABLE {
        let text = statement_of(name, value);
        let limits = ParseLimits::default();
        let faults = parse_statement(text.as_bytes(), Version::V2_0_0, &limits).unwrap_err();
        assert!(faults.0.iter().any(|fault| fault.rule == rule), "{rule:?}: {text}\n{faults:?}");
        seen.insert(rule);
    }
    let unseen: Vec<&Rule> = Rule::EVERY.iter().filter(|rule| !seen.contains(rule)).collect();
    assert_eq!(unseen, Vec::<&Rule>::new());
}
