import { useId, useRef, useState } from "react";
import { daysOf, PERIODS, type PeriodName } from "../../app/search";
import { useKeys } from "../../app/keys";
import { Dialog } from "../../parts/dialog";
import { TextField } from "../../parts/field";
import { dayKey, dayRange } from "../../text/format";
import { t } from "../../text/text";
import { periodOf } from "./period";

/** The choice of a period, which the address holds: one that ends today, or days of one's own. */
export function PeriodChoice({ period, onChoose }: { period: PeriodName; onChoose: (period: PeriodName) => void }) {
  const [isOpen, setIsOpen] = useState(false);
  const choice = useRef<HTMLSelectElement>(null);
  const own = daysOf(period);
  useKeys({ t: () => choice.current?.focus() });
  return (
    <>
      <select
        ref={choice}
        className="btn period"
        aria-label={t("period.label")}
        value={period}
        onChange={(event) => (event.target.value === "own" ? setIsOpen(true) : onChoose(event.target.value as PeriodName))}
      >
        {PERIODS.map((name) => (
          <option key={name} value={name}>
            {t(`period.${name}`)}
          </option>
        ))}
        {own ? <option value={period}>{dayRange(new Date(`${own.first}T12:00`), new Date(`${own.last}T12:00`))}</option> : null}
        <option value="own">{t("period.own")}</option>
      </select>
      {isOpen ? (
        <OwnDays
          period={period}
          onClose={() => setIsOpen(false)}
          onChoose={(chosen) => {
            setIsOpen(false);
            onChoose(chosen);
          }}
        />
      ) : null}
    </>
  );
}

function OwnDays({ period, onClose, onChoose }: { period: PeriodName; onClose: () => void; onChoose: (period: PeriodName) => void }) {
  const today = dayKey(new Date());
  const form = useId();
  const [first, setFirst] = useState(daysOf(period)?.first ?? periodOf(period).from ?? today);
  const [last, setLast] = useState(daysOf(period)?.last ?? today);
  const chosen: PeriodName = `${first}..${last}`;
  const isWrong = first !== "" && last !== "" && first > last;
  return (
    <Dialog title={t("period.own")} onClose={onClose}>
      <form
        id={form}
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          if (daysOf(chosen)) onChoose(chosen);
        }}
      >
        <TextField label={t("period.first")} type="date" required value={first} onChange={(event) => setFirst(event.target.value)} />
        <TextField label={t("period.last")} type="date" required value={last} error={isWrong ? t("period.order") : undefined} onChange={(event) => setLast(event.target.value)} />
        <div className="row end">
          <button className="btn primary" type="submit">
            {t("filter.apply")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
