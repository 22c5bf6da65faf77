//! Rights that end while a request arrives: nothing of it is stored, on both engines.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Version, basic, make};

use crate::admin_store::{AdminStore, StoreKind};

/// How long the other node, or the cache of this one, may take to learn of it.
const LEARNT_MAX: Duration = Duration::from_secs(20);

/// What ends, by which commands, and the status of a request that was still arriving.
const ENDS: [(&str, u16); 2] = [("credential", 401), ("tenant", 403)];

fn check(kind: StoreKind) {
    for (what, status) in ENDS {
        let store = AdminStore::new(kind);
        let server = store.server().unwrap();
        let made = store.run_json(&["credential", "create", "--label", "leaving"]);
        let (key, secret) = (made["key"].as_str().unwrap(), made["secret"].as_str().unwrap());
        let header = basic(key, secret);
        let (id, statement) = make::statement_with_id();
        let body = statement.to_string();
        let (first, last) = body.split_at(body.len() - 1);
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(LEARNT_MAX)).unwrap();
        let length = body.len();
        let head = format!(
            "POST /xapi/statements HTTP/1.1\r\nHost: a\r\nAuthorization: {header}\r\n\
             X-Experience-API-Version: 2.0.0\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{first}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let ask = || {
            let client = server.client(Version::V2_0_0);
            let call = client.get("/statements").without("Authorization");
            call.header("Authorization", &header).send().status
        };
        // The request is admitted for sure once another one, sent later, was answered.
        assert_eq!(ask(), 200, "{kind:?}");
        match what {
            "credential" => store.run(&["credential", "remove", key]),
            _ => store.run(&["tenant", "suspend", "1"]),
        };
        let clock = SystemClock::new();
        while ask() != status {
            assert!(clock.elapsed() < LEARNT_MAX, "{what} of {kind:?} is still accepted");
            thread::sleep(Duration::from_millis(10));
        }
        stream.write_all(last.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what} {kind:?}: {answer}");
        if what == "tenant" {
            store.run(&["tenant", "resume", "1"]);
        }
        let found = || {
            let client = server.client(Version::V2_0_0);
            client.get("/statements").query("statementId", &id).send().status
        };
        // The seeded credential is known again as soon as the tenant is.
        let clock = SystemClock::new();
        while found() == 403 && clock.elapsed() < LEARNT_MAX {
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(found(), 404, "{what} {kind:?}");
    }
}

#[test]
fn a_request_in_progress_writes_nothing_to_a_served_store_after_its_rights_ended() {
    check(StoreKind::Served);
}

#[test]
fn a_request_in_progress_writes_nothing_to_a_database_after_its_rights_ended() {
    check(StoreKind::Database);
}
