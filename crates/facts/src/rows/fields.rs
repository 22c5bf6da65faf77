//! The columns of facts: their names, their kinds, and the dictionaries of their texts.

/// A dictionary that columns share: equal texts of one domain have one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Domain {
    /// Identifiers of agents and groups, as in [`acta_xapi::Ifi::to_key`].
    Actors,
    /// Ids of verbs.
    Verbs,
    /// Ids of activities, and the keys of agents that are objects.
    Activities,
    /// Types of activities.
    Types,
    /// Names of activities and of persons, and texts of verbs.
    Names,
    /// Lists of activities: the codes of each, four bytes little-endian.
    Lists,
    /// Registrations: the 16 bytes of each.
    Registrations,
    /// Responses to questions.
    Responses,
    /// Sessions, platforms, languages, sources, and the texts of extensions.
    Texts,
    /// The places of extensions: `context:` or `result:` and the IRI.
    Extensions,
}

impl Domain {
    /// All of them, in the order of their numbers.
    pub(crate) const EVERY: [Self; 10] = [
        Self::Actors,
        Self::Verbs,
        Self::Activities,
        Self::Types,
        Self::Names,
        Self::Lists,
        Self::Registrations,
        Self::Responses,
        Self::Texts,
        Self::Extensions,
    ];

    /// Its place in [`Domain::EVERY`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// The name of its file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Actors => "actors",
            Self::Verbs => "verbs",
            Self::Activities => "activities",
            Self::Types => "types",
            Self::Names => "names",
            Self::Lists => "lists",
            Self::Registrations => "registrations",
            Self::Responses => "responses",
            Self::Texts => "texts",
            Self::Extensions => "extensions",
        }
    }
}

/// A column of whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum IntColumn {
    /// The place in the tenant's log, from 1.
    Sequence,
    /// When the statement was stored, in microseconds since 1970 in UTC.
    Stored,
    /// When it happened, in microseconds since 1970 in UTC.
    Timestamp,
}

impl IntColumn {
    /// All of them.
    pub(crate) const EVERY: [Self; 3] = [Self::Sequence, Self::Stored, Self::Timestamp];
}

/// A column of codes; 0 stands for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CodeColumn {
    /// Who did it.
    Actor,
    /// What was done.
    Verb,
    /// The kind of the object: see [`ObjectKind`].
    ObjectKind,
    /// The activity or agent that it was done to.
    Object,
    /// The parents in the context.
    Parent,
    /// The groupings in the context.
    Grouping,
    /// The categories in the context.
    Category,
    /// The other activities in the context.
    Other,
    /// The registration.
    Registration,
    /// The session, by the extension of cmi5 or of Open edX.
    Session,
    /// The platform.
    Platform,
    /// The language.
    Language,
    /// Who asserted it: the authority.
    Authority,
    /// The name of the authority's account, which is the key of the credential.
    Source,
    /// Whether it was a success: 1 for no, 2 for yes.
    Success,
    /// Whether it was completed: 1 for no, 2 for yes.
    Completion,
    /// The response.
    Response,
    /// The version of xAPI: 1 for 1.0.x, 2 for 2.0.x.
    Version,
}

impl CodeColumn {
    /// All of them, in the order of their numbers.
    pub(crate) const EVERY: [Self; 18] = [
        Self::Actor,
        Self::Verb,
        Self::ObjectKind,
        Self::Object,
        Self::Parent,
        Self::Grouping,
        Self::Category,
        Self::Other,
        Self::Registration,
        Self::Session,
        Self::Platform,
        Self::Language,
        Self::Authority,
        Self::Source,
        Self::Success,
        Self::Completion,
        Self::Response,
        Self::Version,
    ];

    /// Its place in [`CodeColumn::EVERY`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// The dictionary of its codes; none if they are fixed.
    pub(crate) const fn domain(self) -> Option<Domain> {
        match self {
            Self::Actor | Self::Authority => Some(Domain::Actors),
            Self::Verb => Some(Domain::Verbs),
            Self::Object => Some(Domain::Activities),
            Self::Parent | Self::Grouping | Self::Category | Self::Other => Some(Domain::Lists),
            Self::Registration => Some(Domain::Registrations),
            Self::Session | Self::Platform | Self::Language | Self::Source => Some(Domain::Texts),
            Self::Response => Some(Domain::Responses),
            Self::ObjectKind | Self::Success | Self::Completion | Self::Version => None,
        }
    }
}

/// A column of numbers; not a number stands for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NumberColumn {
    /// `score.scaled`
    Scaled,
    /// `score.raw`
    Raw,
    /// `score.min`
    Min,
    /// `score.max`
    Max,
    /// The one score: `scaled`, or else `raw` between `min` and `max`, or else success.
    Credit,
    /// The duration in seconds.
    Duration,
}

impl NumberColumn {
    /// All of them, in the order of their numbers.
    pub(crate) const EVERY: [Self; 6] =
        [Self::Scaled, Self::Raw, Self::Min, Self::Max, Self::Credit, Self::Duration];

    /// Its place in [`NumberColumn::EVERY`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// Which column a chunk belongs to, as a number on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ColumnId(pub(crate) u16);

/// The first number of columns of codes.
const CODES: u16 = 0x0100;
/// The first number of columns of numbers.
const NUMBERS: u16 = 0x0200;
/// The first number of texts of extensions, to which the extension's code is added.
const EXTENSION_TEXTS: u16 = 0x4000;
/// The same of numbers in extensions.
const EXTENSION_NUMBERS: u16 = 0x8000;

impl ColumnId {
    /// Of whole numbers.
    pub(crate) const fn int(column: IntColumn) -> Self {
        Self(column as u16)
    }

    /// Of codes.
    pub(crate) const fn code(column: CodeColumn) -> Self {
        Self(CODES + column as u16)
    }

    /// Of numbers.
    pub(crate) const fn number(column: NumberColumn) -> Self {
        Self(NUMBERS + column as u16)
    }

    /// Of the texts of an extension.
    pub(crate) const fn extension_text(extension: u16) -> Self {
        Self(EXTENSION_TEXTS + extension)
    }

    /// Of the numbers of an extension.
    pub(crate) const fn extension_number(extension: u16) -> Self {
        Self(EXTENSION_NUMBERS + extension)
    }
}

/// Most extensions of a tenant that have columns: those that come later have none.
pub(crate) const EXTENSIONS_MAX: usize = 200;

/// What sort of object a statement has, as the codes of [`CodeColumn::ObjectKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ObjectKind {
    /// An activity.
    Activity = 1,
    /// An agent.
    Agent = 2,
    /// A group.
    Group = 3,
    /// A reference to a statement.
    StatementRef = 4,
    /// A substatement.
    SubStatement = 5,
}

impl ObjectKind {
    /// All of them, in the order of their codes.
    pub(crate) const EVERY: [Self; 5] =
        [Self::Activity, Self::Agent, Self::Group, Self::StatementRef, Self::SubStatement];

    /// Its `objectType`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Activity => "Activity",
            Self::Agent => "Agent",
            Self::Group => "Group",
            Self::StatementRef => "StatementRef",
            Self::SubStatement => "SubStatement",
        }
    }
}
