//! `/account`: the account page.

use acta_admin::{AdminError, Requester};
use acta_auth::RecoveryCode;
use acta_http::edge::{NoParams, Query};
use acta_http::problem::Problem;
use acta_http_admin::{AdminProblem, Shared, Visitor};
use acta_storage::directory::{Account, Identity, Session};
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, html};

use super::form::{Failure, Field, Form, FormView, Kind};
use super::provider;
use super::qr;
use super::shell::{form_page, go_to, page, time_text};
use super::signout;

/// Shows the account.
pub(super) async fn get_account(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    match visitor.filter(|requester| requester.account().is_some()) {
        Some(requester) => show(&shared, &requester, None).await,
        None => go_to("/signin", None),
    }
}

/// The result of a form of the page.
enum FormOutcome {
    /// Show the page again.
    Plain,
    /// Show something that is shown only once.
    ShownOnce(&'static str, Markup),
}

/// Handles the forms of the page.
pub(super) async fn post_account(
    State(shared): State<Shared>,
    Visitor(visitor): Visitor,
    form: Form,
) -> Result<Response, AdminProblem> {
    let Some(requester) = visitor.filter(|requester| requester.account().is_some()) else {
        return go_to("/signin", None);
    };
    form.check_csrf(&shared, &requester)?;
    let known = ["rename", "password", "begin", "confirm", "remove", "disconnect", "end"];
    let act = known.into_iter().find(|act| *act == form.text("act"));
    let act = act.ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, "faults", "this page has no such form")
    })?;
    match carry_out(&shared, &requester, (act, &form)).await {
        Ok(FormOutcome::Plain) => go_to("/account", None),
        Ok(FormOutcome::ShownOnce(title, content)) => Ok(page(StatusCode::OK, title, &content)),
        Err(error) => {
            let failure = Failure::of(error)?;
            show(&shared, &requester, Some((act, &failure))).await
        }
    }
}

async fn carry_out(
    shared: &Shared,
    requester: &Requester,
    (act, form): (&str, &Form),
) -> Result<FormOutcome, AdminError> {
    let admin = &shared.admin;
    let current = form.text("current_password");
    match act {
        "rename" => {
            admin.rename_own(requester, form.text("display_name")).await?;
        }
        "password" => admin.change_password(requester, current, form.text("new_password")).await?,
        "begin" => {
            let begun = admin.begin_factor(requester, current).await?;
            let secrets = (begun.secret.expose(), begun.uri.expose());
            return Ok(FormOutcome::ShownOnce(
                "Add a second factor",
                begun_page(shared, requester, secrets),
            ));
        }
        "confirm" => {
            let codes = admin.confirm_factor(requester, form.text("code").trim()).await?;
            let codes: Vec<&str> = codes.0.iter().map(RecoveryCode::expose).collect();
            return Ok(FormOutcome::ShownOnce("Save your recovery codes", codes_page(&codes)));
        }
        "remove" => admin.remove_factor(requester, current).await?,
        "disconnect" => {
            admin.remove_own_identity(requester, form.text("identity"), current).await?;
        }
        _ => admin.end_session(requester, form.text("session")).await?,
    }
    Ok(FormOutcome::Plain)
}

fn csrf_of(shared: &Shared, requester: &Requester) -> String {
    let token = requester.session().map(|session| shared.csrf.token_for(&session.id));
    token.map(|token| token.expose().to_owned()).unwrap_or_default()
}

const CODE: Field<'static> =
    Field::new("code", "Code from your authenticator app", (Kind::Text, "one-time-code"));

fn begun_page(shared: &Shared, requester: &Requester, (secret, uri): (&str, &str)) -> Markup {
    let csrf = csrf_of(shared, requester);
    html! {
        p { "Scan this code with an authenticator app, then enter the code that the app shows." }
        (qr::svg(uri))
        p { "Or enter this key in the app:" }
        p { code { (secret) } }
        p { a href=(uri) { "Open in an app on this device" } }
        (form_of(("confirm", "Confirm"), (&csrf, vec![CODE]), (None, true)))
        p { a href="/account" { "Cancel" } }
    }
}

fn codes_page(codes: &[&str]) -> Markup {
    html! {
        p {
            "From now on you need a code to sign in. If your app is not available, enter one of \
             these recovery codes instead; each works once. They are shown only now."
        }
        ul.codes {
            @for code in codes { li { code { (code) } } }
        }
        p { a href="/account" { "I have saved them" } }
    }
}

/// The errors of a form: its id, and the errors.
type FormErrors<'a> = Option<(&'static str, &'a Failure)>;

async fn show(
    shared: &Shared,
    requester: &Requester,
    wrong: FormErrors<'_>,
) -> Result<Response, AdminProblem> {
    let Some(account) = requester.account() else { return go_to("/signin", None) };
    let (csrf, sessions) =
        (csrf_of(shared, requester), shared.admin.list_sessions(requester).await?);
    let forms = Forms { csrf: &csrf, wrong };
    let name = Field::new("display_name", "Your name", (Kind::Text, "name"));
    let content = html! {
        (who(account, &csrf))
        @for (_, failure) in wrong.iter().filter(|(act, _)| *act == "end") { (failure.notice()) }
        section {
            h2 { "Name" }
            (forms.form(("rename", "Change"), vec![name.holding(&account.display_name)]))
        }
        section {
            h2 { "Password" }
            (password_form(shared, account, forms))
        }
        section {
            h2 { "Second factor" }
            (factor_forms(account, forms))
        }
        (identity_list(shared, requester, forms).await?)
        (session_list(requester, &sessions, &csrf))
    };
    let failure = wrong.map(|(_, failure)| failure);
    Ok(form_page(failure, "Your account", &content))
}

/// The current password, for an account that has one.
fn confirmation(account: &Account) -> Vec<Field<'_>> {
    account.password.iter().map(|_| Field::current_password()).collect()
}

/// What the forms of the page have in common.
#[derive(Clone, Copy)]
struct Forms<'a> {
    csrf: &'a str,
    wrong: FormErrors<'a>,
}

impl Forms<'_> {
    /// A form, with its errors.
    fn form(self, (act, button): (&'static str, &'static str), fields: Vec<Field<'_>>) -> Markup {
        let failure = self.failure(act);
        form_of((act, button), (self.csrf, fields), (failure, failure.is_some()))
    }

    /// The form that removes an identity.
    fn disconnect(self, account: &Account, identity: &Identity) -> Markup {
        let id = Identity::record_id_of(&identity.issuer, &identity.subject);
        // Several identities are on one page.
        let place = format!("disconnect-{}", id.get(..8).unwrap_or(&id));
        let failure = self.failure("disconnect");
        let form = FormView {
            id: &place,
            action: "/account",
            hidden: vec![("act", "disconnect"), ("csrf", self.csrf), ("identity", &id)],
            fields: confirmation(account),
            button: "Remove",
            failure,
            has_focus: failure.is_some(),
        };
        html! { (form) }
    }

    fn failure(&self, act: &str) -> Option<&Failure> {
        self.wrong.filter(|(known, _)| *known == act).map(|(_, failure)| failure)
    }
}

fn password_form(shared: &Shared, account: &Account, forms: Forms<'_>) -> Markup {
    let rules = shared.admin.password_rules().description();
    let button = if account.password.is_some() { "Change password" } else { "Set password" };
    let mut fields = vec![Field::address(account.email.as_str())];
    fields.extend(confirmation(account));
    fields.push(Field::new_password("new_password", &rules));
    html! {
        @if account.password.is_none() {
            p { "You have no password yet, and sign in with an identity provider." }
        }
        (forms.form(("password", button), fields))
    }
}

fn factor_forms(account: &Account, forms: Forms<'_>) -> Markup {
    let begin = || forms.form(("begin", "Add one"), confirmation(account));
    html! {
        @match account.second_factor.as_ref().map(|factor| factor.is_confirmed) {
            Some(true) => {
                p { "You need a code from your authenticator app to sign in." }
                (forms.form(("remove", "Remove"), confirmation(account)))
            }
            Some(false) => {
                p { "It is not active yet: enter a first code from your authenticator app." }
                (forms.form(("confirm", "Confirm"), vec![CODE]))
                p { "Or start again with a new key:" }
                (begin())
            }
            None => {
                p { "In addition to your password, you need a code from an app on your phone." }
                (begin())
            }
        }
    }
}

/// The identities of the account, and the link that connects another one.
async fn identity_list(
    shared: &Shared,
    requester: &Requester,
    forms: Forms<'_>,
) -> Result<Markup, AdminError> {
    let identities = shared.admin.list_own_identities(requester).await?;
    let (account, session) = (requester.account(), requester.session());
    let connection = shared.provider.as_ref().zip(session);
    if identities.is_empty() && connection.is_none() {
        return Ok(html! {});
    }
    Ok(html! {
        section {
            h2 { "Identity provider" }
            ul {
                @for identity in &identities {
                    li {
                        (identity.issuer) br;
                        span.soft { (identity.subject) }
                        @if let Some(account) = account {
                            (forms.disconnect(account, identity))
                        }
                    }
                }
            }
            @if let Some((provider, session)) = connection {
                (provider::connection(provider, shared, session))
            }
        }
    })
}

fn who(account: &Account, csrf: &str) -> Markup {
    html! {
        p {
            "Signed in as " strong { (account.email.as_str()) }
            @if account.is_operator { ", operator of this server" }
            "."
        }
        (signout::form(csrf))
    }
}

fn session_list(requester: &Requester, sessions: &[Session], csrf: &str) -> Markup {
    let is_own = |session: &Session| requester.session().is_some_and(|own| own.id == session.id);
    html! {
        section {
            h2 { "Your sessions" }
            ul {
                @for session in sessions {
                    li {
                        "From " (session.from) ", since " (time_text(session.created)) br;
                        @if is_own(session) {
                            span.soft { "This browser" }
                        } @else {
                            span.soft { "Last used " (time_text(session.last_used)) }
                            (end_form(session, csrf))
                        }
                    }
                }
            }
        }
    }
}

/// The form that ends another session.
fn end_form(session: &Session, csrf: &str) -> Markup {
    let form = FormView {
        id: "end",
        action: "/account",
        hidden: vec![("act", "end"), ("csrf", csrf), ("session", &session.id)],
        fields: Vec::new(),
        button: "Sign out",
        failure: None,
        has_focus: false,
    };
    html! { (form) }
}

fn form_of(
    (act, button): (&'static str, &'static str),
    (csrf, fields): (&str, Vec<Field<'_>>),
    (failure, has_focus): (Option<&Failure>, bool),
) -> Markup {
    let hidden = vec![("act", act), ("csrf", csrf)];
    let (id, action) = (act, "/account");
    let form = FormView { id, action, hidden, fields, button, failure, has_focus };
    html! { (form) }
}
