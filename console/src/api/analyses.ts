import { queryOptions } from "@tanstack/react-query";
import { api, take, type Schemas } from "./client";
import type { Condition } from "./facts";

export type ItemAnalysis = Schemas["ItemAnalysis"];
export type QuestionFigures = Schemas["QuestionFigures"];
export type OptionFigures = Schemas["OptionFigures"];
export type QuestionFlag = Schemas["QuestionFlag"];
export type FunnelAnalysis = Schemas["FunnelAnalysis"];
export type FunnelStep = Schemas["StepRequest"];
export type TimeAnalysis = Schemas["TimeAnalysis"];
export type Attempts = Schemas["Attempts"];
export type TimeField = "course" | "object" | "parent" | "person" | "platform" | "source";

const ANALYSIS = { staleTime: 60_000, retry: false };

/** The questions of a test, and how well they work. */
export function itemsQuery(tenant: number, body: Schemas["ItemsRequest"]) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["items", tenant, body],
    queryFn: ({ signal }) =>
      take(api.POST("/tenants/{tenant}/analyses/items", { params: { path: { tenant } }, body, signal })),
  });
}

/** How many learners get from one step to the next. */
export function funnelQuery(tenant: number, steps: FunnelStep[], where: Condition | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["funnel", tenant, steps, where],
    queryFn: ({ signal }) =>
      take(api.POST("/tenants/{tenant}/analyses/funnel", { params: { path: { tenant } }, body: { steps, where, zone }, signal })),
  });
}

/** How long learners work, by the values of a field. */
export function timeQuery(tenant: number, by: TimeField, where: Condition | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["time", tenant, by, where],
    queryFn: ({ signal }) =>
      take(api.POST("/tenants/{tenant}/analyses/time", { params: { path: { tenant } }, body: { by, where, zone }, signal })),
  });
}
