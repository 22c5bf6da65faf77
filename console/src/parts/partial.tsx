import { EyeOff } from "lucide-react";
import { isWithheldAt, numberIn, withheldOf, type Answer, type Row } from "../api/facts";
import { count } from "../text/format";
import { t } from "../text/text";
import { Icon } from "./icon";
import { Empty } from "./states";

/** In place of a figure that the server has withheld. */
export function Withheld() {
  return (
    <span className="withheld" title={t("withheld.word")}>
      <span aria-hidden="true">{t("withheld.sign")}</span>
      <span className="sr">{t("withheld.word")}</span>
    </span>
  );
}

/** Why an answer is not the whole: what is withheld, and that figures are being made. */
export function notesOf(answer: Answer | undefined): string[] {
  const withheld = withheldOf(answer);
  const least = count(withheld?.leastLearners ?? 0);
  return [
    withheld?.hasFigures && !withheld.isAll ? t("withheld.why", least) : undefined,
    withheld?.hasRows && !withheld.isAll ? t("withheld.rows", least) : undefined,
    answer?.is_rebuilding ? t("partial.rebuilding") : undefined,
  ].filter((note) => note !== undefined);
}

/** The notes on an answer in the foot of a sheet; nothing if there are none. */
export function Notes({ answer }: { answer: Answer | undefined }) {
  const notes = notesOf(answer);
  if (notes.length === 0) return null;
  return (
    <footer className="partial">
      <Icon of={EyeOff} />
      <span>{notes.join(" ")}</span>
    </footer>
  );
}

/** In place of an answer of which nothing is shown. */
export function AllWithheld({ answer }: { answer: Answer }) {
  const least = count(withheldOf(answer)?.leastLearners ?? 0);
  return (
    <Empty icon={EyeOff} title={t("withheld.all")}>
      {t("withheld.all.why", least)}
    </Empty>
  );
}

/** A figure in a row of an answer: its value, that it is withheld, or that there is none. */
export function FigureOf({
  answer,
  at,
  row,
  name,
  show,
}: {
  answer: Answer | undefined;
  at: number;
  row: Row;
  name: string;
  show: (value: number) => string;
}) {
  if (isWithheldAt(answer, at, name)) return <Withheld />;
  const value = numberIn(row, name);
  return <>{value === undefined ? "–" : show(value)}</>;
}
