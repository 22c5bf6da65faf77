use super::*;

#[track_caller]
fn check_faults(text: &str, expected: &[&str]) {
    let faults = parse_rows(text.as_bytes(), 0).unwrap_err();
    let texts: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(texts.len(), expected.len(), "{texts:?}");
    for (text, expected) in texts.iter().zip(expected) {
        assert!(text.starts_with(expected), "{text} and {expected}");
    }
}

#[test]
fn faults_name_line_and_column() {
    check_faults("", &["line 1: expected a line with the names"]);
    check_faults("unit,name\n", &["line 1: expected a column that says whose row it is"]);
    check_faults("mbox,Unit\n", &["line 1, column Unit: there is no column with this name"]);
    check_faults("mbox,unit,unit\n", &["line 1, column unit: it is there twice"]);
    check_faults("account.name\n", &["line 1: expected as many columns account.homePage"]);
    check_faults(
        "mbox,mbox_sha1sum,account.homePage,account.name,person\n\
         ada,,,,\n\
         \"a@b\nc\",,,,\n\
         a@b.c,12,,,\n\
         a@b.c,,https://a.example,,\n\
         a@b.c,,a,b,\n\
         a@b.c\n\
         ,,,,\n\
         a@b.c,,,,7\n\
         \r\n\
         a@b.c,,,,8\r\n\
         a@b.c,,,,9\r\n",
        &[
            "line 2, column mbox: expected a mailbox",
            "line 3, column mbox: expected a mailbox",
            "line 5, column mbox_sha1sum: expected 40 hex",
            "line 6, column account.homePage: expected both",
            "line 7, column account.homePage: expected an IRI",
            "line 8: expected 5 values, found 1",
            "line 9: expected an identifier",
            "line 10, column person: expected the id",
            "line 12, column person: expected the id",
            "line 13, column person: expected the id",
        ],
    );
}

#[test]
fn a_text_is_cut_between_rows() {
    let text = "\u{feff}mbox,name\na@b.c,\"two\nlines\"\nb@b.c,\nc@b.c,\nd@b.c,x\ty\n";
    for (rows_max, counts) in
        [(1, vec![1, 1, 1, 1]), (2, vec![2, 2]), (3, vec![3, 1]), (9, vec![4])]
    {
        let pieces = split_csv(text.as_bytes(), rows_max, usize::MAX);
        assert_eq!(pieces.iter().map(|piece| piece.rows).collect::<Vec<_>>(), counts);
        let faults: Vec<String> = pieces
            .iter()
            .filter_map(|piece| parse_rows(&piece.text, piece.lines_before).err())
            .flatten()
            .map(|fault| fault.message)
            .collect();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("line 2, column name"), "{faults:?}");
        assert!(faults[1].starts_with("line 6, column name"), "{faults:?}");
    }
    assert_eq!(split_csv(b"mbox\n", 9, 9).len(), 1);
    assert_eq!(split_csv(text.as_bytes(), 9, 1).len(), 4);
}

#[test]
fn an_export_can_be_imported_and_holds_no_formula() {
    let person = JoinedPerson {
        id: "00000000-0000-4000-8000-000000000007".parse().unwrap(),
        tenant: acta_access::TenantId::FIRST,
        name: Some("=cmd()".to_owned()),
        identifiers: vec![
            Ifi::Mbox("mailto:ada@example.org".parse().unwrap()),
            Ifi::Account {
                home_page: "https://a.example".parse().unwrap(),
                name: "-7,\"x\"".into(),
            },
            Ifi::Account { home_page: "https://b.example".parse().unwrap(), name: "@7".into() },
        ],
        attributes: [("unit".parse().unwrap(), "'-'North".to_owned())].into(),
        memberships: Vec::new(),
        created: acta_ambient::Timestamp::from_unix_micros(0),
    };
    let columns =
        ExportColumns { identifiers: [1, 0, 0, 2], attributes: vec!["unit".parse().unwrap()] };
    let rows = write_rows(&columns, std::slice::from_ref(&person));
    let text = format!("{}{rows}", columns.head());
    assert!(rows.contains("\"'=cmd()\"") && rows.contains("\"'@7\""), "{rows}");
    let read = parse_rows(text.as_bytes(), 0).unwrap();
    let expected = ImportRow {
        line: 2,
        person: Some(person.id),
        name: person.name.clone(),
        identifiers: person.identifiers.clone(),
        attributes: person.attributes.clone(),
    };
    assert_eq!(read, [expected]);
}

#[test]
fn a_line_of_names_that_is_too_long_is_one_fault() {
    let distinct = (0..200_000).map(|number| format!("a{number}")).collect::<Vec<_>>().join(",");
    for text in [distinct, ",".repeat(4 << 20)] {
        check_faults(&text, &["line 1: expected at most 452 columns"]);
    }
    let unknown = (0..452).map(|number| format!("A{number}")).collect::<Vec<_>>().join(",");
    assert_eq!(parse_rows(unknown.as_bytes(), 0).unwrap_err().len(), FAULTS_MAX);
    let long = format!("mbox,{}\n", "A".repeat(1 << 20));
    assert!(parse_rows(long.as_bytes(), 0).unwrap_err()[0].message.len() < 500);
    let many = "openid,".repeat(60);
    let row: Vec<String> = (0..60).map(|number| format!("https://{number}.example")).collect();
    let text = format!("{many}name\n{},x\n", row.join(","));
    check_faults(&text, &["line 2: expected at most 50 identifiers"]);
}

#[test]
fn lines_are_counted_behind_a_byte_order_mark() {
    for text in ["\u{feff}mbox,name\r\na@b.c,x\r\nb,y\r\n", "\u{feff}mbox\n\na@b.c\nb\n"] {
        let faults = parse_rows(text.as_bytes(), 0).unwrap_err();
        let line = if text.contains('\r') { 3 } else { 4 };
        assert!(faults[0].message.starts_with(&format!("line {line}, column mbox")), "{faults:?}");
    }
}

#[test]
fn every_cell_is_read_as_it_was_written_and_is_no_formula_behind_any_separator() {
    let pieces = ["", " ", "'", "=", ";", "\t", "a", "-", "\u{a0}", "\"", ",", "\n"];
    let cells = (0..pieces.len().pow(5)).map(|mut number| {
        let mut cell = String::new();
        for _ in 0..5 {
            cell.push_str(pieces[number % pieces.len()]);
            number /= pieces.len();
        }
        cell
    });
    for cell in cells {
        let written = escaped(&cell);
        assert_eq!(unescaped(&written), cell, "{cell:?} as {written:?}");
        let mut parts = written.split(SEPARATORS);
        assert!(!parts.any(|part| part.starts_with(['=', '-'])), "{cell:?} as {written:?}");
    }
    for (cell, read) in [("  ada ", "ada"), ("'ada'", "'ada'"), ("' ada'", " ada")] {
        assert_eq!(unescaped(cell), read, "{cell:?}");
    }
}

#[test]
fn an_export_writes_identifiers_that_were_added_since_its_columns_were_counted() {
    let mbox = |name: &str| Ifi::Mbox(format!("mailto:{name}@example.org").parse().unwrap());
    let person = JoinedPerson {
        id: "00000000-0000-4000-8000-000000000007".parse().unwrap(),
        tenant: acta_access::TenantId::FIRST,
        name: None,
        identifiers: ["a", "b", "c"].map(mbox).to_vec(),
        attributes: BTreeMap::new(),
        memberships: Vec::new(),
        created: acta_ambient::Timestamp::from_unix_micros(0),
    };
    let columns = ExportColumns { identifiers: [2, 0, 0, 0], attributes: Vec::new() };
    let rows = write_rows(&columns, std::slice::from_ref(&person));
    let read = parse_rows(format!("{}{rows}", columns.head()).as_bytes(), 0).unwrap();
    let identifiers: Vec<Ifi> = read.iter().flat_map(|row| row.identifiers.clone()).collect();
    assert_eq!(identifiers, person.identifiers);
    assert!(read.iter().all(|row| row.person == Some(person.id)), "{read:?}");
}
