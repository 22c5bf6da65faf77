import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleDashed, UserRound } from "lucide-react";
import { useState } from "react";
import { factsQuery, labelIn, numberIn, rowsOf, withheldOf } from "../../api/facts";
import { useViewer } from "../../app/context";
import { CsvButton } from "../../parts/csv-button";
import { Icon } from "../../parts/icon";
import { AllWithheld, FigureOf, Notes } from "../../parts/partial";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { count, percent } from "../../text/format";
import { t } from "../../text/text";
import { LearnerLink } from "../learner/link";
import type { Period } from "../overview/period";
import { learnersOfQuestion } from "./questions";

const ROWS = 8;

/** Who learns in an activity, the most active first. */
export function LearnersOf({ id, period, isPage = false }: { id: string; period: Period; isPage?: boolean }) {
  const { tenant } = useViewer();
  const [limit, setLimit] = useState(isPage ? ROWS * 5 : ROWS);
  const query = useQuery({ ...factsQuery(tenant, learnersOfQuestion(id, period, limit)), placeholderData: keepPreviousData });
  const rows = query.data ? rowsOf(query.data) : [];
  const total = query.data?.group_count ?? 0;
  const isAllWithheld = rows.length === 0 && withheldOf(query.data) !== undefined;
  return (
    <section className="sheet" aria-label={t("nav.learners")}>
      <header>
        <h2>{t("nav.learners")}</h2>
        <span className="sub">{t("activity.learners.sub")}</span>
        <div className="tools">
          {rows.length > 0 ? (
            <CsvButton
              title={t("nav.learners")}
              file="learners.csv"
              rows={() => [
                [t("learners.learner"), "id", t("nav.statements"), t("courses.finished"), t("figure.score")],
                ...rows.map((row) => [labelIn(query.data, "person", row.person ?? null), row.person, row.statements, (numberIn(row, "finished") ?? 0) > 0, row.score]),
              ]}
            />
          ) : null}
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={ROWS} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && isAllWithheld ? <AllWithheld answer={query.data} /> : null}
      {query.data && rows.length === 0 && !isAllWithheld ? <Empty icon={UserRound} title={t("ranking.none")} /> : null}
      {rows.length > 0 ? (
        <table className="tbl">
          <thead>
            <tr>
              <th scope="col">{t("learners.learner")}</th>
              <th scope="col" className="num hide-s">
                {t("nav.statements")}
              </th>
              <th scope="col">{t("activity.state")}</th>
              <th scope="col" className="num">
                {t("figure.score")}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => {
              const isDone = (numberIn(row, "finished") ?? 0) > 0;
              return (
                <tr key={String(row.person)}>
                  <td className="name">
                    <LearnerLink id={String(row.person)} name={labelIn(query.data, "person", row.person ?? null)} />
                  </td>
                  <td className="num hide-s">
                    <FigureOf answer={query.data} at={at} row={row} name="statements" show={count} />
                  </td>
                  <td>
                    <span className={`st ${isDone ? "good" : "none"}`}>
                      <Icon of={isDone ? CircleCheck : CircleDashed} />
                      {isDone ? t("activity.finished") : t("activity.underWay")}
                    </span>
                  </td>
                  <td className="num">
                    <FigureOf answer={query.data} at={at} row={row} name="score" show={percent} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      ) : null}
      {rows.length > 0 ? (
        <footer>
          {t("ranking.shown", count(rows.length), count(total))}
          {rows.length < total ? (
            <button className="btn sm end" type="button" onClick={() => setLimit(limit + ROWS * 5)}>
              {t("ranking.more")}
            </button>
          ) : null}
        </footer>
      ) : null}
      {isAllWithheld ? null : <Notes answer={query.data} />}
    </section>
  );
}
