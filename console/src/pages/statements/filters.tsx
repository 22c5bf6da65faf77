import { useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useViewer } from "../../app/context";
import { useKeys } from "../../app/keys";
import type { StatementSearch } from "../../app/search";
import { Icon } from "../../parts/icon";
import { Untrusted } from "../../parts/untrusted";
import type { Said } from "../../statement/language";
import { activityName, agentName, lastPart, verbName } from "../../statement/sentence";
import { member, textOf, type Entry, type Json } from "../../statement/types";
import { moment } from "../../text/format";
import { tp } from "../../text/pages/text";
import { readingLanguages, t } from "../../text/text";
import { identifierOf } from "../../api/statements";
import { conditionOf, FILTERS, type FilterName } from "./filter-names";
import { isFound } from "./found/request";
import { TextSearch } from "./found/text-search";
import { WhereChips } from "./found/where-chips";

const FilterDialog = lazy(() => import("./filter-dialog"));

type Change = (change: Partial<StatementSearch>) => void;

/** The filters as chips, and the button that adds one. */
export function Filters({
  search,
  entries,
  onChange,
}: {
  search: StatementSearch;
  entries: readonly Entry[];
  onChange: Change;
}) {
  const [isOpen, setIsOpen] = useState(false);
  useKeys({ f: () => setIsOpen(true) });
  return (
    <div className="filters">
      <TextSearch text={search.q ?? ""} onChange={(q) => onChange({ q, s: undefined })} />
      {FILTERS.map((name) => {
        const value = search[name];
        const isUnused = isFound(search) && conditionOf(name, search) === undefined;
        return value === undefined ? null : (
          <Chip key={name} name={name} isUnused={isUnused} onRemove={() => onChange({ [name]: undefined })}>
            <FilterValue name={name} value={value} entries={entries} />
          </Chip>
        );
      })}
      {search.activity ? (
        <button
          className="btn sm"
          type="button"
          aria-pressed={search.related === true}
          title={t("filter.related.hint")}
          onClick={() => onChange({ related: search.related ? undefined : true })}
        >
          {t("filter.related")}
        </button>
      ) : null}
      <WhereChips search={search} onChange={onChange} />
      <button className="btn quiet sm" type="button" onClick={() => setIsOpen(true)}>
        <Icon of={Plus} />
        {t("filter.add")} <kbd className="hide-s">F</kbd>
      </button>
      <Suspense fallback={null}>
        {isOpen ? <FilterDialog wheres={search.where ?? []} onClose={() => setIsOpen(false)} onChange={onChange} /> : null}
      </Suspense>
    </div>
  );
}

/** A filter: field, relation, value, and the button that removes it. */
function Chip({ name, isUnused, onRemove, children }: { name: FilterName; isUnused: boolean; onRemove: () => void; children: React.ReactNode }) {
  const field = t(`filter.${name}`);
  return (
    <span className="chip" title={isUnused ? tp("search.unused") : undefined}>
      <span>{isUnused ? <s>{field}</s> : field}</span>
      <b className="clip">{children}</b>
      <button type="button" aria-label={t("filter.remove", field)} onClick={onRemove}>
        <Icon of={X} />
      </button>
    </span>
  );
}

/** A value by its name: the one that was chosen, or that the statements at hand have. */
function FilterValue({ name, value, entries }: { name: FilterName; value: string; entries: readonly Entry[] }) {
  const { tenant } = useViewer();
  const client = useQueryClient();
  const remembered = client.getQueryData<string>(["name", tenant, name, value]);
  return <Untrusted said={remembered ?? nameOf(name, value, entries)} max={60} />;
}

function nameOf(name: FilterName, value: string, entries: readonly Entry[]): Said {
  const languages = readingLanguages();
  if (name === "since" || name === "until") {
    return { text: Number.isNaN(new Date(value).getTime()) ? value : moment(value) };
  }
  if (name === "registration") return { text: value };
  for (const { statement } of entries) {
    const object = member(statement, "object");
    if (name === "verb" && textOf(member(statement, "verb"), "id") === value) {
      return verbName(member(statement, "verb"), languages);
    }
    if (name === "activity" && textOf(object, "id") === value) return activityName(object, languages);
    if (name === "agent" && identifierOf(member(statement, "actor")) === value) {
      return { text: agentName(member(statement, "actor")) };
    }
  }
  return { text: name === "agent" ? agentName(parse(value)) : lastPart(value) };
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
