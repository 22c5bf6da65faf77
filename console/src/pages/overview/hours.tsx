import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { factsQuery, isWithheldAt, numberIn, rowsOf, type Condition } from "../../api/facts";
import { useViewer } from "../../app/context";
import { ChartSheet } from "../../parts/chart-sheet";
import { count, zone } from "../../text/format";
import { locale, t } from "../../text/text";
import { within, type Period } from "./period";
import { hoursQuestion } from "./questions";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** The name of a weekday, 1 for Monday. */
function weekday(number: number): string {
  // 5 January 2026 is a Monday.
  return new Intl.DateTimeFormat(locale(), { weekday: "short" }).format(new Date(2026, 0, 4 + number, 12));
}

/** When people learn in a period. */
export function Hours({ period }: { period: Period }) {
  return <HoursChart where={within(period)} />;
}

/** When statements that a condition chooses happened: weekdays by hours, the more the darker. */
export function HoursChart({ where }: { where: Condition | undefined }) {
  const { tenant } = useViewer();
  const query = useQuery({ ...factsQuery(tenant, hoursQuestion(where)), placeholderData: keepPreviousData });
  const rows = query.data ? rowsOf(query.data) : [];
  const values = new Map(rows.map((row) => [`${String(row.weekday)} ${String(row.hour)}`, numberIn(row, "statements") ?? 0]));
  const most = Math.max(1, ...values.values());
  const busiest = rows.toSorted((one, other) => (numberIn(other, "statements") ?? 0) - (numberIn(one, "statements") ?? 0))[0];
  const summary = busiest ? t("hours.label", weekday(Number(busiest.weekday)), String(busiest.hour)) : "";
  return (
    <ChartSheet
      title={t("hours.title")}
      sub={<span className="sub">{t("statements.zone", zone())}</span>}
      file="hours.csv"
      answer={query.data}
      table={{
        columns: [t("hours.day"), t("hours.hour"), t("nav.statements")],
        rows: rows.map((row) => [weekday(Number(row.weekday)), String(row.hour), numberIn(row, "statements") ?? null]),
        format: count,
        isWithheld: (row) => isWithheldAt(query.data, row, "statements"),
      }}
    >
      <div className="heat" role="img" aria-label={summary}>
        {[1, 2, 3, 4, 5, 6, 7].map((number) => (
          <div key={number} className="heat-row">
            <span>{weekday(number)}</span>
            {HOURS.map((hour) => {
              const value = values.get(`${number} ${hour}`) ?? 0;
              const level = value === 0 ? 0 : 1 + Math.min(5, Math.floor((value / most) * 6));
              return <i key={hour} className={`q${level}`} title={`${weekday(number)} ${hour}:00: ${count(value)}`} />;
            })}
          </div>
        ))}
        <div className="heat-row hours">
          <span />
          {HOURS.map((hour) => (
            <span key={hour}>{hour % 3 === 0 ? hour : ""}</span>
          ))}
        </div>
      </div>
    </ChartSheet>
  );
}
