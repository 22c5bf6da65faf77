//! The model passes the suite that every engine passes.

use acta_storage_suite::ModelUnderTest;
use acta_storage_suite::model_comparison::{Tally, compare};

acta_storage_suite::storage_suite!(ModelUnderTest);

#[test]
fn every_case_of_the_suite_is_in_its_list() {
    let list = include_str!("../src/lib.rs");
    let areas = [
        include_str!("../src/administration/audit.rs"),
        include_str!("../src/administration/usage.rs"),
        include_str!("../src/tenant_isolation/purge.rs"),
        include_str!("../src/administration/records.rs"),
        include_str!("../src/administration/directory.rs"),
        include_str!("../src/append.rs"),
        include_str!("../src/attachments.rs"),
        include_str!("../src/model_comparison.rs"),
        include_str!("../src/documents.rs"),
        include_str!("../src/lookup/filters.rs"),
        include_str!("../src/lookup.rs"),
        include_str!("../src/feed.rs"),
        include_str!("../src/feed/definitions.rs"),
        include_str!("../src/feed/entities.rs"),
        include_str!("../src/feed/tiles.rs"),
        include_str!("../src/paging.rs"),
        include_str!("../src/lookup/references.rs"),
        include_str!("../src/reopen.rs"),
        include_str!("../src/tenant_isolation.rs"),
        include_str!("../src/timestamps.rs"),
        include_str!("../src/transfer.rs"),
    ];
    for area in areas {
        let cases = area.lines().filter_map(|line| {
            let name = line.strip_prefix("pub async fn ")?;
            name.split_once("<E: EngineUnderTest>()").map(|(name, _)| name)
        });
        for case in cases {
            assert!(list.lines().any(|line| line.trim() == case), "{case} is never run");
        }
    }
}

#[tokio::test]
async fn random_histories_contain_every_outcome() {
    let Tally {
        new_count,
        repeat_count,
        conflict_count,
        found_count,
        page_count,
        refused_write_count,
        reopen_count,
    } = compare::<ModelUnderTest>(1, 400).await;
    assert!(200 < new_count, "{new_count}");
    assert!(50 < repeat_count, "{repeat_count}");
    assert!(10 < conflict_count, "{conflict_count}");
    assert!(2_000 < found_count, "{found_count}");
    assert!(200 < page_count, "{page_count}");
    assert!(5 < refused_write_count, "{refused_write_count}");
    assert!(2 < reopen_count, "{reopen_count}");
}
