import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { groupsQuery, type Person } from "../../api/people";
import { useViewer } from "../../app/context";
import { Dialog } from "../../parts/dialog";
import { CheckField, TextField } from "../../parts/field";
import { Failure, LoadingRows } from "../../parts/states";
import { plainly, shorten } from "../../statement/visible";
import { t } from "../../text/text";
import { pathsOf, stillThere } from "./group-paths";

/** From how many groups on they can be searched, and how many are listed at most. */
const SEARCHED_MIN = 12;
const LISTED_MAX = 200;

/** Chooses the groups about whose members an advisor may ask. */
export function GroupsDialog({ person, onSave, onClose }: { person: Person; onSave: (groups: string[]) => void; onClose: () => void }) {
  const { tenant } = useViewer();
  const query = useQuery(groupsQuery(tenant));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(person.groups));
  const [text, setText] = useState("");
  const paths = useMemo(() => pathsOf(query.data ?? []), [query.data]);
  const wanted = text.trim().toLocaleLowerCase();
  const found = paths.filter(({ path }) => path.toLocaleLowerCase().includes(wanted));
  const choose = (id: string, isChosen: boolean) => {
    const changed = new Set(chosen);
    if (isChosen) changed.add(id);
    else changed.delete(id);
    setChosen(changed);
  };
  return (
    <Dialog title={t("people.groups.title", person.display_name)} onClose={onClose}>
      <form
        className="dialog-body form start"
        onSubmit={(event) => {
          event.preventDefault();
          onSave(stillThere(chosen, query.data ?? []));
        }}
      >
        <p>{t("people.groups.effect")}</p>
        {query.isPending ? <LoadingRows rows={4} /> : null}
        {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
        {query.data?.length === 0 ? (
          <p className="faint">
            {t("people.groups.none")} <code className="mono">acta group create</code>
          </p>
        ) : null}
        {paths.length >= SEARCHED_MIN ? (
          <TextField label={t("people.groups.find")} type="search" value={text} onChange={(event) => setText(event.target.value)} />
        ) : null}
        {paths.length > 0 ? (
          <fieldset className="plain">
            <legend>{t("people.groups.chosen", stillThere(chosen, query.data ?? []).length)}</legend>
            {found.slice(0, LISTED_MAX).map(({ id, path }) => (
              <CheckField key={id} label={plainly(shorten(path, 400))} checked={chosen.has(id)} onChange={(event) => choose(id, event.target.checked)} />
            ))}
            {found.length === 0 ? <p className="faint">{t("palette.nothing")}</p> : null}
            {found.length > LISTED_MAX ? <p className="faint">{t("tree.more", found.length - LISTED_MAX)}</p> : null}
          </fieldset>
        ) : null}
        <div className="row end">
          <button className="btn" type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button className="btn primary" type="submit" disabled={!query.data}>
            {t("action.save")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
