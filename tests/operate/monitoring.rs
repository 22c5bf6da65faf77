//! The alert rules and the dashboard name metrics that servers have.

use std::collections::BTreeSet;
use std::process::Command;

use acta_tests::server::exchange_raw;
use acta_tests::{Engine, Response, Server, Store, Version, make};
use serde_json::Value;
use yaml_rust2::Yaml;

use crate::tls::House;
use crate::{has, path, text, yaml};

const ALERTS: &str = "packaging/monitoring/alerts.yaml";
const DASHBOARD: &str = "packaging/monitoring/dashboard.json";

/// What a server answers to `/metrics` after a few requests.
fn metrics(engine: Engine) -> String {
    let store = Store::new(engine);
    let server = Server::start_on(&store, Version::V2_0_0);
    let client = server.client(Version::V2_0_0);
    client.store(&make::statement());
    client.get("/statements").query("limit", "many").send().expect(400);
    client.call_outside("GET", "/metrics").send().expect(200).text().to_owned()
}

/// What a server with a certificate answers to `/metrics`.
fn metrics_over_tls() -> String {
    let house = House::new(&[]);
    let mut connection = house.client().connect().unwrap();
    connection.get("/metrics").unwrap().expect(200).text().to_owned()
}

/// The names of metrics in a text: words that begin with that of the product.
fn names_in(text: &str) -> BTreeSet<String> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter| !is_of_name(letter));
    words.filter(|word| word.starts_with("acta_")).map(str::to_owned).collect()
}

/// The expressions of an alert file.
fn expressions(alerts: &Yaml) -> Vec<String> {
    let rules = alerts["groups"].as_vec().unwrap().iter();
    let rules = rules.flat_map(|group| group["rules"].as_vec().unwrap());
    rules.map(|rule| rule["expr"].as_str().unwrap().to_owned()).collect()
}

/// The expressions of a dashboard.
fn queries(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let mut queries: Vec<String> =
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let of_variables = variables.filter_map(|variable| variable["query"]["query"].as_str());
    queries.extend(of_variables.map(str::to_owned));
    queries
}

#[test]
fn alerts_and_dashboard_name_metrics_that_servers_have() {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).unwrap();
    let expressions = [expressions(&yaml(ALERTS)), queries(&dashboard)].concat();
    let told = metrics(Engine::Embedded) + &metrics(Engine::Postgres) + &metrics_over_tls();
    let lines = told.lines().filter(|line| !line.starts_with('#'));
    let known: BTreeSet<&str> = lines.filter_map(|line| line.split([' ', '{']).next()).collect();
    for name in expressions.iter().flat_map(|expression| names_in(expression)) {
        // A replica has the metrics of a database, where there is one.
        let of_database = name.replace("acta_replica_", "acta_database_");
        assert!(known.contains(&*of_database), "no server has {name}");
    }
    for label in ["route=\"statements\"", "method=\"POST\"", "status=\"200\"", "follower=\""] {
        assert!(told.contains(label), "no metric has {label}");
    }
}

#[test]
fn every_alert_says_what_happens_and_what_to_do() {
    let alerts = yaml(ALERTS);
    let mut names = BTreeSet::new();
    for rule in alerts["groups"][0]["rules"].as_vec().unwrap() {
        let name = rule["alert"].as_str().unwrap();
        assert!(names.insert(name), "{name} is there twice");
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: {severity}");
        for part in ["summary", "description"] {
            let text = rule["annotations"][part].as_str().unwrap_or_default();
            assert!(10 < text.len(), "{name}: {part}");
        }
    }
    if has("promtool") {
        let checked = Command::new("promtool").args(["check", "rules"]).arg(path(ALERTS)).output();
        let checked = checked.unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
}

#[test]
fn the_panels_of_the_dashboard_do_not_overlap() {
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).unwrap();
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let [x, y, width, height] =
            ["x", "y", "w", "h"].map(|name| panel["gridPos"][name].as_u64().unwrap());
        assert!(x + width <= 24, "{panel}");
        for place in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
            assert!(taken.insert(place), "{panel}");
        }
    }
}

#[test]
fn monitoring_with_a_listener_of_its_own_is_served_there_and_nowhere_else() {
    let house = House::new(&[("ACTA_METRICS_LISTEN", "127.0.0.1:0")]);
    let address = house.server.logged("here alone")["address"].as_str().unwrap().parse().unwrap();
    let status_there = |path: &str| {
        // Without TLS, which the server speaks to clients.
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Response::parse(&exchange_raw(address, request.as_bytes())).status
    };
    let client = house.client();
    let status_of_client = |path: &str| client.get(path).unwrap().status;
    for path in ["/metrics", "/health", "/ready"] {
        assert_eq!((status_there(path), status_of_client(path)), (200, 404), "{path}");
    }
    assert_eq!(status_of_client("//metrics"), 404);
    for (path, status) in [("/xapi/about", 200), ("/api/v1/server", 401), ("/nothing", 404)] {
        assert_eq!((status_there(path), status_of_client(path)), (404, status), "{path}");
    }
}
