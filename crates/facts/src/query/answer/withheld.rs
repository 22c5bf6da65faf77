//! Figures that are withheld, since they are about too few learners.
//!
//! The facts of a row are divided by the conditions of the measures that the row shows. Each part
//! has no learner at all, or at least as many as the smallest group. So has each part of the rest:
//! the rows that are left out. Whatever is computed of figures that are shown, totals among them,
//! is then about parts that are large enough.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use crate::query::condition::Condition;
use crate::query::dimension::Dimension;
use crate::query::fault::{QueryError, QuestionFault};
use crate::query::field::{Field, Known};
use crate::query::group::CodeSet;
use crate::query::measure::{EdgeField, MeasureKind};
use crate::query::plan::{Measure, Plan};
use crate::query::request::{ConditionRequest, MeasureRequest, Question};
use crate::query::run::{self, Asked};
use crate::tenant::{TenantFacts, Texts, View};

/// Measures by the bits of their indices.
pub(crate) type MeasureBits = u64;

/// Conditions by the bits of their indices: at most two of each measure.
type ConditionBits = u128;

/// The fields that every statement of a learner has.
const OF_LEARNERS: [&str; 2] = ["person", "actor"];

/// What is needed to withhold figures.
pub(crate) struct Guard {
    smallest: usize,
    /// Learners by the dimensions of the question, and by the conditions of its measures.
    plan: Plan,
    /// The conditions of each measure; none for one that is computed of others.
    conditions: Vec<Option<ConditionBits>>,
    dimension_count: usize,
}

/// What of an answer is shown.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    /// The measures that each row shows, by its codes. Rows that are not among them are left out.
    rows: HashMap<Vec<u32>, MeasureBits>,
    /// The measures that totals show.
    totals: MeasureBits,
    /// Whether it may be said how many facts there are.
    pub(super) has_total: bool,
    pub(super) smallest_group: u32,
}

/// More codes than there are, so that sets have no bits for those that are missing.
const ANY_DOMAIN: usize = usize::MAX >> 8;

/// A condition by how it was asked for: what the measure is limited to, and for measures of a field
/// what of its values counts.
type TestKey = (Option<ConditionRequest>, Option<(String, Counts)>);

/// What of the values of a field counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    /// All of them.
    Any,
    /// Those that are yes.
    Yes,
}

/// The learners of the facts for which the same conditions hold.
type Parts = BTreeMap<ConditionBits, CodeSet>;

impl Verdicts {
    /// The measures that a row does not show; none if it is left out.
    pub(super) fn withheld(&self, codes: &[u32]) -> Option<MeasureBits> {
        self.rows.get(codes).map(|shown| !shown)
    }

    /// The measures that totals do not show.
    pub(super) const fn withheld_of_totals(&self) -> MeasureBits {
        !self.totals
    }
}

impl Guard {
    /// For a question that has been understood as `plan`.
    pub(crate) fn of(
        question: &Question,
        plan: &Plan,
        known: Known<'_>,
        smallest: NonZeroU32,
    ) -> Result<Self, QuestionFault> {
        let mut dimensions = plan.dimensions.clone();
        let mut seen = Vec::new();
        let mut conditions = Vec::new();
        for (request, measure) in question.measures.iter().zip(&plan.measures) {
            let Some(tests) = tests_of(request, measure) else {
                conditions.push(None);
                continue;
            };
            let mut bits = 0;
            for (key, condition) in tests {
                let place = seen.iter().position(|it| *it == key).unwrap_or(seen.len());
                bits |= 1 << place;
                // Nothing, if it is there before.
                dimensions.extend((place == seen.len()).then(|| Dimension::test(condition)));
                seen.extend((place == seen.len()).then_some(key));
            }
            conditions.push(Some(bits));
        }
        let learners = match Field::find(OF_LEARNERS[0], known, "")? {
            Field::Code(field) => MeasureKind::Distinct(field),
            Field::List(_)
            | Field::Groups(_)
            | Field::Number(_)
            | Field::Time(_)
            | Field::Sequence
            | Field::Extension { .. } => {
                return Err(QuestionFault::new("", "persons are no field of codes"));
            }
        };
        let measure = Measure { name: String::new(), kind: learners, condition: None };
        let dimension_count = plan.dimensions.len();
        let plan = Plan {
            measures: vec![measure],
            dimensions,
            order: Vec::new(),
            has_totals: false,
            ..plan.clone()
        };
        let smallest = usize::try_from(smallest.get()).unwrap_or(usize::MAX);
        Ok(Self { smallest, plan, conditions, dimension_count })
    }

    /// Counts the learners, and decides what is shown.
    pub(crate) fn run(
        self,
        facts: &TenantFacts,
        view: &View,
        asked: Asked<'_>,
    ) -> Result<Verdicts, QueryError> {
        let empty = run::start(&self.plan, &facts.texts(), asked.limits);
        let mut found = run::run(&self.plan, view, empty, asked)?;
        let sets = found.states.pop().map(|state| state.into_sets(found.groups.len()));
        let mut rows: BTreeMap<Vec<u32>, Parts> = BTreeMap::new();
        if self.dimension_count == 0 {
            // There is a row even if there are no facts.
            rows.insert(Vec::new(), Parts::new());
        }
        for (group, set) in (0..).zip(sets.unwrap_or_default()) {
            let mut codes = found.groups.codes(group);
            let tests = codes.split_off(self.dimension_count);
            let bit = |(place, code): (usize, u32)| ConditionBits::from(code == 2) << place;
            let holds = tests.into_iter().enumerate().map(bit).sum();
            rows.entry(codes).or_default().insert(holds, set);
        }
        Ok(self.decide(rows, &facts.texts()))
    }

    fn decide(&self, mut rows: BTreeMap<Vec<u32>, Parts>, texts: &Texts) -> Verdicts {
        let mut rest = Parts::new();
        let small: Vec<Vec<u32>> = rows
            .iter()
            .filter(|(_, parts)| self.is_small(parts.values()))
            .map(|(codes, _)| codes.clone())
            .collect();
        for codes in small {
            add(&mut rest, rows.remove(&codes).unwrap_or_default());
        }
        while self.is_small(rest.values()) {
            let Some(codes) = self.least(&rows, texts) else { break };
            add(&mut rest, rows.remove(&codes).unwrap_or_default());
        }
        // Where a fact counts in several rows, what is left of a total is not the rest.
        let is_plain =
            rest.is_empty() || !self.plan.dimensions.iter().any(|it| it.list().is_some());
        let has_total = is_plain && !self.is_small(rest.values());
        let shown: HashMap<_, _> =
            rows.into_iter().map(|(codes, parts)| (codes, self.shown(&parts, !0))).collect();
        // What all rows show: what one of them withholds would be what totals have more.
        let of_all = shown.values().fold(!0, |all, shown| all & shown);
        let totals = if has_total { self.shown(&rest, of_all) } else { 0 };
        let smallest_group = u32::try_from(self.smallest).unwrap_or(u32::MAX);
        Verdicts { rows: shown, totals, has_total, smallest_group }
    }

    /// The row with the fewest learners; of several, the first by its values.
    fn least(&self, rows: &BTreeMap<Vec<u32>, Parts>, texts: &Texts) -> Option<Vec<u32>> {
        let dimensions = &self.plan.dimensions[..self.dimension_count];
        let values = |codes: &[u32]| -> Vec<String> {
            let values = dimensions.iter().zip(codes);
            values.map(|(dimension, code)| dimension.value(texts, *code).to_string()).collect()
        };
        let learners: Vec<(usize, &Vec<u32>)> =
            rows.iter().map(|(codes, parts)| (count(parts.values()), codes)).collect();
        let fewest = learners.iter().map(|(count, _)| *count).min()?;
        let least = learners.into_iter().filter(|(count, _)| *count == fewest);
        least.map(|(_, codes)| codes).min_by_key(|codes| values(codes)).cloned()
    }

    /// Which of the measures `among` a row with these parts shows: one after the other, as long as
    /// what is shown divides it into parts that are large enough.
    fn shown(&self, parts: &Parts, among: MeasureBits) -> MeasureBits {
        let (mut shown, mut divided): (MeasureBits, ConditionBits) = (0, 0);
        for (index, conditions) in self.conditions.iter().enumerate() {
            // A measure that is computed of others is shown where those are.
            let conditions = conditions.unwrap_or_default();
            if among >> index & 1 == 1 && self.divides_well(parts, divided | conditions) {
                divided |= conditions;
                shown |= 1 << index;
            }
        }
        shown
    }

    /// Whether each part by these conditions is large enough.
    fn divides_well(&self, parts: &Parts, conditions: ConditionBits) -> bool {
        let mut divided: BTreeMap<ConditionBits, Vec<&CodeSet>> = BTreeMap::new();
        for (holds, learners) in parts {
            divided.entry(holds & conditions).or_default().push(learners);
        }
        divided.into_values().all(|learners| !self.is_small(learners))
    }

    fn is_small<'s>(&self, learners: impl IntoIterator<Item = &'s CodeSet>) -> bool {
        (1..self.smallest).contains(&count(learners))
    }
}

/// How many learners there are in several sets.
fn count<'s>(learners: impl IntoIterator<Item = &'s CodeSet>) -> usize {
    let mut sets = learners.into_iter();
    let Some(first) = sets.next() else { return 0 };
    let mut all: Option<CodeSet> = None;
    for set in sets {
        all.get_or_insert_with(|| first.clone()).merge(set.clone(), ANY_DOMAIN);
    }
    all.as_ref().unwrap_or(first).len()
}

fn add(rest: &mut Parts, parts: Parts) {
    for (holds, learners) in parts {
        rest.entry(holds).or_default().merge(learners, ANY_DOMAIN);
    }
}

/// The conditions by which the facts of a measure are told from others; none if it is computed of
/// other measures.
fn tests_of(request: &MeasureRequest, measure: &Measure) -> Option<Vec<(TestKey, Condition)>> {
    let values = match &measure.kind {
        MeasureKind::Count => Vec::new(),
        MeasureKind::Distinct(field)
        | MeasureKind::First(EdgeField::Code(field))
        | MeasureKind::Last(EdgeField::Code(field)) => {
            vec![(Counts::Any, Condition::any_code(&field.source))]
        }
        MeasureKind::Sum(column)
        | MeasureKind::Mean(column)
        | MeasureKind::Min(column)
        | MeasureKind::Max(column)
        | MeasureKind::Percentile { column, .. }
        | MeasureKind::First(EdgeField::Number(column))
        | MeasureKind::Last(EdgeField::Number(column)) => {
            vec![(Counts::Any, Condition::any_number(*column))]
        }
        MeasureKind::Rate(field) => {
            let codes = [2].into_iter().collect();
            let yes = Condition::Codes { source: field.source.clone(), codes };
            vec![(Counts::Any, Condition::any_code(&field.source)), (Counts::Yes, yes)]
        }
        MeasureKind::Formula(_) | MeasureKind::RunningTotal(_) | MeasureKind::Change(_) => {
            return None;
        }
    };
    let of = request.of.clone().unwrap_or_default();
    let own = measure.condition.clone();
    if values.is_empty() || OF_LEARNERS.contains(&&*of) {
        let test = own.map(|condition| ((request.filter.clone(), None), condition));
        return Some(test.into_iter().collect());
    }
    let tests = values.into_iter().map(|(counts, condition)| {
        let condition = match &own {
            Some(own) => Condition::And(vec![own.clone(), condition]),
            None => condition,
        };
        ((request.filter.clone(), Some((of.clone(), counts))), condition)
    });
    Some(tests.collect())
}
