import { Untrusted } from "../../parts/untrusted";
import type { Sentence } from "../../statement/sentence";
import { t } from "../../text/text";

/** A statement as a sentence: who did what, to what, in which course. */
export function SentenceView({ sentence, max = 160 }: { sentence: Sentence; max?: number }) {
  return (
    <>
      <b>
        <Untrusted said={sentence.actor} max={max} />
      </b>{" "}
      <span className="verb">
        <Untrusted said={sentence.verb} max={max} />
        {sentence.kind === "statement" ? ` ${t("sentence.statement")}` : ""}
        {sentence.kind === "plan" ? ` ${t("sentence.plan")}` : ""}
      </span>{" "}
      <span className="ent">
        <Untrusted said={sentence.object} max={max} />
      </span>
      {sentence.within ? (
        <span className="faint in">
          {" "}
          {t("sentence.in")} <Untrusted said={sentence.within} max={max} />
        </span>
      ) : null}
    </>
  );
}
