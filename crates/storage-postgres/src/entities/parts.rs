//! The parts of a step: what one transaction writes, so that none takes long.

use acta_storage::{EntityFact, EntityKind, FollowerStep};

/// What one part may cost, in names to write: some tens of milliseconds.
const PART_COST_MAX: usize = 1_000;

/// What an activity costs: a few milliseconds at most, if the stored definition is as long as it
/// may be and all of it is written again.
const ACTIVITY_COST: usize = 10;

/// The statements up to a position, with all of their facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'s> {
    /// The position before it.
    pub(super) from: u64,
    /// The position after it.
    pub(super) to: u64,
    pub(super) facts: &'s [EntityFact],
}

/// Divides a step between statements; at least one part, which may be without facts.
///
/// A part costs at most [`PART_COST_MAX`] or consists of the facts of one statement, whose number
/// is limited when it is received.
pub(super) fn divide(step: &FollowerStep) -> Vec<Part<'_>> {
    let facts = &step.effects.entity_facts[..];
    let (mut parts, mut from) = (Vec::new(), step.from);
    let (mut begin, mut end, mut cost) = (0, 0, 0);
    for of_statement in facts.chunk_by(|one, next| one.sequence == next.sequence) {
        let added: usize = of_statement.iter().map(cost_of).sum();
        if begin < end && PART_COST_MAX < cost + added {
            let before =
                of_statement.first().map_or(step.to, |fact| fact.sequence.saturating_sub(1));
            let to = before.clamp(from, step.to);
            parts.push(Part { from, to, facts: &facts[begin..end] });
            (from, begin, cost) = (to, end, 0);
        }
        end += of_statement.len();
        cost += added;
    }
    parts.push(Part { from, to: step.to, facts: &facts[begin..] });
    parts
}

const fn cost_of(fact: &EntityFact) -> usize {
    match fact.kind {
        EntityKind::Activity => ACTIVITY_COST,
        EntityKind::Person => 1,
    }
}

#[cfg(test)]
mod tests {
    use acta_access::TenantId;
    use acta_storage::StoreEffects;

    use super::*;

    /// A step from 10 to 100 over statements with so many facts of a kind: their sequence, kind
    /// and number.
    fn step(statements: &[(u64, EntityKind, usize)]) -> FollowerStep {
        let facts = statements.iter().flat_map(|&(sequence, kind, count)| {
            (0..count).map(move |number| EntityFact {
                kind,
                subject: "it".into(),
                text: number.to_string().into(),
                sequence,
                ordinal: u32::try_from(number).unwrap(),
            })
        });
        let effects = StoreEffects { entity_facts: facts.collect() };
        FollowerStep { tenant: TenantId::FIRST, from: 10, to: 100, effects }
    }

    #[test]
    fn a_step_is_divided_between_statements() {
        use EntityKind::{Activity, Person};
        let check = |statements: &[(u64, EntityKind, usize)], expected: &[(u64, u64, usize)]| {
            let step = step(statements);
            let parts = divide(&step);
            let found = parts.iter().map(|part| (part.from, part.to, part.facts.len()));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{statements:?}");
            let written: Vec<_> = parts.iter().flat_map(|part| part.facts).collect();
            assert_eq!(written, step.effects.entity_facts.iter().collect::<Vec<_>>());
        };
        check(&[], &[(10, 100, 0)]);
        check(&[(11, Person, 600), (12, Person, 400)], &[(10, 100, 1000)]);
        check(&[(11, Person, 600), (20, Person, 401)], &[(10, 19, 600), (19, 100, 401)]);
        check(&[(15, Person, 9000), (16, Person, 1)], &[(10, 15, 9000), (15, 100, 1)]);
        check(&[(15, Person, 1), (16, Person, 9000)], &[(10, 15, 1), (15, 100, 9000)]);
        check(&[(11, Activity, 100), (12, Person, 1)], &[(10, 11, 100), (11, 100, 1)]);
        let many: Vec<_> = (11..=100).map(|sequence| (sequence, Person, 100)).collect();
        let parts: Vec<_> = (1..=9).map(|number| (number * 10, number * 10 + 10, 1000)).collect();
        check(&many, &parts);
    }
}
