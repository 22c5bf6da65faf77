use super::*;

fn told() -> NewAuditEntry {
    NewAuditEntry {
        id: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
        at: Timestamp::from_unix_micros(1_000_000),
        who: Who::Operator,
        from: "local".into(),
        act: "tenant.created".into(),
        target: "tenant:2".into(),
        outcome: AuditOutcome::Done,
        detail: "{}".into(),
    }
}

#[test]
fn who_prints_and_parses_alike() {
    let everybody = [
        Who::Operator,
        Who::Server,
        Who::Account(told().id),
        Who::Credential("a:b".into()),
        Who::Token("key".into()),
        Who::Bearer("https://issuer.example subject".into()),
        Who::Anonymous,
    ];
    for who in everybody {
        assert_eq!(who.to_string().parse(), Ok(who));
    }
    for nobody in ["", "somebody", "account:x", "operator:"] {
        assert!(nobody.parse::<Who>().is_err(), "{nobody}");
    }
}

/// The bytes are those in `docs/format/audit.md`. They never change.
#[test]
fn the_hash_of_an_entry_is_the_one_that_is_documented() {
    let mut bytes = b"acta audit 1\n".to_vec();
    bytes.extend([0; 32]);
    bytes.extend([2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(1_000_000_i64.to_le_bytes());
    let texts = [
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "operator",
        "local",
        "tenant.created",
        "tenant:2",
        "done",
        "{}",
    ];
    for text in texts {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.bytes());
    }
    let expected = ChainHash(Sha256::digest(&bytes).into());
    let entry = ChainHead::EMPTY.follow(TenantId::new(2), told());
    assert_eq!((entry.sequence, entry.hash), (1, expected));
}

#[test]
fn every_change_of_an_entry_is_noticed() {
    let tenant = TenantId::new(2);
    let first = ChainHead::EMPTY.follow(tenant, told());
    let second = ChainHead::from(&first).follow(tenant, told());
    assert!(ChainHead::EMPTY.is_followed_by(tenant, &first));
    assert!(ChainHead::from(&first).is_followed_by(tenant, &second));
    assert!(!ChainHead::EMPTY.is_followed_by(tenant, &second), "one is missing");
    assert!(!ChainHead::EMPTY.is_followed_by(None, &first), "it is from another chain");
    let changes: [fn(&mut NewAuditEntry); 8] = [
        |told| told.id = "01890a5d-ac96-774b-bcce-b302099a8058".parse().unwrap(),
        |told| told.at = Timestamp::from_unix_micros(1_000_001),
        |told| told.who = Who::Server,
        |told| told.from = "127.0.0.1".into(),
        |told| told.act = "tenant.renamed".into(),
        |told| told.target = "tenant:3".into(),
        |told| told.outcome = AuditOutcome::Refused,
        |told| told.detail = r#"{"a":1}"#.into(),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut forged = first.clone();
        change(&mut forged.content);
        assert!(!ChainHead::EMPTY.is_followed_by(tenant, &forged), "change {index}");
    }
    // A letter is moved from one text to the next.
    let mut moved = first.clone();
    moved.content.from = "localt".into();
    moved.content.act = "enant.created".into();
    assert!(!ChainHead::EMPTY.is_followed_by(tenant, &moved));
}

#[test]
fn the_end_of_a_chain_is_a_sequence_and_a_hash() {
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    for sequence in ["0", "12", "18446744073709551615"] {
        let text = format!("{sequence}:{hash}");
        assert_eq!(text.parse::<ChainHead>().unwrap().to_string(), text);
    }
    let upper: ChainHead = format!("12:{}", hash.to_uppercase()).parse().unwrap();
    assert_eq!(upper.to_string(), format!("12:{hash}"));
    for wrong in [
        String::new(),
        hash.to_owned(),
        format!(":{hash}"),
        format!("-1:{hash}"),
        format!("+1:{hash}"),
        format!("18446744073709551616:{hash}"),
        format!("12:{}", &hash[1..]),
        format!("12:{hash}0"),
        format!("12:g{}", &hash[1..]),
        format!("12:é{}", &hash[2..]),
        format!("12: {}", &hash[1..]),
    ] {
        assert_eq!(wrong.parse::<ChainHead>(), Err(NotAChainHead), "{wrong}");
    }
}
