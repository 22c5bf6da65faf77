import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { coursesQuery } from "../../api/analyses";
import { useViewer } from "../../app/context";
import type { ActivitySearch, RetentionSearch } from "../../app/search";
import { Bars } from "../../parts/bars";
import { ChartSheet } from "../../parts/chart-sheet";
import { FigureStrip, type Figure } from "../../parts/figures";
import { Untrusted } from "../../parts/untrusted";
import { ListSheet } from "../../sheets/list-sheet";
import { lastPart } from "../../statement/sentence";
import { count, length, percent, short, widthOf, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { all, within, type Period } from "../overview/period";
import { Cohorts } from "../retention/cohorts";

/** From which share on a part is marked as one where many stop, and among how many learners. */
const STOPPED_SHARE = 20;
const STOPPED_LEARNERS = 20;

/** How far learners come in a course: part by part, their scores, their days, and whether they come again. */
export function Progress({ id, period, search }: { id: string; period: Period; search: ActivitySearch }) {
  const { tenant } = useViewer();
  const [by, setBy] = useState<NonNullable<RetentionSearch["by"]>>("week");
  const query = useQuery({ ...coursesQuery(tenant, id, within(period), zone()), placeholderData: keepPreviousData });
  const course = query.data?.courses[0];
  const parts = query.data?.parts ?? [];
  const days = course?.days_to_complete;
  const figures: Figure[] = [
    { name: tf("courses.enrolled"), value: course ? count(course.enrolled) : undefined, text: "" },
    { name: tf("courses.started"), value: course ? count(course.started) : undefined, text: course ? tf("progress.never", course.enrolled - course.started) : "" },
    { name: tf("courses.completed"), value: typeof course?.completed_share === "number" ? percent(course.completed_share / 100) : undefined, text: course ? tf("progress.learners", course.completed) : "" },
    { name: tf("courses.days"), value: days ? count(Math.round(days.median * 10) / 10) : undefined, text: days ? tf("progress.daysOf", count(Math.round(days.p90 * 10) / 10)) : tf("progress.noDays") },
    { name: t("activity.time"), value: course?.seconds_per_learner ? length(course.seconds_per_learner.median) : undefined, text: tf("progress.half") },
  ];
  return (
    <>
      <FigureStrip label={tf("progress.figures")} figures={figures} />
      <div className="grid gap-before">
        <ListSheet
          title={tf("parts.title")}
          sub={tf("parts.sub")}
          query={query}
          empty={tf("parts.none")}
          foot={parts.length > 0 ? tf("parts.how") : undefined}
          csv={() => [
            [tf("parts.part"), "id", t("nav.learners"), tf("courses.completed"), tf("courses.passed"), tf("parts.failed"), tf("parts.stopped"), tf("quality.share")],
            ...parts.map((part) => [part.name, part.id, part.learners, part.completed, part.passed, part.failed, part.stopped, part.stopped_share]),
          ]}
          head={
            <tr>
              <th scope="col">{tf("parts.part")}</th>
              <th scope="col" className="num">
                {t("nav.learners")}
              </th>
              <th scope="col" className="num hide-s">
                {tf("courses.completed")}
              </th>
              <th scope="col" className="num hide-s">
                {tf("courses.passed")}
              </th>
              <th scope="col" className="num hide-s">
                {tf("parts.failed")}
              </th>
              <th scope="col" className="num">
                {tf("parts.stopped")}
              </th>
            </tr>
          }
        >
          {parts.map((part) => {
            const share = part.stopped_share ?? 0;
            const isMuch = share > STOPPED_SHARE && part.learners >= STOPPED_LEARNERS;
            return (
              <tr key={part.id} className={isMuch ? "worst" : ""}>
                <td className="name">
                  <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id: part.id, period: search.period }}>
                    <Untrusted said={part.name ?? lastPart(part.id)} max={90} />
                  </Link>
                </td>
                <td className="num">{count(part.learners)}</td>
                <td className="num hide-s">{count(part.completed)}</td>
                <td className="num hide-s">{count(part.passed)}</td>
                <td className="num hide-s">{count(part.failed)}</td>
                <td className={`num ${isMuch ? "bad" : ""}`}>
                  <span className="with-meter">
                    {`${count(part.stopped)} (${percent(share / 100)})`}
                    <span className="meter stopped" aria-hidden="true">
                      <i style={{ inlineSize: widthOf(share / 100) }} />
                    </span>
                  </span>
                </td>
              </tr>
            );
          })}
        </ListSheet>
      </div>
      <div className="grid two-even halves">
        {course?.scores ? <Scores tenths={course.score_tenths} median={course.scores.median} /> : null}
        <Cohorts by={by} where={all({ field: "course", is: id }, within(period))} onChange={setBy} />
      </div>
    </>
  );
}

/** How many have their highest score in each tenth. */
function Scores({ tenths, median }: { tenths: readonly number[]; median: number }) {
  const nameOf = (index: number) => `${percent(index / 10)}–${percent((index + 1) / 10)}`;
  return (
    <ChartSheet
      title={tf("scores.title")}
      sub={<span className="sub">{tf("scores.sub")}</span>}
      file="scores.csv"
      table={{
        columns: [t("figure.score"), t("nav.learners")],
        rows: tenths.map((learners, index) => [nameOf(index), learners]),
        format: count,
      }}
      foot={tf("scores.median", percent(median / 100))}
    >
      <Bars
        bars={tenths.map((learners, index) => ({ label: percent(index / 10), value: learners, title: `${nameOf(index)}: ${count(learners)}` }))}
        label={tf("scores.label", percent(median / 100))}
        format={short}
      />
    </ChartSheet>
  );
}
