import { Check, X } from "lucide-react";
import { Icon } from "../../parts/icon";
import type { Mark } from "../../statement/sentence";
import { percent } from "../../text/format";
import { t } from "../../text/text";

/** The result of a statement, in a word or as a share. */
export function MarkView({ mark }: { mark: Mark | undefined }) {
  if (!mark) return null;
  if (mark.kind === "share") return <span>{percent(mark.value, 1)}</span>;
  const isGood = mark.kind !== "incorrect" && mark.kind !== "failed";
  return (
    <span className={`st ${isGood ? "good" : "bad"}`}>
      <Icon of={isGood ? Check : X} />
      {t(`mark.${mark.kind}`)}
    </span>
  );
}
