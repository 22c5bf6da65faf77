import { ArrowDownUp, RotateCw } from "lucide-react";
import type { StatementSearch } from "../../../app/search";
import { useViewer } from "../../../app/context";
import { CopyButton } from "../../../parts/copy";
import { Icon } from "../../../parts/icon";
import { searchCurl } from "../../../statement/curl";
import { tp } from "../../../text/pages/text";
import { t } from "../../../text/text";
import type { Found } from "./found";

/** What was found, of when it is, and how it is listed. */
export function FoundBar({ search, found, onChange }: { search: StatementSearch; found: Found; onChange: (change: Partial<StatementSearch>) => void }) {
  const { tenant } = useViewer();
  const { query, total, request } = found;
  const isOldest = search.order === "oldest";
  return (
    <div className="livebar found">
      <span role="status">{query.isPending ? t("state.loading") : total === undefined ? tp("search.found.some") : tp("search.found", total)}</span>
      <span className="row end">
        <button className="btn quiet sm" type="button" aria-pressed={isOldest} onClick={() => onChange({ order: isOldest ? undefined : "oldest" })}>
          <Icon of={ArrowDownUp} />
          {tp("search.oldest")}
        </button>
        <button className="btn quiet sm" type="button" aria-pressed={search.voided === true} title={tp("search.voided.hint")} onClick={() => onChange({ voided: search.voided ? undefined : true })}>
          {tp("search.voided")}
        </button>
        <CopyButton quiet label={t("drawer.copyCurl")} text={() => searchCurl(tenant, request, window.location.origin)} />
        <button className="btn quiet icon sm" type="button" aria-label={tp("search.refresh")} title={tp("search.refresh")} disabled={query.isFetching} onClick={() => void query.refetch()}>
          <Icon of={RotateCw} />
        </button>
        <button className="btn sm" type="button" onClick={() => onChange({ q: undefined, where: undefined, any: undefined, order: undefined, voided: undefined })}>
          {tp("search.end")}
        </button>
      </span>
    </div>
  );
}
