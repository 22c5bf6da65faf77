//! Settings for tenants, people and tokens.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::Span;
use crate::section::section;
use crate::settings::{ConfigError, Settings};
use crate::value_spec::{count_from_one, count_in, time, time_in};

/// The smallest permitted value of the minimum password length, in characters.
///
/// Spec: OWASP ASVS 5.0, 6.2.1 and 6.2.9.
const PASSWORD_CHARS: RangeInclusive<usize> = 8..=64;

/// Longest time that can be set: ten years.
const TIME_MAX: Duration = Duration::from_hours(10 * 365 * 24);

/// Longest lifetime of a browser token: a day.
const TOKEN_LIFETIME_MAX: Duration = Duration::from_hours(24);

/// The least and the most that `audit.head_interval` may be.
const HEAD_INTERVALS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24);

/// Shorter times would interrupt people at work.
const TIME_MIN: Duration = Duration::from_mins(1);

section! {
    /// Settings for tenants.
    #[derive(Clone, Copy, Debug)]
    pub struct Tenants in "tenants." {
        /// How long a deleted tenant can be restored. After this time its data is removed
        /// permanently.
        pub deletion_wait: Span = time_in(Duration::ZERO..=TIME_MAX).default("7d"),
        /// Maximum number of credentials of one tenant, expired ones included.
        pub credentials_max: usize = count_from_one().default("10000").over("409"),
        /// Maximum number of open invitations of one tenant.
        pub invitations_max: usize = count_from_one().default("1000").over("409"),
        /// Maximum number of people with a role in one tenant.
        pub people_max: usize = count_from_one()
            .default("100000")
            .over("409; a role from an identity provider is not given"),
        /// Maximum number of accounts that are created for one tenant, by its invitations and by
        /// claims of an identity provider. Accounts of people who have left count, until an
        /// operator removes them.
        pub accounts_max: usize = count_from_one().default("200000").over("409"),
        /// Maximum number of saved questions and dashboards of one tenant. A person who has saved a
        /// tenth as many saves further ones for all, and none for itself alone.
        pub questions_max: usize = count_from_one().default("1000").over("409"),
    }
}

section! {
    /// Settings for people.
    #[derive(Clone, Copy, Debug)]
    pub struct Accounts in "accounts." {
        /// Minimum length of passwords, in characters. From 8 to 64.
        pub password_chars_min: usize = count_in(PASSWORD_CHARS).default("15"),
        /// A session ends after this time without requests.
        pub session_idle: Span = time().default("8h"),
        /// A session ends after this time at the latest.
        pub session_lifetime: Span = time_in(TIME_MIN..=TIME_MAX).default("7d"),
        /// Maximum number of sessions of one account at the same time.
        pub sessions_max: usize =
            count_from_one().default("100").over("the oldest session ends"),
        /// Maximum number of identities at OpenID providers that are connected with one account.
        pub identities_max: usize = count_from_one().default("20").over("409"),
        /// How long invitations, links of new accounts and the set-up link are valid.
        pub invitation_lifetime: Span = time_in(TIME_MIN..=TIME_MAX).default("7d"),
        /// How long a password reset link is valid.
        pub reset_lifetime: Span = time_in(TIME_MIN..=TIME_MAX).default("1d"),
    }
    check check_sessions;
}

/// An idle time longer than the lifetime of a session is a mistake.
fn check_sessions(accounts: &Accounts, settings: &Settings) -> Result<(), ConfigError> {
    let idle = time_in(TIME_MIN..=accounts.session_lifetime.0);
    settings.need("accounts.session_idle", &idle).map(drop)
}

section! {
    /// Settings for the audit log.
    #[derive(Clone, Copy, Debug)]
    pub struct Audit in "audit." {
        /// How often the server logs the last sequence and hash of each audit chain that has
        /// changed; see [administration.md](administration.md#prove-that-nothing-was-changed). From
        /// 1s to 1d.
        pub head_interval: Span = time_in(HEAD_INTERVALS).default("1h"),
    }
}

section! {
    /// Settings for browser tokens.
    #[derive(Clone, Copy, Debug)]
    pub struct Tokens in "tokens." {
        /// The lifetime of a browser token if the request gives none. At most 24h.
        pub lifetime: Span = time_in(TIME_MIN..=TOKEN_LIFETIME_MAX).default("8h"),
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
        let accounts = loaded.config.accounts;
        assert_eq!(loaded.config.tenants.deletion_wait.0.as_secs(), 30 * 24 * 3600);
        assert_eq!((accounts.password_chars_min, accounts.session_idle.0.as_secs()), (20, 600));
        assert_eq!(loaded.config.tokens.lifetime.0.as_secs(), 3600);
    }

    #[test]
    fn settings_that_lock_people_out_are_refused() {
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
