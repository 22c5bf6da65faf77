import { useMemo, useState } from "react";
import type { PersonGroup } from "../../api/people";
import { faultAt } from "../../api/problem";
import { useViewer } from "../../app/context";
import { Dialog } from "../../parts/dialog";
import { SelectField, TextField } from "../../parts/field";
import { Refusal } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { plainly, shorten } from "../../statement/visible";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { pathsOf } from "../people/group-paths";
import { useGroupChanges } from "./changes";
import { withBelow } from "./tree";

/** From how many groups on the one above is searched for, and how many are offered at most. */
const SEARCHED_MIN = 30;
const OFFERED_MAX = 200;

/** Creates a group, or changes the name, the kind and the place of one. */
export function GroupDialog({
  groups,
  group,
  parent: firstParent,
  onDone,
  onClose,
}: {
  groups: readonly PersonGroup[];
  /** The group that is changed; a new one, if there is none. */
  group?: PersonGroup;
  /** The group that a new one is below at first. */
  parent: string | undefined;
  onDone: (made: PersonGroup) => void;
  onClose: () => void;
}) {
  const { tenant } = useViewer();
  const { create, change } = useGroupChanges(tenant);
  const toast = useToast();
  const [name, setName] = useState(group?.name ?? "");
  const [kind, setKind] = useState(group?.kind ?? "");
  const [parent, setParent] = useState(group ? (group.parent ?? "") : (firstParent ?? ""));
  const act = group ? change : create;
  const kinds = useMemo(() => [...new Set(groups.flatMap((known) => known.kind ?? []))].toSorted(), [groups]);
  const submit = async () => {
    const body = { name: name.trim(), kind: kind.trim() || null, parent: parent || null };
    if (!group) {
      onDone(await create.mutateAsync(body));
      return;
    }
    const changed = await change.mutateAsync({ group: group.id, body });
    const before = { name: group.name, kind: group.kind, parent: group.parent };
    toast({ text: tp("groups.changed", changed.name), undo: () => change.mutate({ group: group.id, body: before }) });
    onDone(changed);
  };
  return (
    <Dialog title={group ? tp("groups.change.title", plainly(shorten(group.name, 100))) : tp("groups.create")} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit().catch(() => undefined);
        }}
      >
        <TextField label={t("source.name")} required maxLength={200} value={name} error={faultAt(act.error, "/name")} onChange={(event) => setName(event.target.value)} />
        <TextField
          label={tp("groups.kind")}
          hint={kinds.length > 0 ? tp("groups.kind.known", kinds.slice(0, 8).map((known) => plainly(known)).join(", ")) : tp("groups.kind.hint")}
          maxLength={40}
          value={kind}
          error={faultAt(act.error, "/kind")}
          onChange={(event) => setKind(event.target.value)}
        />
        <ParentField groups={groups} group={group} parent={parent} error={faultAt(act.error, "/parent")} onChoose={setParent} />
        <Refusal error={act.error} />
        <div className="row end">
          <button className="btn" type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button className="btn primary" type="submit" disabled={act.isPending}>
            {group ? t("action.save") : tp("groups.create")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The group above; neither the group itself nor one below it. */
function ParentField({
  groups,
  group,
  parent,
  error,
  onChoose,
}: {
  groups: readonly PersonGroup[];
  group: PersonGroup | undefined;
  parent: string;
  error: string | undefined;
  onChoose: (parent: string) => void;
}) {
  const [text, setText] = useState("");
  const paths = useMemo(() => {
    const own = group ? withBelow(groups, group.id) : new Set<string>();
    return pathsOf(groups).filter(({ id }) => !own.has(id));
  }, [groups, group]);
  const wanted = text.trim().toLocaleLowerCase();
  const found = paths.filter(({ id, path }) => id === parent || path.toLocaleLowerCase().includes(wanted)).slice(0, OFFERED_MAX);
  return (
    <>
      {paths.length >= SEARCHED_MIN ? (
        <TextField label={tp("groups.parent.find")} type="search" value={text} onChange={(event) => setText(event.target.value)} />
      ) : null}
      <SelectField label={tp("groups.parent")} value={parent} error={error} onChange={(event) => onChoose(event.target.value)}>
        <option value="">{tp("groups.parent.none")}</option>
        {found.map(({ id, path }) => (
          <option key={id} value={id}>
            {plainly(shorten(path, 200))}
          </option>
        ))}
      </SelectField>
    </>
  );
}
