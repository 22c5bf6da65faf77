//! What each operation of the admin API is asked with. An operation that is not in these
//! tables fails the tests: nothing that is new is forgotten.

use serde_json::{Value, json};

use crate::tenant_data::{PASSWORD, TenantData};

/// Operations on the requester, or for guests: they may succeed, and return data about the
/// requester only.
pub(crate) const OWN: [&str; 16] = [
    "accept_link",
    "begin_second_factor",
    "change_own_account",
    "change_password",
    "confirm_second_factor",
    "exchange_token",
    "list_own_identities",
    "list_sessions",
    "list_tenants",
    "read_link",
    "read_own_account",
    "read_server",
    "read_session",
    "remove_own_second_factor",
    "sign_in",
    "sign_out",
];

/// What stands for a parameter in a path: that of the tenant `of`, and all else of `held`.
#[track_caller]
pub(crate) fn parameter(path: &str, name: &str, held: &TenantData) -> String {
    match (path, name) {
        (_, "tenant") => held.tenant.clone(),
        (_, "account") => held.account.clone(),
        (_, "key") => held.key.clone(),
        (_, "person") => held.person.clone(),
        (_, "group") => held.group.clone(),
        (_, "question") => held.question.clone(),
        (_, "dashboard") => held.dashboard.clone(),
        (_, "follower") => "entities".to_owned(),
        (_, "file") => "facts-2026-03.parquet".to_owned(),
        (_, "sha2") => held.attachment.clone(),
        (_, "path") => "0/000.p/1".to_owned(),
        (path, "id") if path.starts_with("/tenants/{tenant}/statements/{id}") => {
            held.statement.clone()
        }
        (
            "/tenants/{tenant}/invitations/{id}" | "/tenants/{tenant}/invitations/{invitation}",
            _,
        ) => held.invitation.clone(),
        (path, _) if path.starts_with("/account/sessions/") => held.session.id.clone(),
        // Nobody has one: there is no identity provider.
        (_, "identity") => "0".repeat(64),
        _ => panic!("say here what {{{name}}} in {path} is"),
    }
}

/// What is sent in the body of an operation.
#[expect(clippy::too_many_lines, reason = "a table")]
#[track_caller]
pub(crate) fn body(operation: &str, held: &TenantData) -> Value {
    let tenant: u32 = held.tenant.parse().expect("a number");
    match operation {
        "create_tenant" | "change_tenant" | "change_joined_person" => {
            json!({ "name": "Taken over" })
        }
        "create_credential" => json!({ "label": "Taken over", "scopes": ["all"] }),
        "change_credential" => json!({ "label": "Taken over" }),
        "rotate_credential" => json!({ "overlap_seconds": 0 }),
        "issue_token" | "exchange_token" => {
            json!({ "agent": held.agent, "activity": held.activity, "scopes": ["all"] })
        }
        "find_statements" => json!({ "where": { "field": "person", "exists": true } }),
        "ask_sql" => json!({ "sql": "SELECT * FROM facts, persons, groups, activities" }),
        "query_facts" => json!({ "measures": [{ "measure": "count" }], "dimensions": ["person"] }),
        "save_question" | "change_question" => json!({
            "name": "Taken over", "shared": true,
            "query": { "measures": [{ "measure": "count" }], "dimensions": ["person"] },
        }),
        "save_dashboard" | "change_dashboard" => json!({
            "name": "Taken over", "shared": true, "tiles": [{ "question": held.question }],
        }),
        "create_joined_person" | "split_person" => {
            json!({ "identifiers": [held.agent], "name": "Taken over" })
        }
        "join_persons" => json!({ "persons": [held.person] }),
        "set_person_rules" => json!({ "mailbox_sha1": true }),
        // Not JSON, but comma-separated values.
        "import_persons" => json!(format!("person,name\n{},Taken over\n", held.person)),
        "import_groups" => json!(format!("group,person\nTaken over,{}\n", held.person)),
        "create_group" => json!({ "name": "Taken over", "parent": held.group }),
        "change_group" => json!({ "name": "Taken over", "parent": null }),
        "add_group_member" => json!({ "agent": held.agent, "periods": [{}] }),
        "set_group_member" => json!({ "periods": [{ "from": "2026-09-01" }] }),
        "analyse_activity" => json!({}),
        "analyse_compare" => {
            let group = json!({ "name": "all", "where": { "field": "person", "exists": true } });
            json!({ "groups": [group, group] })
        }
        "analyse_findings" | "analyse_quality" | "analyse_retention" | "analyse_sources"
        | "analyse_video" => {
            json!({})
        }
        "analyse_help" => json!({ "course": held.activity }),
        "analyse_courses" => json!({ "time": true }),
        "analyse_journey" => json!({ "agent": held.agent }),
        "analyse_items" => json!({ "activity": held.activity }),
        "analyse_time" => json!({ "by": "person" }),
        "analyse_funnel" => {
            let step = json!({ "name": "all", "where": { "field": "person", "exists": true } });
            json!({ "steps": [step, step] })
        }
        "void_statement" => json!({ "reason": "Taken over" }),
        "change_person" => json!({ "role": "viewer" }),
        "create_invitation" => json!({ "email": held.email, "role": "owner" }),
        "create_account" => json!({
            "email": "taken@example.org", "display_name": "Taken over",
            "roles": [{ "tenant": tenant, "role": "owner" }],
        }),
        "change_account" => json!({ "is_disabled": true }),
        "sign_in" => json!({ "email": held.email, "password": "not the password at all" }),
        "read_link" => json!({ "token": held.invitation }),
        "accept_link" => json!({
            "token": held.invitation, "display_name": "Somebody", "password": PASSWORD,
        }),
        "change_own_account" => json!({ "display_name": "Somebody else" }),
        "change_password" => json!({
            "current_password": "not the password at all", "new_password": "something long enough",
        }),
        "begin_second_factor" | "remove_own_second_factor" | "remove_own_identity" => {
            json!({ "current_password": "not the password at all" })
        }
        "confirm_second_factor" => json!({ "code": "000000" }),
        _ => panic!("say here what {operation} is sent"),
    }
}
