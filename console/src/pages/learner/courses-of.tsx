import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BookOpen, CircleCheck, CircleDashed } from "lucide-react";
import { timeQuery } from "../../api/analyses";
import { factsQuery, labelIn, numberIn, rowsOf } from "../../api/facts";
import { useViewer } from "../../app/context";
import { CsvButton } from "../../parts/csv-button";
import { Icon } from "../../parts/icon";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { lastPart } from "../../statement/sentence";
import { length, percent, zone } from "../../text/format";
import { t } from "../../text/text";
import { all, within, type Period } from "../overview/period";
import { coursesOfQuestion, isLearner } from "./questions";

/** The courses of a learner: finished or not, how well, how long. */
export function CoursesOf({ id, period }: { id: string; period: Period }) {
  const { tenant } = useViewer();
  const query = useQuery(factsQuery(tenant, coursesOfQuestion(id, period)));
  const time = useQuery(timeQuery(tenant, "course", all(isLearner(id), within(period)), zone()));
  const spent = new Map(time.data?.rows.map((row) => [row.value ?? "", row.seconds]));
  const rows = query.data ? rowsOf(query.data) : [];
  return (
    <section className="sheet" aria-label={t("courses.title")}>
      <header>
        <h2>{t("courses.title")}</h2>
        <div className="tools">
          {rows.length > 0 ? (
            <CsvButton
              title={t("courses.title")}
              file="courses.csv"
              rows={() => [
                [t("courses.course"), "id", t("nav.statements"), t("courses.finished"), t("figure.score"), "seconds"],
                ...rows.map((row) => [labelIn(query.data, "course", row.course ?? null), row.course, row.statements, (numberIn(row, "finished") ?? 0) > 0, row.score, spent.get(String(row.course))]),
              ]}
            />
          ) : null}
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={4} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && rows.length === 0 ? (
        <Empty icon={BookOpen} title={t("courses.none")}>
          {t("courses.none.try")}
        </Empty>
      ) : null}
      <ul className="rq">
        {rows.map((row) => {
          const course = String(row.course);
          const isDone = (numberIn(row, "finished") ?? 0) > 0;
          const score = numberIn(row, "score");
          const seconds = spent.get(course);
          return (
            <li key={course}>
              <span className={`st ${isDone ? "good" : "none"}`}>
                <Icon of={isDone ? CircleCheck : CircleDashed} />
              </span>
              <span>
                <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id: course }}>
                  <Untrusted said={labelIn(query.data, "course", course) ?? lastPart(course)} max={80} />
                </Link>
                <small>
                  {[isDone ? t("activity.finished") : t("activity.underWay"), seconds ? t("learner.at", length(seconds)) : undefined].filter((text) => text !== undefined).join(", ")}
                </small>
              </span>
              <span className="num">{score === undefined ? "" : percent(score)}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
