//! `/account`: one's own account.

use acta_admin::{AdminError, Asker};
use acta_auth::RecoveryCode;
use acta_http::edge::{NoParams, Query};
use acta_http::problem::Problem;
use acta_storage::directory::{Account, Session};
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;

use super::form::{Failure, Field, Form, FormView, Kind};
use super::shell::{go_to, page, time_text};
use super::signout;
use crate::caller::Visitor;
use crate::markup::Markup;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Shows the account.
pub(super) async fn get_account(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    match visitor.filter(|asker| asker.account().is_some()) {
        Some(asker) => show(&shared, &asker, None).await,
        None => go_to("/signin", None),
    }
}

/// What a form of the page has done.
enum Outcome {
    /// Whatever the page shows by itself.
    Plain,
    /// Something that is told this once.
    Told(&'static str, Markup),
}

/// Does what one of the forms asks for.
pub(super) async fn post_account(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    form: Form,
) -> Result<Response, AdminProblem> {
    let Some(asker) = visitor.filter(|asker| asker.account().is_some()) else {
        return go_to("/signin", None);
    };
    form.check_csrf(&shared, &asker)?;
    let known = ["rename", "password", "begin", "confirm", "remove", "end"];
    let act = known.into_iter().find(|act| *act == form.text("act"));
    let act = act.ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, "faults", "the form is none of this page")
    })?;
    match carry_out(&shared, &asker, (act, &form)).await {
        Ok(Outcome::Plain) => go_to("/account", None),
        Ok(Outcome::Told(title, content)) => Ok(page(StatusCode::OK, title, &content)),
        Err(error) => {
            let failure = Failure::of(error)?;
            show(&shared, &asker, Some((act, &failure))).await
        }
    }
}

async fn carry_out(
    shared: &Shared,
    asker: &Asker,
    (act, form): (&str, &Form),
) -> Result<Outcome, AdminError> {
    let admin = &shared.admin;
    let current = form.text("current_password");
    match act {
        "rename" => {
            admin.rename_own(asker, form.text("display_name")).await?;
        }
        "password" => admin.change_password(asker, current, form.text("new_password")).await?,
        "begin" => {
            let begun = admin.begin_factor(asker, current).await?;
            let secrets = (begun.secret.expose(), begun.uri.expose());
            return Ok(Outcome::Told("Add a second factor", begun_page(shared, asker, secrets)));
        }
        "confirm" => {
            let codes = admin.confirm_factor(asker, form.text("code").trim()).await?;
            let codes: Vec<&str> = codes.0.iter().map(RecoveryCode::expose).collect();
            return Ok(Outcome::Told("Keep your recovery codes", codes_page(&codes)));
        }
        "remove" => admin.remove_factor(asker, current).await?,
        _ => admin.end_session(asker, form.text("session")).await?,
    }
    Ok(Outcome::Plain)
}

fn csrf_of(shared: &Shared, asker: &Asker) -> String {
    let token = asker.session().map(|session| shared.csrf.token_for(&session.id));
    token.map(|token| token.expose().to_owned()).unwrap_or_default()
}

const CODE: Field<'static> =
    Field::new("code", "Code from your app", (Kind::Text, "one-time-code"));

fn begun_page(shared: &Shared, asker: &Asker, (secret, uri): (&str, &str)) -> Markup {
    let mut content = Markup::default();
    content.element("p", "Add this key to an app that makes codes, then type the code it shows.");
    content.raw("<p><code>").text(secret).raw("</code></p>\n<p><a href=\"").text(uri);
    content.raw("\">Open it in an app on this device</a></p>\n");
    let csrf = csrf_of(shared, asker);
    write_form(&mut content, ("confirm", "Confirm"), (&csrf, vec![CODE]), (None, true));
    content.raw("<p><a href=\"/account\">Not now</a></p>\n");
    content
}

fn codes_page(codes: &[&str]) -> Markup {
    let mut content = Markup::default();
    content.element(
        "p",
        "From now on a code is asked for when you sign in. Each of these stands in for one, once, \
         when your app is not at hand. They are shown this once.",
    );
    content.raw("<ul class=\"codes\">\n");
    for code in codes {
        content.raw("<li><code>").text(code).raw("</code></li>\n");
    }
    content.raw("</ul>\n<p><a href=\"/account\">I have kept them</a></p>\n");
    content
}

/// What is wrong with one of the forms: which, and what.
type Wrong<'a> = Option<(&'static str, &'a Failure)>;

async fn show(shared: &Shared, asker: &Asker, wrong: Wrong<'_>) -> Result<Response, AdminProblem> {
    let Some(account) = asker.account() else { return go_to("/signin", None) };
    let (csrf, sessions) = (csrf_of(shared, asker), shared.admin.list_sessions(asker).await?);
    let mut content = Markup::default();
    write_who(&mut content, account, &csrf);
    for (_, failure) in wrong.iter().filter(|(act, _)| *act == "end") {
        content.piece(&failure.notice());
    }
    let form = |content: &mut Markup, (act, button), fields| {
        let failure = wrong.filter(|(known, _)| *known == act).map(|(_, failure)| failure);
        write_form(content, (act, button), (&csrf, fields), (failure, failure.is_some()));
    };
    content.raw("<section>\n<h2>Name</h2>\n");
    let name = Field::new("display_name", "Your name", (Kind::Text, "name"));
    form(&mut content, ("rename", "Change"), vec![name.holding(&account.display_name)]);
    content.raw("</section>\n<section>\n<h2>Password</h2>\n");
    let address = Field::address(account.email.as_str());
    let fields = vec![address, Field::current_password(), Field::new_password("new_password")];
    form(&mut content, ("password", "Change the password"), fields);
    content.raw("</section>\n<section>\n<h2>Second factor</h2>\n");
    match account.second_factor.as_ref().map(|factor| factor.is_confirmed) {
        Some(true) => {
            content.element("p", "A code of your app is asked for when you sign in.");
            form(&mut content, ("remove", "Remove it"), vec![Field::current_password()]);
        }
        waiting => {
            if waiting.is_some() {
                content.element("p", "It waits for a first code of your app.");
                form(&mut content, ("confirm", "Confirm"), vec![CODE]);
                content.element("p", "Or begin anew, with another key:");
            } else {
                content.element("p", "Beside your password, an app on your phone shows a code.");
            }
            form(&mut content, ("begin", "Add one"), vec![Field::current_password()]);
        }
    }
    content.raw("</section>\n");
    if let (Some(provider), Some(session)) = (&shared.provider, asker.session()) {
        content.raw("<section>\n<h2>Identity provider</h2>\n");
        provider.write_connection(&mut content, (shared, session));
        content.raw("</section>\n");
    }
    write_sessions(&mut content, asker, (&sessions, &csrf));
    let status = wrong.map_or(StatusCode::OK, |(_, failure)| failure.status);
    Ok(page(status, "Your account", &content))
}

fn write_who(content: &mut Markup, account: &Account, csrf: &str) {
    content.raw("<p>Signed in as <strong>").text(account.email.as_str()).raw("</strong>");
    if account.is_operator {
        content.raw(", who runs this server");
    }
    content.raw(".</p>\n");
    signout::write_form(content, csrf);
}

fn write_sessions(content: &mut Markup, asker: &Asker, (sessions, csrf): (&[Session], &str)) {
    content.raw("<section>\n<h2>Where you are signed in</h2>\n<ul>\n");
    for session in sessions {
        content.raw("<li>From ").text(&session.from).raw(", since ");
        content.text(&time_text(session.created)).raw("<br>\n<span class=\"soft\">");
        if asker.session().is_some_and(|own| own.id == session.id) {
            content.raw("This browser</span></li>\n");
            continue;
        }
        content.text("Last used ").text(&time_text(session.last_used)).raw("</span>\n");
        let form = FormView {
            id: "end",
            action: "/account",
            hidden: vec![("act", "end"), ("csrf", csrf), ("session", &session.id)],
            fields: Vec::new(),
            button: "Sign out there",
            failure: None,
            has_focus: false,
        };
        form.write(content);
        content.raw("</li>\n");
    }
    content.raw("</ul>\n</section>\n");
}

fn write_form<'a>(
    content: &mut Markup,
    (act, button): (&'static str, &'static str),
    (csrf, fields): (&'a str, Vec<Field<'a>>),
    (failure, has_focus): (Option<&'a Failure>, bool),
) {
    let hidden = vec![("act", act), ("csrf", csrf)];
    let (id, action) = (act, "/account");
    FormView { id, action, hidden, fields, button, failure, has_focus }.write(content);
}
