import { describe, expect, test } from "vitest";
import { curlOf, shellWord } from "./curl";
import { say } from "./language";
import { agentName, lastPart, secondsOf, sentenceOf } from "./sentence";
import { toEntry } from "./types";
import { csvCell, csvOf, piecesOf, plainly, safeLink, shorten } from "./visible";

describe("visible text", () => {
  test("direction overrides and controls are apart from the text", () => {
    expect(piecesOf("a\u202Eb\u0000")).toEqual([
      { text: "a" },
      { text: "\u202E", hidden: "U+202E" },
      { text: "b" },
      { text: "\u0000", hidden: "U+0000" },
    ]);
    expect(plainly("exe\u202Efdp")).toBe("exe[U+202E]fdp");
  });

  test("words of every script stay one piece", () => {
    for (const text of ["Özgür", "שלום", "مرحبا", "日本", "👩‍🚀", "a\nb\tc"]) {
      expect(piecesOf(text).filter((piece) => piece.hidden)).toEqual([]);
    }
  });

  test("a long text is cut between characters", () => {
    expect(shorten("abc", 3)).toBe("abc");
    expect(shorten("abcd", 3)).toBe("abc…");
    expect(shorten("ab😀d", 3)).toBe("ab…");
  });

  test("only addresses of the web become links", () => {
    expect(safeLink("https://a.example/x")).toBe("https://a.example/x");
    for (const address of ["javascript:alert(1)", "data:text/html,x", "//a.example", "http://", "https://a\u202E.example", " https://a.example", "mailto:a@b.example"]) {
      expect(safeLink(address), address).toBeUndefined();
    }
  });

  test("a cell of a CSV file is no formula", () => {
    const rows: [unknown, string][] = [
      ["plain", "plain"],
      ["=1+1", `"'=1+1"`],
      ["@SUM(A1)", `"'@SUM(A1)"`],
      ["-2", `"'-2"`],
      [-2, "-2"],
      [null, ""],
      ['a "b", c', '"a ""b"", c"'],
      ["\tx", `"'\tx"`],
    ];
    for (const [value, cell] of rows) expect(csvCell(value)).toBe(cell);
    expect(csvOf([["a", 1], ["b", null]])).toBe("a,1\r\nb,\r\n");
  });
});

describe("languages", () => {
  test("the reader's language comes first, then English, then the first", () => {
    const map = { fr: "lu", "en-GB": "read", "de-CH": "gelesen" };
    expect(say(map, ["de-DE", "en"])).toEqual({ text: "gelesen", language: "de-CH" });
    expect(say(map, ["en-GB"])).toEqual({ text: "read", language: "en-GB" });
    expect(say(map, ["ja"])).toEqual({ text: "read", language: "en-GB" });
    expect(say({ fr: "lu", und: "x" }, ["ja"])).toEqual({ text: "x", language: "und" });
    expect(say({ fr: "lu" }, ["ja"])).toEqual({ text: "lu", language: "fr" });
  });

  test("what is no language map says nothing", () => {
    for (const map of [undefined, null, "x", [], {}, { en: 1 }, { en: " " }]) {
      expect(say(map as never, ["en"])).toBeUndefined();
    }
  });
});

describe("sentences", () => {
  const answered = {
    actor: { account: { homePage: "https://lms.example/x", name: "j.illberg" } },
    verb: { id: "http://adlnet.gov/expapi/verbs/answered", display: { en: "answered" } },
    object: { id: "https://c.example/q/7", definition: { name: { en: "Question 7" } } },
    result: { success: false, score: { scaled: 0.2 } },
    context: {
      contextActivities: {
        parent: [{ id: "https://c.example/quiz" }],
        grouping: [{ id: "https://c.example/course", definition: { type: "http://adlnet.gov/expapi/activities/course" } }],
      },
    },
  };

  test("a statement says who did what to what, in which course", () => {
    expect(sentenceOf(answered, ["en"])).toEqual({
      actor: { text: "j.illberg (lms.example)" },
      verb: { text: "answered", language: "en" },
      object: { text: "Question 7", language: "en" },
      kind: "thing",
      within: { text: "course" },
      mark: { kind: "incorrect" },
    });
  });

  test("results are told only when they are sure", () => {
    const mark = (verb: string, result: object) =>
      sentenceOf({ verb: { id: verb }, result: result as never }, []).mark;
    expect(mark("https://v.example/passed", { success: true, score: { scaled: 0.9 } })).toEqual({ kind: "share", value: 0.9 });
    expect(mark("https://v.example/passed", { success: true })).toEqual({ kind: "passed" });
    expect(mark("https://v.example/read", { completion: true })).toEqual({ kind: "completed" });
    expect(mark("https://v.example/read", { success: "true" })).toBeUndefined();
    expect(mark("https://v.example/read", { score: { raw: 3 } })).toBeUndefined();
  });

  test("every kind of object and actor has a name", () => {
    expect(agentName({ mbox: "mailto:ada@example.org" })).toBe("ada@example.org");
    expect(agentName({ mbox_sha1sum: "0123456789abcdef" })).toBe("01234567…");
    expect(agentName({ objectType: "Group", member: [{ name: "A" }, { name: "B" }] })).toBe("A, B");
    const plan = sentenceOf({ object: { objectType: "SubStatement", actor: { name: "A" }, verb: { id: "https://v.example/read" }, object: { id: "https://c.example/b" } } }, []);
    expect(plan).toMatchObject({ kind: "plan", object: { text: "A read b" } });
    expect(sentenceOf({ object: { objectType: "StatementRef", id: "x" } }, [])).toMatchObject({ kind: "statement", object: { text: "x" } });
    expect(lastPart("http://adlnet.gov/expapi/verbs/voided")).toBe("voided");
    expect(lastPart("https://a.example/x%20y/")).toBe("x y");
    expect(lastPart("https://a.example/%E0")).toBe("%E0");
    expect(lastPart("urn:x")).toBe("urn:x");
  });

  test("a statement of any shape has a sentence", () => {
    for (const odd of [{}, { actor: 1, verb: [], object: null }, { object: { definition: { name: [] } }, result: [], context: "x" }]) {
      expect(sentenceOf(odd as never, ["en"]).actor.text).toBe("?");
    }
    expect(toEntry({ statement: "x" })).toBeUndefined();
    expect(toEntry({ id: "1", stored: "t" })).toMatchObject({ id: "1" });
  });

  test("durations are read in seconds", () => {
    expect(secondsOf("PT1H2M3.5S")).toBe(3723.5);
    expect(secondsOf("P1DT1S")).toBe(86401);
    for (const odd of ["P1M", "P", "PT", "x", ""]) expect(secondsOf(odd)).toBeUndefined();
  });
});

describe("curl", () => {
  test("a quote in a statement does not end the word of the shell", () => {
    expect(shellWord("it's")).toBe(String.raw`'it'\''s'`);
    const command = curlOf({ id: "1", stored: "t", actor: { name: "'; rm -rf ~; '" } }, "https://a.example/xapi");
    expect(command).toContain(String.raw`{"actor":{"name":"'\''; rm -rf ~; '\''"}}`);
    expect(command).not.toContain("stored");
  });
});
