import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { areFactsOff, factsQuery, labelIn, rowsOf, type Question } from "../../api/facts";
import type { PersonGroup } from "../../api/people";
import type { Identifier } from "../../api/persons";
import { useViewer } from "../../app/context";
import { Dialog } from "../../parts/dialog";
import { TextField } from "../../parts/field";
import { Icon } from "../../parts/icon";
import { LoadingRows, Refusal } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { Untrusted } from "../../parts/untrusted";
import { plainly, shorten } from "../../statement/visible";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { identifierText } from "../learner/link";
import { useMemberChanges, type Member } from "./changes";
import { faultOf, inOrder, toDays, type DayPeriod } from "./periods";

/** The most learners that are offered. */
const OFFERED = 8;

const ALWAYS: DayPeriod = { first: "", last: "" };

/** When somebody is a member: one period, or several. */
function PeriodFields({ periods, onChange }: { periods: readonly DayPeriod[]; onChange: (periods: DayPeriod[]) => void }) {
  const fault = faultOf(periods);
  const set = (at: number, changed: Partial<DayPeriod>) => onChange(periods.map((period, index) => (index === at ? { ...period, ...changed } : period)));
  return (
    <fieldset className="plain periods">
      <legend>{tp("members.when")}</legend>
      <p className="faint">{tp("members.when.how")}</p>
      {periods.map((period, at) => (
        <div key={at} className="row">
          <TextField label={t("period.first")} type="date" value={period.first} onChange={(event) => set(at, { first: event.target.value })} />
          <TextField label={t("period.last")} type="date" value={period.last} onChange={(event) => set(at, { last: event.target.value })} />
          {periods.length > 1 ? (
            <button className="btn quiet icon sm" type="button" aria-label={tp("members.removePeriod", at + 1)} onClick={() => onChange(periods.filter((_, index) => index !== at))}>
              <Icon of={X} />
            </button>
          ) : null}
        </div>
      ))}
      {fault ? (
        <small className="bad" role="alert">
          {fault === "order" ? t("period.order") : tp("members.overlap")}
        </small>
      ) : null}
      <button className="btn quiet sm" type="button" onClick={() => onChange([...periods, ALWAYS])}>
        <Icon of={Plus} />
        {tp("members.addPeriod")}
      </button>
    </fieldset>
  );
}

/** Changes when somebody is a member. */
export function PeriodsDialog({
  group,
  member,
  name,
  onDone,
  onClose,
}: {
  group: PersonGroup;
  member: Member;
  name: string;
  onDone: () => void;
  onClose: () => void;
}) {
  const { tenant } = useViewer();
  const { set } = useMemberChanges(tenant, group.id);
  const [periods, setPeriods] = useState<DayPeriod[]>(() => member.periods.map(toDays));
  const submit = async () => {
    await set.mutateAsync({ person: member.person, periods: inOrder(periods) });
    onDone();
  };
  return (
    <Dialog title={tp("members.change", name)} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit().catch(() => undefined);
        }}
      >
        <PeriodFields periods={periods} onChange={setPeriods} />
        <Refusal error={set.error} />
        <div className="row end">
          <button className="btn" type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button className="btn primary" type="submit" disabled={set.isPending || faultOf(periods) !== undefined}>
            {t("action.save")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Somebody who can be added: known from statements, or an address that was typed. */
interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly agent: Identifier;
}

function learnersQuestion(text: string): Question {
  return {
    measures: [{ measure: "count", name: "count" }],
    dimensions: ["person"],
    where: { or: [{ field: "person.name", contains: text }, { field: "person", contains: text }] },
    order: [{ by: "count", descending: true }],
    limit: OFFERED,
  };
}

/** Learners with a text in their name or identifier, and the address itself if the text is one. */
function useCandidates(text: string): { candidates: Candidate[]; isLoading: boolean; isOff: boolean } {
  const { tenant } = useViewer();
  const query = useQuery({ ...factsQuery(tenant, learnersQuestion(text)), enabled: text.length > 1, placeholderData: keepPreviousData });
  const found = query.data && text.length > 1
    ? rowsOf(query.data).flatMap((row) => {
        const id = String(row.person);
        const agent = agentIn(id);
        return agent ? [{ id, agent, name: labelIn(query.data, "person", id) ?? identifierText(id) }] : [];
      })
    : [];
  const address = /^[^\s@"]+@[^\s@"]+$/u.test(text) ? `mailto:${text}` : undefined;
  const typed = address && !found.some(({ agent }) => "mbox" in agent && agent.mbox.toLowerCase() === address.toLowerCase());
  return {
    candidates: typed ? [...found, { id: address, name: text, agent: { mbox: address } }] : found,
    isLoading: query.isLoading,
    isOff: areFactsOff(query.error),
  };
}

function agentIn(text: string): Identifier | undefined {
  try {
    const agent: unknown = JSON.parse(text);
    return typeof agent === "object" && agent !== null ? (agent as Identifier) : undefined;
  } catch {
    return undefined;
  }
}

/** Finds somebody, and adds them to a group from a day until another. */
export function AddMemberDialog({ group, onClose }: { group: PersonGroup; onClose: () => void }) {
  const { tenant } = useViewer();
  const { add } = useMemberChanges(tenant, group.id);
  const toast = useToast();
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<Candidate>();
  const [periods, setPeriods] = useState<DayPeriod[]>([ALWAYS]);
  const { candidates, isLoading, isOff } = useCandidates(useDeferredValue(text.trim()));
  const submit = async () => {
    if (!chosen) return;
    await add.mutateAsync({ agent: chosen.agent, periods: inOrder(periods) });
    toast({ text: tp("members.added", plainly(shorten(chosen.name, 100)), plainly(shorten(group.name, 100))) });
    onClose();
  };
  return (
    <Dialog title={tp("members.add.title", plainly(shorten(group.name, 100)))} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit().catch(() => undefined);
        }}
      >
        <TextField
          label={tp("members.who")}
          hint={isOff ? tp("members.who.address") : tp("members.who.how")}
          type="search"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(undefined);
          }}
        />
        {isLoading ? <LoadingRows rows={2} /> : null}
        {candidates.length > 0 ? (
          <fieldset className="plain choices">
            <legend className="sr">{tp("members.who")}</legend>
            {candidates.map((candidate) => (
              <label key={candidate.id} className="check">
                <input type="radio" name="member" checked={chosen?.id === candidate.id} onChange={() => setChosen(candidate)} />
                <span>
                  <Untrusted said={candidate.name} max={120} />
                  <small className="faint">
                    {" "}
                    <Untrusted said={candidate.id.startsWith("mailto:") ? tp("members.who.new") : identifierText(candidate.id)} max={120} />
                  </small>
                </span>
              </label>
            ))}
          </fieldset>
        ) : text.trim().length > 1 && !isLoading ? (
          <p className="faint">{tp("members.who.none")}</p>
        ) : null}
        <PeriodFields periods={periods} onChange={setPeriods} />
        <Refusal error={add.error} />
        <div className="row end">
          <button className="btn" type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button className="btn primary" type="submit" disabled={!chosen || add.isPending || faultOf(periods) !== undefined}>
            {tp("members.add")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
