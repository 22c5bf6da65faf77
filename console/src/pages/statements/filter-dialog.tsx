import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { Autocomplete, Input, Menu, MenuItem, TextField } from "react-aria-components";
import { factsQuery, labelIn, rowsOf, type Question } from "../../api/facts";
import { useViewer } from "../../app/context";
import type { StatementSearch } from "../../app/search";
import { Dialog } from "../../parts/dialog";
import { SelectField, TextField as PlainField } from "../../parts/field";
import { Icon } from "../../parts/icon";
import { Untrusted } from "../../parts/untrusted";
import { agentName, lastPart } from "../../statement/sentence";
import { plainly } from "../../statement/visible";
import { count } from "../../text/format";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { FILTERS, type FilterName } from "./filter-names";
import { ConditionFields } from "./found/condition-fields";

interface Suggestion {
  readonly value: string;
  readonly name: string;
  readonly count: number;
}

/** Names are suggested by the facts; without facts, an id is typed. */
const FIELDS: Partial<Record<FilterName, { field: string; name: string }>> = {
  verb: { field: "verb", name: "verb.name" },
  activity: { field: "object", name: "object.name" },
  agent: { field: "actor", name: "actor.name" },
};

/** The dialog that adds a filter. */
export default function FilterDialog({
  wheres,
  onClose,
  onChange,
}: {
  /** The conditions that there are. */
  wheres: readonly string[];
  onClose: () => void;
  onChange: (change: Partial<StatementSearch>) => void;
}) {
  const [field, setField] = useState<FilterName | "condition">("verb");
  const { tenant } = useViewer();
  const client = useQueryClient();
  const choose = (value: string, name?: string) => {
    if (name) client.setQueryData(["name", tenant, field, value], name);
    onChange({ [field]: value });
    onClose();
  };
  return (
    <Dialog title={t("filter.title")} onClose={onClose}>
      <div className="dialog-body">
        <SelectField label={t("filter.field")} value={field} onChange={(event) => setField(event.target.value as FilterName | "condition")}>
          {FILTERS.map((name) => (
            <option key={name} value={name}>
              {t(`filter.${name}`)}
            </option>
          ))}
          <option value="condition">{tp("search.condition")}</option>
        </SelectField>
      </div>
      {field === "condition" ? (
        <ConditionFields
          onAdd={(where) => {
            onChange({ where: [...new Set([...wheres, where])], s: undefined });
            onClose();
          }}
        />
      ) : FIELDS[field] ? <NamedFilter key={field} field={field} onChoose={choose} /> : <ValueFilter key={field} field={field} onChoose={choose} />}
    </Dialog>
  );
}

function ValueFilter({ field, onChoose }: { field: FilterName; onChoose: (value: string) => void }) {
  const [value, setValue] = useState("");
  const isTime = field === "since" || field === "until";
  return (
    <form
      className="dialog-body"
      onSubmit={(event) => {
        event.preventDefault();
        if (value) onChoose(isTime ? new Date(value).toISOString() : value.trim());
      }}
    >
      <PlainField
        label={t(`filter.${field}`)}
        type={isTime ? "datetime-local" : "text"}
        required
        value={value}
        onChange={(event) => setValue(event.target.value)}
      />
      <div className="row end">
        <button className="btn primary" type="submit">
          {t("filter.apply")}
        </button>
      </div>
    </form>
  );
}

function NamedFilter({ field, onChoose }: { field: FilterName; onChoose: (value: string, name?: string) => void }) {
  const { tenant } = useViewer();
  const [text, setText] = useState("");
  const wanted = useDeferredValue(text.trim());
  const query = useQuery({ ...factsQuery(tenant, questionOf(field, wanted)), placeholderData: (known) => known });
  const columns = FIELDS[field];
  const found: Suggestion[] = query.data && columns
    ? rowsOf(query.data)
        .filter((row) => typeof row.value === "string")
        .map((row) => ({
          value: String(row.value),
          name: labelIn(query.data, "value", row.value ?? null) ?? nameOf(field, String(row.value)),
          count: Number(row.count),
        }))
    : [];
  const typed = isValue(field, wanted) ? [{ value: wanted, name: wanted, count: -1 }] : [];
  const items = [...typed, ...found];
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <TextField className="palette-input" aria-label={t("filter.value", t(`filter.${field}`))} autoFocus>
        <Icon of={Search} />
        <Input placeholder={t("filter.hint")} />
      </TextField>
      <Menu
        className="palette-list"
        aria-label={t("palette.results")}
        items={items}
        renderEmptyState={() => <p className="faint pad-2">{query.isPending ? t("state.loading") : t("palette.nothing")}</p>}
        onAction={(value) => onChoose(String(value), items.find((item) => item.value === value && item.count >= 0)?.name)}
      >
        {(item) => (
          <MenuItem id={item.value} textValue={`${plainly(item.name)} ${plainly(item.value)}`} className="palette-item two-lines">
            <span className="clip">
              <Untrusted said={item.name} max={80} />
              <small className="faint clip">
                <Untrusted said={item.value} max={120} />
              </small>
            </span>
            {item.count >= 0 ? <span className="faint">{count(item.count)}</span> : null}
          </MenuItem>
        )}
      </Menu>
    </Autocomplete>
  );
}

function questionOf(field: FilterName, wanted: string): Question {
  const columns = FIELDS[field] ?? { field: "verb", name: "verb.name" };
  const where = wanted
    ? { or: [{ field: columns.name, contains: wanted }, { field: columns.field, contains: wanted }] }
    : undefined;
  return {
    measures: [{ measure: "count", name: "count" }],
    dimensions: [{ field: columns.field, name: "value" }],
    where,
    order: [{ by: "count", descending: true }],
    limit: 20,
  };
}

function nameOf(field: FilterName, value: string): string {
  if (field !== "agent") return lastPart(value);
  try {
    return agentName(JSON.parse(value) as never);
  } catch {
    return value;
  }
}

/** Whether what was typed is a value of the field by itself. */
function isValue(field: FilterName, text: string): boolean {
  if (field === "agent") return text.startsWith("{") && text.endsWith("}");
  return /^[a-z][a-z0-9+.-]*:\S+$/iu.test(text);
}
