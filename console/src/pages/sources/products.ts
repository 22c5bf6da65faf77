import type { Scope } from "../../api/credentials";
import { t } from "../../text/text";

/** What a product needs to send statements. */
export interface Access {
  readonly endpoint: string;
  readonly key: string;
  readonly secret: string;
}

/** A setting under the name of the product's own field. */
export interface Setting {
  readonly field: string;
  readonly value: string;
  readonly isSecret?: boolean;
}

export interface Product {
  readonly id: string;
  readonly name: string;
  /** The least that it needs to do its work. */
  readonly scopes: readonly Scope[];
  /** Where the settings are, in the product's own words. */
  readonly place: () => string;
  readonly settings: (access: Access) => Setting[];
  /** A text to paste as a whole. */
  readonly snippet?: { readonly name: string | (() => string); readonly text: (access: Access) => string };
  readonly note?: () => string;
}

/** To write statements that define names and types, and to read what it wrote itself. */
const SENDS: readonly Scope[] = ["statements/write", "statements/read/mine", "define"];

/** Content also keeps its place in the course. */
const CONTENT: readonly Scope[] = [...SENDS, "state", "profile"];

export function basicOf(access: Access): string {
  return `Basic ${btoa(`${access.key}:${access.secret}`)}`;
}

const EXAMPLE = {
  actor: { mbox: "mailto:ada@example.org", name: "Ada Lovelace" },
  verb: { id: "http://adlnet.gov/expapi/verbs/completed", display: { en: "completed" } },
  object: { id: "https://example.org/courses/fire-safety", definition: { name: { en: "Fire safety" } } },
};

function plain(fields: [string, string, string]): Product["settings"] {
  return (access) => [
    { field: fields[0], value: access.endpoint },
    { field: fields[1], value: access.key },
    { field: fields[2], value: access.secret, isSecret: true },
  ];
}

export const PRODUCTS: readonly Product[] = [
  {
    id: "moodle",
    name: "Moodle",
    scopes: SENDS,
    place: () => t("product.moodle.place"),
    settings: plain([
      "Your LRS endpoint for the xAPI",
      "Your LRS basic auth key/username for the xAPI",
      "Your LRS basic auth secret/password for the xAPI",
    ]),
  },
  {
    id: "openedx",
    name: "Open edX",
    scopes: SENDS,
    place: () => t("product.openedx.place"),
    settings: (access) => [
      { field: "Backend name", value: "xapi" },
      { field: "Route url", value: `${access.endpoint}/statements` },
      { field: "Auth scheme", value: "Basic" },
      { field: "Username", value: access.key },
      { field: "Password", value: access.secret, isSecret: true },
    ],
  },
  {
    id: "storyline",
    name: "Storyline, Rise",
    scopes: CONTENT,
    place: () => t("product.storyline.place"),
    settings: plain(["Endpoint", "Key", "Secret"]),
    snippet: {
      name: () => t("product.launch"),
      text: (access) => {
        const actor = JSON.stringify({ name: ["LEARNER"], mbox: ["mailto:learner@example.org"] });
        const query = new URLSearchParams({ tincan: "true", endpoint: `${access.endpoint}/`, auth: basicOf(access), actor });
        return `story.html?${query.toString().replaceAll("+", "%20")}`;
      },
    },
    note: () => t("product.storyline.note"),
  },
  {
    id: "h5p",
    name: "H5P",
    scopes: SENDS,
    place: () => t("product.h5p.place"),
    settings: plain(["Endpoint", "Username", "Password"]),
    snippet: {
      name: "JavaScript",
      text: (access) => `H5P.externalDispatcher.on("xAPI", (event) => {
  fetch(${JSON.stringify(`${access.endpoint}/statements`)}, {
    method: "POST",
    headers: {
      Authorization: ${JSON.stringify(basicOf(access))},
      "Content-Type": "application/json",
      "X-Experience-API-Version": "1.0.3",
    },
    body: JSON.stringify(event.data.statement),
  });
});`,
    },
    note: () => t("product.h5p.note"),
  },
  {
    id: "cmi5",
    name: "cmi5",
    scopes: CONTENT,
    place: () => t("product.cmi5.place"),
    settings: plain(["Endpoint", "Key", "Secret"]),
    note: () => t("product.cmi5.note"),
  },
  {
    id: "javascript",
    name: "JavaScript",
    scopes: SENDS,
    place: () => t("product.code.place"),
    settings: plain(["Endpoint", "Key", "Secret"]),
    snippet: {
      name: "JavaScript",
      text: (access) => `const response = await fetch(${JSON.stringify(`${access.endpoint}/statements`)}, {
  method: "POST",
  headers: {
    Authorization: ${JSON.stringify(basicOf(access))},
    "Content-Type": "application/json",
    "X-Experience-API-Version": "2.0.0",
  },
  body: JSON.stringify(${JSON.stringify(EXAMPLE, null, 2).replaceAll("\n", "\n  ")}),
});
console.log(response.status, await response.json());`,
    },
  },
  {
    id: "python",
    name: "Python",
    scopes: SENDS,
    place: () => t("product.code.place"),
    settings: plain(["Endpoint", "Key", "Secret"]),
    snippet: {
      name: "Python",
      text: (access) => `import json
import urllib.request

statement = ${JSON.stringify(EXAMPLE, null, 4)}
request = urllib.request.Request(
    ${JSON.stringify(`${access.endpoint}/statements`)},
    data=json.dumps(statement).encode(),
    headers={
        "Authorization": ${JSON.stringify(basicOf(access))},
        "Content-Type": "application/json",
        "X-Experience-API-Version": "2.0.0",
    },
)
with urllib.request.urlopen(request) as response:
    print(response.status, json.load(response))`,
    },
  },
  {
    id: "curl",
    name: "curl",
    scopes: SENDS,
    place: () => t("product.curl.place"),
    settings: plain(["Endpoint", "Key", "Secret"]),
    snippet: {
      name: "curl",
      text: (access) => `curl -u '${access.key}:${access.secret}' '${access.endpoint}/statements' \\
  -H 'Content-Type: application/json' -H 'X-Experience-API-Version: 2.0.0' \\
  --data-raw '${JSON.stringify(EXAMPLE)}'`,
    },
  },
];
