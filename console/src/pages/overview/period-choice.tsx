import { PERIODS, type PeriodName } from "../../app/search";
import { t } from "../../text/text";

/** The choice of a period, which the address holds. */
export function PeriodChoice({ period, onChoose }: { period: PeriodName; onChoose: (period: PeriodName) => void }) {
  return (
    <select
      className="btn period"
      aria-label={t("period.label")}
      value={period}
      onChange={(event) => onChoose(event.target.value as PeriodName)}
    >
      {PERIODS.map((name) => (
        <option key={name} value={name}>
          {t(`period.${name}`)}
        </option>
      ))}
    </select>
  );
}
