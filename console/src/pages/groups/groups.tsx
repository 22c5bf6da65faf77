import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronDown, ChevronRight, Download, FolderTree, Plus, Search, Upload } from "lucide-react";
import { useMemo, useState } from "react";
import { groupsQuery, type PersonGroup } from "../../api/people";
import { useViewer } from "../../app/context";
import { useKeys } from "../../app/keys";
import type { GroupSearch } from "../../app/search";
import { useTitle } from "../../app/title";
import { saveFile } from "../../parts/copy";
import { Icon } from "../../parts/icon";
import { Empty, explain, Failure, LoadingRows, NotPermitted, titleOf } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { Untrusted } from "../../parts/untrusted";
import { count } from "../../text/format";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { pathsOf } from "../people/group-paths";
import { exportGroups } from "./changes";
import { GroupDialog } from "./group-dialog";
import { GroupDrawer } from "./group-drawer";
import { ImportDialog } from "./import-dialog";
import { above, rowsOf, type GroupRow } from "./tree";

/** Up to how many groups all of them are open at first, and how many rows are in the document. */
const OPEN_MAX = 200;
const ROWS_MAX = 400;

/** Who learns together: units, classes and cohorts, and who is in them when. */
export function GroupsPage() {
  const viewer = useViewer();
  useTitle(t("nav.groups"));
  if (!viewer.may("read-persons")) return <NotPermitted role={viewer.role} right="read-persons" />;
  return <Groups />;
}

function Groups() {
  const { tenant, may } = useViewer();
  const search = useSearch({ from: "/shell/t/$tenant/groups" });
  const navigate = useNavigate({ from: "/t/$tenant/groups" });
  const query = useQuery(groupsQuery(tenant));
  const [dialog, setDialog] = useState<"create" | "import">();
  const change = (changed: Partial<GroupSearch>) => void navigate({ search: (known) => ({ ...known, ...changed }), resetScroll: false });
  const opened = query.data?.find((group) => group.id === search.g);
  const close = () => {
    change({ g: undefined });
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-id="${opened?.id ?? ""}"]`)?.focus());
  };
  useKeys({
    escape: () => {
      if (search.g) close();
    },
  });
  const mayWrite = may("write-persons");
  const create = mayWrite ? (
    <button className="btn primary" type="button" onClick={() => setDialog("create")}>
      <Icon of={Plus} />
      {tp("groups.create")}
    </button>
  ) : null;
  const take = mayWrite ? (
    <button className="btn" type="button" onClick={() => setDialog("import")}>
      <Icon of={Upload} />
      {tp("groups.import")}
    </button>
  ) : null;
  return (
    <>
      <div className="head">
        <h1>{t("nav.groups")}</h1>
        <span className="sub">{query.data ? tp("groups.count", query.data.length) : ""}</span>
        <div className="tools">
          {query.data && query.data.length > 0 ? <ExportButton /> : null}
          {take}
          {create}
        </div>
      </div>
      <div className={`split ${opened ? "is-open" : ""}`}>
        <section className="sheet list" aria-label={tp("groups.list")}>
          {query.isPending ? <LoadingRows /> : null}
          {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
          {query.data?.length === 0 ? (
            <Empty
              icon={FolderTree}
              title={tp("groups.none")}
              actions={
                <>
                  {create}
                  {take}
                </>
              }
            >
              {tp("groups.none.try")}
            </Empty>
          ) : null}
          {query.data && query.data.length > 0 ? <GroupList groups={query.data} search={search} onChange={change} /> : null}
        </section>
        {opened && query.data ? (
          <GroupDrawer key={opened.id} group={opened} groups={query.data} onOpen={(g) => change({ g })} onClose={close} />
        ) : null}
      </div>
      {dialog === "create" ? (
        <GroupDialog
          groups={query.data ?? []}
          parent={undefined}
          onDone={(made) => {
            setDialog(undefined);
            change({ g: made.id, q: undefined });
          }}
          onClose={() => setDialog(undefined)}
        />
      ) : null}
      {dialog === "import" ? <ImportDialog onClose={() => setDialog(undefined)} /> : null}
    </>
  );
}

function GroupList({ groups, search, onChange }: { groups: readonly PersonGroup[]; search: GroupSearch; onChange: (change: Partial<GroupSearch>) => void }) {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const text = search.q?.trim().toLocaleLowerCase() ?? "";
  const toggle = (id: string) =>
    setToggled((known) => {
      const changed = new Set(known);
      if (!changed.delete(id)) changed.add(id);
      return changed;
    });
  const rows = useMemo(() => {
    const before = new Set(search.g ? above(groups, search.g) : []);
    const isOpen = (id: string) => (groups.length <= OPEN_MAX || before.has(id)) !== toggled.has(id);
    return text ? foundRows(groups, text) : rowsOf(groups, isOpen).map((row) => ({ ...row, name: row.group.name }));
  }, [groups, search.g, toggled, text]);
  const walk = (step: 1 | -1) => {
    const at = rows.findIndex((row) => row.group.id === search.g);
    const next = rows[at === -1 ? 0 : at + step];
    if (next) onChange({ g: next.group.id });
  };
  useKeys({ j: () => walk(1), k: () => walk(-1) });
  return (
    <>
      <div className="pad-2">
        <div className="find">
          <Icon of={Search} />
          <input
            className="input"
            type="search"
            aria-label={tp("groups.find")}
            placeholder={tp("groups.find")}
            value={search.q ?? ""}
            onChange={(event) => onChange({ q: event.target.value || undefined })}
          />
        </div>
      </div>
      {rows.length === 0 ? <p className="pad faint">{t("ranking.noMatch", search.q ?? "")}</p> : null}
      {rows.length > 0 ? (
        <table className="tbl rows groups">
          <thead>
            <tr>
              <th scope="col">{tp("groups.group")}</th>
              <th scope="col" className="hide-s">
                {tp("groups.kind")}
              </th>
              <th scope="col" className="num hide-s">
                {tp("groups.below")}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, ROWS_MAX).map((row) => (
              <Row key={row.group.id} row={row} isSelected={row.group.id === search.g} onOpen={() => onChange({ g: row.group.id })} onToggle={() => toggle(row.group.id)} />
            ))}
          </tbody>
        </table>
      ) : null}
      {rows.length > ROWS_MAX ? <footer>{tp("groups.cut", count(ROWS_MAX), count(rows.length))}</footer> : null}
    </>
  );
}

interface NamedRow extends GroupRow {
  /** The name that is shown: with those above it, where the tree is not. */
  readonly name: string;
}

/** Groups with a text in their path or kind. */
function foundRows(groups: readonly PersonGroup[], text: string): NamedRow[] {
  const byId = new Map(groups.map((group) => [group.id, group]));
  return pathsOf(groups).flatMap(({ id, path }) => {
    const group = byId.get(id);
    const isFound = group && `${path} ${group.kind ?? ""}`.toLocaleLowerCase().includes(text);
    return isFound ? [{ group, level: 0, children: groups.filter((other) => other.parent === id).length, isOpen: false, name: path }] : [];
  });
}

function Row({ row, isSelected, onOpen, onToggle }: { row: NamedRow; isSelected: boolean; onOpen: () => void; onToggle: () => void }) {
  const { group, level, children, isOpen, name } = row;
  const isTree = name === group.name;
  return (
    <tr
      aria-selected={isSelected ? true : undefined}
      onClick={(event) => {
        if (event.target instanceof HTMLElement && !event.target.closest("a, button")) onOpen();
      }}
    >
      <td>
        <span className="group-row" style={{ paddingInlineStart: `${Math.min(level, 12) * 18}px` }}>
          {children > 0 && isTree ? (
            <button className="btn quiet icon sm" type="button" aria-expanded={isOpen} aria-label={tp("groups.toggle", name)} onClick={onToggle}>
              <Icon of={isOpen ? ChevronDown : ChevronRight} />
            </button>
          ) : (
            <span className="no-toggle" />
          )}
          <Link className="name" data-id={group.id} from="/t/$tenant/groups" to="/t/$tenant/groups" search={(known) => ({ ...known, g: group.id })} resetScroll={false} preload={false}>
            <Untrusted said={name} max={200} />
          </Link>
        </span>
      </td>
      <td className="hide-s dim">{group.kind ? <Untrusted said={group.kind} max={40} /> : ""}</td>
      <td className="num hide-s dim">{children > 0 ? count(children) : ""}</td>
    </tr>
  );
}

function ExportButton() {
  const { tenant } = useViewer();
  const toast = useToast();
  const [isBusy, setIsBusy] = useState(false);
  const run = async () => {
    setIsBusy(true);
    try {
      saveFile("groups.csv", "text/csv;charset=utf-8", await exportGroups(tenant));
    } catch (error) {
      toast({ text: `${titleOf(error)}. ${explain(error)}`, isBad: true });
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <button className="btn hide-s" type="button" disabled={isBusy} onClick={() => void run()}>
      <Icon of={Download} />
      {t("export.csv")}
    </button>
  );
}
