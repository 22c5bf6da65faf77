import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { peopleQuery, type PersonGroup } from "../../api/people";
import { useViewer } from "../../app/context";
import { Dialog } from "../../parts/dialog";
import { Icon } from "../../parts/icon";
import { Refusal } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { Untrusted } from "../../parts/untrusted";
import { plainly, shorten } from "../../statement/visible";
import { date } from "../../text/format";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { pathsOf } from "../people/group-paths";
import { useGroupChanges } from "./changes";
import { GroupDialog } from "./group-dialog";
import { Members } from "./members";
import { above } from "./tree";

type Act = "change" | "create" | "remove" | undefined;

/** One group: what it is, who is in it when, and what can be done with it. */
export function GroupDrawer({
  group,
  groups,
  onOpen,
  onClose,
}: {
  group: PersonGroup;
  groups: readonly PersonGroup[];
  onOpen: (group: string) => void;
  onClose: () => void;
}) {
  const { tenant, may } = useViewer();
  const [act, setAct] = useState<Act>();
  const drawer = useRef<HTMLElement>(null);
  useEffect(() => {
    drawer.current?.focus({ preventScroll: true });
    if (window.innerWidth <= 1180) window.scrollTo(0, 0);
  }, []);
  const name = plainly(shorten(group.name, 200));
  const path = group.parent ? pathsOf(groups).find(({ id }) => id === group.parent)?.path : undefined;
  const end = () => setAct(undefined);
  return (
    <aside className="drawer" aria-label={name} tabIndex={-1} ref={drawer}>
      <header>
        <b className="clip">
          <Untrusted said={group.name} max={200} />
        </b>
        <div className="tools">
          <button className="btn quiet icon sm" type="button" aria-label={t("action.close")} onClick={onClose}>
            <Icon of={X} />
          </button>
        </div>
      </header>
      <dl className="meta">
        {path ? (
          <div>
            <dt>{tp("groups.parent")}</dt>
            <dd>
              <button className="ent link" type="button" onClick={() => onOpen(group.parent ?? "")}>
                <Untrusted said={path} max={300} />
              </button>
            </dd>
          </div>
        ) : null}
        {group.kind ? (
          <div>
            <dt>{tp("groups.kind")}</dt>
            <dd>
              <Untrusted said={group.kind} max={40} />
            </dd>
          </div>
        ) : null}
        <div>
          <dt>{t("source.created")}</dt>
          <dd>{date(group.created)}</dd>
        </div>
        {may("read-people") ? <Advisors group={group} groups={groups} /> : null}
      </dl>
      <Members group={group} />
      <footer>
        <Link className="btn sm" to="/t/$tenant/explore" params={{ tenant: String(tenant) }} search={{ by: "course", m: "distinct:person,count", where: [`group=${group.id}`] }}>
          {tp("groups.explore")}
        </Link>
        {may("write-persons") ? (
          <>
            <button className="btn sm" type="button" onClick={() => setAct("create")}>
              {tp("groups.createBelow")}
            </button>
            <button className="btn sm" type="button" onClick={() => setAct("change")}>
              {t("source.change")}
            </button>
            <button className="btn sm danger" type="button" onClick={() => setAct("remove")}>
              {t("source.remove")}
            </button>
          </>
        ) : null}
      </footer>
      {act === "change" ? <GroupDialog groups={groups} group={group} parent={undefined} onDone={end} onClose={end} /> : null}
      {act === "create" ? <GroupDialog groups={groups} parent={group.id} onDone={(made) => onOpen(made.id)} onClose={end} /> : null}
      {act === "remove" ? <RemoveDialog group={group} onClose={end} onDone={onClose} /> : null}
    </aside>
  );
}

/** Who may ask about the members: by this group, or one above it. */
function Advisors({ group, groups }: { group: PersonGroup; groups: readonly PersonGroup[] }) {
  const { tenant } = useViewer();
  const query = useQuery(peopleQuery(tenant));
  const reaching = new Set([group.id, ...above(groups, group.id)]);
  const advisors = query.data?.filter((person) => person.role === "advisor" && person.groups.some((id) => reaching.has(id))) ?? [];
  if (advisors.length === 0) return null;
  return (
    <div>
      <dt>{tp("groups.advisors")}</dt>
      <dd>
        {advisors.map((person) => (
          <div key={person.account}>
            <bdi>{person.display_name}</bdi>
          </div>
        ))}
      </dd>
    </div>
  );
}

function RemoveDialog({ group, onClose, onDone }: { group: PersonGroup; onClose: () => void; onDone: () => void }) {
  const { tenant } = useViewer();
  const { remove } = useGroupChanges(tenant);
  const toast = useToast();
  const name = plainly(shorten(group.name, 100));
  const submit = async () => {
    await remove.mutateAsync(group.id);
    toast({ text: tp("groups.removed", name) });
    onDone();
  };
  return (
    <Dialog title={tp("groups.remove.title", name)} onClose={onClose}>
      <form
        className="dialog-body form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit().catch(() => undefined);
        }}
      >
        <p>{tp("groups.remove.effect")}</p>
        <Refusal error={remove.error} />
        <div className="row end">
          <button className="btn" type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button className="btn solid-bad" type="submit" disabled={remove.isPending}>
            {t("source.remove")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
