//! Questions as they are sent: JSON, checked only for its shape.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A question to the facts of a tenant.
///
/// `docs/guide/facts.md` explains the fields, measures and conditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is computed.
    pub measures: Vec<MeasureRequest>,
    /// What the rows of the answer are; none for one row in all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<DimensionRequest>,
    /// Which facts count; absent for all.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<ConditionRequest>,
    /// In which order the rows come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<OrderRequest>,
    /// Most rows of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Whether the measures over all rows are wanted too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub totals: bool,
    /// The time zone of days, weeks and so on, such as `Europe/Zurich`; that of the tenant if
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl Question {
    /// What the audit records of the question. Conditions may name persons, so only the fields
    /// that they test are part of it.
    pub fn measures_and_dimensions(&self) -> Value {
        let measures = self.measures.iter().map(|measure| (&measure.measure, &measure.of));
        let dimensions = self.dimensions.iter().map(|dimension| dimension.field().field);
        let mut fields = Vec::new();
        let filters = self.measures.iter().filter_map(|measure| measure.filter.as_ref());
        self.filter.iter().chain(filters).for_each(|filter| filter.add_fields(&mut fields));
        json!({
            "measures": measures.collect::<Vec<_>>(),
            "dimensions": dimensions.collect::<Vec<_>>(),
            "where": fields,
        })
    }
}

/// A measure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasureRequest {
    /// `count`, `distinct`, `sum`, `mean`, `min`, `max`, `median`, `percentile`, `first`, `last`,
    /// `rate`, `formula`, `running_total` or `change`.
    pub measure: String,
    /// The field, or for `running_total` and `change` the name of a measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Which percentile, from 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<f64>,
    /// An expression of names of other measures, numbers, `+ - * /` and parentheses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// Which facts count for this measure alone.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<ConditionRequest>,
    /// Its name in the answer; the measure and its field if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A dimension: the name of a field, or a field with more to be said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum DimensionRequest {
    /// The name of a field.
    Name(String),
    /// A field with more to be said.
    Field(DimensionField),
}

/// A dimension.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DimensionField {
    /// The name of the field.
    pub field: String,
    /// Of a time: `hour`, `day`, `week`, `month`, `quarter`, `year`, `weekday` or `hour_of_day`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Of a number: how wide the bands are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// Of `group`: only groups of this kind, of those that the person was a member of and all above
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Of `group`: only groups on this level, of those that the person was a member of and all
    /// above them; 1 is the level at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 16)]
    pub level: Option<usize>,
    /// Its name in the answer; that of the field if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl DimensionRequest {
    /// With everything that can be said.
    pub(crate) fn field(&self) -> DimensionField {
        match self {
            Self::Name(field) => DimensionField { field: field.clone(), ..Default::default() },
            Self::Field(field) => field.clone(),
        }
    }
}

/// A condition: one of `and`, `or` and `not`, or a field with exactly one test; `from` and `to`
/// go together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionRequest {
    /// All of them hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub and: Option<Vec<Self>>,
    /// At least one of them holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub or: Option<Vec<Self>>,
    /// It does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub not: Option<Box<Self>>,
    /// The name of the field that is tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The field has this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Value>,
    /// The field has one of these values.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// The field is this or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The field is less than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
    /// The text of the field has this within it, in any case of letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// The field has a value, or has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
}

impl ConditionRequest {
    /// The names of the fields that are tested, which is what the audit records of a condition:
    /// its values may name persons.
    pub fn fields(&self) -> Vec<String> {
        let mut fields = Vec::new();
        self.add_fields(&mut fields);
        fields
    }

    /// Adds the names of the fields that are tested.
    fn add_fields(&self, fields: &mut Vec<String>) {
        fields.extend(self.field.clone());
        let parts = self.and.iter().chain(&self.or).flatten().chain(self.not.as_deref());
        parts.for_each(|part| part.add_fields(fields));
    }
}

/// A part of the order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// The name of a measure or a dimension.
    pub by: String,
    /// Whether the largest comes first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub descending: bool,
}
