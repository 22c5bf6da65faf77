import { useQuery } from "@tanstack/react-query";
import { KeyRound, Mail, Merge, Split } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { factsQuery, labelIn, numberIn, rowsOf } from "../../api/facts";
import { identifierKey, type Identifier, type Person } from "../../api/persons";
import { useViewer } from "../../app/context";
import { Dialog } from "../../parts/dialog";
import { TextField } from "../../parts/field";
import { Icon } from "../../parts/icon";
import { explain, LoadingRows, titleOf } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { Untrusted } from "../../parts/untrusted";
import { count } from "../../text/format";
import { t } from "../../text/text";
import { periodOf } from "../overview/period";
import { learnersQuestion } from "../overview/questions";
import { useJoining } from "./joining";
import { identifierText } from "./link";

/** An identifier that a learner has used. */
export interface Known {
  readonly agent: Identifier;
  /** Its JSON, as the facts have it. */
  readonly text: string;
  readonly statements: number;
}

/** The identifiers of a learner: which are one, and since they were joined by whom. */
export function KnownAs({ known, person }: { known: readonly Known[]; person: Person | undefined }) {
  const { tenant, may } = useViewer();
  const toast = useToast();
  const [isJoining, setIsJoining] = useState(false);
  const [splitting, setSplitting] = useState<Known>();
  const all = allOf(known, person);
  const joining = useJoining(tenant, { identifiers: known.map((identifier) => identifier.agent), person });
  const joined = new Set(person?.identifiers.map(identifierKey));
  const splitOff = async (identifier: Known) => {
    setSplitting(undefined);
    try {
      await joining.split.mutateAsync(identifier.agent);
      toast({ text: t("known.split.done") });
    } catch (error) {
      toast({ text: `${titleOf(error)}. ${explain(error)}`, isBad: true });
    }
  };
  return (
    <section className="sheet" aria-label={t("known.title")}>
      <header>
        <h2>{t("known.title")}</h2>
        <span className="sub">{t("learner.identifiers", all.length)}</span>
        <div className="tools">
          {may("write-persons") ? (
            <button className="btn quiet sm" type="button" onClick={() => setIsJoining(true)}>
              <Icon of={Merge} />
              {t("known.join")}
            </button>
          ) : null}
        </div>
      </header>
      <ul className="ids">
        {all.map((identifier) => {
          const isJoined = joined.has(identifierKey(identifier.agent));
          return (
            <li key={identifier.text}>
              <Icon of={"account" in identifier.agent ? KeyRound : Mail} />
              <span>
                <b>
                  <Untrusted said={identifierText(identifier.text)} max={120} />
                </b>
                <small>{whyOf(isJoined, all.length, may("read-persons"))}</small>
              </span>
              <span className="num">
                {count(identifier.statements)}
                {may("write-persons") && isJoined && all.length > 1 ? (
                  <button className="btn quiet icon sm" type="button" aria-label={t("known.split", identifierText(identifier.text))} title={t("known.split.short")} onClick={() => setSplitting(identifier)}>
                    <Icon of={Split} />
                  </button>
                ) : null}
              </span>
            </li>
          );
        })}
      </ul>
      {isJoining ? <JoinDialog known={all} onJoin={(other) => joining.join.mutateAsync(other)} onClose={() => setIsJoining(false)} /> : null}
      {splitting ? (
        <Dialog title={t("known.split.title", identifierText(splitting.text))} onClose={() => setSplitting(undefined)}>
          <div className="dialog-body">
            <p>{t("known.split.effect")}</p>
            <div className="row end">
              <button className="btn" type="button" onClick={() => setSplitting(undefined)}>
                {t("action.cancel")}
              </button>
              <button className="btn primary" type="button" onClick={() => void splitOff(splitting)}>
                {t("known.split.short")}
              </button>
            </div>
          </div>
        </Dialog>
      ) : null}
    </section>
  );
}

/** Why an identifier is of the learner, as far as that is known to somebody who may read persons or not. */
function whyOf(isJoined: boolean, total: number, mayReadPersons: boolean): string {
  if (total < 2) return t("known.only");
  if (!mayReadPersons) return t("known.joined");
  return isJoined ? t("known.joined") : t("known.byRule");
}

/** The identifiers that statements have, and those that were joined and have none. */
function allOf(known: readonly Known[], person: Person | undefined): Known[] {
  const used = new Set(known.map((identifier) => identifierKey(identifier.agent)));
  const unused = (person?.identifiers ?? []).filter((agent) => !used.has(identifierKey(agent)));
  return [...known, ...unused.map((agent) => ({ agent, text: JSON.stringify(agent), statements: 0 }))];
}

/** Finds the learner who is the same as this one. */
function JoinDialog({ known, onJoin, onClose }: { known: readonly Known[]; onJoin: (other: string) => Promise<void>; onClose: () => void }) {
  const { tenant } = useViewer();
  const toast = useToast();
  const [text, setText] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const wanted = useDeferredValue(text.trim());
  const query = useQuery(factsQuery(tenant, learnersQuestion(periodOf("all"), wanted || undefined, "statements", 12)));
  const own = new Set(known.map((identifier) => identifier.text));
  const rows = query.data ? rowsOf(query.data).filter((row) => !own.has(String(row.person))) : [];
  const join = async (other: string) => {
    setIsBusy(true);
    try {
      await onJoin(other);
      toast({ text: t("known.join.done") });
      onClose();
    } catch (error) {
      toast({ text: `${titleOf(error)}. ${explain(error)}`, isBad: true });
      setIsBusy(false);
    }
  };
  return (
    <Dialog title={t("known.join")} onClose={onClose}>
      <div className="dialog-body">
        <p>{t("known.join.effect")}</p>
        <TextField label={t("known.join.search")} type="search" value={text} onChange={(event) => setText(event.target.value)} />
        {query.isPending ? <LoadingRows rows={4} /> : null}
        <ul className="ids plain">
          {rows.map((row) => {
            const other = String(row.person);
            const name = labelIn(query.data, "person", other) ?? identifierText(other);
            return (
              <li key={other}>
                <span>
                  <b>
                    <Untrusted said={name} max={80} />
                  </b>
                  <small>
                    <Untrusted said={identifierText(other)} max={120} />, {t("journey.statements", numberIn(row, "statements") ?? 0)}
                  </small>
                </span>
                <button className="btn sm" type="button" disabled={isBusy} aria-label={t("known.join.with", name)} onClick={() => void join(other)}>
                  {t("known.join.short")}
                </button>
              </li>
            );
          })}
        </ul>
      </div>
    </Dialog>
  );
}
