//! The tests that every engine passes.
//!
//! An engine implements [`EngineUnderTest`] in its own tests and names the type in
//! [`storage_suite!`](crate::storage_suite), which makes one test of each case. A case knows
//! nothing but the ports. [`comparing::compare`] lets an engine and the model live through the same
//! random history.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test says that it failed by panicking"
)]
#![expect(clippy::cognitive_complexity, reason = "every assertion counts as a branch")]

use std::sync::Arc;

use acta_ambient::Clock;
use acta_storage::Storage;
use acta_storage::model::ModelStorage;
use async_trait::async_trait;

pub mod administration;
pub mod appending;
pub mod attaching;
pub mod comparing;
pub mod documenting;
pub mod filtering;
pub mod finding;
pub mod fixture;
pub mod following;
pub mod paging;
pub mod reopening;
pub mod separating;
pub mod timing;
pub mod transferring;

pub use administration::{auditing, counting, recording, settling};
pub use finding::referring;
pub use fixture::generate;
pub use following::{defining, gathering};
pub use separating::purge;

/// A store that a case may use as it likes, empty when opened.
#[async_trait]
pub trait EngineUnderTest: Send + Sync + Sized + 'static {
    /// Opens a new, empty store that takes the time from `clock`.
    async fn open(clock: Arc<dyn Clock>) -> Self;

    /// The store. A case drops every copy before it lets the engine reopen.
    fn storage(&self) -> Arc<dyn Storage>;

    /// Closes the store and opens it again from what it wrote. An engine that keeps nothing
    /// returns itself.
    async fn reopen(self) -> Self;
}

/// The model, held to its own suite.
#[derive(Debug)]
pub struct ModelUnderTest(Arc<ModelStorage>);

#[async_trait]
impl EngineUnderTest for ModelUnderTest {
    async fn open(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(ModelStorage::new(clock)))
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::<ModelStorage>::clone(&self.0)
    }

    async fn reopen(self) -> Self {
        self
    }
}

/// Makes one test of each case of the suite for an engine.
///
/// The crate that uses it needs `tokio` with its macros and the multi-thread runtime.
#[macro_export]
macro_rules! storage_suite {
    ($engine:ty) => {
        $crate::storage_suite! { $engine =>
            appending {
                gives_back_what_was_appended
                keeps_the_bytes_of_the_sender
                an_empty_batch_changes_nothing
                a_repeated_batch_is_skipped
                a_partly_repeated_batch_adds_the_rest
                an_equal_statement_in_other_words_is_a_repeat
                a_conflict_stores_nothing_and_names_every_id
                a_batch_keeps_its_order_and_shares_a_time
                a_large_batch_is_stored_whole
                batches_of_many_writers_do_not_mix
                one_of_many_rivals_for_an_id_wins
                the_same_batch_from_many_writers_is_stored_once
                what_is_acknowledged_can_be_read
            }
            finding {
                an_unknown_id_finds_nothing
                an_empty_store_answers
                the_feed_goes_on_behind_any_sequence
                every_way_to_a_statement_tells_the_same
                a_voided_statement_is_hidden_from_queries
                a_target_that_arrives_late_is_voided
                voiding_works_within_one_batch
                a_voiding_statement_stays
                voiding_has_no_other_effect
                a_reference_with_another_verb_does_not_void
                statements_about_a_voided_one_are_found
            }
            filtering {
                an_agent_is_actor_or_object_or_member
                a_related_agent_stands_anywhere
                agents_are_told_apart_by_their_identifier
                an_activity_is_object_or_related
                verb_registration_and_authority_are_the_statements_own
                filters_together_all_hold
            }
            referring {
                every_filter_follows_a_reference
                a_related_authority_is_found_through_a_reference
                one_statement_of_the_chain_meets_all_filters
                a_long_chain_is_followed
                a_chain_that_arrives_backwards_is_followed
                a_missing_link_closes_the_chain
                circles_are_harmless
                many_may_point_to_one
                time_is_that_of_the_referring_statement
                references_elsewhere_are_not_followed
            }
            paging {
                pages_of_any_size_make_up_the_whole
                a_page_says_whether_more_follow
                hidden_statements_are_not_more
                descending_pages_are_stable_while_statements_arrive
                ascending_pages_reach_what_arrives_later
                voiding_between_pages_does_not_shift_them
                a_cursor_may_be_written_down
                an_invented_cursor_is_harmless
                a_page_ends_by_bytes
                pages_fit_together_beside_writers
            }
            timing {
                stored_times_rise_whatever_the_clock_does
                stored_is_the_time_of_the_append
                since_excludes_and_until_includes
                consistent_through_is_now
                nothing_is_stored_before_what_was_vouched_for
                what_is_vouched_for_can_be_read
            }
            separating {
                tenants_may_use_the_same_id
                queries_feeds_and_counts_are_apart
                a_new_tenant_is_empty
                voiding_and_references_stay_within_a_tenant
                attachments_are_apart
                documents_are_apart
                definitions_and_persons_are_apart
                cursors_are_apart
                conflicts_are_found_within_a_tenant
            }
            attaching {
                content_of_any_size_comes_back
                every_sha2_names_content
                a_batch_brings_many_contents
                an_unknown_hash_opens_nothing
                what_is_dropped_vanishes
                a_refused_batch_leaves_no_content
                a_repeated_batch_may_bring_its_content
                a_wrong_hash_is_told
                staged_content_can_be_checked
                the_same_content_from_many_writers_is_kept
            }
            documenting {
                a_document_comes_back_as_it_was_sent
                keys_that_differ_are_different_documents
                a_write_says_what_it_did
                preconditions_decide_over_writes
                one_of_many_writers_with_a_precondition_wins
                concurrent_updates_are_never_lost
                a_document_tells_its_last_write
                names_are_listed_by_place
                names_are_sorted
                names_are_listed_since_a_moment
                a_place_is_cleared_at_once
                a_place_takes_so_many_documents_and_no_more
            }
            defining {
                a_statement_defines_only_what_it_may
                a_definition_is_bounded
                the_names_of_a_person_are_bounded
            }
            gathering {
                definitions_are_merged_in_order
                an_undefined_activity_has_no_definition
                a_batch_defines_in_its_order
                every_activity_of_a_statement_is_defined
                refused_and_repeated_statements_tell_nothing
                a_person_has_every_name_once
                names_come_from_every_place
                what_is_acknowledged_is_told
            }
            settling {
                tenants_are_numbered_and_listed
                a_credential_is_found_by_its_key
                a_key_is_given_once
                credentials_are_listed_oldest_first
                a_secret_settles_once
                a_cursor_holds_what_was_saved_last
            }
            recording {
                a_record_comes_back_as_it_was_written
                a_write_must_find_what_it_expects
                a_name_is_given_once_in_a_kind
                a_change_happens_whole_or_not_at_all
                one_of_many_rivals_changes_a_record
                records_are_listed_by_group_in_pages
                expired_records_are_removed
            }
            auditing {
                an_entry_stands_with_what_was_done
                chains_are_apart
                entries_of_many_writers_make_one_chain
                entries_are_found_by_what_they_tell
                entries_are_read_in_pages_both_ways
                a_chain_is_adopted_as_it_is
            }
            counting {
                usage_adds_up_by_tenant_and_day
                usage_of_many_writers_adds_up
            }
            reopening {
                an_empty_store_reopens
                statements_stay
                the_log_goes_on_where_it_stopped
                many_openings_lose_nothing
                attachments_stay
                documents_stay
                definitions_and_names_stay
                tables_stay
                records_and_the_audit_stay
            }
            purge {
                a_tenant_goes_and_others_stay
                a_removal_may_be_repeated
                others_go_on_where_they_were
                many_tenants_go_one_by_one
                others_are_served_meanwhile
            }
            following {
                records_have_all_that_is_kept
                pages_of_records_make_up_the_log
                a_follower_moves_from_where_it_stands
                one_of_many_rivals_takes_a_step
                tenants_behind_are_listed
                effects_come_with_the_step
                entities_are_made_anew
                entities_are_complete_where_nobody_follows
                a_follower_that_is_stopped_loses_nothing
                another_follower_costs_a_file
                a_paused_follower_takes_nothing
                a_follower_that_fails_goes_on
            }
            comparing {
                random_histories_are_answered_as_by_the_model
            }
            transferring {
                a_copy_answers_as_the_store_that_it_came_from
                pages_of_any_size_make_up_what_is_given
                documents_of_every_kind_are_adopted
                what_does_not_follow_is_not_adopted
                the_log_goes_on_behind_what_was_adopted
                a_statement_of_older_rules_is_adopted
                an_unfinished_copy_is_marked
                a_store_is_told_from_others
                tenants_are_adopted_with_their_numbers
            }
        }
    };
    ($engine:ty => $($area:ident { $($case:ident)+ })+) => {
        $(mod $area {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $crate::$area::$case::<$engine>().await;
                }
            )+
        })+
    };
}
