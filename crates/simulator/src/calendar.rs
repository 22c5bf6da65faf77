//! When people learn: by hour, weekday, term and holiday.

use crate::date::{DAY_MS, Date, HOUR_MS};

/// Weights of the hours of a working day.
const HOURS: [u64; 24] =
    [3, 1, 1, 1, 1, 3, 9, 24, 52, 80, 92, 78, 44, 58, 84, 80, 62, 44, 36, 42, 54, 48, 26, 10];

/// Weights of the hours of a day at the weekend.
const HOURS_OF_WEEKEND: [u64; 24] =
    [5, 2, 1, 1, 1, 2, 4, 10, 22, 40, 52, 48, 34, 36, 44, 50, 52, 50, 46, 60, 70, 58, 34, 14];

/// Weights of Monday to Sunday.
const WEEKDAYS: [u64; 7] = [100, 108, 105, 96, 70, 24, 38];

/// Month and day of holidays on which hardly anybody learns.
const HOLIDAYS: [(i64, i64); 5] = [(1, 1), (5, 1), (11, 1), (12, 25), (12, 26)];

/// The hours of a period, each with its share of all learning.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    first: Date,
    days: u32,
    total: u64,
}

impl Calendar {
    pub(crate) fn new(first: Date, days: u32) -> Self {
        let mut calendar = Self { first, days, total: 0 };
        calendar.total = (0..calendar.hours()).map(|hour| calendar.weight(hour)).sum();
        calendar
    }

    pub(crate) fn hours(&self) -> u32 {
        self.days * 24
    }

    /// The weights of all hours together.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The start of an hour, in milliseconds since the start of 1970.
    pub(crate) fn start_ms(&self, hour: u32) -> i64 {
        self.first.unix_ms() + i64::from(hour) * HOUR_MS
    }

    /// The end of the period, in milliseconds since the start of 1970.
    pub(crate) fn end_ms(&self) -> i64 {
        self.first.unix_ms() + i64::from(self.days) * DAY_MS
    }

    /// How much is learned in an hour, which is counted from the first one on.
    pub(crate) fn weight(&self, hour: u32) -> u64 {
        let day = hour / 24;
        let date = self.first.plus_days(i64::from(day));
        let weekday = date.weekday();
        let hours = if weekday < 5 { &HOURS } else { &HOURS_OF_WEEKEND };
        // One percent more learning every 20 days.
        let growth = 1000 + u64::from(day) / 2;
        hours[hour as usize % 24] * WEEKDAYS[weekday] * season(date) * growth / 1000
    }
}

/// The weight of a day by its place in the year: terms, breaks and holidays.
fn season(date: Date) -> u64 {
    let (_, month, day) = date.parts();
    if HOLIDAYS.contains(&(month, day)) {
        return 4;
    }
    match (month, day) {
        (1, ..=7) | (12, 21..) => 10,
        (1, 8..) | (2..=4, _) => 100,
        // Exams.
        (5, _) | (6, ..=20) => 125,
        (6, _) => 70,
        (7 | 8, _) => 32,
        (9 | 10, _) => 120,
        _ => 105,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_knows_nights_weekends_breaks_and_holidays() {
        let calendar = Calendar::new("2024-01-01".parse().unwrap(), 366);
        let weight = |date: &str, hour: i64| {
            let date: Date = date.parse().unwrap();
            let hours = date.days_since(calendar.first) * 24 + hour;
            calendar.weight(u32::try_from(hours).unwrap())
        };
        let busy = weight("2024-10-01", 10);
        for quiet in [("2024-10-01", 3), ("2024-10-06", 10), ("2024-08-06", 10), ("2024-12-25", 10)]
        {
            assert!(weight(quiet.0, quiet.1) * 2 < busy, "{quiet:?}");
        }
        assert_eq!(calendar.end_ms() - calendar.start_ms(0), 366 * DAY_MS);
        assert_eq!(calendar.hours(), 366 * 24);
    }
}
