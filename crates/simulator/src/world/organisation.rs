//! The people who learn, and the groups that they belong to.

use std::ops::Range;

use crate::config::Config;
use crate::random::{Random, round};
use crate::text::string;
use crate::truth::{GroupTruth, Identifier, Membership};
use crate::world::names::{DIVISIONS, FIRST_NAMES, LAST_NAMES};

/// The system whose accounts every learner has.
const CAMPUS_HOME: &str = "https://campus.example.org";

/// The system whose accounts some learners have besides.
const APP_HOME: &str = "https://app.example.org";

/// The system whose accounts groups and those who teach have.
const STAFF_HOME: &str = "https://staff.example.org";

/// The id of the group of everybody.
const ROOT: &str = "all";

/// Learners in a team.
const TEAM_SIZE: u32 = 12;

/// One of so many learners retries what the others give up.
const PERSISTENT_SHARE: u32 = 150;

/// A learner.
#[derive(Clone, Debug)]
pub(crate) struct Learner {
    pub(crate) name: String,
    pub(crate) identifiers: Vec<Identifier>,
    /// The value of `actor` for each identifier.
    pub(crate) actors: Vec<String>,
    pub(crate) ability: f64,
    /// How often the learner learns, from 0 to 1.
    pub(crate) engagement: f64,
    /// The hours at which the learner learns, the last one excluded.
    pub(crate) hours: (u32, u32),
    /// The first day, counted from the start of the period, and that on which it is over.
    pub(crate) joined_day: u32,
    pub(crate) left_day: Option<u32>,
    /// The index of the group, and from which day on.
    pub(crate) groups: Vec<(usize, u32)>,
    /// Whether the learner tries again however often it has failed.
    pub(crate) is_persistent: bool,
}

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) truth: GroupTruth,
    /// The value of `context.team`.
    pub(crate) team: String,
}

impl Learner {
    /// The value of `actor` in statements of a source that prefers this identifier.
    pub(crate) fn actor(&self, identifier: usize) -> &str {
        &self.actors[identifier.min(self.actors.len() - 1)]
    }

    /// The index of the group on a day.
    pub(crate) fn group_on(&self, day: u32) -> usize {
        let current = self.groups.iter().rev().find(|(_, since)| *since <= day);
        current.or(self.groups.first()).map_or(0, |(group, _)| *group)
    }

    /// The memberships with their dates.
    pub(crate) fn memberships(&self, config: &Config, groups: &[Group]) -> Vec<Membership> {
        let dated = self.groups.iter().map(|&(group, since)| Membership {
            group: groups[group].truth.id.clone(),
            since: config.first_day.plus_days(i64::from(since)),
        });
        dated.collect()
    }
}

/// An account with the value of an actor for it.
pub(crate) fn staff(name: &str, account: &str) -> (Identifier, String) {
    let identifier =
        Identifier::Account { home_page: STAFF_HOME.to_owned(), name: account.to_owned() };
    let actor = actor_text("Agent", name, &identifier);
    (identifier, actor)
}

/// An organisation with divisions, each with teams.
pub(crate) fn groups(learners: u32, random: &mut Random) -> Vec<Group> {
    let teams = (learners / TEAM_SIZE).clamp(1, 5000);
    let divisions = (teams / 3).clamp(1, 8);
    let mut groups = vec![group(ROOT, "Example Organisation", None, random)];
    for (index, name) in DIVISIONS.iter().take(divisions as usize).enumerate() {
        groups.push(group(&format!("division-{index}"), name, Some(ROOT), random));
    }
    for team in 0..teams {
        let parent = team % divisions;
        let name = format!("{} {}", DIVISIONS[parent as usize], team / divisions + 1);
        let parent = format!("division-{parent}");
        groups.push(group(&format!("team-{team}"), &name, Some(&parent), random));
    }
    groups
}

fn group(id: &str, name: &str, parent: Option<&str>, random: &mut Random) -> Group {
    let identifier = Identifier::Account { home_page: STAFF_HOME.to_owned(), name: id.to_owned() };
    let (manager, _) = staff(&person_name(random), &format!("manager-of-{id}"));
    let truth = GroupTruth {
        id: id.to_owned(),
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        manager,
    };
    Group { truth, team: actor_text("Group", name, &identifier) }
}

/// All learners, in the order in which they join.
pub(crate) fn learners(config: &Config, groups: &[Group], random: &mut Random) -> Vec<Learner> {
    let is_team = |group: &Group| group.truth.parent.as_deref().is_some_and(|id| id != ROOT);
    let first_team = groups.iter().position(is_team).unwrap_or(0);
    let teams = first_team..groups.len();
    let mut joined: Vec<u32> = (0..config.learners)
        .map(|_| if random.chance(0.55) { 0 } else { random.below(config.days) })
        .collect();
    joined.sort_unstable();
    // Somebody is there to learn on the first day.
    if let Some(first) = joined.first_mut() {
        *first = 0;
    }
    let learner = |(index, joined_day)| {
        let groups = memberships(joined_day, config.days, teams.clone(), random);
        learner(index, config.days, groups, random)
    };
    (0..).zip(joined).map(learner).collect()
}

fn learner(index: u32, days: u32, groups: Vec<(usize, u32)>, random: &mut Random) -> Learner {
    let joined_day = groups.first().map_or(0, |(_, since)| *since);
    let name = person_name(random);
    let identifiers = identifiers(index, random);
    let actors = identifiers.iter().map(|identifier| actor_text("Agent", &name, identifier));
    let is_persistent = index % PERSISTENT_SHARE == 1;
    let left_day = joined_day + 30 + random.below(days);
    let is_leaving = index > 0 && !is_persistent && random.chance(0.2) && left_day < days;
    let engagement = random.unit();
    Learner {
        actors: actors.collect(),
        name,
        identifiers,
        ability: if is_persistent { -3.0 } else { round(random.normal()) },
        engagement: 0.1 + 0.9 * engagement * engagement,
        hours: random.pick(&[(0, 24), (0, 24), (6, 13), (9, 18), (12, 24), (17, 24)]),
        joined_day,
        left_day: is_leaving.then_some(left_day),
        groups,
        is_persistent,
    }
}

/// A team from the first day on, and for some another one later.
fn memberships(
    joined_day: u32,
    days: u32,
    teams: Range<usize>,
    random: &mut Random,
) -> Vec<(usize, u32)> {
    let mut any_team = || teams.start + random.index(teams.len());
    let (first, second) = (any_team(), any_team());
    let moved_day = joined_day + 1 + random.below(days);
    let has_moved = random.chance(0.15) && first != second && moved_day < days;
    let mut groups = vec![(first, joined_day)];
    if has_moved {
        groups.push((second, moved_day));
    }
    groups
}

/// One identifier, or two: an account and a mailbox, or accounts of the same name in two systems.
fn identifiers(index: u32, random: &mut Random) -> Vec<Identifier> {
    let account = |home: &str| Identifier::Account {
        home_page: home.to_owned(),
        name: format!("u{index:06}"),
    };
    let mailbox = Identifier::Mbox(format!("mailto:learner{index:06}@example.org"));
    match random.below(100) {
        ..65 => vec![account(CAMPUS_HOME)],
        65..84 => vec![mailbox],
        84..94 => vec![account(CAMPUS_HOME), mailbox],
        _ => vec![account(CAMPUS_HOME), account(APP_HOME)],
    }
}

fn person_name(random: &mut Random) -> String {
    format!("{} {}", random.pick(&FIRST_NAMES), random.pick(&LAST_NAMES))
}

fn actor_text(object_type: &str, name: &str, identifier: &Identifier) -> String {
    let identifier = match identifier {
        Identifier::Mbox(mailbox) => format!(r#""mbox":"{mailbox}""#),
        Identifier::Account { home_page, name } => {
            format!(r#""account":{{"homePage":"{home_page}","name":"{name}"}}"#)
        }
    };
    format!(r#"{{"objectType":"{object_type}","name":{},{identifier}}}"#, string(name))
}
