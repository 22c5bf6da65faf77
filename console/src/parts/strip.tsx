import { count } from "../text/format";
import { t } from "../text/text";

/** Whether something was sent: a cell a day. A day without anything is dashed once something came before it. */
export function Strip({ days, counts }: { days: readonly string[]; counts: ReadonlyMap<string, number> | undefined }) {
  const values = days.map((day) => counts?.get(day) ?? 0);
  const most = Math.max(...values, 1);
  const first = values.findIndex((value) => value > 0);
  const total = values.reduce((sum, value) => sum + value, 0);
  const missing = values.slice(Math.max(first, 0)).filter((value) => value === 0).length;
  return (
    <span className="strip" role="img" aria-label={t("strip.label", count(total), days.length, first === -1 ? days.length : missing)}>
      {values.map((value, index) => {
        const level = value === 0 ? 0 : 1 + Math.min(5, Math.ceil((value / most) * 5));
        const isGap = value === 0 && first !== -1 && index > first;
        return <i key={days[index]} className={isGap ? "gap" : `q${level}`} title={`${days[index] ?? ""}: ${count(value)}`} />;
      })}
    </span>
  );
}
