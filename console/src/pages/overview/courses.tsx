import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BookOpen, ChevronRight, Flag } from "lucide-react";
import { factsQuery, isWithheldAt, labelIn, numberIn, rowsOf, withheldOf, type Answer, type Row } from "../../api/facts";
import { useViewer } from "../../app/context";
import { CsvButton } from "../../parts/csv-button";
import { Icon } from "../../parts/icon";
import { AllWithheld, FigureOf, Notes, Withheld } from "../../parts/partial";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { lastPart } from "../../statement/sentence";
import { plainly } from "../../statement/visible";
import { count, percent, widthOf } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { courseOf, useFindings, type Finding } from "./findings";
import type { Period } from "./period";
import { coursesQuestion } from "./questions";

/** The courses with the most learners of a period. */
export function Courses({ period }: { period: Period }) {
  const { tenant } = useViewer();
  const query = useQuery({ ...factsQuery(tenant, coursesQuestion(period, 8)), placeholderData: keepPreviousData });
  const findings = useFindings(query.isSuccess).data?.findings ?? [];
  const rows = query.data ? rowsOf(query.data) : [];
  const isAllWithheld = withheldOf(query.data)?.isAll === true;
  return (
    <section className="sheet" aria-label={t("courses.title")}>
      <header>
        <h2>{t("courses.title")}</h2>
        <span className="sub">{t("courses.by")}</span>
        <div className="tools">
          <Link className="btn quiet sm" to="/t/$tenant/activities" params={{ tenant: String(tenant) }} search={{ view: "courses" }}>
            {t("nav.activities")}
            <Icon of={ChevronRight} />
          </Link>
          {rows.length > 0 ? <CsvButton title={t("courses.title")} file="courses.csv" rows={() => csvRows(query.data, rows)} /> : null}
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={8} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && isAllWithheld ? <AllWithheld answer={query.data} /> : null}
      {query.data && rows.length === 0 && !isAllWithheld ? (
        <Empty icon={BookOpen} title={t("courses.none")}>
          {t("courses.none.try")}
        </Empty>
      ) : null}
      {rows.length > 0 ? (
        <table className="tbl">
          <thead>
            <tr>
              <th scope="col">{t("courses.course")}</th>
              <th scope="col" className="num">
                {t("nav.learners")}
              </th>
              <th scope="col">{t("courses.finished")}</th>
              <th scope="col" className="num hide-s">
                {t("figure.score")}
              </th>
              <th scope="col" className="hide-s">
                {tf("courses.notice")}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <CourseRow key={String(row.course)} answer={query.data} at={at} row={row} findings={findings.filter((finding) => courseOf(finding) === row.course)} />
            ))}
          </tbody>
        </table>
      ) : null}
      {query.data && query.data.group_count > rows.length ? <footer>{t("ranking.shown", count(rows.length), count(query.data.group_count))}</footer> : null}
      <Notes answer={query.data} />
    </section>
  );
}

function csvRows(answer: Answer | undefined, rows: readonly Row[]): unknown[][] {
  const measures = ["learners", "finished", "score", "statements"];
  const head = [t("courses.course"), "id", t("nav.learners"), t("courses.finished"), t("figure.score"), t("nav.statements")];
  const lines = rows.map((row, at) => [
    labelIn(answer, "course", row.course ?? null),
    row.course,
    ...measures.map((name) => (isWithheldAt(answer, at, name) ? t("withheld.word") : row[name])),
  ]);
  return [head, ...lines];
}

function CourseRow({ answer, at, row, findings }: { answer: Answer | undefined; at: number; row: Row; findings: readonly Finding[] }) {
  const { tenant } = useViewer();
  const course = String(row.course);
  const learners = numberIn(row, "learners") ?? 0;
  const share = learners > 0 ? (numberIn(row, "finished") ?? 0) / learners : 0;
  const isHidden = isWithheldAt(answer, at, "finished") || isWithheldAt(answer, at, "learners");
  const stuck = findings.find((finding) => finding.kind === "stuck_learners");
  const leaving = findings.find((finding) => finding.kind === "drop_out");
  return (
    <tr>
      <td className="name">
        <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id: course }} title={plainly(course)}>
          <Untrusted said={labelIn(answer, "course", course) ?? lastPart(course)} max={80} />
        </Link>
      </td>
      <td className="num">
        <FigureOf answer={answer} at={at} row={row} name="learners" show={count} />
      </td>
      <td>
        {isHidden ? (
          <Withheld />
        ) : (
          <span className="meter-row">
            <span className="meter" aria-hidden="true">
              <i style={{ inlineSize: widthOf(share) }} />
            </span>
            {percent(share)}
          </span>
        )}
      </td>
      <td className="num hide-s">
        <FigureOf answer={answer} at={at} row={row} name="score" show={percent} />
      </td>
      <td className="hide-s">
        {stuck || leaving ? (
          <Link
            className="st warn"
            to="/t/$tenant/activity"
            params={{ tenant: String(tenant) }}
            search={{ id: course, tab: stuck ? "learners" : "progress" }}
          >
            <Icon of={Flag} />
            {stuck ? tf("courses.stuck", stuck.value ?? 0) : tf("courses.leaving")}
          </Link>
        ) : null}
      </td>
    </tr>
  );
}
