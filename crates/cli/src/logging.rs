//! Where log lines go and how they look.

use std::error::Error;
use std::fmt;
use std::io::IsTerminal;

use acta_config::{Log, LogFormat};
use anyhow::{Context as _, Result};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, layer};
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

/// Sends log lines to standard error from now on.
///
/// # Errors
///
/// When the filter cannot be read.
pub(crate) fn start(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.level)
        .with_context(|| format!("log.level = {:?} is not a valid filter", log.level))?;
    let is_terminal = std::io::stderr().is_terminal();
    let is_text = match log.format {
        LogFormat::Auto => is_terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let registry = tracing_subscriber::registry().with(filter);
    if is_text {
        let layer = layer().with_target(false).with_ansi(is_terminal);
        // A line that cannot be written is lost, and its error must not end the task.
        let layer = layer.log_internal_errors(false);
        registry.with(layer.with_writer(std::io::stderr)).init();
    } else {
        let layer = layer().event_format(JsonLine).fmt_fields(NotFormatted);
        let layer = layer.log_internal_errors(false);
        registry.with(SpanFields).with(layer.with_writer(std::io::stderr)).init();
    }
    Ok(())
}

/// Keeps the fields of each span with it, for the lines that are logged in it.
struct SpanFields;

impl<S> Layer<S> for SpanFields
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }
}

/// Spares the text of the fields of spans: [`SpanFields`] has their values.
struct NotFormatted;

impl<'writer> FormatFields<'writer> for NotFormatted {
    fn format_fields<R: RecordFields>(&self, _: Writer<'writer>, _: R) -> fmt::Result {
        Ok(())
    }
}

/// One JSON object a line: time, level, message, then the fields of the event, and those of the
/// spans in which it happened, the innermost first. Of several of one name the first counts.
///
/// An error is written with the chain of its causes.
struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope().into_iter().flatten() {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.add_outer(of_span);
            }
        }
        let level = event.metadata().level().as_str();
        write!(writer, "{{\"timestamp\":\"{time}\",\"level\":\"{level}\"")?;
        let message = ("message", Value::from(fields.message));
        let target = ("target", Value::from(event.metadata().target()));
        for (name, value) in [message].into_iter().chain(fields.others).chain([target]) {
            write!(writer, ",\"{name}\":{value}")?;
        }
        writeln!(writer, "}}")
    }
}

/// The fields of an event or a span.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn push(&mut self, field: &Field, value: impl Into<Value>) {
        self.others.push((field.name(), value.into()));
    }

    /// Adds the fields of a span around it, but for those that are there already.
    fn add_outer(&mut self, outer: &Self) {
        for (name, value) in &outer.others {
            if self.others.iter().all(|(known, _)| known != name) {
                self.others.push((name, value.clone()));
            }
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.push(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, error: &(dyn Error + 'static)) {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        self.push(field, text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.push(field, format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn values_cannot_begin_a_line_of_the_log() {
        let nasty = "a\r\n{\"level\":\"ERROR\"}\u{1b}[2J\u{0}\"\\";
        let written = Written::default();
        let sink = written.clone();
        let layer = layer().event_format(JsonLine).fmt_fields(NotFormatted);
        let layer = layer.with_writer(move || sink.clone());
        let subscriber = tracing_subscriber::registry().with(SpanFields).with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::error_span!("request", request.id = nasty);
            let _entered = span.enter();
            tracing::info!(reason = nasty, "said {nasty}");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let (line, rest) = text.split_once('\n').unwrap();
        assert!(rest.is_empty() && !line.contains(char::is_control), "{text:?}");
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!((&line["reason"], &line["request.id"]), (&nasty.into(), &nasty.into()));
        assert_eq!(line["message"], format!("said {nasty}"));
    }
}
