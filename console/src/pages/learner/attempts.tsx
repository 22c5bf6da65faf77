import { ChartSheet } from "../../parts/chart-sheet";
import { plainly, shorten } from "../../statement/visible";
import { date, day, percent } from "../../text/format";
import { t } from "../../text/text";
import type { Outcome } from "./journey";

/** The scores of a learner at what they have attempted most often. */
export function Attempts({ attempts }: { attempts: readonly Outcome[] }) {
  const name = plainly(shorten(attempts[0]?.name ?? "", 60));
  const x = (index: number) => `${((index + 0.5) / attempts.length) * 100}%`;
  const y = (score: number) => `${100 - Math.min(1, Math.max(0, score)) * 100}%`;
  const scores = attempts.map((attempt) => percent(attempt.score ?? 0));
  return (
    <ChartSheet
      title={t("attempts.title")}
      sub={
        <span className="sub">
          <bdi>{name}</bdi>
        </span>
      }
      file="attempts.csv"
      table={{
        columns: [t("chart.time"), t("meta.result"), t("figure.score")],
        rows: attempts.map((attempt) => [date(attempt.time), t(`mark.${attempt.kind}`), attempt.score ?? null]),
        format: (value) => percent(value, 1),
      }}
    >
      <div className="chart attempts">
        <div className="y" aria-hidden="true">
          {[0, 0.5, 1].map((step) => (
            <span key={step} style={{ top: y(step) }}>
              {percent(step)}
            </span>
          ))}
        </div>
        <svg height="112" role="img" aria-label={t("attempts.label", scores.join(", "))}>
          {[0, 0.5, 1].map((step) => (
            <line key={step} className={step === 0 ? "ax" : "gl"} x1="0" x2="100%" y1={y(step)} y2={y(step)} />
          ))}
          {attempts.map((attempt, index) => (
            <g key={index}>
              <line className="stem" x1={x(index)} x2={x(index)} y1={y(attempt.score ?? 0)} y2="100%" />
              <svg x={x(index)} y={y(attempt.score ?? 0)} overflow="visible" width="1" height="1">
                {attempt.kind === "failed" ? <path className="f2" d="M0-6.5L6.5 0 0 6.5-6.5 0z" /> : <circle className="f1" r="5" />}
                <text className="lb" x="10" y="4">
                  {percent(attempt.score ?? 0)}
                </text>
              </svg>
            </g>
          ))}
        </svg>
        <div className="x" aria-hidden="true">
          {attempts.map((attempt, index) => (
            <span key={index} style={{ insetInlineStart: x(index) }}>
              {day(attempt.time)}
            </span>
          ))}
        </div>
      </div>
    </ChartSheet>
  );
}
