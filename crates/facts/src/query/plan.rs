//! A question that has been understood: fields found, values turned into codes.

use super::condition::{Condition, ConditionReader};
use super::dimension::{Dimension, DimensionReader, ListOf};
use super::fault::QuestionFault;
use super::field::{CodeField, Field, Known, Values};
use super::formula::Formula;
use super::measure::{EdgeField, MeasureKind};
use super::request::{MeasureRequest, OrderRequest, Question};
use super::time::Zone;
use crate::rows::fields::{ColumnId, IntColumn};
use crate::tenant::View;

/// Most measures and most dimensions of a question.
const MEASURES_MAX: usize = 50;
const DIMENSIONS_MAX: usize = 8;
/// Most rows of an answer, and as many as come if nothing is said.
pub(crate) const LIMIT_MAX: usize = 100_000;
const LIMIT_DEFAULT: usize = 1_000;

/// A measure that has been understood.
#[derive(Clone, Debug)]
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) kind: MeasureKind,
    pub(crate) condition: Option<Condition>,
}

/// What the rows of an answer are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SortKey {
    Dimension(usize),
    Measure(usize),
}

/// A question that has been understood.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) measures: Vec<Measure>,
    pub(crate) dimensions: Vec<Dimension>,
    pub(crate) condition: Option<Condition>,
    /// Each with whether the largest comes first.
    pub(crate) order: Vec<(SortKey, bool)>,
    pub(crate) limit: usize,
    pub(crate) has_totals: bool,
    pub(crate) zone: Zone,
}

impl Plan {
    /// Understands a question about the rows of a view.
    pub(crate) fn of(
        question: &Question,
        view: &View,
        known: Known<'_>,
    ) -> Result<Self, QuestionFault> {
        let zone = known.zone.clone();
        let mut conditions = ConditionReader::new(known, &zone);
        let mut condition = None;
        if let Some(filter) = &question.filter {
            condition = Some(conditions.read(filter, "/where", 0)?);
        }
        let dimensions = read_dimensions(question, view, &DimensionParts { known, zone: &zone })?;
        let measures = read_measures(question, &mut conditions, (view, &dimensions))?;
        let order = read_order(&question.order, &dimensions, &measures)?;
        let limit = question.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            let text = format!("expected a number from 1 to {LIMIT_MAX}");
            return Err(QuestionFault::new("/limit", text));
        }
        let has_totals = question.totals;
        Ok(Self { measures, dimensions, condition, order, limit, has_totals, zone })
    }
}

struct DimensionParts<'t> {
    known: Known<'t>,
    zone: &'t Zone,
}

fn read_dimensions(
    question: &Question,
    view: &View,
    parts: &DimensionParts<'_>,
) -> Result<Vec<Dimension>, QuestionFault> {
    if DIMENSIONS_MAX < question.dimensions.len() {
        let text = format!("at most {DIMENSIONS_MAX} dimensions");
        return Err(QuestionFault::new("/dimensions", text));
    }
    let times = |column: IntColumn| view.times(column);
    let numbers = |column: ColumnId| view.numbers(column);
    let reader =
        DimensionReader { known: parts.known, zone: parts.zone, times: &times, numbers: &numbers };
    let mut dimensions: Vec<Dimension> = Vec::new();
    for (index, request) in question.dimensions.iter().enumerate() {
        let place = format!("/dimensions/{index}");
        let dimension = reader.read(request.field(), &place)?;
        if let Some(list) = dimension.list()
            && dimensions.iter().any(|known| known.list() == Some(list))
        {
            let text = match list {
                ListOf::Activities(_) => "the same activities are a dimension before",
                ListOf::Groups(_) => "the same groups are a dimension before",
            };
            return Err(QuestionFault::new(place, text));
        }
        if dimensions.iter().any(|known| known.name == dimension.name) {
            let text = format!("the name {:?} is there before", dimension.name);
            return Err(QuestionFault::new(place, text));
        }
        dimensions.push(dimension);
    }
    Ok(dimensions)
}

fn read_measures(
    question: &Question,
    conditions: &mut ConditionReader<'_>,
    (view, dimensions): (&View, &[Dimension]),
) -> Result<Vec<Measure>, QuestionFault> {
    let count = question.measures.len();
    if count == 0 || MEASURES_MAX < count {
        let text = format!("expected 1 to {MEASURES_MAX} measures");
        return Err(QuestionFault::new("/measures", text));
    }
    let mut measures: Vec<Measure> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (index, request) in question.measures.iter().enumerate() {
        let place = format!("/measures/{index}");
        let name = request.name.clone().unwrap_or_else(|| match &request.of {
            Some(of) => format!("{} of {of}", request.measure),
            None => request.measure.clone(),
        });
        if names.contains(&name) || dimensions.iter().any(|dimension| dimension.name == name) {
            let text = format!("the name {name:?} is there before; give another one by \"name\"");
            return Err(QuestionFault::new(place, text));
        }
        let reader =
            MeasureReader { request, before: &measures, names: &names, view, place: &place };
        let kind = reader.read(conditions, dimensions)?;
        let mut condition = None;
        if let Some(filter) = &request.filter {
            condition = Some(conditions.read(filter, &format!("{place}/where"), 0)?);
        }
        names.push(name.clone());
        measures.push(Measure { name, kind, condition });
    }
    Ok(measures)
}

struct MeasureReader<'q> {
    request: &'q MeasureRequest,
    /// The measures before, and their names.
    before: &'q [Measure],
    names: &'q [String],
    view: &'q View,
    place: &'q str,
}

impl MeasureReader<'_> {
    fn read(
        &self,
        conditions: &ConditionReader<'_>,
        dimensions: &[Dimension],
    ) -> Result<MeasureKind, QuestionFault> {
        let request = self.request;
        let place = |member: &str| format!("{}/{member}", self.place);
        let field = || {
            let name = request.of.as_deref();
            let name = name.ok_or_else(|| QuestionFault::new(place("of"), "expected a field"))?;
            Field::find(name, conditions.known, &place("of"))
        };
        let number = || number_of(&field()?, place("of"));
        let code = || code_of(field()?, place("of"));
        let edge = || edge_of(field()?, place("of"));
        Ok(match request.measure.as_str() {
            "count" => MeasureKind::Count,
            "distinct" => MeasureKind::Distinct(code()?),
            "sum" => MeasureKind::Sum(number()?),
            "mean" => MeasureKind::Mean(number()?),
            "min" => MeasureKind::Min(number()?),
            "max" => MeasureKind::Max(number()?),
            "median" => self.percentile(number()?, 0.5),
            "percentile" => {
                let at = request.at.filter(|at| (0.0..=100.0).contains(at));
                let at = at.ok_or_else(|| {
                    QuestionFault::new(place("at"), "expected a number from 0 to 100")
                })?;
                self.percentile(number()?, at / 100.0)
            }
            "first" => MeasureKind::First(edge()?),
            "last" => MeasureKind::Last(edge()?),
            "rate" => {
                let field = code()?;
                if !matches!(field.values, Values::Flag) {
                    let text = "expected success or completion";
                    return Err(QuestionFault::new(place("of"), text));
                }
                MeasureKind::Rate(field)
            }
            "formula" => {
                let text = request.formula.as_deref().unwrap_or_default();
                let formula = Formula::parse(text, self.names, &place("formula"))?;
                let of = |index: &usize| formula.measures() >> index & 1 == 1;
                (0..self.before.len())
                    .filter(of)
                    .try_for_each(|of| self.check_number(of, "formula"))?;
                MeasureKind::Formula(formula)
            }
            "running_total" => MeasureKind::RunningTotal(self.before(dimensions)?),
            "change" => MeasureKind::Change(self.before(dimensions)?),
            other => {
                let text = format!(
                    "there is no measure {other:?}: expected count, distinct, sum, mean, min, max, \
                     median, percentile, first, last, rate, formula, running_total or change"
                );
                return Err(QuestionFault::new(place("measure"), text));
            }
        })
    }

    fn percentile(&self, column: ColumnId, share: f64) -> MeasureKind {
        MeasureKind::Percentile { column, share, scale: self.view.scale(column) }
    }

    /// The measure before that this one is of, which goes along periods.
    fn before(&self, dimensions: &[Dimension]) -> Result<usize, QuestionFault> {
        let name = self.request.of.as_deref().unwrap_or_default();
        let index = self.names.iter().position(|known| known == name);
        let index = index.ok_or_else(|| {
            let known = self.names.join(", ");
            let text = format!("no measure before it is named {name:?}: {known}");
            QuestionFault::new(format!("{}/of", self.place), text)
        })?;
        let periods = dimensions.iter().filter(|dimension| dimension.is_period()).count();
        if periods != 1 {
            let text = "needs exactly one dimension that is a period, such as \"day\"";
            return Err(QuestionFault::new(self.place, text));
        }
        self.check_number(index, "of")?;
        Ok(index)
    }

    /// Checks that one can compute with a measure before.
    fn check_number(&self, of: usize, member: &str) -> Result<(), QuestionFault> {
        if self.before.get(of).is_some_and(|measure| measure.kind.text_field().is_some()) {
            let text = format!("the measure {:?} is no number", self.names[of]);
            return Err(QuestionFault::new(format!("{}/{member}", self.place), text));
        }
        Ok(())
    }
}

fn number_of(field: &Field, place: String) -> Result<ColumnId, QuestionFault> {
    match field {
        Field::Number(column) | Field::Extension { number: column, .. } => Ok(*column),
        Field::Code(_) | Field::List(_) | Field::Groups(_) | Field::Time(_) | Field::Sequence => {
            Err(QuestionFault::new(place, "expected a field of numbers"))
        }
    }
}

fn code_of(field: Field, place: String) -> Result<CodeField, QuestionFault> {
    match field {
        Field::Code(field) | Field::Extension { text: field, .. } => Ok(field),
        Field::Number(_) | Field::List(_) | Field::Groups(_) | Field::Time(_) | Field::Sequence => {
            Err(QuestionFault::new(place, "expected a field of single texts"))
        }
    }
}

/// What the first or last value is of.
fn edge_of(field: Field, place: String) -> Result<EdgeField, QuestionFault> {
    match field {
        Field::Number(column) => Ok(EdgeField::Number(column)),
        Field::Code(field) | Field::Extension { text: field, .. } => Ok(EdgeField::Code(field)),
        Field::List(_) | Field::Groups(_) | Field::Time(_) | Field::Sequence => {
            Err(QuestionFault::new(place, "expected a number or a single text"))
        }
    }
}

fn read_order(
    requests: &[OrderRequest],
    dimensions: &[Dimension],
    measures: &[Measure],
) -> Result<Vec<(SortKey, bool)>, QuestionFault> {
    let mut order = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        let dimension = dimensions.iter().position(|it| it.name == request.by);
        let measure = measures.iter().position(|it| it.name == request.by);
        let key = dimension.map(SortKey::Dimension).or(measure.map(SortKey::Measure));
        let key = key.ok_or_else(|| {
            let text = format!("no dimension and no measure is named {:?}", request.by);
            QuestionFault::new(format!("/order/{index}/by"), text)
        })?;
        order.push((key, request.descending));
    }
    if order.is_empty() {
        let period = dimensions.iter().position(Dimension::is_period);
        order
            .push(period.map_or((SortKey::Measure(0), true), |it| (SortKey::Dimension(it), false)));
    }
    // So that the same question has the same answer.
    order.extend((0..dimensions.len()).map(|index| (SortKey::Dimension(index), false)));
    Ok(order)
}
