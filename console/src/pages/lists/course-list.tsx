import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { coursesQuery } from "../../api/analyses";
import { useViewer } from "../../app/context";
import type { PeriodSearch } from "../../app/search";
import { Untrusted } from "../../parts/untrusted";
import { ListSheet } from "../../sheets/list-sheet";
import { lastPart } from "../../statement/sentence";
import { count, percent, widthOf, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { periodOf, within } from "../overview/period";
import { Analysed, isFound } from "./analysed";

/** Courses: how many began and completed them, how well, how long it took. */
export function CourseList({ search }: { search: PeriodSearch }) {
  const { tenant } = useViewer();
  const period = periodOf(search.period ?? "30d");
  const query = useQuery({ ...coursesQuery(tenant, undefined, within(period), zone()), placeholderData: keepPreviousData });
  const courses = (query.data?.courses ?? []).filter((course) => isFound(search.q, course.name, course.id));
  const total = query.data?.course_count ?? 0;
  return (
    <Analysed search={search} nameTitle={t("courses.course")}>
      <ListSheet
        title={t("courses.title")}
        sub={t("courses.by")}
        query={query}
        foot={total > courses.length ? t("ranking.shown", count(courses.length), count(total)) : undefined}
        csv={() => [
          [t("courses.course"), "id", tf("courses.enrolled"), tf("courses.started"), tf("courses.completed"), tf("courses.passed"), t("figure.score"), tf("courses.days")],
          ...courses.map((course) => [course.name, course.id, course.enrolled, course.started, course.completed, course.passed, course.scores?.median, course.days_to_complete?.median]),
        ]}
        head={
          <tr>
            <th scope="col">{t("courses.course")}</th>
            <th scope="col" className="num">
              {tf("courses.enrolled")}
            </th>
            <th scope="col" className="num hide-s">
              {tf("courses.started")}
            </th>
            <th scope="col">{tf("courses.completed")}</th>
            <th scope="col" className="num hide-s">
              {tf("courses.passed")}
            </th>
            <th scope="col" className="num hide-s">
              {t("figure.score")}
            </th>
            <th scope="col" className="num hide-s">
              {tf("courses.days")}
            </th>
          </tr>
        }
      >
        {courses.map((course) => (
          <tr key={course.id}>
            <td className="name two">
              <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id: course.id }}>
                <Untrusted said={course.name ?? lastPart(course.id)} max={90} />
              </Link>
              <small className="clip">
                <Untrusted said={course.id} max={90} />
              </small>
            </td>
            <td className="num">{count(course.enrolled)}</td>
            <td className="num hide-s">{count(course.started)}</td>
            <td>
              <span className="meter-row">
                <span className="meter" aria-hidden="true">
                  <i style={{ inlineSize: widthOf((course.completed_share ?? 0) / 100) }} />
                </span>
                {typeof course.completed_share === "number" ? percent(course.completed_share / 100) : "–"}
              </span>
            </td>
            <td className="num hide-s">{count(course.passed)}</td>
            <td className="num hide-s">{course.scores ? percent(course.scores.median / 100) : "–"}</td>
            <td className="num hide-s">{course.days_to_complete ? count(Math.round(course.days_to_complete.median * 10) / 10) : "–"}</td>
          </tr>
        ))}
      </ListSheet>
    </Analysed>
  );
}
