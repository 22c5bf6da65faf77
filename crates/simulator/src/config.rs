//! What is to be simulated.

use acta_xapi::Version;

use crate::date::Date;

/// Most statements that the learners make on a day of average, each: more than that leaves them
/// no time to learn in.
const DAILY_STATEMENTS_MAX: u64 = 500;

/// What is to be simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Everything else being equal, the same seed gives the same statements.
    pub seed: u64,
    /// The first day on which somebody learns.
    pub first_day: Date,
    /// How many days are simulated.
    pub days: u32,
    /// How many statements come out, exactly.
    pub statements: u64,
    /// How many persons learn.
    pub learners: u32,
    /// How many courses there are.
    pub courses: u32,
    /// The version of the statements.
    pub version: Version,
}

/// The configuration cannot be simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A period without days. Raise it.
    #[error("at least one day is needed")]
    NoDays,

    /// Too many days: the last would be after the year 9999, or they cannot be counted.
    #[error("at most {} days can be simulated", Config::DAYS_MAX)]
    TooManyDays,

    /// Too few or too many courses.
    #[error("from 1 to {} courses can be simulated", Config::COURSES_MAX)]
    Courses,

    /// Too few learners for so many statements, or more than can be held in memory.
    #[error(
        "so many statements in so many days need from {at_least} to {} learners",
        Config::LEARNERS_MAX
    )]
    Learners {
        /// The smallest number of learners that can make the statements.
        at_least: u64,
    },
}

impl Config {
    /// Most days: a century.
    pub const DAYS_MAX: u32 = 36_525;

    /// Most courses.
    pub const COURSES_MAX: u32 = 10_000;

    /// Most learners.
    pub const LEARNERS_MAX: u32 = 10_000_000;

    /// The number of learners to whom so many statements are natural: a few courses for each.
    pub fn learners_for(statements: u64) -> u32 {
        let learners = (statements / 450).clamp(40, u64::from(Self::LEARNERS_MAX));
        u32::try_from(learners).unwrap_or(Self::LEARNERS_MAX)
    }

    /// The number of courses that so many learners have.
    pub fn courses_for(learners: u32) -> u32 {
        (learners.isqrt() / 2).clamp(6, 400)
    }

    /// Checks that the numbers fit together.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.days == 0 {
            return Err(ConfigError::NoDays);
        }
        let last = self.first_day.plus_days(i64::from(self.days));
        if self.days > Self::DAYS_MAX || last > Date::first_of_year(9999) {
            return Err(ConfigError::TooManyDays);
        }
        if !(1..=Self::COURSES_MAX).contains(&self.courses) {
            return Err(ConfigError::Courses);
        }
        let at_least = self.statements.div_ceil(u64::from(self.days) * DAILY_STATEMENTS_MAX).max(1);
        if !(at_least..=u64::from(Self::LEARNERS_MAX)).contains(&u64::from(self.learners)) {
            return Err(ConfigError::Learners { at_least });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_refuses_what_cannot_be_simulated() {
        let good = Config {
            seed: 1,
            first_day: Date::first_of_year(2024),
            days: 100,
            statements: 1_000_000,
            learners: 20,
            courses: 3,
            version: Version::V2_0_0,
        };
        let table = [
            (good, Ok(())),
            (Config { days: 0, ..good }, Err(ConfigError::NoDays)),
            (Config { days: u32::MAX, ..good }, Err(ConfigError::TooManyDays)),
            (
                Config { first_day: Date::first_of_year(9998), days: 800, ..good },
                Err(ConfigError::TooManyDays),
            ),
            (Config { courses: 0, ..good }, Err(ConfigError::Courses)),
            (Config { courses: 10_001, ..good }, Err(ConfigError::Courses)),
            (Config { learners: 19, ..good }, Err(ConfigError::Learners { at_least: 20 })),
            (Config { learners: 10_000_001, ..good }, Err(ConfigError::Learners { at_least: 20 })),
            (
                Config { learners: 0, statements: 0, ..good },
                Err(ConfigError::Learners { at_least: 1 }),
            ),
        ];
        for (config, expected) in table {
            assert_eq!(config.check(), expected, "{config:?}");
        }
    }

    #[test]
    fn numbers_scale_with_the_statements() {
        let scaled = |statements| {
            let learners = Config::learners_for(statements);
            (learners, Config::courses_for(learners))
        };
        assert_eq!(scaled(0), (40, 6));
        assert_eq!(scaled(10_000_000), (22_222, 74));
        assert_eq!(scaled(u64::MAX), (10_000_000, 400));
    }
}
