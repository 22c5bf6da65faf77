//! Every requirement that is checked, with its id and section.
//!
//! Ids are those of ADL's list of requirements (`XAPI-nnnnn`) where it has one, and
//! otherwise the section of IEEE 9274.1.1 with a word to distinguish it from others there.

/// Makes [`Rule`] out of lines: name, id, section in xAPI 1.0.3, section in IEEE 9274.1.1,
/// text.
macro_rules! rules {
    ($($name:ident $id:literal $first:literal $second:literal $text:literal;)*) => {
        /// A requirement of the specification.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule {
            $(
                #[doc = concat!($id, ": ", $text, ".")]
                $name,
            )*
        }

        impl Rule {
            /// Every rule, in the order of the specification.
            pub const EVERY: &'static [Self] = &[$(Self::$name,)*];

            /// The id, as in `XAPI-00009`. A few rules share one, as the list has it.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }

            /// What is required, in one clause for people.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Where the specifications say so.
            pub const fn section(self) -> &'static str {
                match self {
                    $(Self::$name => concat!(
                        "xAPI 1.0.3, Part ", $first, "; IEEE 9274.1.1, ", $second
                    ),)*
                }
            }
        }
    };
}

rules! {
    // The body as a whole.
    Json "XAPI-00014" "Two, 2.2" "4.2.1"
        "the text must be well-formed JSON";
    Utf8 "XAPI-00015" "Three, 1.4" "4.1.2"
        "the text must be UTF-8";
    Size "XAPI-00328" "Three, 3.2" "4.2.4.1"
        "the request must not be larger than this server accepts";
    Depth "IEEE-4.2.4.1-depth" "Three, 3.2" "4.2.4.1"
        "arrays and objects must not be nested deeper than this server accepts";
    BatchLength "IEEE-4.2.4.1-batch" "Three, 3.2" "4.2.4.1"
        "a batch must not contain more statements than this server accepts";
    ContextActivityCount "IEEE-4.2.4.1-activities" "Three, 3.2" "4.2.4.1"
        "a statement must not have more context activities than this server accepts";
    AgentCount "IEEE-4.2.4.1-agents" "Three, 3.2" "4.2.4.1"
        "a statement must not have more members of groups and context agents than this server accepts";
    AttachmentCount "IEEE-4.2.4.1-attachments" "Three, 3.2" "4.2.4.1"
        "a statement must not have more attachments than this server accepts";
    DuplicateId "IEEE-4.1.6.1-batch" "Three, 2.1.2" "4.1.6.1"
        "statements of one batch must have different ids";

    // Formatting.
    Null "XAPI-00001" "Two, 2.2" "4.2.1"
        "null is allowed only inside extensions";
    ActorMissing "XAPI-00003" "Two, 2.2" "4.2.2"
        "a statement must have an actor";
    VerbMissing "XAPI-00004" "Two, 2.2" "4.2.2"
        "a statement must have a verb";
    ObjectMissing "XAPI-00005" "Two, 2.2" "4.2.2"
        "a statement must have an object";
    DataType "XAPI-00006" "Two, 2.2" "4.2.1"
        "the value must have the type that the specification gives it";
    KeyCase "XAPI-00008" "Two, 2.2" "4.2.1"
        "a property must be spelt in the specification's case";
    ValueCase "XAPI-00009" "Two, 2.2" "4.2.1"
        "a value out of a list must be spelt in the specification's case";
    UnknownProperty "XAPI-00010" "Two, 2.2" "4.2.1"
        "only properties of the specification may be used here";
    IriScheme "XAPI-00011" "Two, 2.2" "4.2.1"
        "an IRI must begin with a scheme";
    LanguageTag "XAPI-00013" "Two, 4.2" "4.2.7"
        "a key of a language map must be an RFC 5646 language tag";
    DuplicateKey "XAPI-00021" "Two, 2.4" "4.2.1"
        "an object must use each property at most once";

    // Statements.
    Voiding "XAPI-00017" "Two, 2.3.2" "4.2.5"
        "the object of a voiding statement must be a StatementRef";
    StatementTimestamp "XAPI-00022" "Two, 2.4.7" "4.2.2"
        "`timestamp` must be an ISO 8601 timestamp";
    Stored "XAPI-00023" "Two, 2.4.8" "4.2.2"
        "`stored` must be an ISO 8601 timestamp";
    Authority "XAPI-00024" "Two, 2.4.9" "4.2.2"
        "`authority` must be an agent or a group";
    Attachments "XAPI-00025" "Two, 2.4.11" "4.2.2"
        "`attachments` must be an array of attachments";
    StatementId "XAPI-00027" "Two, 2.4.1" "4.2.2"
        "the id of a statement must be a UUID";
    StatementIdType "XAPI-00028" "Two, 2.4.1" "4.2.2"
        "the id of a statement must be a string";
    AuthorityGroup "XAPI-00098" "Two, 2.4.9" "4.2.2"
        "a group as authority must be two agents without an identifier of the group";
    AuthorityConsumer "XAPI-00100" "Two, 2.4.9" "4.2.2"
        "one of the agents of an authority must be an application with an account";
    StatementVersion "XAPI-00101" "Two, 2.4.10" "4.1.7"
        "`version` must be a version of statements that matches the version of the request";

    // Actors.
    ActorObjectType "XAPI-00031" "Two, 2.4.2" "4.2.2.1"
        "the objectType of an actor must be Agent or Group";
    ObjectTypeString "XAPI-00032" "Two, 2.4.2.1" "4.2.2.1"
        "`objectType` must be a string";
    ActorName "XAPI-00033" "Two, 2.4.2.1" "4.2.2.1"
        "the name of an actor must be a string";
    AgentIfi "XAPI-00034" "Two, 2.4.2.1" "4.2.2.1"
        "an agent must have exactly one of mbox, mbox_sha1sum, openid and account";
    MemberOfAgent "XAPI-00035" "Two, 2.4.2.2" "4.2.2.1"
        "only a group may have members";
    Members "XAPI-00036" "Two, 2.4.2.2" "4.2.2.1"
        "`member` must be an array of agents";
    GroupIfi "XAPI-00037" "Two, 2.4.2.2" "4.2.2.1"
        "a group must have at most one identifier, and members if it has none";
    Mbox "XAPI-00038" "Two, 2.4.2.3" "4.2.2.1"
        "`mbox` must be `mailto:` and one e-mail address";
    MboxSha1 "XAPI-00039" "Two, 2.4.2.3" "4.2.2.1"
        "`mbox_sha1sum` must be 40 hexadecimal digits";
    OpenId "XAPI-00040" "Two, 2.4.2.3" "4.2.2.1"
        "`openid` must be a URI";
    Account "XAPI-00041" "Two, 2.4.2.4" "4.2.2.1"
        "`account` must be an object";
    AccountHomePage "XAPI-00042" "Two, 2.4.2.4" "4.2.2.1"
        "an account must have a homePage that is an IRL";
    AccountName "XAPI-00043" "Two, 2.4.2.4" "4.2.2.1"
        "an account must have a name that is a string";

    // Verbs.
    VerbId "XAPI-00044" "Two, 2.4.3" "4.2.2.2"
        "a verb must have an id that is an IRI";
    VerbDisplay "XAPI-00045" "Two, 2.4.3" "4.2.2.2"
        "the display of a verb must be a language map";

    // Objects and activities.
    ObjectType "XAPI-00046" "Two, 2.4.4" "4.2.2.3"
        "an object must be an Activity, Agent, Group, SubStatement or StatementRef";
    ActivityId "XAPI-00047" "Two, 2.4.4.1" "4.2.2.3"
        "an activity must have an id that is an IRI";
    Definition "XAPI-00048" "Two, 2.4.4.1" "4.2.2.3"
        "`definition` must be an object";
    InteractionType "XAPI-00049" "Two, 2.4.4.1" "4.2.2.3"
        "`interactionType` must be one of the ten that the specification lists";
    CorrectResponsesPattern "XAPI-00050" "Two, 2.4.4.1" "4.2.2.3"
        "`correctResponsesPattern` must be an array of strings";
    Steps "XAPI-00051" "Two, 2.4.4.1" "4.2.2.3"
        "`steps` must be an array of interaction components";
    Target "XAPI-00052" "Two, 2.4.4.1" "4.2.2.3"
        "`target` must be an array of interaction components";
    Source "XAPI-00053" "Two, 2.4.4.1" "4.2.2.3"
        "`source` must be an array of interaction components";
    Scale "XAPI-00054" "Two, 2.4.4.1" "4.2.2.3"
        "`scale` must be an array of interaction components";
    Choices "XAPI-00055" "Two, 2.4.4.1" "4.2.2.3"
        "`choices` must be an array of interaction components";
    DefinitionName "XAPI-00056" "Two, 2.4.4.1" "4.2.2.3"
        "the name of an activity must be a language map";
    DefinitionExtensions "XAPI-00057" "Two, 2.4.4.1" "4.2.2.3"
        "the extensions of an activity must be an object";
    ComponentId "XAPI-00058" "Two, 2.4.4.1" "4.2.2.3"
        "an interaction component must have an id, a string that is unique in its list";
    DefinitionDescription "XAPI-00059" "Two, 2.4.4.1" "4.2.2.3"
        "the description of an activity must be a language map";
    DefinitionType "XAPI-00060" "Two, 2.4.4.1" "4.2.2.3"
        "the type of an activity must be an IRI";
    MoreInfo "XAPI-00061" "Two, 2.4.4.1" "4.2.2.3"
        "`moreInfo` must be an IRL";
    ComponentDescription "XAPI-00062" "Two, 2.4.4.1" "4.2.2.3"
        "the description of an interaction component must be a language map";
    Component "XAPI-00063" "Two, 2.4.4.1" "4.2.2.3"
        "an interaction component must be an object";
    InteractionTypeMissing "XAPI-00064" "Two, 2.4.4.1" "4.2.2.3"
        "properties of interactions must come with an interactionType";
    ComponentList "IEEE-4.2.2.3-lists" "Two, 2.4.4.1" "4.2.2.3"
        "a list of components must be one that its interactionType supports";
    ActorObjectTypeMissing "XAPI-00065" "Two, 2.4.4.2" "4.2.2.3"
        "an agent or group as object must have an objectType";

    // Statements as objects.
    SubStatementAuthority "XAPI-00067" "Two, 2.4.4.3" "4.2.2.3"
        "a SubStatement must not have an authority";
    SubStatementVersion "XAPI-00068" "Two, 2.4.4.3" "4.2.2.3"
        "a SubStatement must not have a version";
    SubStatementStored "XAPI-00069" "Two, 2.4.4.3" "4.2.2.3"
        "a SubStatement must not have a stored time";
    SubStatementId "XAPI-00070" "Two, 2.4.4.3" "4.2.2.3"
        "a SubStatement must not have an id";
    SubStatementNested "XAPI-00071" "Two, 2.4.4.3" "4.2.4.2"
        "a SubStatement must not contain a SubStatement";
    StatementRefId "XAPI-00072" "Two, 2.4.4.3" "4.2.2.3"
        "a StatementRef must have an id that is a UUID";
    StatementObjectTypeMissing "XAPI-00073" "Two, 2.4.4.3" "4.2.2.3"
        "a StatementRef or SubStatement must have its objectType";

    // Results.
    Success "XAPI-00074" "Two, 2.4.5" "4.2.2.4"
        "`success` must be true or false";
    Completion "XAPI-00075" "Two, 2.4.5" "4.2.2.4"
        "`completion` must be true or false";
    Response "XAPI-00076" "Two, 2.4.5" "4.2.2.4"
        "`response` must be a string";
    Duration "XAPI-00077" "Two, 2.4.5" "4.2.2.4"
        "`duration` must be an ISO 8601 duration";
    ResultExtensions "XAPI-00078" "Two, 2.4.5" "4.2.2.4"
        "the extensions of a result must be an object";
    Score "XAPI-00079" "Two, 2.4.5.1" "4.2.2.4"
        "`score` must be an object";
    ScoreMax "XAPI-00080" "Two, 2.4.5.1" "4.2.2.4"
        "`max` must be a number";
    ScoreMin "XAPI-00081" "Two, 2.4.5.1" "4.2.2.4"
        "`min` must be a number, not above max";
    ScoreRaw "XAPI-00082" "Two, 2.4.5.1" "4.2.2.4"
        "`raw` must be a number from min to max";
    ScoreScaled "XAPI-00083" "Two, 2.4.5.1" "4.2.2.4"
        "`scaled` must be a number from -1 to 1";

    // Contexts.
    RevisionObject "XAPI-00084" "Two, 2.4.6" "4.2.2.5"
        "`revision` is allowed only with an activity as object";
    PlatformObject "XAPI-00085" "Two, 2.4.6" "4.2.2.5"
        "`platform` is allowed only with an activity as object";
    ContextActivities "XAPI-00086" "Two, 2.4.6.2" "4.2.2.5"
        "`contextActivities` must be an object";
    Registration "XAPI-00087" "Two, 2.4.6.1" "4.2.2.5"
        "`registration` must be a UUID";
    Instructor "XAPI-00087" "Two, 2.4.6" "4.2.2.5"
        "`instructor` must be an agent or a group";
    Team "XAPI-00088" "Two, 2.4.6" "4.2.2.5"
        "`team` must be a group";
    Revision "XAPI-00089" "Two, 2.4.6" "4.2.2.5"
        "`revision` must be a string";
    Platform "XAPI-00090" "Two, 2.4.6" "4.2.2.5"
        "`platform` must be a string";
    Language "XAPI-00091" "Two, 2.4.6" "4.2.2.5"
        "`language` must be an RFC 5646 language tag";
    ContextStatement "XAPI-00092" "Two, 2.4.6" "4.2.2.5"
        "`statement` must be a StatementRef";
    ContextActivityKey "XAPI-00093" "Two, 2.4.6.2" "4.2.2.5"
        "context activities are parent, grouping, category or other";
    ContextActivity "XAPI-00094" "Two, 2.4.6.2" "4.2.2.5"
        "a context activity must be an activity or an array of activities";
    ContextAgents "IEEE-4.2.2.5-agents" "Two, 2.4.6" "4.2.2.5"
        "`contextAgents` must be an array of contextAgent objects, each with an agent";
    ContextGroups "IEEE-4.2.2.5-groups" "Two, 2.4.6" "4.2.2.5"
        "`contextGroups` must be an array of contextGroup objects, each with a group";
    RelevantTypes "IEEE-4.2.2.5-types" "Two, 2.4.6" "4.2.2.5"
        "`relevantTypes` must be an array of at least one IRI";

    // Attachments.
    AttachmentLength "XAPI-00102" "Two, 2.4.11" "4.2.2.6"
        "an attachment must have a length, a whole number of octets";
    AttachmentSha2 "XAPI-00103" "Two, 2.4.11" "4.2.2.6"
        "an attachment must have a sha2, a SHA-2 hash in hexadecimal digits";
    AttachmentFileUrl "XAPI-00104" "Two, 2.4.11" "4.2.2.6"
        "`fileUrl` must be an IRL";
    AttachmentContentType "XAPI-00105" "Two, 2.4.11" "4.2.2.6"
        "an attachment must have a contentType, an Internet media type";
    AttachmentDisplay "XAPI-00106" "Two, 2.4.11" "4.2.2.6"
        "an attachment must have a display, a language map";
    AttachmentDescription "IEEE-4.2.2.6-description" "Two, 2.4.11" "4.2.2.6"
        "the description of an attachment must be a language map";
    AttachmentUsageType "XAPI-00107" "Two, 2.4.11" "4.2.2.6"
        "an attachment must have a usageType, an IRI";

    // Special data types.
    ExtensionKey "XAPI-00118" "Two, 4.1" "4.2.7"
        "a key of extensions must be an IRI";
    Extensions "XAPI-00120" "Two, 4.1" "4.2.7"
        "extensions must be an object";

    // Signed statements.
    Signature "XAPI-00115" "Two, 2.6" "4.2.6"
        "a signature must be a JSON web signature of type application/octet-stream";
    SignaturePayload "XAPI-00116" "Two, 2.6" "4.2.6"
        "the signed payload must be the statement before it was signed";
    SignatureAlgorithm "XAPI-00117" "Two, 2.6" "4.2.6"
        "a signature must be made with RS256, RS384 or RS512";

    // Requests.
    Parameter "XAPI-00012" "Two, 2.2" "4.1.6"
        "a parameter must have a value of its type";
    ParameterUnknown "XAPI-00324" "Three, 3.2" "4.1.5"
        "only parameters of the specification may be used, in its case";
    ParameterMissing "XAPI-00145" "Three, 2.1.1" "4.1.6.1"
        "a required parameter must be sent";
    StatementIdMatch "XAPI-00144" "Three, 2.1.1" "4.1.6.1" "the id of a statement must be the statementId of its request";
    ParameterConflict "XAPI-00151" "Three, 2.1.3" "4.1.6.1"
        "parameters that exclude one another must not be sent together";
    ContentType "XAPI-00127" "Three, 1.5.1" "4.1.3"
        "statements must be sent as application/json or multipart/mixed";
    Header "XAPI-00135" "Three, 1.5.2" "4.1.3"
        "a header must have the value that the specification requires";
    AttachmentPart "XAPI-00129" "Three, 1.5.1" "4.1.3"
        "an attachment without fileUrl must come with its content";
    AttachmentExcess "XAPI-00128" "Three, 1.5.1" "4.1.3"
        "every part must belong to an attachment of a statement";
    AttachmentHash "XAPI-00132" "Three, 1.5.2" "4.1.3"
        "a part must have a header with its hash, and its content must have that hash";
    AttachmentHeader "IEEE-4.1.3-match" "Three, 1.5.2" "4.1.3"
        "the headers of a part must agree with its attachment and its content";
    Multipart "XAPI-00130" "Three, 1.5.2" "4.1.3"
        "multipart/mixed must have a boundary and well-formed parts";
    MultipartStatements "XAPI-00133" "Three, 1.5.2" "4.1.3"
        "the first part must contain all statements as application/json";
    Version "XAPI-00331" "Three, 3.3" "4.1.7"
        "X-Experience-API-Version must name a supported version";
    DocumentMerge "XAPI-00229" "Three, 2.2" "4.1.6.2"
        "documents that are merged must be JSON objects sent as application/json";
    Precondition "XAPI-00322" "Three, 3.1" "4.1.4"
        "a document may be replaced only with a precondition on its current ETag";
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_rule_has_its_own_text() {
        let mut texts = HashMap::new();
        for &rule in Rule::EVERY {
            assert_eq!(texts.insert(rule.text(), rule), None, "text of {rule:?}");
        }
    }

    #[test]
    fn ids_name_a_requirement_or_a_section() {
        for &rule in Rule::EVERY {
            let id = rule.id();
            let is_listed = id.strip_prefix("XAPI-").is_some_and(|number| {
                number.len() == 5 && number.bytes().all(|byte| byte.is_ascii_digit())
            });
            let section = id.strip_prefix("IEEE-").and_then(|rest| rest.split('-').next());
            let is_section = section.is_some_and(|section| rule.section().ends_with(section));
            assert!(is_listed || is_section, "{rule:?} has the id {id}");
        }
    }

    #[test]
    fn only_registration_and_instructor_share_an_id() {
        let mut rules = HashMap::new();
        for &rule in Rule::EVERY {
            if let Some(earlier) = rules.insert(rule.id(), rule) {
                assert_eq!((earlier, rule), (Rule::Registration, Rule::Instructor));
            }
        }
    }
}
