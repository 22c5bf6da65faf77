import { useQuery } from "@tanstack/react-query";
import { findingsQuery } from "../../api/analyses";
import type { Schemas } from "../../api/client";
import { useViewer } from "../../app/context";
import { count, percent, zone } from "../../text/format";
import { tf } from "../../text/figures/text";

export type Finding = Schemas["Finding"];

/** The findings of the analyses, once figures that are asked for first are there. */
export function useFindings(isReady: boolean) {
  const { tenant } = useViewer();
  return useQuery({ ...findingsQuery(tenant, zone()), enabled: isReady });
}

function requested(finding: Finding, name: string): string | undefined {
  const value: unknown = (finding.request as Record<string, unknown>)[name];
  return typeof value === "string" ? value : undefined;
}

/** The course that a finding is about, if it is about one. */
export function courseOf(finding: Finding): string | undefined {
  return requested(finding, "course");
}

/** The test that a question is of. */
export function testOf(finding: Finding): string | undefined {
  return requested(finding, "activity");
}

/** What was measured, and by which rule that is much. */
export function findingSays(finding: Finding): string {
  const value = finding.value ?? 0;
  const limit = finding.limit ?? 0;
  switch (finding.kind) {
    case "silent_source":
      return tf("finding.silent", Math.round(value), count(limit));
    case "data_quality":
      return tf("finding.quality", percent(value / 100, 1), percent(limit / 100, 1));
    case "suspicious_question":
      return tf("finding.question");
    case "drop_out":
      return tf("finding.dropOut", percent(value / 100), percent(limit / 100));
    case "stuck_learners":
      return tf("finding.stuck", value);
  }
}
