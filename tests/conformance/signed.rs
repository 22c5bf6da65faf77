//! Signed statements: which signatures are taken and which refused.

use acta_tests::sign::{self, Certificate};
use acta_tests::{Client, Response, make, multipart};
use serde_json::{Value, json};

use crate::both;

fn post(client: &Client, statement: &Value, signature: &str) -> Response {
    let body = sign::body(statement, signature);
    client.post("/statements").body(&multipart::content_type(), body).send()
}

#[test]
fn takes_signatures_of_three_algorithms() {
    both(|client| {
        for algorithm in ["RS256", "RS384", "RS512"] {
            for certificate in [Certificate::Signer, Certificate::Absent] {
                let (id, statement) = make::statement_with_id();
                let payload = statement.to_string();
                let signature = sign::jws(algorithm, certificate, payload.as_bytes());
                post(client, &statement, &signature).expect(200);
                let call = client.get("/statements").query("statementId", &id);
                let answer = call.query("attachments", "true").send().expect(200);
                let parts = multipart::read(&answer);
                assert_eq!(parts[1].body, signature.as_bytes(), "the signature is kept");
            }
        }
    });
}

#[test]
fn refuses_signatures_of_other_algorithms() {
    both(|client| {
        for algorithm in ["HS256", "ES256", "PS256", "none", "rs256", ""] {
            let (_, statement) = make::statement_with_id();
            let payload = statement.to_string();
            let signature = sign::jws(algorithm, Certificate::Absent, payload.as_bytes());
            assert_eq!(post(client, &statement, &signature).status, 400, "{algorithm}");
        }
    });
}

#[test]
fn refuses_a_signature_over_another_statement() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        let mut other = statement.clone();
        other["verb"]["id"] = json!(make::verb_id());
        for payload in [other.to_string(), json!([statement]).to_string(), "{}".to_owned()] {
            let signature = sign::jws("RS256", Certificate::Signer, payload.as_bytes());
            assert_eq!(post(client, &statement, &signature).status, 400, "{payload}");
        }
        client.get("/statements").query("statementId", &id).send().expect(404);
    });
}

#[test]
fn refuses_a_signature_whose_payload_is_no_statement() {
    both(|client| {
        let (_, statement) = make::statement_with_id();
        let whole = statement.to_string();
        let half = &whole[..whole.len() / 2];
        for payload in [half, "", "null", "text"] {
            let signature = sign::jws("RS256", Certificate::Signer, payload.as_bytes());
            assert_eq!(post(client, &statement, &signature).status, 400, "{payload}");
        }
    });
}

#[test]
fn refuses_a_malformed_signature() {
    both(|client| {
        let (_, statement) = make::statement_with_id();
        let whole = sign::jws("RS256", Certificate::Signer, statement.to_string().as_bytes());
        let parts: Vec<&str> = whole.split('.').collect();
        let faulty = [
            String::new(),
            "should fail".to_owned(),
            "..".to_owned(),
            format!("{}.{}", parts[0], parts[1]),
            format!("{whole}.{}", parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("!{whole}"),
            format!("{}.{}.{}", parts[1], parts[0], parts[2]),
        ];
        for signature in faulty {
            assert_eq!(post(client, &statement, &signature).status, 400, "{signature}");
        }
    });
}

#[test]
fn refuses_a_signature_that_the_certificate_does_not_verify() {
    both(|client| {
        let (_, statement) = make::statement_with_id();
        let payload = statement.to_string();
        let untrusted = sign::jws("RS256", Certificate::Untrusted, payload.as_bytes());
        post(client, &statement, &untrusted).expect(400);
        // The signature of another payload, under the right certificate.
        let (_, other) = make::statement_with_id();
        let good = sign::jws("RS256", Certificate::Signer, payload.as_bytes());
        let wrong = sign::jws("RS256", Certificate::Signer, other.to_string().as_bytes());
        let (signed, _) = good.rsplit_once('.').expect("a JWS has dots");
        let (_, signature) = wrong.rsplit_once('.').expect("a JWS has dots");
        post(client, &statement, &format!("{signed}.{signature}")).expect(400);
    });
}

#[test]
fn refuses_a_signature_of_another_content_type() {
    both(|client| {
        let (_, mut statement) = make::statement_with_id();
        let signature = sign::jws("RS256", Certificate::Signer, statement.to_string().as_bytes());
        let mut header = sign::attachment(&signature);
        header["contentType"] = json!("text/plain; charset=ascii");
        let sha2 = make::sha256_hex(signature.as_bytes());
        statement["attachments"] = json!([header]);
        let body = multipart::write(&[
            multipart::Part::statements(&statement.to_string()),
            multipart::Part::attachment("text/plain; charset=ascii", &sha2, signature.as_bytes()),
        ]);
        let call = client.post("/statements").body(&multipart::content_type(), body);
        call.send().expect(400);
    });
}

#[test]
fn refuses_a_signature_that_is_not_sent() {
    both(|client| {
        let (_, mut statement) = make::statement_with_id();
        let signature = sign::jws("RS256", Certificate::Signer, statement.to_string().as_bytes());
        statement["attachments"] = json!([sign::attachment(&signature)]);
        client.post("/statements").json(&statement).send().expect(400);
    });
}

#[test]
fn compares_a_signed_statement_by_its_meaning() {
    both(|client| {
        let (_, mut statement) = make::statement_with_id();
        statement["result"] = json!({"duration": "P1DT12H36M0.12S"});
        statement["object"]["definition"] = json!({"name": {"en": "As signed"}});
        let signature = sign::jws("RS256", Certificate::Signer, statement.to_string().as_bytes());
        // Nothing of this counts for equality.
        statement["result"]["duration"] = json!("P1DT12H36M0.1237S");
        statement["verb"]["display"] = json!({"en-US": "another display"});
        statement["object"]["definition"]["name"] = json!({"en": "As sent"});
        post(client, &statement, &signature).expect(200);
        statement["id"] = json!(make::id());
        statement["result"]["duration"] = json!("P1DT12H36M0.13S");
        post(client, &statement, &signature).expect(400);
    });
}
