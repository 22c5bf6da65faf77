import { Filter } from "lucide-react";
import type { StatementSearch } from "../../../app/search";
import { Empty } from "../../../parts/states";
import { tp } from "../../../text/pages/text";
import { t } from "../../../text/text";
import { useCosts } from "./found";
import type { Part } from "./request";

/** Nothing has all of it: how much each part costs, and the button that removes it. */
export function NoMatch({ parts, onChange }: { parts: readonly Part[]; onChange: (change: Partial<StatementSearch>) => void }) {
  const costs = useCosts(parts);
  return (
    <Empty
      icon={Filter}
      title={t("statements.noMatch", parts.length)}
      actions={parts.map((part, at) => {
        const cost = costs[at];
        return (
          <button key={nameOf(part)} className="btn sm" type="button" onClick={() => onChange(part.without)}>
            {t("filter.without", nameOf(part))}{" "}
            {cost === undefined ? null : <span className="faint">{t("filter.costs", cost)}</span>}
          </button>
        );
      })}
    >
      {t("statements.noMatch.try")}
    </Empty>
  );
}

function nameOf({ name, wheres }: Part): string {
  if (name === "q") return tp("search.text");
  if (name !== "where") return t(`filter.${name}`);
  return [...new Set(wheres.map((where) => `${tp(`where.${where.field}`)} ${where.operator === "=" ? "" : t(`operator.${where.operator}`)}`.trim()))].join(", ");
}
