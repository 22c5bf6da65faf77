//! Formulas over measures.

use super::fault::QuestionFault;

/// Deepest nesting of parentheses.
const DEPTH_MAX: usize = 32;
/// Most numbers and measures of one formula.
const PARTS_MAX: usize = 200;

/// An expression that has been understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Formula {
    Number(f64),
    /// The measure with this index.
    Measure(usize),
    Negative(Box<Self>),
    Two(Box<Self>, Operator, Box<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Formula {
    /// Understands a formula over measures with these names.
    pub(crate) fn parse(text: &str, names: &[String], place: &str) -> Result<Self, QuestionFault> {
        let mut parser = Parser { rest: text, names, depth: 0, count: 0 };
        let formula = parser.sum();
        let formula = formula.and_then(|formula| {
            if parser.rest.trim_start().is_empty() { Ok(formula) } else { Err(parser.unexpected()) }
        });
        formula.map_err(|text| QuestionFault::new(place, text))
    }

    /// The bits of the indices of the measures that it is computed of.
    pub(crate) fn measures(&self) -> u64 {
        match self {
            Self::Number(_) => 0,
            Self::Measure(index) => 1 << index,
            Self::Negative(inner) => inner.measures(),
            Self::Two(left, _, right) => left.measures() | right.measures(),
        }
    }

    /// Its value; none where a measure has none, or where something is divided by 0.
    pub(crate) fn value(&self, measure: &dyn Fn(usize) -> Option<f64>) -> Option<f64> {
        let value = match self {
            Self::Number(number) => *number,
            Self::Measure(index) => measure(*index)?,
            Self::Negative(inner) => -inner.value(measure)?,
            Self::Two(left, operator, right) => {
                let (left, right) = (left.value(measure)?, right.value(measure)?);
                match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                    Operator::Divide => left / right,
                }
            }
        };
        Some(value).filter(|value| value.is_finite())
    }
}

struct Parser<'f> {
    rest: &'f str,
    names: &'f [String],
    depth: usize,
    /// How many numbers and measures there are so far.
    count: usize,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<Formula, String> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Some('+') => Operator::Add,
                Some('-') => Operator::Subtract,
                _ => return Ok(left),
            };
            self.skip();
            left = Formula::Two(Box::new(left), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Formula, String> {
        let mut left = self.single()?;
        loop {
            let operator = match self.peek() {
                Some('*') => Operator::Multiply,
                Some('/') => Operator::Divide,
                _ => return Ok(left),
            };
            self.skip();
            left = Formula::Two(Box::new(left), operator, Box::new(self.single()?));
        }
    }

    fn single(&mut self) -> Result<Formula, String> {
        self.depth += 1;
        self.count += 1;
        if DEPTH_MAX < self.depth {
            return Err(format!("nested deeper than {DEPTH_MAX}"));
        }
        if PARTS_MAX < self.count {
            return Err(format!("more than {PARTS_MAX} parts"));
        }
        let found = match self.peek() {
            Some('-') => {
                self.skip();
                Formula::Negative(Box::new(self.single()?))
            }
            Some('(') => {
                self.skip();
                let inner = self.sum()?;
                if self.peek() != Some(')') {
                    return Err(self.unexpected());
                }
                self.skip();
                inner
            }
            Some(first) if first.is_ascii_digit() => {
                let text = self.take(|c| c.is_ascii_digit() || c == '.');
                Formula::Number(text.parse().map_err(|_not| format!("{text:?} is no number"))?)
            }
            Some(first) if first.is_alphabetic() || first == '_' => {
                let name = self.take(|c| c.is_alphanumeric() || c == '_');
                let index = self.names.iter().position(|known| *known == name);
                let known = || self.names.join(", ");
                Formula::Measure(index.ok_or_else(|| {
                    format!("no measure before it is named {name:?}: {}", known())
                })?)
            }
            Some(_) | None => return Err(self.unexpected()),
        };
        self.depth -= 1;
        Ok(found)
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn skip(&mut self) {
        let mut characters = self.rest.chars();
        characters.next();
        self.rest = characters.as_str();
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        text.to_owned()
    }

    fn unexpected(&self) -> String {
        match self.rest.trim_start().chars().next() {
            Some(found) => format!("did not expect {found:?}"),
            None => "the formula ends too early".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_formulas() {
        let names = ["passed".to_owned(), "all".to_owned(), "none".to_owned()];
        let measure = |index: usize| [Some(3.0), Some(4.0), None][index];
        let table = [
            ("passed / all", Ok(Some(0.75))),
            ("100 * passed/all - 1", Ok(Some(74.0))),
            ("-(passed - 2*all) / 0.5", Ok(Some(10.0))),
            ("1 - 2 - 3", Ok(Some(-4.0))),
            ("passed / (all - 4)", Ok(None)),
            ("none + 1", Ok(None)),
            ("passed /", Err("the formula ends too early")),
            ("(passed", Err("the formula ends too early")),
            ("passed ! all", Err("did not expect '!'")),
            ("other", Err("no measure before it is named \"other\": passed, all, none")),
            ("1.2.3", Err("\"1.2.3\" is no number")),
        ];
        for (text, expected) in table {
            let formula = Formula::parse(text, &names, "/measures/2/formula");
            let value = formula.map(|formula| formula.value(&measure));
            let value = value.map_err(|fault| fault.text);
            assert_eq!(value, expected.map_err(str::to_owned), "{text}");
        }
        let deep = format!("{}1{}", "(".repeat(100), ")".repeat(100));
        assert_eq!(Formula::parse(&deep, &[], "").unwrap_err().text, "nested deeper than 32");
    }
}
