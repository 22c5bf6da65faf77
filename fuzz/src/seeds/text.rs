//! Texts: statements, requests, values.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::input::SEPARATOR;

/// Statements that have everything that statements can have.
pub(super) const STATEMENTS: &[&str] = &[
    r#"{"actor":{"mbox":"mailto:ada@Example.org"},"verb":{"id":"http://v"},"object":{"id":"http://o"}}"#,
    r#"{"id":"6690e6c9-3ef0-4ed3-8b37-7f3964730bee","actor":{"objectType":"Group","name":"Both","member":[{"name":"Ada","account":{"homePage":"https://example.org","name":"a"}},{"openid":"https://example.org/b"}]},"verb":{"id":"http://adlnet.gov/expapi/verbs/answered","display":{"en-US":"answered","de":"beantwortet"}},"object":{"objectType":"Activity","id":"https://example.org/q","definition":{"name":{"en":"Q"},"description":{"en":"?"},"type":"http://adlnet.gov/expapi/activities/cmi.interaction","moreInfo":"https://example.org/more","interactionType":"choice","correctResponsesPattern":["a[,]b"],"choices":[{"id":"a","description":{"en":"A"}},{"id":"b"}],"extensions":{"https://example.org/x":{"y":[1,2.50,-3e2]}}}},"result":{"score":{"scaled":0.5,"raw":5,"min":0,"max":10},"success":true,"completion":false,"response":"a","duration":"PT1M30.555S","extensions":{"https://example.org/x":null}},"timestamp":"2026-03-01T09:30:00.123+01:00"}"#,
    r#"{"actor":{"mbox_sha1sum":"EBD31E95054C018B10727CCFFD2EF2EC3A016EE9"},"verb":{"id":"http://v"},"object":{"objectType":"SubStatement","actor":{"objectType":"Agent","mbox":"mailto:b@c.d"},"verb":{"id":"http://w"},"object":{"objectType":"StatementRef","id":"6690E6C9-3ef0-4ed3-8b37-7f3964730bee"},"timestamp":"20260301T093000Z","context":{"contextActivities":{"parent":{"id":"http://p"}}}},"context":{"registration":"16fd2706-8baf-433b-82eb-8c7fada847da","instructor":{"mbox":"mailto:i@b.c"},"team":{"objectType":"Group","mbox":"mailto:t@b.c"},"revision":"1","platform":"p","language":"en-GB","statement":{"objectType":"StatementRef","id":"6690e6c9-3ef0-4ed3-8b37-7f3964730bee"},"contextActivities":{"parent":[{"id":"http://p","definition":{"name":{"en":"P"}}}],"grouping":{"id":"http://g"},"category":[],"other":{"objectType":"Activity","id":"http://x"}}}}"#,
    r#"{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},"object":{"objectType":"StatementRef","id":"6690e6c9-3ef0-4ed3-8b37-7f3964730bee"},"stored":"2026-03-01T09:30:00Z","version":"1.0.3","authority":{"objectType":"Group","member":[{"account":{"homePage":"https://example.org","name":"app"}},{"mbox":"mailto:u@b.c"}]}}"#,
    r#"{"version":"2.0.0","actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://v"},"object":{"objectType":"Agent","openid":"https://example.org/b"},"context":{"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:a@b.c"},"relevantTypes":["http://r"]}],"contextGroups":[{"objectType":"contextGroup","group":{"objectType":"Group","mbox":"mailto:g@b.c"}}]}}"#,
    r#"{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://v"},"object":{"id":"http://o"},"attachments":[{"usageType":"http://adlnet.gov/expapi/attachments/signature","display":{"en":"s"},"description":{"en":"d"},"contentType":"application/octet-stream","length":4235,"sha2":"672FA5FA658017F1B72D65036F13379C6AB05D4AB3B6664908D8ACF0B6A0C634","fileUrl":"https://example.org/f"}]}"#,
    r#"{"object":{"mbox":"mailto:a@b.c"},"verb":{"ID":"v"},"actor":null,"other":1,"timestamp":"yesterday"}"#,
];

fn seed(parts: &[&[u8]]) -> Vec<u8> {
    let (choice, parts) = parts.split_first().expect("a seed has a choice");
    [choice, parts.join(&SEPARATOR).as_slice()].concat()
}

/// Alone in either version, and batches.
pub(super) fn statements(statements: &[&str]) -> Vec<Vec<u8>> {
    let alone = statements.iter().enumerate().map(|(number, text)| {
        let choice = [number.to_le_bytes()[0]];
        seed(&[&choice, text.as_bytes()])
    });
    let batches =
        statements.chunks(3).map(|batch| format!("\u{1}[{}]", batch.join(",")).into_bytes());
    alone.chain(batches).collect()
}

/// Texts, and pairs to merge.
pub(super) fn json(statements: &[&str]) -> Vec<Vec<u8>> {
    let known = br#"{"name":{"en":"a","DE":"b"},"interactionType":"choice","choices":[]}"#;
    let newer = br#"{"name":{"EN":"c"},"extensions":{"http://a":1},"interactionType":"numeric"}"#;
    let texts = statements.iter().map(|text| seed(&[&[0], text.as_bytes()]));
    let more: [&str; 4] = [
        r#"["\ud83d\ude00\u00e9\n",-0.0e+1,1E400,[[]],{"a":{"a":1},"a":2}]"#,
        " null ",
        "\"\\",
        "[1,]",
    ];
    let more = more.into_iter().map(|text| seed(&[&[0], text.as_bytes()]));
    let pairs = [seed(&[&[1], known, newer]), seed(&[&[2], known, newer])];
    texts.chain(more).chain(pairs).collect()
}

/// For each of the checks of `scalar`, in its order.
const SCALARS: [&[&str]; 13] = [
    &["http://example.org:80/a?b#c", "urn:x:y", "https://\u{e9}.example/%41", "http://[::1]/"],
    &["mailto:ada@Example.ORG", "mailto:\"a b\"@[127.0.0.1]", "mailto:a.b+c@d-e.f"],
    &["6690e6c9-3ef0-4ed3-8b37-7f3964730bee", "6690E6C9-3EF0-4ED3-8B37-7F3964730BEE"],
    &["P1Y2M3DT4H5M6.789S", "P3W", "PT0,5H", "P0.5Y"],
    &[
        "2026-03-01T09:30:00.123456789+01:00",
        "20260301T093000Z",
        "2015-06-30T23:59:60Z",
        "2026-03-01T24:00",
    ],
    &["en-GB", "zh-Hant-TW", "de-1996-a-bbb-x-c", "i-klingon"],
    &["en-GB;q=0.8, fr;q=1, *;q=0.1\nen\nfr-CA\nde", "zh-Hant-x-a, de\nzh\nde-AT"],
    &["672fa5fa658017f1b72d65036f13379c6ab05d4ab3b6664908d8acf0b6a0c634"],
    &["1.0.3", "2.0", "1.0.10"],
    &["\u{1}\u{2}\u{3}", "\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}"],
    &["all statements/write", "1f", "64KiB", "30s", "99999999999h"],
    &[r#"{"mbox":"mailto:a@b.c"}"#, r#"{"account":{"homePage":"http://a","name":"\u0000\""}}"#],
    &[
        "https://[::1]:8080",
        "http://a.example:80",
        "https://a.example/b#",
        "owner",
        r#"{"name":"a","mbox":"mailto:a@b.c"}"#,
    ],
];

/// Values.
pub(super) fn scalars() -> Vec<Vec<u8>> {
    let numbered = (0..).zip(SCALARS);
    numbered
        .flat_map(|(choice, texts)| {
            texts.iter().map(move |text| seed(&[&[choice], text.as_bytes()]))
        })
        .collect()
}

/// Signatures of the tests, and ones that are put together.
pub(super) fn signatures() -> Vec<Vec<u8>> {
    macro_rules! signed {
        ($name:literal) => {
            include_bytes!(concat!("../../../crates/xapi/src/signature/signed/", $name))
                .trim_ascii()
        };
    }
    let whole = [
        signed!("rs256.jws"),
        signed!("rs256_1024.jws"),
        signed!("rs512.jws"),
        signed!("mislabelled.jws"),
    ];
    let certificate = signed!("elliptic_certificate.base64");
    let certificate = STANDARD.decode(certificate).unwrap_or_default();
    let composed = [
        seed(&[&[1], br#"{"alg":"RS512"}"#, b"", b"", b"1234"]),
        seed(&[&[1], b"", STATEMENTS[1].as_bytes(), &certificate[..], b"1234"]),
    ];
    whole.iter().map(|jws| seed(&[&[0], jws])).chain(composed).collect()
}

/// Bodies with the boundary before them.
pub(super) fn multipart() -> Vec<Vec<u8>> {
    let bodies: [&[u8]; 5] = [
        b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\nA: 1\r\n B\r\n\r\n\r\n--b--\r\n",
        b"before\r\n--b  \r\n\r\nx\r\n--b--after",
        b"--b\r\n\r\n\r\n--b-\r\n--b\t\r\n\r\n--b--",
        b"--b\r\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA: BBBBBBBBBBBBBBBBBBBB\r\n\r\n\r\n--b--",
        b"--b\r\n\r\n\r\n--b\r\n\r\n\r\n--b\r\n\r\n\r\n--b\r\n\r\n\r\n--b\r\n\r\n\r\n--b--",
    ];
    let numbered = (0_u8..).zip(bodies);
    numbered.map(|(choice, body)| seed(&[&[5 * choice], b"b", body])).collect()
}

const REQUESTS: &[&str] = &[
    "GET /xapi/about",
    "GET /xapi/statements?limit=1&ascending=true&format=ids&related_agents=true&agent={\"mbox\":\"mailto:ada@example.org\"}&verb=http://v&since=2026-03-01T09:30:00Z\nAccept-Language: en-GB;q=0.8, *\nAccept-Encoding: gzip",
    "GET /xapi/statements?statementId=6690e6c9-3ef0-4ed3-8b37-7f3964730bee&format=canonical&attachments=true\nX-Experience-API-Version: 2.0.0",
    "GET /xapi/statements?cursor=1f&until=2026-03-01T09:30:00%2B01:00\nAccept: text/html;q=0.8, application/json",
    "POST /xapi/statements?method=PUT\nContent-Type: application/x-www-form-urlencoded\n\nstatementId=6690e6c9-3ef0-4ed3-8b37-7f3964730bee&X-Experience-API-Version=1.0.3&Authorization=Basic%20a2V5OnNlY3JldA==&Content-Type=application/json&content=%7B%7D",
    "POST /xapi/statements?method=GET\n\nlimit=1&If-Match=*",
    "PUT /xapi/activities/state?activityId=http://a&agent={\"mbox\":\"mailto:a@b.c\"}&stateId=s&registration=6690e6c9-3ef0-4ed3-8b37-7f3964730bee\nContent-Type: application/json; charset=\"utf-8\"\nIf-None-Match: *\n\n{\"a\":1}",
    "POST /xapi/activities/profile?activityId=http://a&profileId=p\nContent-Type: application/json\nIf-Match: \"bf21a9e8fbc5a3846fb05b4fa0859e0917b2202f\", W/\"x\"\n\n{\"b\":2}",
    "GET /xapi/agents/profile?agent={\"openid\":\"http://a\"}&since=2026-03-01T09:30:00Z",
    "DELETE /xapi/activities/state?activityId=http://a&agent={\"mbox\":\"mailto:a@b.c\"}",
    "GET /xapi/agents?agent={\"account\":{\"homePage\":\"http://a\",\"name\":\"b\"}}\nX-Request-ID: 1\nOrigin: http://a",
    "HEAD /xapi/activities?activityId=http://o",
    "OPTIONS /xapi/statements\nAccess-Control-Request-Method: PUT\nOrigin: http://a",
    "GET /metrics\nAuthorization: Bearer x",
    "POST /xapi/statements\nContent-Type: multipart/mixed; boundary=b\n\n--b\r\nContent-Type: application/json\r\n\r\n[]\r\n--b\r\nX-Experience-API-Hash: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\nContent-Transfer-Encoding: binary\r\n\r\n\r\n--b--",
];

/// Single ones, and some that store statements first.
pub(super) fn requests(statements: &[&str]) -> Vec<Vec<u8>> {
    let single = REQUESTS.iter().map(|text| text.as_bytes().to_vec());
    let stored = statements.iter().zip(REQUESTS.iter().cycle()).map(|(statement, request)| {
        let head = "POST /xapi/statements\nContent-Type: application/json\n\n";
        let batch = [format!("{head}[{statement}]").into_bytes(), request.as_bytes().to_vec()];
        let pages = b"GET /xapi/statements?limit=1".to_vec();
        [&batch[0], &batch[0], &batch[1], &pages].map(Vec::as_slice).join(&SEPARATOR)
    });
    single.chain(stored).collect()
}

/// Files and variables.
pub(super) fn configurations() -> Vec<Vec<u8>> {
    let file: &[u8] = b"data = \"d\"\nlisten = \"127.0.0.1:80\"\nlog.level = \"info\"\n[limits]\nstatements_bytes_max = \"1MiB\"\nhead_timeout = \"5s\"\npage_count_max = 7\n[storage]\nrun_entries = 100\n";
    let variables: &[u8] = b"SEED_KEY=a\nSEED_SECRET=b\nDEFAULT_VERSION=1.0.3\nLOG_FORMAT=json\nLIMITS_PAGE_BYTES_MAX=64KiB";
    vec![
        [file, &[SEPARATOR], variables].concat(),
        [b"", &[SEPARATOR][..], variables].concat(),
        file.to_vec(),
    ]
}
