//! The tables of who may do what, as a page for people.

use std::fmt::Write;

use crate::{Act, Permission, Restriction, Role, Scope, ServerPermission, may_grant, permits};

/// The text of `docs/operate/access.md`.
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Who may do what\n\n\
         <!-- Generated from crates/access/src by `cargo xtask generate`. -->\n\n\
         People have a role in each tenant that they belong to, and some are operators of the\n\
         server. API credentials have scopes, and may be restricted:\n\
         [credentials.md](credentials.md). These tables are what the server decides by.\n",
    );
    push_roles(&mut page);
    push_grants(&mut page);
    push_operators(&mut page);
    push_scopes(&mut page);
    push_administration(&mut page);
    push_restrictions(&mut page);
    page
}

/// Appends a heading, what it is about, and the head of a table.
fn push_section(page: &mut String, (title, text): (&str, &str), columns: &[&str]) {
    // Here as below: writing to a String cannot fail.
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
    let mut text = String::from("In the tenant where somebody has it:\n");
    for role in Role::EVERY {
        let _ = write!(text, "\n- **{role}** {}.", role.meaning());
    }
    let names = Role::EVERY.map(Role::as_str);
    let columns = [&["may", "that is"][..], &names].concat();
    push_section(page, ("Roles", &text), &columns);
    for permission in Permission::EVERY {
        let cells = [&*format!("`{permission}`"), permission.meaning()];
        push_marks(page, &cells, Role::EVERY.into_iter().map(|role| permits(role, permission)));
    }
    page.push_str(
        "\nA viewer reads no statement, since every statement tells of a person.\n\
         Only an owner sets whether it is logged when people read statements: administrators\n\
         read them, and who is watched does not switch that off.\n",
    );
}

fn push_grants(page: &mut String) {
    let text = "Who may give a role to somebody, and take it away. \
                A change from one role to another is both.";
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
    let text = "An operator runs the server. \
                None of this reads or writes what is in a tenant: that takes a role there.\n\
                Whoever is at the command line of the machine is an operator, and an owner of \
                every tenant.";
    push_section(page, ("Operators", text), &["may", "that is"]);
    for permission in ServerPermission::EVERY {
        let _ = writeln!(page, "| `{permission}` | {} |", permission.meaning());
    }
}

fn push_scopes(page: &mut String) {
    let text = "A credential may do on `/xapi` what one of its scopes lets it do. \
                The first eight are the specification's.\n\
                `all` is all of xAPI, and nothing of administration.";
    let columns = [&["scope"][..], &Act::EVERY.map(Act::meaning)].concat();
    push_section(page, ("Scopes", text), &columns);
    for scope in Scope::EVERY {
        let marks = Act::EVERY.into_iter().map(|act| act.sufficient().contains(&scope));
        push_marks(page, &[&format!("`{scope}`")], marks);
    }
}

fn push_administration(page: &mut String) {
    let text = "A credential may administer its tenant by these scopes. \
                It gives and takes away the roles that an administrator may.";
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
    let text = "A refusal names the restriction in its way. \
                How each works: [credentials.md](credentials.md).";
    push_section(page, ("Restrictions", text), &["name", "that is"]);
    for restriction in Restriction::EVERY {
        let _ = writeln!(page, "| `{}` | {restriction} |", restriction.as_str());
    }
}
