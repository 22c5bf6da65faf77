import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, take, takeWithHead, type Schemas } from "../../../api/client";
import { everyPage } from "../../../api/people";
import { ApiError } from "../../../api/problem";

export type Summary = Schemas["SavedQuestionSummary"];
export type Draft = Schemas["NewSavedQuestion"];

/** A saved question, and the version of it that was read. */
export interface Saved {
  readonly question: Schemas["SavedQuestion"];
  readonly version: string;
}

/** The shared questions of a tenant, and those of the viewer. */
export function questionsQuery(tenant: number) {
  return queryOptions({
    queryKey: ["questions", tenant],
    queryFn: ({ signal }) =>
      everyPage((cursor) =>
        take(api.GET("/tenants/{tenant}/questions", { params: { path: { tenant }, query: { limit: 200, cursor } }, signal })),
      ),
  });
}

/**
 * One saved question. The page and the form keep apart what they have read: a change is based on
 * that version, so nothing reads another one unasked.
 */
export function questionQuery(tenant: number, question: string, of: "page" | "form") {
  return queryOptions({
    queryKey: ["question", tenant, question, of],
    staleTime: Infinity,
    gcTime: of === "form" ? 0 : undefined,
    queryFn: ({ signal }) => versioned(api.GET("/tenants/{tenant}/questions/{question}", { params: { path: { tenant, question } }, signal })),
  });
}

async function versioned(outcome: Parameters<typeof takeWithHead<Saved["question"]>>[0]): Promise<Saved> {
  const { data, response } = await takeWithHead(outcome);
  return { question: data, version: response.headers.get("ETag") ?? "*" };
}

/** What is sent of a question that was read. */
export function draftOf({ name, description, shared, query, sql, analysis }: Saved["question"]): Draft {
  return { name, description, shared, query, sql, analysis };
}

/** Whether somebody else has changed the question since it was read. */
export function isOutdated(error: unknown): boolean {
  return error instanceof ApiError && error.status === 412;
}

/** A change of a saved question, as it goes. */
export type QuestionChange = ReturnType<typeof useQuestionChanges>["change"];

/** The ways to change the saved questions of a tenant; each refreshes what it changes. */
export function useQuestionChanges(tenant: number) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["questions", tenant] });
  const keyOf = (question: string) => questionQuery(tenant, question, "page").queryKey;
  const save = useMutation({
    mutationFn: (body: Draft) =>
      versioned(api.POST("/tenants/{tenant}/questions", { params: { path: { tenant }, header: { "Idempotency-Key": crypto.randomUUID() } }, body })),
    onSuccess: (saved) => {
      client.setQueryData(keyOf(saved.question.id), saved);
      return refresh();
    },
  });
  const change = useMutation({
    mutationFn: ({ id, version, body }: { id: string; version: string; body: Draft }) =>
      versioned(
        api.PUT("/tenants/{tenant}/questions/{question}", { params: { path: { tenant, question: id }, header: { "If-Match": version } }, body }),
      ),
    onSuccess: (saved, { id, version }) => {
      // The page that has another version must not take this one for its own.
      client.setQueryData(keyOf(id), (known) => (known?.version === version ? saved : known));
      return refresh();
    },
  });
  const remove = useMutation({
    mutationFn: (question: string) => take(api.DELETE("/tenants/{tenant}/questions/{question}", { params: { path: { tenant, question } } })),
    onSuccess: async (_, question) => {
      // The page that has it open does not ask for it again.
      await client.invalidateQueries({ queryKey: ["question", tenant, question], refetchType: "none" });
      return refresh();
    },
  });
  return { save, change, remove };
}
