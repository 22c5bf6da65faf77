//! Durations.

/// An ISO 8601 duration, with its text as sent.
///
/// Years, months, days, hours, minutes and seconds in this order, or weeks alone; the last
/// number may have a fraction. The alternative format that looks like a date is refused.
///
/// Spec: XAPI-00124; xAPI 1.0.3, Part Two, 4.6; IEEE 9274.1.1, 4.2.7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duration {
    text: Box<str>,
}

/// The text is no ISO 8601 duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an ISO 8601 duration such as `PT1H30M`")]
pub struct NotADuration;

impl Duration {
    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Seconds, exact to hundredths; a year counted as 365 days, a month as 30.
    pub fn seconds(&self) -> f64 {
        let comparable = self.comparable();
        let hundredths: f64 = Elements::of(&comparable)
            .into_iter()
            .flatten()
            .map_while(Result::ok)
            .map(|element| {
                let number: f64 = element.number.replace(',', ".").parse().unwrap_or(0.0);
                let hundredths = number * element.unit.seconds * 100.0;
                // Seconds have been truncated already; this corrects errors of binary fractions.
                let is_cut = element.unit.letter == 'S';
                if is_cut { hundredths.round() } else { (hundredths + 1e-6).floor() }
            })
            .sum();
        hundredths / 100.0
    }

    /// The text truncated to hundredths of a second: equal texts are equal durations.
    ///
    /// Apart from the fraction of its seconds a duration compares as a text, so `PT60S` is
    /// not `PT1M`.
    ///
    /// Spec: xAPI 1.0.3, Part Two, 4.6 and 2.3.1.
    pub fn comparable(&self) -> String {
        comparable_parts(&self.text).concat()
    }
}

impl std::str::FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        for element in Elements::of(text).ok_or(NotADuration)? {
            element?;
        }
        Ok(Self { text: text.into() })
    }
}

/// The parts that make up [`Duration::comparable`] of a text that is a duration.
pub(crate) fn comparable_parts(text: &str) -> [&str; 4] {
    // Only the last number can have a fraction.
    let Some((seconds, fraction)) =
        text.strip_suffix('S').and_then(|number| number.split_once(['.', ',']))
    else {
        return [text, "", "", ""];
    };
    let hundredths = fraction.get(..2).unwrap_or(fraction).trim_end_matches('0');
    let point = if hundredths.is_empty() { "" } else { "." };
    [seconds, point, hundredths, "S"]
}

/// A letter of the format.
struct Unit {
    letter: char,
    is_time: bool,
    seconds: f64,
}

/// In the order in which they have to stand.
const UNITS: [Unit; 6] = [
    Unit { letter: 'Y', is_time: false, seconds: 31_536_000.0 },
    Unit { letter: 'M', is_time: false, seconds: 2_592_000.0 },
    Unit { letter: 'D', is_time: false, seconds: 86_400.0 },
    Unit { letter: 'H', is_time: true, seconds: 3600.0 },
    Unit { letter: 'M', is_time: true, seconds: 60.0 },
    Unit { letter: 'S', is_time: true, seconds: 1.0 },
];

/// Weeks stand alone.
const WEEKS: [Unit; 1] = [Unit { letter: 'W', is_time: false, seconds: 604_800.0 }];

struct Element<'t> {
    number: &'t str,
    unit: &'static Unit,
}

/// Iterates over the numbers of a duration with their units.
struct Elements<'t> {
    rest: &'t str,
    is_time: bool,
    /// The units that may still follow.
    units: &'static [Unit],
}

impl<'t> Elements<'t> {
    /// None if there are none.
    fn of(text: &'t str) -> Option<Self> {
        let rest = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
        let units: &'static [Unit] = if rest.ends_with('W') { &WEEKS } else { &UNITS };
        Some(Self { rest, is_time: false, units })
    }

    fn element(&mut self) -> Option<Element<'t>> {
        if !self.is_time && self.rest.starts_with('T') {
            self.rest = &self.rest[1..];
            self.is_time = true;
        }
        let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
        let end = self.rest.find(|c| !is_number(c))?;
        let (number, rest) = self.rest.split_at(end);
        let mut characters = rest.chars();
        let letter = characters.next()?;
        let is_meant = |unit: &Unit| unit.letter == letter && unit.is_time == self.is_time;
        let position = self.units.iter().position(is_meant)?;
        let unit = &self.units[position];
        self.units = &self.units[position + 1..];
        self.rest = characters.as_str();
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_well_formed = match number.split_once(['.', ',']) {
            Some((whole, fraction)) => {
                self.rest.is_empty() && is_digits(whole) && is_digits(fraction)
            }
            None => is_digits(number),
        };
        is_well_formed.then_some(Element { number, unit })
    }
}

impl<'t> Iterator for Elements<'t> {
    type Item = Result<Element<'t>, NotADuration>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let element = self.element();
        if element.is_none() {
            self.rest = "";
        }
        Some(element.ok_or(NotADuration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, seconds: f64, comparable: &str) {
        let duration: Duration = text.parse().unwrap_or_else(|_| panic!("refused: {text:?}"));
        assert_eq!(duration.as_str(), text);
        assert!((duration.seconds() - seconds).abs() < 1e-9, "input: {text:?}");
        assert_eq!(duration.comparable(), comparable, "input: {text:?}");
    }

    #[test]
    fn reads_numbers_with_units() {
        let table = [
            ("PT4H35M59.14S", 16_559.14, "PT4H35M59.14S"),
            ("PT16559.14S", 16_559.14, "PT16559.14S"),
            ("P3Y1M29DT4H35M59.14S", 99_722_159.14, "P3Y1M29DT4H35M59.14S"),
            ("P3Y", 94_608_000.0, "P3Y"),
            ("P4W", 2_419_200.0, "P4W"),
            ("P0D", 0.0, "P0D"),
            ("P1M", 2_592_000.0, "P1M"),
            ("PT1M", 60.0, "PT1M"),
            ("PT60S", 60.0, "PT60S"),
            ("P0.5Y", 15_768_000.0, "P0.5Y"),
            ("PT1,5H", 5400.0, "PT1,5H"),
            ("P1.5W", 907_200.0, "P1.5W"),
            ("PT0.125M", 7.5, "PT0.125M"),
            // Seconds are cut to hundredths.
            ("PT1H0M0.1S", 3600.1, "PT1H0M0.1S"),
            ("PT0.10S", 0.1, "PT0.1S"),
            ("PT0,1S", 0.1, "PT0.1S"),
            ("PT0.29S", 0.29, "PT0.29S"),
            ("PT0.999999999999S", 0.99, "PT0.99S"),
            ("PT1.001S", 1.0, "PT1S"),
            ("PT1.00S", 1.0, "PT1S"),
            ("PT1S", 1.0, "PT1S"),
        ];
        for (text, seconds, comparable) in table {
            check(text, seconds, comparable);
        }
    }

    #[test]
    fn refuses_text_that_is_not_a_duration() {
        let table = [
            "",
            "P",
            "PT",
            "T1H",
            "1H",
            "should fail",
            "12345",
            "PA1H0M0S",
            "P1H",
            "PT1Y",
            "PT1D",
            "P1DT",
            "P1S",
            "PT1H1H",
            "PT1S1M",
            "P1D1Y",
            "P4W1D",
            "P1D4W",
            "PT4W",
            "P1WT1H",
            "PT1.5H1M",
            "PT.5S",
            "PT1.S",
            "PT1.2.3S",
            "PT-1S",
            "-PT1S",
            "PT1s",
            "pt1S",
            "PT1S ",
            "PTS",
            "P1",
            "PT1HT1M",
            "PT1H30",
            "PT\u{661}S",
            // The alternative format.
            "P0003-06-04T12:30:05",
            "P00030604T123005",
        ];
        for text in table {
            assert_eq!(text.parse::<Duration>(), Err(NotADuration), "input: {text:?}");
        }
    }

    proptest! {
        #[test]
        fn more_than_hundredths_never_count(whole: u32, hundredths in 0..100, more in "[0-9]{0,9}") {
            let short = format!("PT{whole}.{hundredths:02}S");
            let long = format!("PT{whole}.{hundredths:02}{more}S");
            let short: Duration = short.parse().unwrap();
            let long: Duration = long.parse().unwrap();
            prop_assert_eq!(short.comparable(), long.comparable());
            let seconds = f64::from(whole) + f64::from(hundredths) / 100.0;
            prop_assert!((long.seconds() - seconds).abs() < 1e-6);
        }
    }
}
