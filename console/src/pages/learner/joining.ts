import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { api, take, takeWithHead } from "../../api/client";
import { factsQuery, rowsOf } from "../../api/facts";
import { identifierKey, personQuery, type Identifier, type Person } from "../../api/persons";
import { periodOf } from "../overview/period";
import { profileQuestion } from "./questions";

/** What of an agent names it: an agent with nothing but its identifier. */
function bare(agent: Identifier): Identifier {
  return Object.fromEntries(Object.entries(agent).filter(([name]) => name !== "name" && name !== "objectType")) as Identifier;
}

/** The identifiers of a learner that statements have. */
async function identifiersOf(client: QueryClient, tenant: number, id: string): Promise<Identifier[]> {
  const answer = await client.fetchQuery(factsQuery(tenant, profileQuestion(id, periodOf("all"))));
  return rowsOf(answer).flatMap((row) => {
    try {
      return [JSON.parse(String(row.actor)) as Identifier];
    } catch {
      return [];
    }
  });
}

async function addTo(tenant: number, person: Person, added: readonly Identifier[]): Promise<void> {
  const path = { tenant, person: person.id };
  const { response } = await takeWithHead(api.GET("/tenants/{tenant}/persons/{person}", { params: { path } }));
  const version = response.headers.get("ETag") ?? "*";
  const known = new Set(person.identifiers.map(identifierKey));
  const identifiers = [...person.identifiers, ...added.filter((agent) => !known.has(identifierKey(agent))).map(bare)];
  await take(api.PATCH("/tenants/{tenant}/persons/{person}", { params: { path, header: { "If-Match": version } }, body: { identifiers } }));
}

interface Learner {
  readonly identifiers: readonly Identifier[];
  readonly person: Person | undefined;
}

/** Joins another learner into one: their identifiers are those of one person from now on. */
async function join(client: QueryClient, tenant: number, { identifiers: own, person }: Learner, other: string): Promise<void> {
  const identifiers = await identifiersOf(client, tenant, other);
  const otherPerson = await client.fetchQuery(personQuery(tenant, identifiers));
  if (person && otherPerson) {
    if (person.id === otherPerson.id) return;
    const path = { tenant, person: person.id };
    await take(api.POST("/tenants/{tenant}/persons/{person}/join", { params: { path }, body: { persons: [otherPerson.id] } }));
  } else if (person) {
    await addTo(tenant, person, identifiers);
  } else if (otherPerson) {
    await addTo(tenant, otherPerson, own);
  } else {
    await take(
      api.POST("/tenants/{tenant}/persons", {
        params: { path: { tenant }, header: { "Idempotency-Key": crypto.randomUUID() } },
        body: { identifiers: [...own, ...identifiers].map(bare), attributes: {} },
      }),
    );
  }
}

/** Makes an identifier of a person one of a person of its own. */
async function split(tenant: number, person: Person, identifier: Identifier): Promise<void> {
  const path = { tenant, person: person.id };
  await take(
    api.POST("/tenants/{tenant}/persons/{person}/split", { params: { path }, body: { identifiers: [bare(identifier)], attributes: {} } }),
  );
}

/** The ways to join and split the identifiers of a learner. What was asked before is asked again. */
export function useJoining(tenant: number, learner: Learner) {
  const client = useQueryClient();
  const { person } = learner;
  const refresh = () =>
    Promise.all(["facts", "person", "time", "items", "funnel", "register"].map((name) => client.invalidateQueries({ queryKey: [name, tenant] })));
  return {
    join: useMutation({ mutationFn: (other: string) => join(client, tenant, learner, other), onSuccess: refresh }),
    split: useMutation({
      mutationFn: async (identifier: Identifier) => (person ? split(tenant, person, identifier) : undefined),
      onSuccess: refresh,
    }),
  };
}
