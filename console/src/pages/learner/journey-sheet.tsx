import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck } from "lucide-react";
import { useMemo } from "react";
import { factsQuery, labelIn, numberIn, rowsOf } from "../../api/facts";
import { useViewer } from "../../app/context";
import { ChartSheet } from "../../parts/chart-sheet";
import { Icon } from "../../parts/icon";
import { Failure, LoadingRows } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { lastPart } from "../../statement/sentence";
import { plainly, shorten } from "../../statement/visible";
import { date, moment, month, percent } from "../../text/format";
import { t } from "../../text/text";
import type { Period } from "../overview/period";
import { Attempts } from "./attempts";
import { attemptsOf, journeyOf, monthsOf, outcomesOf, reasonsOf, type Journey, type Lane, type Outcome, type Reason } from "./journey";
import { coursesOfQuestion, hoursOfQuestion, outcomesQuestion } from "./questions";

const LANE_PX = 38;

/** What needs somebody, and the journey over all sources. */
export function JourneySheets({ id, period, sources }: { id: string; period: Period; sources: ReadonlyMap<string, string> }) {
  const { tenant } = useViewer();
  const hours = useQuery(factsQuery(tenant, hoursOfQuestion(id, period)));
  const answer = useQuery(factsQuery(tenant, outcomesQuestion(id, period)));
  const courses = useQuery(factsQuery(tenant, coursesOfQuestion(id, period)));
  const outcomes = useMemo(() => (answer.data ? outcomesOf(answer.data, sources) : []), [answer.data, sources]);
  const failed = hours.error ?? answer.error;
  if (failed) {
    return (
      <section className="sheet" aria-label={t("journey.title")}>
        <Failure error={failed} onRetry={() => void Promise.all([hours.refetch(), answer.refetch()])} />
      </section>
    );
  }
  if (!hours.data || !answer.data || !courses.data) {
    return (
      <section className="sheet" aria-label={t("journey.title")}>
        <LoadingRows rows={6} />
      </section>
    );
  }
  const now = Date.now();
  const unfinished = rowsOf(courses.data)
    .filter((row) => (numberIn(row, "finished") ?? 0) === 0)
    .map((row) => labelIn(courses.data, "course", row.course ?? null) ?? lastPart(String(row.course)));
  const lastAt = rowsOf(hours.data).reduce((most, row) => Math.max(most, new Date(String(row.hour)).getTime() || 0), 0);
  const attempts = attemptsOf(outcomes);
  return (
    <>
      <Reasons reasons={reasonsOf(outcomes, unfinished, lastAt || undefined, now)} />
      <Journeys journey={journeyOf(hours.data, outcomes, sources, now)} outcomes={outcomes} now={now} />
      {attempts.length > 0 ? <Attempts attempts={attempts} /> : null}
    </>
  );
}

function Reasons({ reasons }: { reasons: readonly Reason[] }) {
  const isWell = reasons.length === 0;
  return (
    <section className={`sheet why ${isWell ? "well" : ""}`} aria-label={t("attention.title")}>
      <p className="wl">
        <span className={`st tag ${isWell ? "good" : "bad"}`}>
          <Icon of={isWell ? CircleCheck : CircleAlert} />
          {isWell ? t("learner.well") : t("attention.title")}
        </span>
      </p>
      <ol>
        {isWell ? <li>{t("learner.well.how")}</li> : null}
        {reasons.slice(0, 3).map((reason) => (
          <li key={reason.kind === "failing" ? reason.object : reason.kind}>
            <ReasonText reason={reason} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function ReasonText({ reason }: { reason: Reason }) {
  const { tenant } = useViewer();
  if (reason.kind === "quiet") {
    return (
      <>
        <b>{t("learner.quiet", reason.days)}</b> {t("learner.quiet.courses")}{" "}
        {reason.courses.slice(0, 3).map((course, index) => (
          <span key={course}>
            {index > 0 ? ", " : ""}
            <Untrusted said={course} max={60} />
          </span>
        ))}
        .
      </>
    );
  }
  const scores = reason.scores.slice(-4).map((score) => percent(score));
  return (
    <>
      <b>{t("learner.failing", reason.times)}</b>{" "}
      <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id: reason.object }}>
        <Untrusted said={reason.name} max={60} />
      </Link>
      {`, ${t("learner.failing.last", date(reason.last))}`}
      {scores.length > 1 ? ` ${t("learner.failing.scores", scores.join(", "))}` : ""}
    </>
  );
}

function Journeys({ journey, outcomes, now }: { journey: Journey; outcomes: readonly Outcome[]; now: number }) {
  const { lanes, from, to } = journey;
  const x = (time: number) => `${(((time - from) / (to - from)) * 100).toFixed(2)}%`;
  const height = lanes.length * LANE_PX;
  const months = monthsOf(from, to, 10);
  const counts = (kind: Outcome["kind"]) => outcomes.filter((outcome) => outcome.kind === kind).length;
  const label = t("journey.label", lanes.length, date(new Date(from)), counts("passed") + counts("completed"), counts("failed"));
  return (
    <ChartSheet
      title={t("journey.title")}
      sub={
        <ul className="key">
          <li>
            <span className="ml ok" />
            {t("journey.done")}
          </li>
          <li>
            <span className="ml no" />
            {t("journey.failed")}
          </li>
          <li>
            <span className="sw work" />
            {t("journey.work")}
          </li>
        </ul>
      }
      file="journey.csv"
      table={{
        columns: [t("chart.time"), t("field.source"), t("activities.activity"), t("meta.result"), t("figure.score")],
        rows: outcomes.toReversed().map((outcome) => [moment(outcome.time), outcome.lane, outcome.name, t(`mark.${outcome.kind}`), outcome.score ?? null]),
        format: (value) => percent(value, 1),
      }}
      foot={t("journey.foot")}
    >
      <div className="jr">
        <div className="lab">
          {lanes.map((lane) => (
            <div key={lane.name}>
              <b className="clip">
                <Untrusted said={lane.name} max={40} />
              </b>
              <small>{t("journey.statements", lane.statements)}</small>
            </div>
          ))}
        </div>
        <svg height={height} role="img" aria-label={label}>
          {months.map((start) => (
            <line key={start.getTime()} className="gl" x1={x(start.getTime())} x2={x(start.getTime())} y1="0" y2={height} />
          ))}
          {lanes.map((lane, index) => (
            <LaneMarks key={lane.name} lane={lane} y={index * LANE_PX} x={x} isLast={index === lanes.length - 1} />
          ))}
          <line className="nowl" x1={x(now)} x2={x(now)} y1="0" y2={height} />
        </svg>
        <div className="mx" aria-hidden="true">
          {months.map((start, index) => (
            <span key={start.getTime()} style={{ left: x(start.getTime()) }}>
              {month(start, index === 0 || start.getMonth() === 0)}
            </span>
          ))}
          <span className="nw" style={{ left: x(now) }}>
            {t("journey.today")}
          </span>
        </div>
      </div>
    </ChartSheet>
  );
}

function LaneMarks({ lane, y, x, isLast }: { lane: Lane; y: number; x: (time: number) => string; isLast: boolean }) {
  const middle = y + LANE_PX / 2;
  const titleOf = (outcome: Outcome) =>
    plainly(`${shorten(outcome.name, 80)}: ${t(`mark.${outcome.kind}`)}${outcome.score === undefined ? "" : `, ${percent(outcome.score)}`} (${date(outcome.time)})`);
  return (
    <>
      {lane.spans.map((span) => (
        <svg key={span.from} x={x(span.from)} y={middle - 5} overflow="visible" width="1" height="10">
          <rect className="work" width="3" height="10" rx="1.5" />
        </svg>
      ))}
      {lane.spans.map((span) => {
        const [start, end] = [Number.parseFloat(x(span.from)), Number.parseFloat(x(span.to))];
        return <rect key={span.to} className="work" x={`${start}%`} y={middle - 5} width={`${Math.max(0, end - start)}%`} height="10" rx="1.5" />;
      })}
      {lane.outcomes.map((outcome, index) => (
        <svg key={index} x={x(outcome.time.getTime())} y={middle} overflow="visible" width="1" height="1">
          {outcome.kind === "failed" ? (
            <>
              <path className="mk" d="M0-8.5L8.5 0 0 8.5-8.5 0z" />
              <path className="f2" d="M0-6.5L6.5 0 0 6.5-6.5 0z">
                <title>{titleOf(outcome)}</title>
              </path>
            </>
          ) : (
            <>
              <circle className="mk" r="6.5" />
              <circle className="f1" r="5">
                <title>{titleOf(outcome)}</title>
              </circle>
            </>
          )}
        </svg>
      ))}
      {isLast ? null : <line className="gl" x1="0" x2="100%" y1={y + LANE_PX} y2={y + LANE_PX} />}
    </>
  );
}
