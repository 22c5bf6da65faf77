import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { AlarmClock, CircleAlert, CircleCheck, Clock, Flag, type LucideIcon } from "lucide-react";
import { credentialsQuery } from "../../api/credentials";
import { useViewer } from "../../app/context";
import { Icon } from "../../parts/icon";
import { isWithheld } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { lastPart } from "../../statement/sentence";
import { plainly, shorten } from "../../statement/visible";
import { ago, count } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { courseOf, findingSays, testOf, useFindings, type Finding } from "./findings";
import { useSnoozed } from "./snoozed";
import { isSilent, useSourceDays } from "./source-strips";

/** Credentials that expire within this time are named. */
const EXPIRES_MS = 14 * 86_400_000;

/** From how many statements on figures are behind. */
const LAG_MIN = 10_000;

/** Notices that are shown at first. */
const SHOWN = 4;

interface Notice {
  readonly id: string;
  readonly kind: "bad" | "warn";
  readonly icon: LucideIcon;
  readonly who: string;
  readonly text: string;
  readonly finding?: Finding;
  /** The credential that it is about. */
  readonly key?: string;
}

/** The name of what a finding is about. */
function whoOf(finding: Finding): string {
  if (finding.kind === "data_quality") return tf(`rule.${finding.subject as "duplicate"}`);
  const name = finding.name ?? (finding.kind === "silent_source" ? finding.subject : lastPart(finding.subject));
  return plainly(shorten(name || "–", 80));
}

/** What needs somebody, by fixed rules: sources, credentials, figures behind, and what analyses find. */
export function Attention({ lag, isReady }: { lag: number; isReady: boolean }) {
  const { tenant, may } = useViewer();
  const { sources, labels } = useSourceDays();
  const credentials = useQuery(credentialsQuery(tenant, may("read-credentials")));
  const findings = useFindings(isReady);
  const silent: Notice[] = sources.filter(isSilent).map((source) => ({
    id: `silent ${source.source}`,
    kind: "bad",
    icon: CircleAlert,
    who: labels.get(source.source) ?? source.source,
    text: t("attention.silent", source.silentDays, Math.round(source.usual)),
    key: source.source,
  }));
  const soon = new Date().getTime() + EXPIRES_MS;
  const expiring: Notice[] = (credentials.data ?? [])
    .filter((credential) => credential.expires && new Date(credential.expires).getTime() < soon)
    .map((credential) => ({
      id: `expires ${credential.key}`,
      kind: "warn",
      icon: Clock,
      who: credential.label,
      text: t("attention.expires", ago(credential.expires ?? "")),
      key: credential.key,
    }));
  const behind: Notice[] =
    lag > LAG_MIN ? [{ id: "lag", kind: "warn", icon: Clock, who: t("facts.behind"), text: t("facts.behind.how", count(lag)) }] : [];
  const named = new Set(silent.map((notice) => notice.who));
  const found: Notice[] = (findings.data?.findings ?? [])
    // A platform that is called as its credential is said once, and to those who read everything.
    .filter((finding) => finding.kind !== "silent_source" || (may("read-statements") && !named.has(finding.subject)))
    .map((finding) => ({
      id: `${finding.kind} ${finding.subject}`,
      kind: finding.kind === "silent_source" || finding.kind === "suspicious_question" ? "bad" : "warn",
      icon: finding.kind === "silent_source" ? CircleAlert : Flag,
      who: whoOf(finding),
      text: findingSays(finding),
      finding,
    }));
  const snoozed = useSnoozed(tenant);
  const toast = useToast();
  const all = [...silent, ...expiring, ...behind, ...found];
  const notices = all.filter((notice) => !snoozed.isSnoozed(notice.id));
  const snooze = (id: string) => {
    snoozed.snooze(id);
    toast({ text: tf("attention.snoozed"), undo: () => snoozed.wake(id) });
  };
  const isLooking = findings.isPending;
  return (
    <section className="sheet" aria-label={t("attention.title")}>
      <header>
        <h2>{t("attention.title")}</h2>
        <span className="sub">{notices.length > 0 ? count(notices.length) : ""}</span>
      </header>
      {notices.length === 0 && !isLooking ? (
        <p className="pad all-well">
          <span className="st good">
            <Icon of={CircleCheck} />
            {t("attention.none")}
          </span>
        </p>
      ) : null}
      <ul className="notices">
        {notices.slice(0, SHOWN).map((notice) => (
          <NoticeItem key={notice.id} notice={notice} onSnooze={snooze} />
        ))}
      </ul>
      {notices.length > SHOWN ? (
        <details className="more notices-more">
          <summary>{tf("attention.more", notices.length - SHOWN)}</summary>
          <ul className="notices">
            {notices.slice(SHOWN).map((notice) => (
              <NoticeItem key={notice.id} notice={notice} onSnooze={snooze} />
            ))}
          </ul>
        </details>
      ) : null}
      {isLooking ? <p className="pad faint t12">{tf("attention.looking")}</p> : null}
      {all.length > notices.length ? (
        <footer>
          {tf("attention.hidden", all.length - notices.length)}
          <button className="btn quiet sm end" type="button" onClick={snoozed.wakeAll}>
            {tf("attention.show")}
          </button>
        </footer>
      ) : null}
      {findings.isError ? <footer>{isWithheld(findings.error) ? tf("attention.withheld") : tf("attention.failed")}</footer> : null}
      {findings.data && findings.data.left_out.length > 0 ? <footer>{tf("attention.leftOut", findings.data.left_out.length)}</footer> : null}
    </section>
  );
}

function NoticeItem({ notice, onSnooze }: { notice: Notice; onSnooze: (id: string) => void }) {
  const isSentence = notice.finding === undefined || notice.finding.kind === "silent_source";
  return (
    <li>
      <Icon of={notice.icon} className={notice.kind} />
      <div>
        <b>
          <bdi>{notice.who}</bdi>
        </b>
        {isSentence ? " " : ": "}
        {notice.text}
        <NoticePlace notice={notice} />
      </div>
      <button
        className="btn quiet icon sm"
        type="button"
        aria-label={tf("attention.snooze", notice.who)}
        title={tf("attention.snooze.title")}
        onClick={() => onSnooze(notice.id)}
      >
        <Icon of={AlarmClock} />
      </button>
    </li>
  );
}

/** Where a notice leads. */
function NoticePlace({ notice: { finding, key } }: { notice: Notice }) {
  const { tenant, may } = useViewer();
  const params = { tenant: String(tenant) };
  if (key) {
    return may("read-credentials") ? (
      <p>
        <Link to="/t/$tenant/sources" params={params} search={{ c: key }}>
          {t("attention.check")}
        </Link>
      </p>
    ) : null;
  }
  if (!finding) return null;
  const test = testOf(finding);
  const course = courseOf(finding);
  return (
    <p>
      {finding.kind === "silent_source" || finding.kind === "data_quality" ? (
        <Link to="/t/$tenant/quality" params={params}>
          {tf("finding.see.quality")}
        </Link>
      ) : finding.kind === "suspicious_question" && test ? (
        <Link to="/t/$tenant/activity" params={params} search={{ id: test, q: finding.subject }}>
          {tf("finding.see.question")}
        </Link>
      ) : course ? (
        <Link to="/t/$tenant/activity" params={params} search={{ id: course, tab: finding.kind === "drop_out" ? "progress" : "learners" }}>
          {finding.kind === "drop_out" ? tf("finding.see.course") : tf("finding.see.learners")}
        </Link>
      ) : null}
    </p>
  );
}
