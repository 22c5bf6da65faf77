//! The reference page of permissions.

use std::fmt::Write;

use crate::{Act, Permission, Restriction, Role, Scope, ServerPermission, may_grant, permits};

/// The text of `docs/operate/access.md`.
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Who may do what\n\n\
         <!-- Generated from crates/access/src by `cargo xtask generate`. -->\n\n\
         People have a role in each tenant that they belong to, and some are operators of the\n\
         server. API credentials have scopes, and may be restricted:\n\
         [credentials.md](credentials.md). The server decides by these tables.\n",
    );
    push_roles(&mut page);
    push_grants(&mut page);
    push_operators(&mut page);
    push_scopes(&mut page);
    push_administration(&mut page);
    push_restrictions(&mut page);
    page
}

/// Appends a heading, a description, and the header of a table.
fn push_section(page: &mut String, (title, text): (&str, &str), columns: &[&str]) {
    // Writing to a String cannot fail, here and below.
    let _ = write!(page, "\n## {title}\n\n{text}\n\n| {} |\n|", columns.join(" | "));
    page.push_str(&" --- |".repeat(columns.len()));
    page.push('\n');
}

/// Appends a row with a mark in each column that is true.
fn push_marks(page: &mut String, cells: &[&str], marks: impl Iterator<Item = bool>) {
    let _ = write!(page, "| {} |", cells.join(" | "));
    for is_marked in marks {
        page.push_str(if is_marked { " yes |" } else { " |" });
    }
    page.push('\n');
}

fn push_roles(page: &mut String) {
    let mut text = String::from("Roles apply only in the tenant where they are given:\n");
    for role in Role::EVERY {
        let _ = write!(text, "\n- **{role}** {}.", role.meaning());
    }
    let names = Role::EVERY.map(Role::as_str);
    let columns = [&["may", "description"][..], &names].concat();
    push_section(page, ("Roles", &text), &columns);
    for permission in Permission::EVERY {
        let cells = [&*format!("`{permission}`"), permission.meaning()];
        push_marks(page, &cells, Role::EVERY.into_iter().map(|role| permits(role, permission)));
    }
    page.push_str(
        "\nA viewer reads no statements, because every statement contains data of a person.\n\
         Only an owner sets whether the audit records which statements people read:\n\
         administrators read statements, and must not be able to switch off the record of it.\n",
    );
}

fn push_grants(page: &mut String) {
    let text = "Who may give a role to somebody, and take it away. \
                Changing a role takes away the old one and gives the new one.";
    let columns = [&["who"][..], &Role::EVERY.map(Role::as_str)].concat();
    push_section(page, ("Giving roles", text), &columns);
    for granter in Role::EVERY {
        let marks = Role::EVERY.into_iter().map(|granted| may_grant(granter, granted));
        push_marks(page, &[granter.as_str()], marks);
    }
    let marks = Role::EVERY.into_iter().map(|granted| granted == Role::Owner);
    push_marks(page, &["operator, in any tenant"], marks);
}

fn push_operators(page: &mut String) {
    let text = "An operator administers the server. \
                None of these permissions gives access to the data in a tenant: that needs a role \
                there.\n\
                The command line on the machine acts as an operator, and as an owner of every \
                tenant.";
    push_section(page, ("Operators", text), &["may", "description"]);
    for permission in ServerPermission::EVERY {
        let _ = writeln!(page, "| `{permission}` | {} |", permission.meaning());
    }
}

fn push_scopes(page: &mut String) {
    let text = "The scopes of a credential decide what it may do on `/xapi`. \
                The first eight are defined by the specification.\n\
                `all` covers all of xAPI, but no administration.";
    let columns = [&["scope"][..], &Act::EVERY.map(Act::meaning)].concat();
    push_section(page, ("Scopes", text), &columns);
    for scope in Scope::EVERY {
        let marks = Act::EVERY.into_iter().map(|act| act.sufficient().contains(&scope));
        push_marks(page, &[&format!("`{scope}`")], marks);
    }
}

fn push_administration(page: &mut String) {
    let text = "A credential may administer its tenant by these scopes. It may give and take away \
                the same roles as an administrator.";
    let scopes: Vec<Scope> = Scope::EVERY.into_iter().filter(|scope| scope.administers()).collect();
    let names = scopes.iter().map(|scope| format!("`{scope}`"));
    let names: Vec<String> = std::iter::once("may".to_owned()).chain(names).collect();
    let columns: Vec<&str> = names.iter().map(String::as_str).collect();
    push_section(page, ("Administration by credentials", text), &columns);
    for permission in Permission::EVERY {
        let marks = scopes.iter().map(|scope| permission.scopes().contains(scope));
        push_marks(page, &[&format!("`{permission}`")], marks);
    }
}

fn push_restrictions(page: &mut String) {
    let text = "An error names the restriction that forbids the request. How each works: \
                [credentials.md](credentials.md).";
    push_section(page, ("Restrictions", text), &["name", "description"]);
    for restriction in Restriction::EVERY {
        let _ = writeln!(page, "| `{}` | {restriction} |", restriction.as_str());
    }
}
