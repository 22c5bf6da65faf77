import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { UserRound } from "lucide-react";
import { labelIn, numberIn, type Answer, type Row } from "../../api/facts";
import { useViewer } from "../../app/context";
import { useTitle } from "../../app/title";
import { NotPermitted } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { agentName } from "../../statement/sentence";
import type { Json } from "../../statement/types";
import { count, percent } from "../../text/format";
import { t } from "../../text/text";
import { learnersQuestion } from "./questions";
import { Ranking } from "./ranking";

/** Who learns, and how much. */
export function LearnersPage() {
  const viewer = useViewer();
  useTitle(t("nav.learners"));
  if (!viewer.may("read-statements")) return <NotPermitted role={viewer.role} right="read-statements" />;
  return <Learners />;
}

/** An identifier in short, beside the name. */
function identifier(person: string): string {
  try {
    return agentName(JSON.parse(person) as Json);
  } catch {
    return person;
  }
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
      question={learnersQuestion}
      onChange={(change) => void navigate({ search: (known) => ({ ...known, ...change }), replace: true })}
      rowName={(row, answer) => <LearnerName row={row} answer={answer} />}
      csvName={(row, answer) => [labelIn(answer, "person", row.person ?? null), String(row.person)]}
      columns={[
        { name: "statements", title: t("nav.statements"), show: (row) => count(numberIn(row, "statements") ?? 0) },
        { name: "courses", title: t("courses.title"), show: (row) => count(numberIn(row, "courses") ?? 0), isMinor: true },
        { name: "finished", title: t("figure.finished"), show: (row) => count(numberIn(row, "finished") ?? 0), isMinor: true },
        { name: "score", title: t("figure.score"), show: (row) => score(row) },
      ]}
    />
  );
}

function score(row: Row): string {
  const value = numberIn(row, "score");
  return value === undefined ? "–" : percent(value);
}

function LearnerName({ row, answer }: { row: Row; answer: Answer }) {
  const { tenant } = useViewer();
  const person = String(row.person);
  const name = labelIn(answer, "person", person);
  return (
    <>
      <Link className="ent" to="/t/$tenant/statements" params={{ tenant: String(tenant) }} search={{ agent: person }}>
        <Untrusted said={name ?? identifier(person)} max={80} />
      </Link>
      {name ? (
        <small className="clip">
          <Untrusted said={identifier(person)} max={80} />
        </small>
      ) : null}
    </>
  );
}
