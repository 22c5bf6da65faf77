//! The settings of tenants, people and tokens.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{ConfigError, Typed};
use crate::value::NotAValue;
use crate::{Administration, Span};

/// How short the shortest password may be said to be, in characters.
///
/// Spec: OWASP ASVS 5.0, 6.2.1 and 6.2.9.
const PASSWORD_CHARS: RangeInclusive<usize> = 8..=64;

/// Longest time that can be set: ten years.
const TIME_MAX: Duration = Duration::from_hours(10 * 365 * 24);

/// Longest life of a browser token: a day.
const TOKEN_LIFETIME_MAX: Duration = Duration::from_hours(24);

/// Shorter times would end what people are about to do.
const TIME_MIN: Duration = Duration::from_mins(1);

impl Typed<'_> {
    pub(super) fn administration(&self) -> Result<Administration, ConfigError> {
        let session_lifetime = self.time("accounts.session_lifetime", TIME_MIN..=TIME_MAX)?;
        let most = session_lifetime.0;
        Ok(Administration {
            deletion_wait: self.time("tenants.deletion_wait", Duration::ZERO..=TIME_MAX)?,
            password_chars_min: self.with("accounts.password_chars_min", |text| {
                let count = text.parse().ok().filter(|count| PASSWORD_CHARS.contains(count));
                count.ok_or_else(|| "expected a count from 8 to 64".to_owned())
            })?,
            session_idle: self.time("accounts.session_idle", TIME_MIN..=most)?,
            session_lifetime,
            invitation_lifetime: self.time("accounts.invitation_lifetime", TIME_MIN..=TIME_MAX)?,
            reset_lifetime: self.time("accounts.reset_lifetime", TIME_MIN..=TIME_MAX)?,
            token_lifetime: self.time("tokens.lifetime", TIME_MIN..=TOKEN_LIFETIME_MAX)?,
        })
    }

    /// A time within bounds.
    fn time(
        &self,
        name: &'static str,
        bounds: RangeInclusive<Duration>,
    ) -> Result<Span, ConfigError> {
        self.with(name, |text| {
            let span: Span = text.parse().map_err(|error: NotAValue| error.to_string())?;
            let (least, most) = (Span(*bounds.start()), Span(*bounds.end()));
            let reason = || format!("expected a time from {least} to {most}");
            if bounds.contains(&span.0) { Ok(span) } else { Err(reason()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::load::tests::{check_refused, environment, write};

    #[test]
    fn people_and_tenants_are_set() {
        let file = write(
            "[tenants]\ndeletion_wait = \"30d\"\n[accounts]\npassword_chars_min = 20\n\
             session_idle = \"10m\"\n[tokens]\nlifetime = \"1h\"\n",
        );
        let loaded = crate::load(Some(file.path()), &environment(&[]), &[]).unwrap();
        let set = loaded.config.administration;
        assert_eq!(set.deletion_wait.0.as_secs(), 30 * 24 * 3600);
        assert_eq!((set.password_chars_min, set.session_idle.0.as_secs()), (20, 600));
        assert_eq!(set.token_lifetime.0.as_secs(), 3600);
    }

    #[test]
    fn what_would_lock_people_out_is_refused() {
        check_refused(
            "accounts.password_chars_min = 7",
            &[],
            "accounts.password_chars_min = \"7\" (FILE): expected a count from 8 to 64",
        );
        check_refused(
            "accounts.session_lifetime = \"1h\"",
            &[],
            "accounts.session_idle = \"8h\" (default): expected a time from 1m to 1h",
        );
        check_refused(
            "tokens.lifetime = \"25h\"",
            &[],
            "tokens.lifetime = \"25h\" (FILE): expected a time from 1m to 1d",
        );
        check_refused(
            "tenants.deletion_wait = \"7\"",
            &[],
            "tenants.deletion_wait = \"7\" (FILE): expected a whole number with one of the units \
             ms, s, m, h, d",
        );
    }
}
