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

/** The path of a tenant, for every analysis. */
const of = (tenant: number) => ({ path: { tenant } });

/** The questions of a test, and how well they work. */
export function itemsQuery(tenant: number, body: Schemas["ItemsRequest"]) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["items", tenant, body],
    queryFn: ({ signal }) => take(api.POST("/tenants/{tenant}/analyses/items", { params: of(tenant), body, signal })),
  });
}

/** How many learners get from one step to the next. */
export function funnelQuery(tenant: number, steps: FunnelStep[], where: Condition | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["funnel", tenant, steps, where],
    queryFn: ({ signal }) =>
      take(api.POST("/tenants/{tenant}/analyses/funnel", { params: of(tenant), body: { steps, where, zone }, signal })),
  });
}

/** How long learners work, by the values of a field. */
export function timeQuery(tenant: number, by: TimeField, where: Condition | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["time", tenant, by, where],
    queryFn: ({ signal }) => take(api.POST("/tenants/{tenant}/analyses/time", { params: of(tenant), body: { by, where, zone }, signal })),
  });
}

/** What needs attention, by fixed rules. */
export function findingsQuery(tenant: number, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    staleTime: 300_000,
    queryKey: ["findings", tenant],
    queryFn: ({ signal }) => take(api.POST("/tenants/{tenant}/analyses/findings", { params: of(tenant), body: { zone }, signal })),
  });
}

/** What statements lack, contradict or repeat. */
export function qualityQuery(tenant: number, where: Condition | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["quality", tenant, where],
    queryFn: ({ signal }) => take(api.POST("/tenants/{tenant}/analyses/quality", { params: of(tenant), body: { where, zone }, signal })),
  });
}

/** Whether sources still send, and the words that they use; a source is a platform, or a credential. */
export function sourcesQuery(tenant: number, where: Condition | undefined, zone: string, by: "platform" | "source" = "platform") {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["sources-analysis", tenant, by, where],
    queryFn: ({ signal }) =>
      take(api.POST("/tenants/{tenant}/analyses/sources", { params: of(tenant), body: { by, where, zone }, signal })),
  });
}

/** The courses, or one with its parts, and how learners do in them. */
export function coursesQuery(tenant: number, course: string | undefined, where: Condition | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["courses", tenant, course, where],
    queryFn: ({ signal }) => take(api.POST("/tenants/{tenant}/analyses/courses", { params: of(tenant), body: { course, where, zone }, signal })),
  });
}

/** Who may need help in a course, and why. */
export function helpQuery(tenant: number, course: string, due: string | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["help", tenant, course, due],
    queryFn: ({ signal }) => take(api.POST("/tenants/{tenant}/analyses/help", { params: of(tenant), body: { course, due, zone }, signal })),
  });
}

/** How many learners come again, by when they came first. */
export function retentionQuery(tenant: number, by: Schemas["Period"], where: Condition | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["retention", tenant, by, where],
    queryFn: ({ signal }) => take(api.POST("/tenants/{tenant}/analyses/retention", { params: of(tenant), body: { by, where, zone }, signal })),
  });
}

/** How many are active on each day, and around it. */
export function activityQuery(tenant: number, from: string | undefined, to: string, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["activity", tenant, from, to],
    queryFn: ({ signal }) => take(api.POST("/tenants/{tenant}/analyses/activity", { params: of(tenant), body: { from, to, zone }, signal })),
  });
}

/** How groups of learners differ. */
export function compareQuery(tenant: number, groups: Schemas["GroupRequest"][], where: Condition | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["compare", tenant, groups, where],
    enabled: groups.length > 1,
    queryFn: ({ signal }) => take(api.POST("/tenants/{tenant}/analyses/compare", { params: of(tenant), body: { groups, where, zone }, signal })),
  });
}

/** The videos, or one with its curves, and how they are watched. */
export function videoQuery(tenant: number, video: string | undefined, where: Condition | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["video", tenant, video, where],
    queryFn: ({ signal }) => take(api.POST("/tenants/{tenant}/analyses/video", { params: of(tenant), body: { video, where, zone }, signal })),
  });
}

/** What one learner has done, year by year, and what was achieved. */
export function journeyQuery(tenant: number, agent: Schemas["Agent"], where: Condition | undefined, zone: string) {
  return queryOptions({
    ...ANALYSIS,
    queryKey: ["journey", tenant, agent, where],
    queryFn: ({ signal }) =>
      take(api.POST("/tenants/{tenant}/analyses/journey", { params: of(tenant), body: { agent, where, zone, limit: 0 }, signal })),
  });
}
