//! Forms: parsing, and rendering with their errors.

use std::collections::BTreeMap;
use std::time::Duration;

use acta_admin::{AdminError, Requester};
use acta_http::edge::{Bound, FromParams, Incoming, Params, decode};
use acta_http::problem::Problem;
use acta_http_admin::{AdminProblem, Shared, confirm, is_csrf_token};
use axum::extract::{FromRequest, Request};
use hyper::StatusCode;
use maud::{Markup, Render, html};

/// Longest form, in bytes: 16 KiB.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// The fields of a submitted form, each once. Unknown fields are ignored.
#[derive(Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl FromRequest<Shared> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let extensions = request.extensions().clone();
        let incoming = Incoming::from_request(request, shared).await?;
        let media_type = incoming.media_type();
        let form = "application/x-www-form-urlencoded";
        if media_type.is_none_or(|media_type| media_type.essence() != form) {
            let detail = "the body must be a form (application/x-www-form-urlencoded)";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(status, "unsupported-media-type", detail));
        }
        let body = incoming.collect(Bound::fixed("a form", FORM_BYTES_MAX)).await?;
        confirm(shared, &extensions).await?;
        std::str::from_utf8(&body).ok().and_then(Self::parse).ok_or_else(|| {
            Problem::new(StatusCode::BAD_REQUEST, "faults", "the form cannot be read")
        })
    }
}

impl Form {
    fn parse(body: &str) -> Option<Self> {
        let mut fields = BTreeMap::new();
        for pair in body.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let earlier = fields.insert(decode(name)?.into_owned(), decode(value)?.into_owned());
            // Of two values, a program in between may have checked the other one.
            if earlier.is_some() {
                return None;
            }
        }
        Some(Self(fields))
    }

    /// The value of a field; empty if it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Refuses a form with a session but without its CSRF token.
    ///
    /// # Errors
    ///
    /// 403.
    pub(super) fn check_csrf(&self, shared: &Shared, requester: &Requester) -> Result<(), Problem> {
        if is_csrf_token(shared, requester, self.text("csrf")) {
            return Ok(());
        }
        let detail = "the page has expired; open it again, then submit the form again";
        Err(Problem::new(StatusCode::FORBIDDEN, "csrf-token", detail))
    }
}

/// The token in a link.
#[derive(Debug)]
pub(super) struct LinkParams {
    pub(super) token: String,
}

impl FromParams for LinkParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        Some(Self { token: params.text("token").unwrap_or_default() })
    }
}

/// The errors of a form.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    /// When to try again, if it is refused for now.
    pub(super) retry_after: Option<Duration>,
    /// An error of the whole form.
    whole: Option<String>,
    /// Errors of fields, by name.
    fields: Vec<(&'static str, String)>,
}

impl Failure {
    /// The errors of a form for an error of a use case.
    ///
    /// # Errors
    ///
    /// An error that the person cannot correct.
    pub(super) fn of(error: AdminError) -> Result<Self, AdminProblem> {
        let whole = |status, text: &str| {
            let whole = Some(text.to_owned());
            Ok(Self { status, retry_after: None, whole, fields: Vec::new() })
        };
        match error {
            AdminError::Faulty(faults) => {
                let fields = faults
                    .into_iter()
                    .map(|fault| (fault.pointer.trim_start_matches('/'), sentence(&fault.message)));
                let (status, fields) = (StatusCode::BAD_REQUEST, fields.collect());
                Ok(Self { status, retry_after: None, whole: None, fields })
            }
            AdminError::NotSignedIn => {
                whole(StatusCode::FORBIDDEN, "The e-mail address, password or code is wrong.")
            }
            AdminError::CodeNeeded => Ok(Self::at(
                StatusCode::FORBIDDEN,
                "code",
                "Enter your password again, and a code of your second factor.",
            )),
            AdminError::Delayed { retry_after } => {
                let seconds = retry_after.as_secs().saturating_add(1);
                let text = format!("Too many failed attempts. Try again in {seconds} seconds.");
                let refused = whole(StatusCode::TOO_MANY_REQUESTS, &text)?;
                Ok(Self { retry_after: Some(Duration::from_secs(seconds)), ..refused })
            }
            AdminError::Conflict(detail) => whole(StatusCode::CONFLICT, &sentence(detail)),
            AdminError::LimitReached(limit) => {
                whole(StatusCode::CONFLICT, &sentence(&limit.to_string()))
            }
            AdminError::Stale => whole(
                StatusCode::CONFLICT,
                "The data was changed at the same time. Check it, then try again.",
            ),
            other @ (AdminError::Forbidden { .. }
            | AdminError::NotFound
            | AdminError::KeyReused
            | AdminError::LinkVoid
            | AdminError::IdentifierTaken { .. }
            | AdminError::ImportStopped { .. }
            | AdminError::Service(_)) => Err(other.into()),
        }
    }

    /// One error of one field.
    pub(super) fn at(status: StatusCode, field: &'static str, text: &str) -> Self {
        let fields = vec![(field, text.to_owned())];
        Self { status, retry_after: None, whole: None, fields }
    }

    /// The error of the whole form, if there is one.
    pub(super) fn notice(&self) -> Markup {
        html! {
            @if let Some(whole) = &self.whole {
                p class="notice bad" role="alert" { (whole) }
            }
        }
    }

    fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| *known == name);
        found.map(|(_, text)| text.as_str())
    }
}

/// Turns a fragment into a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let rest = letters.as_str();
    let start: String = first.into_iter().flatten().collect();
    format!("{start}{rest}.")
}

/// The kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// An address.
    Email,
    /// It is not shown.
    Password,
    /// It is shown and read-only.
    Fixed,
}

impl Kind {
    /// The HTML input type.
    const fn input_type(self) -> &'static str {
        match self {
            Self::Text | Self::Fixed => "text",
            Self::Email => "email",
            Self::Password => "password",
        }
    }
}

/// A field of a form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: Kind,
    /// The `autocomplete` value for browsers and password managers.
    pub(super) autocomplete: &'static str,
    pub(super) value: &'a str,
    pub(super) hint: &'a str,
    pub(super) is_required: bool,
}

impl<'a> Field<'a> {
    pub(super) const fn new(
        name: &'static str,
        label: &'static str,
        (kind, autocomplete): (Kind, &'static str),
    ) -> Self {
        Self { name, label, kind, autocomplete, value: "", hint: "", is_required: true }
    }

    pub(super) const fn holding(self, value: &'a str) -> Self {
        Self { value, ..self }
    }

    pub(super) const fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    pub(super) const fn optional(self) -> Self {
        Self { is_required: false, ..self }
    }

    /// The e-mail address of an existing account.
    pub(super) const fn address(email: &'a str) -> Self {
        Self::new("username", "E-mail address", (Kind::Fixed, "username")).holding(email)
    }

    /// A new password. The rules for it are shown before it is chosen.
    pub(super) const fn new_password(name: &'static str, rules: &'a str) -> Self {
        Self::new(name, "New password", (Kind::Password, "new-password")).hint(rules)
    }

    /// The current password.
    pub(super) const fn current_password() -> Self {
        let how = (Kind::Password, "current-password");
        Self::new("current_password", "Current password", how)
    }
}

/// A form.
#[derive(Debug)]
pub(super) struct FormView<'a> {
    /// Identifies the form on its page.
    pub(super) id: &'a str,
    /// The target of the form.
    pub(super) action: &'static str,
    /// Hidden fields, by name.
    pub(super) hidden: Vec<(&'static str, &'a str)>,
    pub(super) fields: Vec<Field<'a>>,
    /// The text of the button.
    pub(super) button: &'static str,
    /// The errors of the last submission.
    pub(super) failure: Option<&'a Failure>,
    /// Whether its first field has the focus.
    pub(super) has_focus: bool,
}

impl Render for FormView<'_> {
    fn render(&self) -> Markup {
        let focus = self.has_focus.then(|| self.focus()).flatten();
        html! {
            @if let Some(failure) = self.failure { (failure.notice()) }
            form method="post" action=(self.action) {
                @for (name, value) in &self.hidden {
                    input type="hidden" name=(name) value=(value);
                }
                @for field in &self.fields {
                    (self.field(field, focus == Some(field.name)))
                }
                button type="submit" { (self.button) }
            }
        }
    }
}

impl FormView<'_> {
    /// The first field with an error, or else the first editable one.
    fn focus(&self) -> Option<&'static str> {
        let is_wrong = |field: &&Field<'_>| {
            self.failure.is_some_and(|failure| failure.field(field.name).is_some())
        };
        let wrong = self.fields.iter().find(is_wrong);
        let open = || self.fields.iter().find(|field| field.kind != Kind::Fixed);
        wrong.or_else(open).map(|field| field.name)
    }

    fn field(&self, field: &Field<'_>, has_focus: bool) -> Markup {
        let place = format!("{}-{}", self.id, field.name);
        let wrong = self.failure.and_then(|failure| failure.field(field.name));
        let hint = Some(field.hint).filter(|hint| wrong.is_none() && !hint.is_empty());
        let described_by = match (wrong, hint) {
            (Some(_), _) => Some(format!("{place}-error")),
            (None, Some(_)) => Some(format!("{place}-hint")),
            (None, None) => None,
        };
        let value =
            Some(field.value).filter(|value| field.kind != Kind::Password && !value.is_empty());
        let is_verbatim = field.kind == Kind::Email || field.autocomplete == "one-time-code";
        let is_fixed = field.kind == Kind::Fixed;
        html! {
            div.field {
                label for=(place) { (field.label) }
                input id=(place) name=(field.name) type=(field.kind.input_type())
                    autocomplete=(field.autocomplete)
                    value=[value]
                    autocapitalize=[is_verbatim.then_some("none")]
                    spellcheck=[is_verbatim.then_some("false")]
                    readonly[is_fixed]
                    required[!is_fixed && field.is_required]
                    autofocus[has_focus]
                    aria-invalid=[wrong.map(|_| "true")]
                    aria-describedby=[described_by];
                @if let Some(wrong) = wrong { p.error id={ (place) "-error" } { (wrong) } }
                @if let Some(hint) = hint { p.hint id={ (place) "-hint" } { (hint) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_parsed_as_browsers_send_them() {
        let form = Form::parse("email=ada%40example.org&password=a+b%26c&x").unwrap();
        assert_eq!(form.text("email"), "ada@example.org");
        assert_eq!((form.text("password"), form.text("x"), form.text("y")), ("a b&c", "", ""));
        assert!(Form::parse("a=%ff").is_none() && Form::parse("a=%4").is_none());
    }

    #[test]
    fn a_form_with_a_field_twice_is_refused() {
        for body in ["a=1&a=2", "a=1&a=1", "a&b=1&a", "a=1&%61=2", "token=x&act=end&token=y"] {
            assert!(Form::parse(body).is_none(), "{body}");
        }
        let form = Form::parse("a=1&A=2&aa=3&&b=").unwrap();
        assert_eq!((form.text("a"), form.text("A"), form.text("b")), ("1", "2", ""));
    }

    #[test]
    fn errors_are_shown_at_their_field_and_values_are_escaped() {
        let failure = Failure::at(StatusCode::BAD_REQUEST, "password", "Too <short>.");
        let email = Field::new("email", "E-mail address", (Kind::Email, "username"));
        let form = FormView {
            id: "f",
            action: "/signin",
            hidden: vec![("token", "\"><b>")],
            fields: vec![email.holding("\"><script>"), Field::new_password("password", "")],
            button: "Go",
            failure: Some(&failure),
            has_focus: true,
        };
        let text = form.render().into_string();
        assert!(text.contains("aria-describedby=\"f-password-error\""), "{text}");
        assert!(text.contains("id=\"f-password-error\">Too &lt;short&gt;.</p>"), "{text}");
        assert!(!text.contains("<script>") && !text.contains("<b>"), "{text}");
        let (before, after) = text.split_once("autofocus").unwrap();
        assert!(before.contains("name=\"password\"") && !after.contains("autofocus"), "{text}");
    }
}
