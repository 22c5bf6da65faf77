import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { CalendarClock, Pencil, Plus, Trash2, UserRound } from "lucide-react";
import { useMemo, useState } from "react";
import { factsQuery } from "../../api/facts";
import type { PersonGroup } from "../../api/people";
import { useViewer } from "../../app/context";
import { Icon } from "../../parts/icon";
import { explain, Failure, LoadingRows, titleOf } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { count, date, dayKey } from "../../text/format";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { LearnerLink } from "../learner/link";
import { membersQuery, useMemberChanges, type Member } from "./changes";
import { AddMemberDialog, PeriodsDialog } from "./member-dialogs";
import { nameOf, namesIn, namesQuestion } from "./names";
import { stateOf, toDays, type Period } from "./periods";

/** Who is, was or will be a member of a group itself. */
export function Members({ group }: { group: PersonGroup }) {
  const { tenant, may } = useViewer();
  const [isAdding, setIsAdding] = useState(false);
  const query = useInfiniteQuery(membersQuery(tenant, group.id));
  const members = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const question = namesQuestion(members);
  const answer = useQuery({ ...factsQuery(tenant, question ?? { measures: [] }), enabled: question !== undefined && may("ask-questions"), placeholderData: keepPreviousData });
  const names = useMemo(() => namesIn(answer.data), [answer.data]);
  return (
    <section className="sheet arrivals" aria-label={tp("members.title")}>
      <header>
        <h2>{tp("members.title")}</h2>
        <span className="sub">{query.data && !query.hasNextPage ? count(members.length) : ""}</span>
        <div className="tools">
          {may("write-persons") ? (
            <button className="btn quiet sm" type="button" onClick={() => setIsAdding(true)}>
              <Icon of={Plus} />
              {tp("members.add")}
            </button>
          ) : null}
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={3} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.isSuccess && members.length === 0 ? <p className="pad-2 faint">{tp("members.none")}</p> : null}
      {members.length > 0 ? (
        <ul className="ids">
          {members.map((member) => (
            <MemberRow key={member.person} group={group} member={member} name={nameOf(member, names)} />
          ))}
        </ul>
      ) : null}
      {query.hasNextPage ? (
        <div className="pad-2">
          <button className="btn sm" type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("ranking.more")}
          </button>
        </div>
      ) : null}
      {isAdding ? <AddMemberDialog group={group} onClose={() => setIsAdding(false)} /> : null}
    </section>
  );
}

function MemberRow({ group, member, name }: { group: PersonGroup; member: Member; name: string }) {
  const { tenant, may } = useViewer();
  const { set, remove } = useMemberChanges(tenant, group.id);
  const toast = useToast();
  const [isChanging, setIsChanging] = useState(false);
  const state = stateOf(member.periods, dayKey(new Date()));
  const failed = (error: unknown) => toast({ text: `${titleOf(error)}. ${explain(error)}`, isBad: true });
  const restore = () => set.mutate({ person: member.person, periods: member.periods }, { onError: failed });
  const takeOut = async () => {
    try {
      await remove.mutateAsync(member.person);
      toast({ text: tp("members.removed", name), undo: restore });
    } catch (error) {
      failed(error);
    }
  };
  return (
    <li>
      <Icon of={state === "now" ? UserRound : CalendarClock} />
      <span>
        <LearnerLink id={member.person} name={name} />
        <small>
          {state === "now" ? "" : `${tp(`members.${state}`)}: `}
          {member.periods.map(periodText).join("; ")}
        </small>
      </span>
      {may("write-persons") ? (
        <span className="row">
          <button className="btn quiet icon sm" type="button" aria-label={tp("members.change", name)} title={tp("members.when")} onClick={() => setIsChanging(true)}>
            <Icon of={Pencil} />
          </button>
          <button className="btn quiet icon sm" type="button" aria-label={tp("members.remove", name)} title={t("source.remove")} disabled={remove.isPending} onClick={() => void takeOut()}>
            <Icon of={Trash2} />
          </button>
        </span>
      ) : (
        <span />
      )}
      {isChanging ? (
        <PeriodsDialog
          group={group}
          member={member}
          name={name}
          onDone={() => {
            setIsChanging(false);
            toast({ text: tp("members.changed", name), undo: restore });
          }}
          onClose={() => setIsChanging(false)}
        />
      ) : null}
    </li>
  );
}

/** A period in words, by its first and its last day. */
function periodText(period: Period): string {
  const { first, last } = toDays(period);
  const day = (text: string) => date(`${text}T12:00`);
  if (first && last) return first === last ? day(first) : tp("members.between", day(first), day(last));
  if (first) return tp("members.since", day(first));
  return last ? tp("members.until", day(last)) : tp("members.always");
}
