import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowUp, Check, CircleAlert, Flag, X } from "lucide-react";
import type { Ref } from "react";
import type { OptionFigures, QuestionFigures } from "../../api/analyses";
import { factsQuery, numberIn, rowsOf } from "../../api/facts";
import { useViewer } from "../../app/context";
import { Lines } from "../../parts/bars";
import { TableTwin } from "../../parts/chart-sheet";
import { CsvButton } from "../../parts/csv-button";
import { Icon } from "../../parts/icon";
import { Untrusted } from "../../parts/untrusted";
import { lastPart } from "../../statement/sentence";
import { count, day, month, percent } from "../../text/format";
import { t } from "../../text/text";
import type { Period } from "../overview/period";
import { FlagView } from "./items";
import { trendQuestion } from "./questions";
import { flagSays, saysOf, worstFlag } from "./words";

/** The most options that are shown; the file has all. */
const OPTIONS_MAX = 12;

/** Weeks or months from which on a line says something. */
const STEPS_MIN = 3;

/** One question: its options and who chose them, what the figures say, and how it went over time. */
export function QuestionSheet({
  question,
  number,
  period,
  onWalk,
  onClose,
  ref,
}: {
  question: QuestionFigures;
  number: number;
  period: Period;
  onWalk: (step: 1 | -1) => void;
  onClose: () => void;
  ref: Ref<HTMLElement>;
}) {
  const { tenant, may } = useViewer();
  const name = question.name ?? lastPart(question.id);
  return (
    <section className="sheet qd" aria-label={t("question.title", number)} tabIndex={-1} ref={ref}>
      <header>
        <span className="faint t12">{t("question.title", number)}</span>
        <FlagView flag={worstFlag(question)} isTag />
        <div className="tools">
          <button className="btn quiet icon sm" type="button" aria-label={t("question.before")} onClick={() => onWalk(-1)}>
            <Icon of={ArrowUp} />
          </button>
          <button className="btn quiet icon sm" type="button" aria-label={t("question.after")} onClick={() => onWalk(1)}>
            <Icon of={ArrowDown} />
          </button>
          {question.options.length > 0 ? <CsvButton title={t("question.options")} file="options.csv" rows={() => csvRows(question)} /> : null}
          <button className="btn quiet icon sm show-m" type="button" aria-label={t("action.close")} onClick={onClose}>
            <Icon of={X} />
          </button>
        </div>
      </header>
      <div className="pad">
        <h3 className="qh">
          <Untrusted said={name} max={400} />
        </h3>
        {question.options.length > 0 ? <Options question={question} /> : null}
        {question.flags.map((flag) => {
          const { title, text } = flagSays(flag, question);
          return (
            <p key={flag} className={`note ${flag === "key_may_be_wrong" ? "bad" : "warn"}`}>
              <Icon of={flag === "key_may_be_wrong" ? CircleAlert : Flag} />
              <span>
                <b>
                  <bdi>{title}</bdi>
                </b>{" "}
                {text}
              </span>
            </p>
          );
        })}
        <ul className="says">
          {saysOf(question).map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
        <Trend id={question.id} period={period} />
      </div>
      {may("read-statements") ? (
        <footer>
          <Link to="/t/$tenant/statements" params={{ tenant: String(tenant) }} search={{ activity: question.id }}>
            {t("question.answers", count(question.answers))}
          </Link>
        </footer>
      ) : null}
    </section>
  );
}

function csvRows(question: QuestionFigures): unknown[][] {
  const head = ["id", t("question.option"), t("choice.key"), t("question.chosen"), t("question.weak"), t("question.middle"), t("question.strong"), "mean_rest_score"];
  const rows = question.options.map((option) => [option.id, option.description, option.is_key, option.count, ...option.thirds, option.mean_rest_score]);
  return [head, ...rows];
}

/** How many learners a third has, as far as the options say: those who gave no response are in none. */
function thirdSizes(question: QuestionFigures): number[] {
  const sums = [0, 1, 2].map((third) => question.options.reduce((sum, option) => sum + (option.thirds[third] ?? 0), 0));
  const total = sums.reduce((sum, value) => sum + value, 0);
  // Where several options are chosen at once, the options count more than there are learners.
  return total <= question.answers ? sums : [0, 1, 2].map(() => question.answers / 3);
}

function Options({ question }: { question: QuestionFigures }) {
  const sizes = thirdSizes(question);
  const shown = question.options.slice(0, OPTIONS_MAX);
  const key = question.options.filter((option) => option.is_key);
  const bestKey = Math.max(0, ...key.map((option) => option.thirds[2] ?? 0));
  const isTooFew = question.reliability === "too_few";
  return (
    <>
      <ul className="key thirds">
        <li>
          <i className="lo" />
          {t("question.weakest")}
        </li>
        <li>
          <i className="hi" />
          {t("question.strongest")}
        </li>
      </ul>
      <table className="ot">
        <thead>
          <tr>
            <th scope="col">{t("question.option")}</th>
            {isTooFew ? null : (
              <>
                <th scope="col" className="num">
                  {t("question.weak")}
                </th>
                <th scope="col" className="num">
                  {t("question.strong")}
                </th>
              </>
            )}
            <th scope="col" className="num">
              {t("question.all")}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((option) => (
            <Option key={option.id} option={option} sizes={sizes} isTooFew={isTooFew} isOdd={!option.is_key && key.length > 0 && (option.thirds[2] ?? 0) > bestKey} />
          ))}
        </tbody>
      </table>
      {question.options.length > shown.length ? <p className="faint t12">{t("tree.more", question.options.length - shown.length)}</p> : null}
    </>
  );
}

function Option({ option, sizes, isTooFew, isOdd }: { option: OptionFigures; sizes: readonly number[]; isTooFew: boolean; isOdd: boolean }) {
  const [weak = 0, , strong = 0] = option.thirds.map((value, index) => Math.min(1, value / (sizes[index] || 1)));
  const place = (share: number) => `${(2 + share * 96).toFixed(1)}%`;
  return (
    <tr className={option.is_key ? "iskey" : isOdd ? "odd" : ""}>
      <th scope="row">
        <Untrusted said={option.description ?? option.id} max={300} />{" "}
        {option.is_key ? (
          <span className="st good">
            <Icon of={Check} />
            {t("choice.key")}
          </span>
        ) : null}
        {isTooFew ? null : (
          <svg width="100%" height="20" className="db" aria-hidden="true">
            <line className="gl" x1="0" x2="100%" y1="10" y2="10" />
            <line className="dl" x1={place(weak)} x2={place(strong)} y1="10" y2="10" />
            <circle cx={place(weak)} cy="10" r="4.5" className="lo" />
            <circle cx={place(strong)} cy="10" r="5.5" className="hi" />
          </svg>
        )}
      </th>
      {isTooFew ? null : (
        <>
          <td className="num">{percent(weak)}</td>
          <td className="num">
            <b>{percent(strong)}</b>
          </td>
        </>
      )}
      <td className="num faint">{typeof option.share === "number" ? percent(option.share / 100) : "–"}</td>
    </tr>
  );
}

/** The share of correct answers over time. */
function Trend({ id, period }: { id: string; period: Period }) {
  const { tenant } = useViewer();
  const query = useQuery(factsQuery(tenant, trendQuestion(id, period)));
  const rows = query.data ? rowsOf(query.data) : [];
  if (rows.length < STEPS_MIN) return null;
  const title = t(period.unit === "day" ? "question.weeks" : "question.months");
  const labels = rows.map((row) => labelOf(String(row.time)));
  const values = rows.map((row) => numberIn(row, "correct"));
  const table = {
    columns: [t("chart.time"), t("items.correct"), t("items.answers")],
    rows: rows.map((row) => [String(row.time), numberIn(row, "correct") ?? null, numberIn(row, "answers") ?? 0]),
    format: (value: number, column: number) => (column === 1 ? percent(value) : count(value)),
  };
  return (
    <>
      <div className="row sh">
        <h4>{title}</h4>
        <CsvButton title={title} file="correct-over-time.csv" rows={() => [table.columns, ...table.rows]} />
      </div>
      <Lines series={[{ name: t("items.correct"), values }]} labels={labels} label={t("question.trend.label", rows.length)} format={(value) => percent(value)} height={92} />
      <details className="more">
        <summary>{t("chart.asTable")}</summary>
        <TableTwin table={table} />
      </details>
    </>
  );
}

/** A week by its first day, or a month. */
function labelOf(step: string): string {
  return step.length > 7 ? day(`${step.slice(0, 10)}T12:00`) : month(new Date(`${step}-01T12:00`), step.endsWith("-01"));
}
