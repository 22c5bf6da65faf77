import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { BookOpen } from "lucide-react";
import { labelIn, type Answer, type Row } from "../../api/facts";
import { useViewer } from "../../app/context";
import { useTitle } from "../../app/title";
import { NotPermitted } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { lastPart } from "../../statement/sentence";
import { count, percent } from "../../text/format";
import { t } from "../../text/text";
import { activitiesQuestion } from "../overview/questions";
import { ActivityTabs } from "./activity-tabs";
import { CourseList } from "./course-list";
import { Ranking } from "./ranking";
import { VideoList } from "./video-list";

/** Which content is used, and how it goes. */
export function ActivitiesPage() {
  const viewer = useViewer();
  useTitle(t("nav.activities"));
  if (!viewer.may("ask-questions")) return <NotPermitted role={viewer.role} right="ask-questions" />;
  return <Activities />;
}

function Activities() {
  const search = useSearch({ from: "/shell/t/$tenant/activities" });
  const navigate = useNavigate({ from: "/t/$tenant/activities" });
  if (search.view === "courses") return <CourseList search={search} />;
  if (search.view === "videos") return <VideoList search={search} />;
  return (
    <Ranking
      title={t("nav.activities")}
      nameTitle={t("activities.activity")}
      icon={BookOpen}
      search={search}
      first="learners"
      tabs={<ActivityTabs search={search} />}
      question={activitiesQuestion}
      onChange={(change) => void navigate({ search: (known) => ({ ...known, ...change }), replace: true })}
      rowName={(row, answer) => <ActivityName row={row} answer={answer} />}
      csvName={(row, answer) => [labelIn(answer, "object", row.object ?? null), String(row.object)]}
      columns={[
        { name: "learners", title: t("nav.learners"), show: count },
        { name: "statements", title: t("nav.statements"), show: count, isMinor: true },
        { name: "success", title: t("activities.success"), show: percent },
        { name: "score", title: t("figure.score"), show: percent, isMinor: true },
      ]}
    />
  );
}

function ActivityName({ row, answer }: { row: Row; answer: Answer }) {
  const { tenant } = useViewer();
  const id = String(row.object);
  const type = row["object.type"];
  return (
    <>
      <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id }}>
        <Untrusted said={labelIn(answer, "object", id) ?? lastPart(id)} max={90} />
      </Link>
      <small className="clip">
        {typeof type === "string" ? (
          <>
            <Untrusted said={lastPart(type)} max={40} />
            {" · "}
          </>
        ) : null}
        <Untrusted said={id} max={90} />
      </small>
    </>
  );
}
