//! `acta analyse retention`: how many learners come again.

use serde_json::{Value, json};

use super::format::{figure, list, text};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Retention {
    /// What the periods are: `day`, `week`, `month`, `quarter` or `year`.
    #[arg(long, value_name = "PERIOD", default_value = "week",
        value_parser = ["day", "week", "month", "quarter", "year"])]
    by: String,
    /// How many periods after the first are shown.
    #[arg(long, value_name = "N", default_value_t = 8)]
    periods: usize,
}

impl Analyse for Retention {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn request(&self) -> Value {
        json!({ "by": self.by })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        let after: Vec<String> = (0..=self.periods).map(|after| format!("+{after}")).collect();
        let mut head = vec!["FIRST SEEN", "LEARNERS"];
        head.extend(after.iter().map(String::as_str));
        let mut table = Table::new(&head);
        let shares = |of: &Value| {
            let shares = list(of, "retention").take(self.periods + 1);
            shares.map(|share| figure(share, " %")).collect::<Vec<_>>()
        };
        for cohort in list(answer, "cohorts") {
            let mut cells = vec![text(&cohort["period"]), text(&cohort["learners"])];
            cells.extend(shares(cohort));
            table.row(cells);
        }
        let mut cells = vec!["all".to_owned(), String::new()];
        cells.extend(shares(answer));
        table.row(cells);
        table.lines()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cohorts_are_shown_with_their_shares() {
        let cohort = json!({"period": "2026-03", "learners": 4, "retention": [100.0, 50.0, 25.0]});
        let answer = json!({"cohorts": [cohort], "retention": [100.0, 50.0, 25.0]});
        let retention = Retention { by: "month".to_owned(), periods: 1 };
        let expected = [
            "FIRST SEEN  LEARNERS  +0       +1",
            "2026-03     4         100.0 %  50.0 %",
            "all                   100.0 %  50.0 %",
        ];
        assert_eq!(retention.lines(&answer), expected);
    }
}
