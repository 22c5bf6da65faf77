use acta_access::{Defines, TenantId};
use acta_ambient::Timestamp;
use acta_facts::{CourseRule, FactStore, Rows, SourceStatement};
use acta_xapi::{StatementId, Uuid, Version};

use super::*;

/// The sequences of each part, in which there are at most five rows.
#[track_caller]
fn check(times: &[&str], expected: &[&[i64]]) {
    let folder = tempfile::tempdir().unwrap();
    let store = FactStore::open(folder.path()).unwrap();
    for (sequence, time) in (1..).zip(times) {
        let text = format!(
            r#"{{"actor":{{"mbox":"mailto:a@x.org"}},"verb":{{"id":"http://v.org/v"}},
                "object":{{"id":"http://a.org/a"}},"timestamp":"2026-03-{time}Z"}}"#
        );
        let statement = SourceStatement {
            sequence,
            id: StatementId(Uuid::from_u128(sequence.into())),
            stored: Timestamp::from_unix_micros(1_767_225_600_000_000),
            version: Version::V2_0_0,
            text: &text,
            voids: None,
            defines: Defines::All,
        };
        store.append(TenantId::FIRST, Rows::of([statement])).unwrap();
    }
    let table = store.table(TenantId::FIRST, &CourseRule::default(), &std::sync::Arc::default());
    let mut watch = |_| {};
    let mut exporting = Exporting::new(&|| false, &mut watch);
    let mut range = (i64::MAX, i64::MIN);
    for block in table.blocks() {
        range = (range.0.min(block.times().0), range.1.max(block.times().1));
    }
    let month = "2026-03".parse().unwrap();
    let rows = MonthRows::in_parts(&table, (month, 5), range, &mut exporting).unwrap();
    let places = |part: &Part| rows.places(*part, &mut exporting).unwrap();
    let found: Vec<Vec<i64>> = rows
        .parts()
        .iter()
        .map(places)
        .map(|places| places.iter().map(|place| place.sequence).collect())
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn no_part_has_more_rows_than_it_may_however_many_have_one_time() {
    let day = |day: u32| format!("{day:02}T00:00:00");
    let days: Vec<String> = (1..=7).rev().map(day).collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    check(&days, &[&[7, 6, 5, 4, 3], &[2, 1]]);
    // All at midnight, and others before and after.
    let mut same = vec!["02T00:00:00"; 12];
    same.insert(0, "01T00:00:00");
    same.push("03T00:00:00");
    check(&same, &[&[1], &[2, 3, 4], &[5, 6, 7, 8, 9], &[10, 11, 12, 13], &[14]]);
    // Within a minute, of different times.
    let seconds: Vec<String> = (0..12).map(|second| format!("02T00:00:{second:02}")).collect();
    let mut seconds: Vec<&str> = seconds.iter().map(String::as_str).collect();
    seconds.push("30T00:00:00");
    check(&seconds, &[&[1, 2, 3, 4, 5], &[6, 7, 8, 9, 10], &[11, 12], &[13]]);
    check(&["02T00:00:00"], &[&[1]]);
}
