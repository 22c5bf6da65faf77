import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { helpQuery } from "../../api/analyses";
import type { Schemas } from "../../api/client";
import { useViewer } from "../../app/context";
import type { ActivitySearch } from "../../app/search";
import { Untrusted } from "../../parts/untrusted";
import { ListSheet } from "../../sheets/list-sheet";
import { lastPart } from "../../statement/sentence";
import { count, date, ratio, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { LearnerLink } from "../learner/link";

type Reason = Schemas["Reason"];

/** Who may need help in a course, by reason: those who are stuck, overdue, idle or behind. */
export function Help({ id, due, onChange }: { id: string; due: string | undefined; onChange: (change: Partial<ActivitySearch>) => void }) {
  const { tenant } = useViewer();
  const query = useQuery({ ...helpQuery(tenant, id, due, zone()), placeholderData: keepPreviousData });
  const learners = query.data?.learners ?? [];
  return (
    <ListSheet
      title={tf("help.title")}
      sub={query.data ? tf("help.of", count(query.data.learner_count), count(query.data.course_learners)) : ""}
      query={query}
      empty={tf("help.none")}
      foot={learners.length > 0 ? tf("help.how") : undefined}
      tools={
        <label className="due">
          {tf("help.due")}
          <input className="input" type="date" value={due ?? ""} onChange={(event) => onChange({ due: event.target.value || undefined })} />
        </label>
      }
      csv={() => [
        [t("learners.learner"), "id", tf("help.points"), tf("help.why"), tf("help.progress"), tf("help.first"), tf("help.last")],
        ...learners.map((one) => [one.name, one.person, one.points, one.reasons.map(reasonSays).join("; "), one.progress, one.first_day, one.last_day]),
      ]}
      head={
        <tr>
          <th scope="col">{t("learners.learner")}</th>
          <th scope="col">{tf("help.why")}</th>
          <th scope="col" className="num hide-s">
            {tf("help.progress")}
          </th>
          <th scope="col" className="num hide-s">
            {tf("help.last")}
          </th>
          <th scope="col" className="num">
            {tf("help.points")}
          </th>
        </tr>
      }
    >
      {learners.map((one) => (
        <tr key={one.person}>
          <td className="name">
            <LearnerLink id={one.person} name={one.name ?? undefined} />
          </td>
          <td className="reasons">
            {one.reasons.map((reason, index) => (
              <span key={index}>
                {reasonSays(reason)}
                {reason.activity ? (
                  <>
                    {": "}
                    <Untrusted said={reason.activity_name ?? lastPart(reason.activity)} max={60} />
                  </>
                ) : null}
              </span>
            ))}
          </td>
          <td className="num hide-s">{count(one.progress)}</td>
          <td className="num hide-s">{date(`${one.last_day}T12:00`)}</td>
          <td className="num">
            <b>{count(one.points)}</b>
          </td>
        </tr>
      ))}
    </ListSheet>
  );
}

function reasonSays(reason: Reason): string {
  switch (reason.kind) {
    case "stuck":
      return tf("help.stuck", reason.failures ?? 0);
    case "overdue":
      return tf("help.overdue", reason.days ?? 0);
    case "idle":
      return tf("help.idle", reason.days ?? 0, count(Math.round((reason.usual_days ?? 0) * 10) / 10));
    case "behind":
      return tf(`help.behind.${reason.measure ?? "activity"}`, ratio(Math.abs(reason.z ?? 0)));
  }
}
