//! Views of groups and their members.

use acta_storage::directory::{
    Date, GroupId, JoinedPerson, MembershipPeriod, PersonGroup, Versioned,
};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::super::view::identifier_views;
use crate::api::values::Parsed;
use crate::api::versioned::versioned;

/// A group of persons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PersonGroup)]
pub(super) struct GroupView {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The name: different from those of the other groups in the same place.
    #[schema(example = "Physics")]
    name: String,
    /// What kind of group it is, if that was said.
    #[schema(required, example = "unit")]
    kind: Option<String>,
    /// The group that it is below; null for one at the top.
    #[schema(required, format = "uuid")]
    parent: Option<String>,
    /// When the group was created.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    created: String,
}

impl GroupView {
    pub(super) fn of(group: &PersonGroup) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name.clone(),
            kind: group.kind.clone(),
            parent: group.parent.map(|parent| parent.to_string()),
            created: group.created.to_string(),
        }
    }
}

/// A response with a group.
pub(super) fn show(group: &Versioned<PersonGroup>) -> Response {
    versioned(&GroupView::of(&group.value), group.record.version)
}

/// A time at which somebody is a member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MembershipPeriod)]
pub(super) struct PeriodView {
    /// The first day; null for always before.
    #[schema(required, format = Date, example = "2026-09-01")]
    from: Option<String>,
    /// The first day that is not part of it; null for an open end.
    #[schema(required, format = Date, example = "2027-07-01")]
    until: Option<String>,
}

/// Somebody who is, was or will be a member of a group.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct GroupMember {
    /// The id of the person.
    #[schema(format = "uuid")]
    person: String,
    /// The name of the person, if one was given.
    #[schema(required, example = "Ada Lovelace")]
    name: Option<String>,
    /// The identifiers of the person: agents with nothing but an identifier.
    #[schema(value_type = Vec<crate::api::values::Agent>, min_items = 1, max_items = 50)]
    identifiers: Vec<Value>,
    /// When the person is a member, in the order of time.
    #[schema(min_items = 1, max_items = 100)]
    periods: Vec<PeriodView>,
}

impl GroupMember {
    pub(super) fn of(person: &JoinedPerson, group: GroupId) -> Self {
        let text = |date: Option<Date>| date.map(|date| date.to_string());
        let of_group = person.memberships.iter().filter(|it| it.group == group);
        let period =
            |MembershipPeriod { from, until }| PeriodView { from: text(from), until: text(until) };
        Self {
            person: person.id.to_string(),
            name: person.name.clone(),
            identifiers: identifier_views(person),
            periods: of_group.map(|it| period(it.period)).collect(),
        }
    }
}

/// A time at which somebody is to be a member of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMembershipPeriod)]
pub(super) struct NewPeriod {
    /// The first day, in the time zone of a question; absent or null for always before.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, example = "2026-09-01")]
    from: Option<Parsed<Date>>,
    /// The first day that is not part of it; absent or null for an open end.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, example = "2027-07-01")]
    until: Option<Parsed<Date>>,
}

/// The periods of a body; one without a beginning and an end if there are none in it.
pub(super) fn periods(sent: Option<Vec<NewPeriod>>) -> Vec<MembershipPeriod> {
    let sent = sent.unwrap_or_else(|| vec![NewPeriod::default()]);
    let date = |date: Option<Parsed<Date>>| date.map(|Parsed(date)| date);
    let period =
        |NewPeriod { from, until }| MembershipPeriod { from: date(from), until: date(until) };
    sent.into_iter().map(period).collect()
}
