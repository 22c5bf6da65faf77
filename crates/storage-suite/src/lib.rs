//! The tests that every engine passes.
//!
//! An engine implements [`EngineUnderTest`] in its own tests and names the type in
//! [`storage_suite!`](crate::storage_suite), which generates one test from each case. Cases use
//! nothing but the ports. [`model_comparison::compare`] runs the same random history on an engine
//! and the model.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test says that it failed by panicking"
)]
#![expect(clippy::cognitive_complexity, reason = "every assertion counts as a branch")]

pub mod administration;
pub mod append;
pub mod attachments;
pub mod documents;
mod engine;
pub mod feed;
pub mod fixture;
pub mod lookup;
pub mod model_comparison;
pub mod paging;
pub mod reopen;
pub mod tenant_isolation;
pub mod timestamps;
pub mod transfer;

pub use administration::{audit, directory, records, usage};
pub use documents::list_times;
pub use engine::{EngineUnderTest, ModelUnderTest};
pub use feed::{definitions, entities, tiles};
pub use fixture::generate;
pub use lookup::{filters, references};
pub use tenant_isolation::purge;

/// Makes one test of each case of the suite for an engine.
///
/// The crate that uses it needs `tokio` with its macros and the multi-thread runtime.
#[macro_export]
macro_rules! storage_suite {
    ($engine:ty) => {
        $crate::storage_suite! { $engine =>
            append {
                gives_back_what_was_appended
                keeps_the_bytes_of_the_sender
                an_empty_batch_changes_nothing
                a_repeated_batch_is_skipped
                a_partly_repeated_batch_adds_the_rest
                an_equal_statement_in_another_form_is_a_repeat
                a_timestamp_counts_by_the_version_of_the_repeat
                a_conflict_stores_nothing_and_names_every_id
                a_batch_keeps_its_order_and_shares_a_time
                a_large_batch_is_stored_whole
                batches_of_many_writers_do_not_mix
                one_of_many_writers_of_an_id_wins
                the_same_batch_from_many_writers_is_stored_once
                acknowledged_statements_can_be_read
            }
            lookup {
                an_unknown_id_finds_nothing
                an_empty_store_answers
                the_feed_continues_after_any_sequence
                find_query_and_feed_return_the_same_statement
                a_voided_statement_is_hidden_from_queries
                a_target_that_arrives_late_is_voided
                voiding_works_within_one_batch
                a_voiding_statement_cannot_be_voided
                voiding_has_no_other_effect
                a_reference_with_another_verb_does_not_void
                statements_about_a_voided_one_are_found
            }
            filters {
                an_agent_is_actor_or_object_or_member
                a_related_agent_is_found_in_every_property
                agents_are_distinguished_by_their_identifier
                an_activity_is_object_or_related
                verb_registration_and_authority_are_the_statements_own
                combined_filters_must_all_match
            }
            references {
                every_filter_follows_a_reference
                a_related_authority_is_found_through_a_reference
                one_statement_of_the_chain_meets_all_filters
                a_long_chain_is_followed
                a_chain_that_arrives_backwards_is_followed
                a_late_statement_completes_the_chain
                circular_references_end
                many_statements_may_refer_to_one
                time_is_that_of_the_referring_statement
                references_elsewhere_are_not_followed
                an_own_reference_finds_nothing_of_another_authority
                a_reference_finds_nothing_that_restrictions_forbid
                a_chain_ends_at_what_may_not_be_read
            }
            paging {
                pages_of_any_size_return_every_statement_once
                a_page_says_whether_more_follow
                voided_statements_do_not_extend_the_result
                descending_pages_are_stable_while_statements_arrive
                ascending_pages_reach_what_arrives_later
                voiding_between_pages_does_not_shift_them
                a_cursor_survives_formatting_and_parsing
                a_forged_cursor_does_no_harm
                a_page_ends_at_its_byte_limit
                pages_join_up_while_writers_append
            }
            timestamps {
                stored_times_rise_whatever_the_clock_does
                a_jump_of_the_clock_that_does_not_last_is_not_in_stored_times
                stored_is_the_time_of_the_append
                since_excludes_and_until_includes
                consistent_through_is_now
                no_statement_is_stored_before_consistent_through
                statements_before_consistent_through_can_be_read
            }
            tenant_isolation {
                tenants_may_use_the_same_id
                queries_feeds_and_counts_are_separate_by_tenant
                a_new_tenant_is_empty
                voiding_and_references_stay_within_a_tenant
                attachments_are_separate_by_tenant
                documents_are_separate_by_tenant
                definitions_and_persons_are_separate_by_tenant
                cursors_are_separate_by_tenant
                conflicts_are_found_within_a_tenant
            }
            attachments {
                content_of_any_size_is_returned
                every_sha2_variant_identifies_content
                a_batch_stores_many_attachments
                an_unknown_hash_finds_nothing
                a_dropped_attachment_is_removed
                a_refused_batch_leaves_no_content
                a_repeated_batch_may_add_missing_content
                a_wrong_hash_is_reported
                staged_content_can_be_checked
                the_same_content_from_many_writers_is_stored
            }
            documents {
                a_document_is_returned_as_it_was_sent
                keys_that_differ_are_different_documents
                a_write_reports_what_it_did
                a_write_checks_its_precondition
                one_of_many_writers_with_a_precondition_wins
                concurrent_updates_are_never_lost
                a_document_returns_the_time_of_its_last_write
                names_are_listed_by_place
                names_are_sorted
                names_are_listed_since_a_timestamp
                all_documents_of_a_place_are_removed_at_once
                a_place_refuses_documents_over_its_limit
            }
            list_times {
                a_list_has_the_time_of_its_last_change
                a_removal_does_not_change_the_times_of_other_lists
                the_time_of_a_list_does_not_follow_a_clock_that_goes_back
                removals_are_bounded_and_no_time_goes_back
            }
            definitions {
                a_statement_defines_only_what_it_may
                a_definition_is_bounded
                the_names_of_a_person_are_bounded
            }
            entities {
                definitions_are_merged_in_order
                an_undefined_activity_has_no_definition
                a_batch_defines_in_its_order
                every_activity_of_a_statement_is_defined
                refused_and_repeated_statements_add_no_facts
                a_person_has_every_name_once
                names_come_from_every_place
                acknowledged_facts_can_be_read
            }
            directory {
                tenants_are_numbered_and_listed
                a_credential_is_found_by_its_key
                a_credential_key_is_unique
                credentials_are_listed_oldest_first
                a_secret_is_created_once
                a_cursor_returns_the_last_saved_value
                persons_are_read_with_every_change
                groups_are_read_with_every_change
                saved_questions_are_found_by_tenant_and_owner
            }
            records {
                a_record_is_returned_as_it_was_written
                a_write_checks_the_expected_version
                a_name_is_unique_within_a_kind
                a_change_is_atomic
                one_of_many_concurrent_changes_succeeds
                records_are_listed_by_group_in_pages
                expired_records_are_removed
                a_limit_counts_the_records_of_its_holder
                concurrent_changes_keep_a_limit
            }
            audit {
                an_audit_entry_is_committed_with_its_change
                each_tenant_has_its_own_chain
                entries_of_many_writers_make_one_chain
                entries_are_found_by_their_fields
                entries_are_read_in_pages_both_ways
                a_chain_is_imported_unchanged
            }
            usage {
                usage_adds_up_by_tenant_and_day
                usage_of_many_writers_adds_up
            }
            reopen {
                an_empty_store_reopens
                statements_survive_a_restart
                the_log_continues_after_a_restart
                repeated_restarts_lose_nothing
                attachments_survive_a_restart
                documents_survive_a_restart
                definitions_and_names_survive_a_restart
                tenants_credentials_secrets_and_cursors_survive_a_restart
                records_and_the_audit_survive_a_restart
            }
            purge {
                a_tenant_is_removed_and_others_remain
                a_removal_may_be_repeated
                other_tenants_continue_their_sequences
                many_tenants_are_removed_one_by_one
                other_tenants_are_served_during_a_purge
            }
            feed {
                records_contain_every_stored_field
                pages_of_records_cover_the_log
                a_follower_advances_from_its_position_only
                one_of_many_concurrent_steps_succeeds
                tenants_behind_are_listed
                effects_are_committed_with_the_step
                a_reset_beside_a_step_leaves_one_position
                entities_are_rebuilt_after_a_reset
                entities_are_complete_without_a_follower
                a_follower_that_is_stopped_loses_nothing
                a_new_follower_reads_every_record_in_order
                a_paused_follower_reads_nothing
                a_follower_continues_after_failures
                a_follower_on_every_node_is_run_like_others
            }
            tiles {
                tiles_only_grow
                tiles_that_begin_otherwise_are_replaced
                tiles_of_one_epoch_are_removed
            }
            model_comparison {
                random_histories_are_answered_as_by_the_model
            }
            transfer {
                a_copy_answers_like_its_source
                pages_of_any_size_return_every_item_once
                documents_of_every_kind_are_imported
                the_later_of_two_removals_is_kept
                a_statement_out_of_sequence_is_not_imported
                the_log_continues_after_an_import
                a_statement_invalid_under_current_rules_is_imported
                an_unfinished_copy_is_marked
                every_store_has_its_own_id
                tenants_are_imported_with_their_numbers
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
