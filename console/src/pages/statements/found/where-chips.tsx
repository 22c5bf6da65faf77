import { X } from "lucide-react";
import type { StatementSearch } from "../../../app/search";
import { Icon } from "../../../parts/icon";
import { Untrusted } from "../../../parts/untrusted";
import { isTruth, writeWhere, type Where } from "../../../statement/where";
import { tp } from "../../../text/pages/text";
import { t } from "../../../text/text";
import { wheresOf } from "./request";

/** The conditions of a search as chips, and whether one of them is enough. */
export function WhereChips({ search, onChange }: { search: StatementSearch; onChange: (change: Partial<StatementSearch>) => void }) {
  const wheres = wheresOf(search);
  const remove = (text: string) => {
    const others = wheres.map(writeWhere).filter((known) => known !== text);
    onChange({ where: others.length > 0 ? others : undefined, any: others.length > 1 ? search.any : undefined });
  };
  return (
    <>
      {wheres.map((where) => {
        const text = writeWhere(where);
        const field = tp(`where.${where.field}`);
        return (
          <span key={text} className="chip">
            <span>{field}</span>
            <span>{t(`operator.${where.operator}`)}</span>
            <b className="clip">
              <Untrusted said={valueOf(where)} max={60} />
            </b>
            <button type="button" aria-label={t("filter.remove", `${field} ${t(`operator.${where.operator}`)} ${where.value}`)} onClick={() => remove(text)}>
              <Icon of={X} />
            </button>
          </span>
        );
      })}
      {wheres.length > 1 ? (
        <button className="btn sm" type="button" aria-pressed={search.any === true} title={tp("search.any.hint")} onClick={() => onChange({ any: search.any ? undefined : true })}>
          {tp("search.any")}
        </button>
      ) : null}
    </>
  );
}

function valueOf({ field, value }: Where): string {
  if (!isTruth(field)) return value;
  return value === "true" ? tp("search.yes") : tp("search.no");
}
