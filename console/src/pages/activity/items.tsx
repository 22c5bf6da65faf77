import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CircleAlert, CircleHelp, Flag, Info, type LucideIcon } from "lucide-react";
import { useEffect, useRef } from "react";
import { itemsQuery, type ItemAnalysis, type QuestionFigures, type QuestionFlag } from "../../api/analyses";
import { useViewer } from "../../app/context";
import { useKeys } from "../../app/keys";
import type { ActivitySearch } from "../../app/search";
import { CsvButton } from "../../parts/csv-button";
import { Icon } from "../../parts/icon";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { lastPart } from "../../statement/sentence";
import { count, length, percent, ratio, widthOf, zone } from "../../text/format";
import { t } from "../../text/text";
import { within, type Period } from "../overview/period";
import { QuestionSheet } from "./question";
import type { Quiz } from "./structure";
import { testSays, worstFlag } from "./words";

type Change = (change: Partial<ActivitySearch>) => void;

/** Which answers count, by what it is called in the address. */
const ATTEMPTS = ["first", "last", "all"] as const;

/** The questions of a quiz, how well each works, and one of them in full. */
export function Items({
  id,
  quizzes,
  search,
  period,
  onChange,
}: {
  id: string;
  quizzes: readonly Quiz[];
  search: ActivitySearch;
  period: Period;
  onChange: Change;
}) {
  const { tenant } = useViewer();
  const chosen = quizzes.find((quiz) => quiz.id === search.quiz);
  // Questions of several quizzes are no test.
  const most = quizzes.toSorted((one, other) => other.answers - one.answers)[0];
  const activity = chosen?.id ?? most?.id ?? id;
  const attempts = search.attempts ?? "first";
  const query = useQuery(itemsQuery(tenant, { activity, attempts, where: within(period), zone: zone() }));
  const questions = query.data?.questions ?? [];
  const open = questions.find((question) => question.id === search.q) ?? flagged(questions);
  const walk = (step: 1 | -1) => {
    const next = questions[questions.findIndex((question) => question.id === open?.id) + step];
    if (next) onChange({ q: next.id });
  };
  useKeys({ j: () => walk(1), k: () => walk(-1) });
  return (
    <div className={`grid items ${search.q ? "is-open" : ""}`}>
      <section className="sheet" aria-label={t("items.title")}>
        <header>
          <h2>{t("items.title")}</h2>
          <span className="sub">{query.data ? t(`items.of.${attempts}`, query.data.learners) : ""}</span>
          <div className="tools">
            {quizzes.length > 1 ? (
              <select className="btn sm period" aria-label={t("items.quiz")} value={activity} onChange={(event) => onChange({ quiz: event.target.value, q: undefined })}>
                {quizzes.map((quiz) => (
                  <option key={quiz.id} value={quiz.id}>
                    {quiz.name}
                  </option>
                ))}
              </select>
            ) : null}
            <select
              className="btn sm period"
              aria-label={t("items.attempts")}
              value={attempts}
              onChange={(event) => onChange({ attempts: event.target.value === "first" ? undefined : (event.target.value as ActivitySearch["attempts"]) })}
            >
              {ATTEMPTS.map((name) => (
                <option key={name} value={name}>
                  {t(`items.attempts.${name}`)}
                </option>
              ))}
            </select>
            {query.data ? <CsvButton title={t("items.title")} file="questions.csv" rows={() => csvRows(query.data)} /> : null}
          </div>
        </header>
        {query.isPending ? <LoadingRows rows={6} /> : null}
        {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
        {query.data && questions.length === 0 ? (
          <Empty icon={CircleHelp} title={t("items.none")}>
            {t("items.none.try")}
          </Empty>
        ) : null}
        {query.data && questions.length > 0 ? (
          <>
            <Help />
            <Table analysis={query.data} open={open?.id} />
            <footer className="says">
              {testSays(query.data).map((text) => (
                <p key={text}>{text}</p>
              ))}
            </footer>
          </>
        ) : null}
      </section>
      {open ? <OpenQuestion question={open} number={questions.indexOf(open) + 1} isChosen={search.q !== undefined} period={period} onWalk={walk} onClose={() => onChange({ q: undefined })} /> : null}
    </div>
  );
}

/** The question that is shown at first: one that needs somebody. */
function flagged(questions: readonly QuestionFigures[]): QuestionFigures | undefined {
  return questions.find((question) => question.flags.includes("key_may_be_wrong")) ?? questions.find((question) => question.flags.length > 0) ?? questions[0];
}

function OpenQuestion({
  isChosen,
  ...shown
}: {
  question: QuestionFigures;
  number: number;
  isChosen: boolean;
  period: Period;
  onWalk: (step: 1 | -1) => void;
  onClose: () => void;
}) {
  const place = useRef<HTMLElement>(null);
  const { id } = shown.question;
  useEffect(() => {
    if (isChosen) place.current?.focus({ preventScroll: window.innerWidth > 1180 });
  }, [id, isChosen]);
  return <QuestionSheet {...shown} ref={place} />;
}

/** What the figures mean, for who has not seen them before. */
function Help() {
  return (
    <details className="more help-items">
      <summary>{t("items.help")}</summary>
      <dl>
        {(["correct", "discrimination", "time", "finding"] as const).map((name) => (
          <div key={name}>
            <dt>{t(`items.${name}`)}</dt>
            <dd>{t(`items.${name}.help`)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function csvRows({ questions }: ItemAnalysis): unknown[][] {
  const head = ["id", t("items.question"), t("items.answers"), "facility", "discrimination_index", "median_seconds", "flags"];
  const rows = questions.map((question) => [
    question.id,
    question.name ?? lastPart(question.id),
    question.answers,
    question.facility,
    question.discrimination_index,
    question.seconds?.median,
    question.flags.join(" "),
  ]);
  return [head, ...rows];
}

function Table({ analysis, open }: { analysis: ItemAnalysis; open: string | undefined }) {
  const navigate = useNavigate({ from: "/t/$tenant/activity" });
  return (
    <table className="tbl rows qtb">
      <thead>
        <tr>
          <th scope="col" className="num hide-s">
            {t("items.number")}
          </th>
          <th scope="col">{t("items.question")}</th>
          <th scope="col" className="num">
            {t("items.correct")}
          </th>
          <th scope="col" className="num hide-s">
            {t("items.discrimination")}
          </th>
          <th scope="col" className="num hide-m">
            {t("items.time")}
          </th>
          <th scope="col">{t("items.finding")}</th>
        </tr>
      </thead>
      <tbody>
        {analysis.questions.map((question, index) => (
          <tr
            key={question.id}
            aria-selected={question.id === open ? true : undefined}
            onClick={(event) => {
              if (event.target instanceof HTMLElement && event.target.closest("a")) return;
              void navigate({ search: (known) => ({ ...known, q: question.id }), replace: true, resetScroll: false });
            }}
          >
            <td className="num faint hide-s">{index + 1}</td>
            <td className="qt">
              <Link
                className="clip row-link"
                from="/t/$tenant/activity"
                to="/t/$tenant/activity"
                search={(known) => ({ ...known, q: question.id })}
                replace
                resetScroll={false}
                preload={false}
              >
                <Untrusted said={question.name ?? lastPart(question.id)} max={160} />
              </Link>
            </td>
            <td className="num">
              <Share value={question.facility} />
            </td>
            <td className="num hide-s">
              <Discrimination value={question.discrimination_index} />
            </td>
            <td className="num dim hide-m">{question.seconds ? length(question.seconds.median) : "–"}</td>
            <td>
              <FlagView flag={worstFlag(question)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Share({ value }: { value: number | null | undefined }) {
  if (typeof value !== "number") return <>–</>;
  return (
    <span className="with-meter">
      {percent(value / 100)}
      <span className="meter hide-s" aria-hidden="true">
        <i style={{ inlineSize: widthOf(value / 100) }} />
      </span>
    </span>
  );
}

/** The ends of the axis of the discrimination. */
const LEAST = -0.2;
const MOST = 0.7;

/** A coefficient as a number, and as a dot on an axis with a mark at 0. */
function Discrimination({ value }: { value: number | null | undefined }) {
  if (typeof value !== "number") return <>–</>;
  const index = value / 100;
  const x = (number: number) => 4 + ((Math.min(MOST, Math.max(LEAST, number)) - LEAST) / (MOST - LEAST)) * 58;
  const colour = index < 0 ? "f6" : index < 0.2 ? "f2" : "f1";
  return (
    <span className="with-dot">
      {ratio(index)}
      <svg width="66" height="14" aria-hidden="true">
        <line className="gl" x1="0" x2="66" y1="7" y2="7" />
        <line className="ax" x1={x(0)} x2={x(0)} y1="1" y2="13" />
        <circle cx={x(index)} cy="7" r="4" className={colour} />
      </svg>
    </span>
  );
}

const FLAGS: Record<QuestionFlag, { icon: LucideIcon; kind: "bad" | "warn" | "info" }> = {
  key_may_be_wrong: { icon: CircleAlert, kind: "bad" },
  does_not_discriminate: { icon: Flag, kind: "warn" },
  never_chosen: { icon: Flag, kind: "warn" },
  too_easy: { icon: Info, kind: "info" },
};

/** What a question asks for, in two words. */
export function FlagView({ flag, isTag = false }: { flag: QuestionFlag | undefined; isTag?: boolean }) {
  if (!flag) return null;
  const { icon, kind } = FLAGS[flag];
  return (
    <span className={`st ${isTag ? "tag" : ""} ${kind}`}>
      <Icon of={icon} />
      {t(`flag.${flag}`)}
    </span>
  );
}

/** How many answers there are, in words for a link. */
export function answersOf(question: QuestionFigures): string {
  return t("question.answers", count(question.answers));
}
