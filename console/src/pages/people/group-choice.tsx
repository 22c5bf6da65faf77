import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { groupsQuery, type PersonGroup } from "../../api/people";
import { useViewer } from "../../app/context";
import { CheckField, TextField } from "../../parts/field";
import { Failure, LoadingRows } from "../../parts/states";
import { plainly, shorten } from "../../statement/visible";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { pathsOf, stillThere } from "./group-paths";

/** From how many groups on they can be searched, and how many are listed at most. */
const SEARCHED_MIN = 12;
const LISTED_MAX = 200;

/** Groups that are being chosen. */
export interface Choice {
  readonly groups: readonly PersonGroup[] | undefined;
  /** The ids of those that are chosen and still there. */
  readonly chosen: string[];
  readonly isReady: boolean;
  readonly error: unknown;
  readonly choose: (id: string, isChosen: boolean) => void;
  readonly retry: () => void;
}

/** The groups of the tenant, of which some are chosen; they are read once they are wanted. */
export function useGroupChoice(first: ReadonlySet<string>, isWanted = true): Choice {
  const { tenant } = useViewer();
  const query = useQuery({ ...groupsQuery(tenant), enabled: isWanted });
  const [ids, setIds] = useState(first);
  return {
    groups: query.data,
    chosen: stillThere(ids, query.data ?? []),
    isReady: query.data !== undefined,
    error: query.error,
    choose: (id, isChosen) =>
      setIds((known) => {
        const changed = new Set(known);
        if (isChosen) changed.add(id);
        else changed.delete(id);
        return changed;
      }),
    retry: () => void query.refetch(),
  };
}

/** Chooses the groups about whose members an advisor may ask. */
export function GroupChoice({ choice }: { choice: Choice }) {
  const { groups, chosen, error } = choice;
  const [text, setText] = useState("");
  const paths = useMemo(() => pathsOf(groups ?? []), [groups]);
  const ticked = new Set(chosen);
  const wanted = text.trim().toLocaleLowerCase();
  const found = paths.filter(({ path }) => path.toLocaleLowerCase().includes(wanted));
  return (
    <>
      <p>{t("people.groups.effect")}</p>
      {!groups && !error ? <LoadingRows rows={4} /> : null}
      {error ? <Failure error={error} onRetry={choice.retry} /> : null}
      {groups?.length === 0 ? <p className="faint">{tp("people.groups.none")}</p> : null}
      {paths.length >= SEARCHED_MIN ? (
        <TextField label={t("people.groups.find")} type="search" value={text} onChange={(event) => setText(event.target.value)} />
      ) : null}
      {paths.length > 0 ? (
        <fieldset className="plain">
          <legend>{t("people.groups.chosen", chosen.length)}</legend>
          {found.slice(0, LISTED_MAX).map(({ id, path }) => (
            <CheckField key={id} label={plainly(shorten(path, 400))} checked={ticked.has(id)} onChange={(event) => choice.choose(id, event.target.checked)} />
          ))}
          {found.length === 0 ? <p className="faint">{t("palette.nothing")}</p> : null}
          {found.length > LISTED_MAX ? <p className="faint">{t("tree.more", found.length - LISTED_MAX)}</p> : null}
        </fieldset>
      ) : null}
    </>
  );
}
