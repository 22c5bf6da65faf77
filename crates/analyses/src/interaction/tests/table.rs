//! Patterns, responses and their verdicts: the words and examples of the specification first, then
//! what follows from them.

use super::Expected::{Right, Survey, Wrong};
use super::{Expected, Row};

const fn row(
    interaction: &'static str,
    patterns: Option<&'static [&'static str]>,
    response: &'static str,
    expected: Expected,
) -> Row {
    Row { interaction, patterns, response, expected }
}

const SURVEY: Option<&[&str]> = None;
const ALL_WRONG: Option<&[&str]> = Some(&[]);

pub(super) const ROWS: &[Row] = &[
    // The specification's example: true is right. The case of letters is not part of the value.
    row("true-false", Some(&["true"]), "true", Right),
    row("true-false", Some(&["true"]), "false", Wrong),
    row("true-false", Some(&["true"]), "True", Right),
    row("true-false", Some(&["true"]), "FALSE", Wrong),
    row("true-false", Some(&["true"]), "", Wrong),
    row("true-false", Some(&["true"]), "yes", Wrong),
    // The other of the two possible responses.
    row("true-false", Some(&["false"]), "false", Right),
    row("true-false", Some(&["false"]), "true", Wrong),
    // A response is right if it matches any of the patterns.
    row("true-false", Some(&["true", "false"]), "true", Right),
    row("true-false", Some(&["true", "false"]), "false", Right),
    // An empty array: there is no correct answer.
    row("true-false", ALL_WRONG, "true", Wrong),
    row("true-false", ALL_WRONG, "false", Wrong),
    // No pattern: a survey.
    row("true-false", SURVEY, "true", Survey),
    row("true-false", SURVEY, "false", Survey),
    // The specification's example: all items, in any order; ids are compared exactly.
    row("choice", Some(&["golf[,]tetris"]), "golf[,]tetris", Right),
    row("choice", Some(&["golf[,]tetris"]), "tetris[,]golf", Right),
    row("choice", Some(&["golf[,]tetris"]), "golf", Wrong),
    row("choice", Some(&["golf[,]tetris"]), "tetris", Wrong),
    row("choice", Some(&["golf[,]tetris"]), "golf[,]tetris[,]scrabble", Wrong),
    row("choice", Some(&["golf[,]tetris"]), "golf[,]scrabble", Wrong),
    row("choice", Some(&["golf[,]tetris"]), "facebook", Wrong),
    row("choice", Some(&["golf[,]tetris"]), "Golf[,]Tetris", Wrong),
    row("choice", Some(&["golf[,]tetris"]), "golf,tetris", Wrong),
    row("choice", Some(&["golf[,]tetris"]), "golf[,]golf[,]tetris", Right),
    row("choice", Some(&["golf[,]tetris"]), "", Wrong),
    // The specification's example of two patterns.
    row("choice", Some(&["foo[,]bar", "foo"]), "foo[,]bar", Right),
    row("choice", Some(&["foo[,]bar", "foo"]), "bar[,]foo", Right),
    row("choice", Some(&["foo[,]bar", "foo"]), "foo", Right),
    row("choice", Some(&["foo[,]bar", "foo"]), "bar", Wrong),
    row("choice", Some(&["foo[,]bar", "foo"]), "foo[,]bar[,]baz", Wrong),
    // A single item without a delimiter.
    row("choice", Some(&["golf"]), "golf", Right),
    row("choice", Some(&["golf"]), "tetris", Wrong),
    row("choice", Some(&["golf"]), "golf[,]tetris", Wrong),
    row("choice", Some(&["golf"]), "GOLF", Wrong),
    // A parameter that the type does not have is ignored.
    row("choice", Some(&["{case_matters=false}golf"]), "golf", Right),
    row("choice", Some(&["{case_matters=false}golf"]), "GOLF", Wrong),
    // Nothing is to be chosen.
    row("choice", Some(&[""]), "", Right),
    row("choice", Some(&[""]), "golf", Wrong),
    // An empty array: all answers are incorrect.
    row("choice", ALL_WRONG, "golf", Wrong),
    row("choice", ALL_WRONG, "", Wrong),
    // No pattern: a survey.
    row("choice", SURVEY, "golf", Survey),
    row("choice", SURVEY, "golf[,]tetris", Survey),
    // The specification's example: case does not matter unless the pattern says so.
    row("fill-in", Some(&["Bob's your uncle"]), "Bob's your uncle", Right),
    row("fill-in", Some(&["Bob's your uncle"]), "bob's your uncle", Right),
    row("fill-in", Some(&["Bob's your uncle"]), "BOB'S YOUR UNCLE", Right),
    row("fill-in", Some(&["Bob's your uncle"]), "Bobs your uncle", Wrong),
    row("fill-in", Some(&["Bob's your uncle"]), "Bob's your uncle.", Wrong),
    row("fill-in", Some(&["Bob's your uncle"]), "Bob's your", Wrong),
    row("fill-in", Some(&["Bob's your uncle"]), " Bob's your uncle", Wrong),
    row("fill-in", Some(&["Bob's your uncle"]), "{lang=en}Bob's your uncle", Right),
    row("fill-in", Some(&["Bob's your uncle"]), "", Wrong),
    // Case matters.
    row("fill-in", Some(&["{case_matters=true}Bern"]), "Bern", Right),
    row("fill-in", Some(&["{case_matters=true}Bern"]), "bern", Wrong),
    row("fill-in", Some(&["{case_matters=true}Bern"]), "BERN", Wrong),
    row("fill-in", Some(&["{case_matters=true}Bern"]), "{lang=de}Bern", Right),
    // The default, written out.
    row("fill-in", Some(&["{case_matters=false}Bern"]), "Bern", Right),
    row("fill-in", Some(&["{case_matters=false}Bern"]), "bern", Right),
    row("fill-in", Some(&["{case_matters=false}Bern"]), "Basel", Wrong),
    // A value that is none of the allowed ones is ignored: the default counts.
    row("fill-in", Some(&["{case_matters=maybe}Bern"]), "bern", Right),
    row("fill-in", Some(&["{case_matters=maybe}Bern"]), "Bern", Right),
    // Several texts: their order matters unless the pattern says otherwise.
    row("fill-in", Some(&["red[,]green"]), "red[,]green", Right),
    row("fill-in", Some(&["red[,]green"]), "Red[,]GREEN", Right),
    row("fill-in", Some(&["red[,]green"]), "green[,]red", Wrong),
    row("fill-in", Some(&["red[,]green"]), "red", Wrong),
    row("fill-in", Some(&["red[,]green"]), "red[,]green[,]blue", Wrong),
    row("fill-in", Some(&["red[,]green"]), "red[,]red", Wrong),
    // Order does not matter; each item has its own counterpart.
    row("fill-in", Some(&["{order_matters=false}red[,]green"]), "red[,]green", Right),
    row("fill-in", Some(&["{order_matters=false}red[,]green"]), "green[,]red", Right),
    row("fill-in", Some(&["{order_matters=false}red[,]green"]), "GREEN[,]Red", Right),
    row("fill-in", Some(&["{order_matters=false}red[,]green"]), "red[,]red", Wrong),
    row("fill-in", Some(&["{order_matters=false}red[,]green"]), "red", Wrong),
    row("fill-in", Some(&["{order_matters=false}red[,]green"]), "green[,]blue", Wrong),
    // The default, written out.
    row("fill-in", Some(&["{order_matters=true}red[,]green"]), "red[,]green", Right),
    row("fill-in", Some(&["{order_matters=true}red[,]green"]), "green[,]red", Wrong),
    // Both parameters.
    row(
        "fill-in",
        Some(&["{case_matters=true}{order_matters=false}Red[,]Green"]),
        "Green[,]Red",
        Right,
    ),
    row(
        "fill-in",
        Some(&["{case_matters=true}{order_matters=false}Red[,]Green"]),
        "green[,]red",
        Wrong,
    ),
    // The other way round.
    row(
        "fill-in",
        Some(&["{order_matters=false}{case_matters=true}Red[,]Green"]),
        "Green[,]Red",
        Right,
    ),
    row(
        "fill-in",
        Some(&["{order_matters=false}{case_matters=true}Red[,]Green"]),
        "Green[,]red",
        Wrong,
    ),
    // A language: it has to be the same one where both give one.
    row("fill-in", Some(&["{lang=en}gift"]), "gift", Right),
    row("fill-in", Some(&["{lang=en}gift"]), "{lang=en}gift", Right),
    row("fill-in", Some(&["{lang=en}gift"]), "{lang=en-US}Gift", Right),
    row("fill-in", Some(&["{lang=en}gift"]), "{lang=EN}gift", Right),
    row("fill-in", Some(&["{lang=en}gift"]), "{lang=de}Gift", Wrong),
    row("fill-in", Some(&["{lang=en}gift"]), "{lang=}gift", Right),
    // As far as the shorter one says.
    row("fill-in", Some(&["{lang=en-US}color"]), "{lang=en}color", Right),
    row("fill-in", Some(&["{lang=en-US}color"]), "{lang=en-GB}color", Wrong),
    row("fill-in", Some(&["{lang=en-US}color"]), "color", Right),
    // Each item has its own language.
    row("fill-in", Some(&["{lang=en}one[,]{lang=de}zwei"]), "one[,]zwei", Right),
    row("fill-in", Some(&["{lang=en}one[,]{lang=de}zwei"]), "{lang=en}one[,]{lang=de}zwei", Right),
    row("fill-in", Some(&["{lang=en}one[,]{lang=de}zwei"]), "{lang=en}one[,]{lang=nl}zwei", Wrong),
    row("fill-in", Some(&["{lang=en}one[,]{lang=de}zwei"]), "one[,]{lang=de-CH}Zwei", Right),
    // An item without a language fits any; the pairs are chosen so that all fit.
    row(
        "fill-in",
        Some(&["{order_matters=false}{lang=en}gift[,]gift"]),
        "{lang=de}Gift[,]gift",
        Right,
    ),
    row(
        "fill-in",
        Some(&["{order_matters=false}{lang=en}gift[,]gift"]),
        "gift[,]{lang=de}gift",
        Right,
    ),
    row(
        "fill-in",
        Some(&["{order_matters=false}{lang=en}gift[,]gift"]),
        "{lang=de}gift[,]{lang=de}gift",
        Wrong,
    ),
    // Braces with another name are part of the text.
    row("fill-in", Some(&["{size=3}abc"]), "{size=3}abc", Right),
    row("fill-in", Some(&["{size=3}abc"]), "abc", Wrong),
    // Parameters are only at the start.
    row("fill-in", Some(&["a{case_matters=true}B"]), "A{case_matters=true}b", Right),
    row("fill-in", Some(&["a{case_matters=true}B"]), "aB", Wrong),
    // Any of the patterns, in the letters of any language.
    row("fill-in", Some(&["STRASSE", "Straße"]), "strasse", Right),
    row("fill-in", Some(&["STRASSE", "Straße"]), "STRASSE", Right),
    row("fill-in", Some(&["STRASSE", "Straße"]), "straße", Right),
    row("fill-in", Some(&["STRASSE", "Straße"]), "gasse", Wrong),
    // Case is that of Unicode; accents are letters of their own.
    row("fill-in", Some(&["ÉTÉ"]), "été", Right),
    row("fill-in", Some(&["ÉTÉ"]), "ete", Wrong),
    // A text, not a number.
    row("fill-in", Some(&["4"]), "4", Right),
    row("fill-in", Some(&["4"]), "4.0", Wrong),
    // An empty text.
    row("fill-in", Some(&[""]), "", Right),
    row("fill-in", Some(&[""]), " ", Wrong),
    // An empty array.
    row("fill-in", ALL_WRONG, "anything", Wrong),
    row("fill-in", ALL_WRONG, "", Wrong),
    // No pattern: a survey.
    row("fill-in", SURVEY, "anything", Survey),
    // The specification's example.
    row(
        "long-fill-in",
        Some(&[
            "{case_matters=false}{lang=en}To store and provide access to learning experiences.",
        ]),
        "To store and provide access to learning experiences.",
        Right,
    ),
    row(
        "long-fill-in",
        Some(&[
            "{case_matters=false}{lang=en}To store and provide access to learning experiences.",
        ]),
        "to store and provide access to learning experiences.",
        Right,
    ),
    row(
        "long-fill-in",
        Some(&[
            "{case_matters=false}{lang=en}To store and provide access to learning experiences.",
        ]),
        "TO STORE AND PROVIDE ACCESS TO LEARNING EXPERIENCES.",
        Right,
    ),
    row(
        "long-fill-in",
        Some(&[
            "{case_matters=false}{lang=en}To store and provide access to learning experiences.",
        ]),
        "{lang=en}To store and provide access to learning experiences.",
        Right,
    ),
    row(
        "long-fill-in",
        Some(&[
            "{case_matters=false}{lang=en}To store and provide access to learning experiences.",
        ]),
        "{case_matters=false}{lang=en}To store and provide access to learning experiences.",
        Right,
    ),
    row(
        "long-fill-in",
        Some(&[
            "{case_matters=false}{lang=en}To store and provide access to learning experiences.",
        ]),
        "{lang=fr}To store and provide access to learning experiences.",
        Wrong,
    ),
    row(
        "long-fill-in",
        Some(&[
            "{case_matters=false}{lang=en}To store and provide access to learning experiences.",
        ]),
        "To store and provide access to learning experiences",
        Wrong,
    ),
    row(
        "long-fill-in",
        Some(&[
            "{case_matters=false}{lang=en}To store and provide access to learning experiences.",
        ]),
        "To store learning experiences.",
        Wrong,
    ),
    // The parameters in another order.
    row("long-fill-in", Some(&["{lang=en}{case_matters=true}Yes"]), "Yes", Right),
    row("long-fill-in", Some(&["{lang=en}{case_matters=true}Yes"]), "yes", Wrong),
    // Case is ignored and order counts, as in a fill-in.
    row("long-fill-in", Some(&["first[,]second"]), "FIRST[,]SECOND", Right),
    row("long-fill-in", Some(&["first[,]second"]), "second[,]first", Wrong),
    // Order does not matter.
    row("long-fill-in", Some(&["{order_matters=false}first[,]second"]), "second[,]First", Right),
    row("long-fill-in", Some(&["{order_matters=false}first[,]second"]), "second", Wrong),
    // No pattern: a survey.
    row("long-fill-in", SURVEY, "I would like more examples.", Survey),
    // The specification's example: pairs in any order, each with its source first.
    row(
        "matching",
        Some(&["ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1"]),
        "ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1",
        Right,
    ),
    row(
        "matching",
        Some(&["ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1"]),
        "freddie[.]1[,]troy[.]4[,]chris[.]2[,]ben[.]3",
        Right,
    ),
    row(
        "matching",
        Some(&["ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1"]),
        "ben[.]3[,]chris[.]2[,]troy[.]4",
        Wrong,
    ),
    row(
        "matching",
        Some(&["ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1"]),
        "ben[.]2[,]chris[.]3[,]troy[.]4[,]freddie[.]1",
        Wrong,
    ),
    row(
        "matching",
        Some(&["ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1"]),
        "3[.]ben[,]2[.]chris[,]4[.]troy[,]1[.]freddie",
        Wrong,
    ),
    row(
        "matching",
        Some(&["ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1"]),
        "ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1[,]ben[.]1",
        Wrong,
    ),
    row(
        "matching",
        Some(&["ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1"]),
        "Ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1",
        Wrong,
    ),
    row(
        "matching",
        Some(&["ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1"]),
        "ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1[,]ben[.]3",
        Right,
    ),
    row("matching", Some(&["ben[.]3[,]chris[.]2[,]troy[.]4[,]freddie[.]1"]), "", Wrong),
    // An item in several pairs.
    row("matching", Some(&["a[.]1[,]a[.]2"]), "a[.]2[,]a[.]1", Right),
    row("matching", Some(&["a[.]1[,]a[.]2"]), "a[.]1", Wrong),
    row("matching", Some(&["a[.]1[,]a[.]2"]), "a[.]2", Wrong),
    // Two patterns.
    row("matching", Some(&["a[.]1", "a[.]2"]), "a[.]1", Right),
    row("matching", Some(&["a[.]1", "a[.]2"]), "a[.]2", Right),
    row("matching", Some(&["a[.]1", "a[.]2"]), "a[.]1[,]a[.]2", Wrong),
    // An empty array.
    row("matching", ALL_WRONG, "a[.]1", Wrong),
    // No pattern: a survey.
    row("matching", SURVEY, "a[.]1", Survey),
    // The specification's example, with ranges by a single colon: at least 1, at most 10, and a
    // step without a response.
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "pong[.]1[,]dg[.]10[,]lunch[.]",
        Right,
    ),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "pong[.]2[,]dg[.]-3[,]lunch[.]",
        Right,
    ),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "pong[.]0[,]dg[.]10[,]lunch[.]",
        Wrong,
    ),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "pong[.]1[,]dg[.]11[,]lunch[.]",
        Wrong,
    ),
    row("performance", Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]), "pong[.]1[,]dg[.]10", Wrong),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "dg[.]10[,]pong[.]1[,]lunch[.]",
        Wrong,
    ),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "pong[.]1:[,]dg[.]:10[,]lunch[.]",
        Right,
    ),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "pong[.]1[,]dg[.]10[,]lunch",
        Right,
    ),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "pong[.]1[,]dg[.]10[,]lunch[.]pizza",
        Wrong,
    ),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "pong[.]many[,]dg[.]10[,]lunch[.]",
        Wrong,
    ),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "ping[.]1[,]dg[.]10[,]lunch[.]",
        Wrong,
    ),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "pong[.]1:[,]dg[.]2:8[,]lunch[.]",
        Right,
    ),
    row(
        "performance",
        Some(&["pong[.]1:[,]dg[.]:10[,]lunch[.]"]),
        "pong[.]1.5[,]dg[.]9.99[,]lunch[.]",
        Right,
    ),
    // The same with the delimiter of numeric ranges.
    row("performance", Some(&["pong[.]1[:][,]dg[.][:]10"]), "pong[.]1[,]dg[.]10", Right),
    row("performance", Some(&["pong[.]1[:][,]dg[.][:]10"]), "pong[.]0.5[,]dg[.]10", Wrong),
    row("performance", Some(&["pong[.]1[:][,]dg[.][:]10"]), "pong[.]5[,]dg[.]-1", Right),
    // Bounds belong to the range; a number may be written in several ways.
    row("performance", Some(&["pulse[.]60[:]100[,]call[.]112"]), "pulse[.]72[,]call[.]112", Right),
    row("performance", Some(&["pulse[.]60[:]100[,]call[.]112"]), "pulse[.]60[,]call[.]112", Right),
    row(
        "performance",
        Some(&["pulse[.]60[:]100[,]call[.]112"]),
        "pulse[.]100[,]call[.]112.0",
        Right,
    ),
    row("performance", Some(&["pulse[.]60[:]100[,]call[.]112"]), "pulse[.]130[,]call[.]112", Wrong),
    row("performance", Some(&["pulse[.]60[:]100[,]call[.]112"]), "pulse[.]72[,]call[.]911", Wrong),
    row("performance", Some(&["pulse[.]60[:]100[,]call[.]112"]), "call[.]112[,]pulse[.]72", Wrong),
    // Order does not matter.
    row("performance", Some(&["{order_matters=false}a[.]1[,]b[.]2"]), "b[.]2[,]a[.]1", Right),
    row("performance", Some(&["{order_matters=false}a[.]1[,]b[.]2"]), "a[.]1[,]b[.]2", Right),
    row("performance", Some(&["{order_matters=false}a[.]1[,]b[.]2"]), "a[.]2[,]b[.]1", Wrong),
    row("performance", Some(&["{order_matters=false}a[.]1[,]b[.]2"]), "a[.]1", Wrong),
    // Overlapping ranges: each item has its own counterpart.
    row("performance", Some(&["{order_matters=false}a[.]1:9[,]a[.]5:"]), "a[.]20[,]a[.]6", Right),
    row("performance", Some(&["{order_matters=false}a[.]1:9[,]a[.]5:"]), "a[.]6[,]a[.]20", Right),
    row("performance", Some(&["{order_matters=false}a[.]1:9[,]a[.]5:"]), "a[.]20[,]a[.]30", Wrong),
    row("performance", Some(&["{order_matters=false}a[.]1:9[,]a[.]5:"]), "a[.]2[,]a[.]3", Wrong),
    // A text as in a fill-in; the id of the step is compared exactly.
    row("performance", Some(&["tie[.]Bowline"]), "tie[.]bowline", Right),
    row("performance", Some(&["tie[.]Bowline"]), "tie[.]{lang=en}Bowline", Right),
    row("performance", Some(&["tie[.]Bowline"]), "tie[.]clove hitch", Wrong),
    row("performance", Some(&["tie[.]Bowline"]), "Tie[.]Bowline", Wrong),
    // A language before the step or before its response.
    row(
        "performance",
        Some(&["tie[.]{lang=en}gift", "{lang=en}tie[.]knot"]),
        "tie[.]{lang=de}gift",
        Wrong,
    ),
    row(
        "performance",
        Some(&["tie[.]{lang=en}gift", "{lang=en}tie[.]knot"]),
        "{lang=en}tie[.]gift",
        Right,
    ),
    row("performance", Some(&["tie[.]{lang=en}gift", "{lang=en}tie[.]knot"]), "tie[.]knot", Right),
    // What looks like a time is a range too.
    row("performance", Some(&["start[.]12:30"]), "start[.]12:30", Right),
    row("performance", Some(&["start[.]12:30"]), "start[.]12:31", Wrong),
    row("performance", Some(&["start[.]12:30"]), "start[.]15", Right),
    // A colon alone is a text.
    row("performance", Some(&["ratio[.]:"]), "ratio[.]:", Right),
    row("performance", Some(&["ratio[.]:"]), "ratio[.]3", Wrong),
    // An empty array.
    row("performance", ALL_WRONG, "a[.]1", Wrong),
    // No pattern: a survey.
    row("performance", SURVEY, "a[.]1", Survey),
    // The specification's example: an ordered list.
    row("sequencing", Some(&["tim[,]mike[,]ells[,]ben"]), "tim[,]mike[,]ells[,]ben", Right),
    row("sequencing", Some(&["tim[,]mike[,]ells[,]ben"]), "mike[,]tim[,]ells[,]ben", Wrong),
    row("sequencing", Some(&["tim[,]mike[,]ells[,]ben"]), "tim[,]mike[,]ells", Wrong),
    row("sequencing", Some(&["tim[,]mike[,]ells[,]ben"]), "tim[,]mike[,]ells[,]ben[,]ben", Wrong),
    row("sequencing", Some(&["tim[,]mike[,]ells[,]ben"]), "Tim[,]mike[,]ells[,]ben", Wrong),
    row("sequencing", Some(&["tim[,]mike[,]ells[,]ben"]), "", Wrong),
    // A parameter that the type does not have is ignored.
    row("sequencing", Some(&["{order_matters=false}a[,]b"]), "a[,]b", Right),
    row("sequencing", Some(&["{order_matters=false}a[,]b"]), "b[,]a", Wrong),
    // Two patterns.
    row("sequencing", Some(&["a[,]b", "b[,]a"]), "b[,]a", Right),
    row("sequencing", Some(&["a[,]b", "b[,]a"]), "a[,]b", Right),
    row("sequencing", Some(&["a[,]b", "b[,]a"]), "a", Wrong),
    // An empty array.
    row("sequencing", ALL_WRONG, "a[,]b", Wrong),
    // No pattern: a survey.
    row("sequencing", SURVEY, "a[,]b", Survey),
    // The specification's example: a single item.
    row("likert", Some(&["likert_3"]), "likert_3", Right),
    row("likert", Some(&["likert_3"]), "likert_2", Wrong),
    row("likert", Some(&["likert_3"]), "Likert_3", Wrong),
    row("likert", Some(&["likert_3"]), "likert_3[,]likert_2", Wrong),
    row("likert", Some(&["likert_3"]), "", Wrong),
    // No pattern: a survey, as most of these are.
    row("likert", SURVEY, "likert_0", Survey),
    row("likert", SURVEY, "likert_3", Survey),
    // An empty array.
    row("likert", ALL_WRONG, "likert_3", Wrong),
    // The specification's example: at least 4.
    row("numeric", Some(&["4[:]"]), "4", Right),
    row("numeric", Some(&["4[:]"]), "5", Right),
    row("numeric", Some(&["4[:]"]), "6", Right),
    row("numeric", Some(&["4[:]"]), "976", Right),
    row("numeric", Some(&["4[:]"]), "3", Wrong),
    row("numeric", Some(&["4[:]"]), "3.999", Wrong),
    row("numeric", Some(&["4[:]"]), "4.0", Right),
    row("numeric", Some(&["4[:]"]), "-5", Wrong),
    row("numeric", Some(&["4[:]"]), "four", Wrong),
    row("numeric", Some(&["4[:]"]), "", Wrong),
    row("numeric", Some(&["4[:]"]), "4[:]6", Right),
    row("numeric", Some(&["4[:]"]), "3[:]6", Wrong),
    row("numeric", Some(&["4[:]"]), "4[:]", Right),
    row("numeric", Some(&["4[:]"]), "1e3", Right),
    row("numeric", Some(&["4[:]"]), " 5 ", Right),
    // The specification's words: a maximum of 4 and no minimum.
    row("numeric", Some(&["[:]4"]), "4", Right),
    row("numeric", Some(&["[:]4"]), "-100", Right),
    row("numeric", Some(&["[:]4"]), "4.01", Wrong),
    row("numeric", Some(&["[:]4"]), "0", Right),
    // Bounds belong to the range.
    row("numeric", Some(&["3.5[:]4.5"]), "3.5", Right),
    row("numeric", Some(&["3.5[:]4.5"]), "4", Right),
    row("numeric", Some(&["3.5[:]4.5"]), "4.5", Right),
    row("numeric", Some(&["3.5[:]4.5"]), "3.49", Wrong),
    row("numeric", Some(&["3.5[:]4.5"]), "4.51", Wrong),
    row("numeric", Some(&["3.5[:]4.5"]), "4,0", Wrong),
    // Negative numbers.
    row("numeric", Some(&["-10[:]-5"]), "-7", Right),
    row("numeric", Some(&["-10[:]-5"]), "-10", Right),
    row("numeric", Some(&["-10[:]-5"]), "-4", Wrong),
    row("numeric", Some(&["-10[:]-5"]), "7", Wrong),
    // A single number without a delimiter.
    row("numeric", Some(&["4"]), "4", Right),
    row("numeric", Some(&["4"]), "4.0", Right),
    row("numeric", Some(&["4"]), "+4", Right),
    row("numeric", Some(&["4"]), "04", Right),
    row("numeric", Some(&["4"]), "4.1", Wrong),
    row("numeric", Some(&["4"]), "40", Wrong),
    // Two ranges.
    row("numeric", Some(&["1[:]2", "8[:]9"]), "1.5", Right),
    row("numeric", Some(&["1[:]2", "8[:]9"]), "8", Right),
    row("numeric", Some(&["1[:]2", "8[:]9"]), "5", Wrong),
    // Any number.
    row("numeric", Some(&["[:]"]), "0", Right),
    row("numeric", Some(&["[:]"]), "-1e9", Right),
    row("numeric", Some(&["[:]"]), "many", Wrong),
    // A minimum above the maximum: no number.
    row("numeric", Some(&["9[:]1"]), "5", Wrong),
    row("numeric", Some(&["9[:]1"]), "9", Wrong),
    // A single colon delimits only the ranges of a performance.
    row("numeric", Some(&["1:5"]), "3", Wrong),
    row("numeric", Some(&["1:5"]), "1:5", Right),
    // Words are no numbers.
    row("numeric", Some(&["infinity"]), "inf", Wrong),
    row("numeric", Some(&["infinity"]), "infinity", Right),
    row("numeric", Some(&["infinity"]), "1e999", Wrong),
    // An empty array.
    row("numeric", ALL_WRONG, "4", Wrong),
    // No pattern: a survey.
    row("numeric", SURVEY, "4", Survey),
    // The specification's example: the text itself.
    row("other", Some(&["(35.937432,-86.868896)"]), "(35.937432,-86.868896)", Right),
    row("other", Some(&["(35.937432,-86.868896)"]), "(35.937432, -86.868896)", Wrong),
    row("other", Some(&["(35.937432,-86.868896)"]), "(0,0)", Wrong),
    row("other", Some(&["(35.937432,-86.868896)"]), "", Wrong),
    // Any format is valid, so nothing in it has a meaning here.
    row("other", Some(&["{case_matters=false}Map"]), "{case_matters=false}Map", Right),
    row("other", Some(&["{case_matters=false}Map"]), "map", Wrong),
    row("other", Some(&["{case_matters=false}Map"]), "Map", Wrong),
    // Delimiters have no meaning either.
    row("other", Some(&["a[,]b"]), "a[,]b", Right),
    row("other", Some(&["a[,]b"]), "b[,]a", Wrong),
    // An empty array.
    row("other", ALL_WRONG, "x", Wrong),
    // No pattern: a survey.
    row("other", SURVEY, "x", Survey),
];
