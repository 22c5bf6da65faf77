import { CircleAlert, EyeOff, type LucideIcon } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { ApiError } from "../api/problem";
import { rolesWith, type Right } from "../app/rights";
import { t } from "../text/text";
import { CopyButton } from "./copy";
import { Icon } from "./icon";

/** Nothing to show: why, and what to do. */
export function Empty({
  icon,
  title,
  children,
  actions,
}: {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <div className="empty">
      <Icon of={icon} />
      <b>{title}</b>
      {children ? <p>{children}</p> : null}
      {actions ? <div className="row">{actions}</div> : null}
    </div>
  );
}

/** What happened, and what to try. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (isWithheld(error)) {
    return (
      <Empty icon={EyeOff} title={t("withheld.analysis")}>
        {explain(error)}
      </Empty>
    );
  }
  return (
    <div className="empty" role="alert">
      <Icon of={CircleAlert} className="bad" />
      <b>{titleOf(error)}</b>
      <p>{explain(error)}</p>
      <div className="row">
        {onRetry ? (
          <button className="btn" type="button" onClick={onRetry}>
            {t("action.retry")}
          </button>
        ) : null}
        <CopyButton quiet label={t("error.copyDetails")} text={() => detailsOf(error)} />
      </div>
    </div>
  );
}

/** Whether an analysis was refused because it would tell of few learners. */
export function isWithheld(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403 && error.problem?.type.endsWith("withheld") === true;
}

/** Why what a form asked for was not done; nothing without an error. */
export function Refusal({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <p className="note bad" role="alert">
      <span>
        <b>{titleOf(error)}</b> {explain(error)}
      </span>
    </p>
  );
}

export function titleOf(error: unknown): string {
  if (!(error instanceof ApiError)) return t("error.unexpected");
  if (error.status === 0) return t("error.unreachable");
  if (error.status === 403) return t("error.forbidden");
  if (error.status === 404) return t("error.notFound");
  if (error.status === 429) return t("error.busy");
  if (error.status === 503) return t("error.slow");
  return t("error.refused", error.status);
}

export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return t("error.unreachable.try");
  const faults = error.problem?.faults.map((fault) => fault.message).join(" ") ?? "";
  const wait = error.retryAfter ? ` ${t("error.wait", error.retryAfter)}` : "";
  return `${sentence(error.problem?.detail ?? "")} ${faults}${wait}`.trim();
}

function sentence(text: string): string {
  if (text === "") return text;
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/u.test(first) ? first : `${first}.`;
}

function detailsOf(error: unknown): string {
  const known = error instanceof ApiError ? { status: error.status, problem: error.problem } : { message: String(error) };
  return JSON.stringify({ page: window.location.pathname, time: new Date().toISOString(), ...known }, null, 2);
}

/** A page that the role does not open. */
export function NotPermitted({ role, right }: { role: string | undefined; right: Right }) {
  const roles = rolesWith(right).map((name) => t(`role.${name}`));
  return (
    <section className="sheet">
      <Empty icon={EyeOff} title={role ? t("permit.role", role) : t("permit.none")}>
        {t("permit.who", roles.join(", "))}
      </Empty>
    </section>
  );
}

/** The shape of rows that are on their way, when they take longer than a moment. */
export function LoadingRows({ rows = 8 }: { rows?: number }) {
  const isShown = useDelay(200);
  const widths = ["62%", "48%", "71%", "55%"];
  return (
    <div aria-busy="true" className="loading-rows">
      <span className="sr" role="status">
        {isShown ? t("state.loading") : ""}
      </span>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="loading-row" aria-hidden="true">
          {isShown ? <div className="sk" style={{ width: widths[index % widths.length] }} /> : null}
        </div>
      ))}
    </div>
  );
}

function useDelay(milliseconds: number): boolean {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsOver(true), milliseconds);
    return () => clearTimeout(timer);
  }, [milliseconds]);
  return isOver;
}
