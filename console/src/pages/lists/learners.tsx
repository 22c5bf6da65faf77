import { useNavigate, useSearch } from "@tanstack/react-router";
import { UserRound } from "lucide-react";
import { labelIn, type Answer, type Row } from "../../api/facts";
import { useViewer } from "../../app/context";
import { useTitle } from "../../app/title";
import { NotPermitted } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { count, percent } from "../../text/format";
import { t } from "../../text/text";
import { identifierText, LearnerLink } from "../learner/link";
import { learnersQuestion } from "../overview/questions";
import { LearnerTabs } from "./learner-tabs";
import { Ranking } from "./ranking";

/** Who learns, and how much. */
export function LearnersPage() {
  const viewer = useViewer();
  useTitle(t("nav.learners"));
  if (!viewer.may("list-learners")) return <NotPermitted role={viewer.role} right="list-learners" />;
  return <Learners />;
}

function Learners() {
  const search = useSearch({ from: "/shell/t/$tenant/learners" });
  const navigate = useNavigate({ from: "/t/$tenant/learners" });
  return (
    <Ranking
      title={t("nav.learners")}
      nameTitle={t("learners.learner")}
      icon={UserRound}
      search={search}
      first="statements"
      tabs={<LearnerTabs />}
      question={learnersQuestion}
      onChange={(change) => void navigate({ search: (known) => ({ ...known, ...change }), replace: true })}
      rowName={(row, answer) => <LearnerName row={row} answer={answer} />}
      csvName={(row, answer) => [labelIn(answer, "person", row.person ?? null), String(row.person)]}
      columns={[
        { name: "statements", title: t("nav.statements"), show: count },
        { name: "courses", title: t("courses.title"), show: count, isMinor: true },
        { name: "finished", title: t("figure.finished"), show: count, isMinor: true },
        { name: "score", title: t("figure.score"), show: percent },
      ]}
    />
  );
}

function LearnerName({ row, answer }: { row: Row; answer: Answer }) {
  const person = String(row.person);
  const name = labelIn(answer, "person", person);
  return (
    <>
      <LearnerLink id={person} name={name} />
      {name ? (
        <small className="clip">
          <Untrusted said={identifierText(person)} max={80} />
        </small>
      ) : null}
    </>
  );
}
