import { useQuery } from "@tanstack/react-query";
import { ChartNoAxesColumn, Clock } from "lucide-react";
import type { ReactNode } from "react";
import { areFactsOff, factsStateQuery } from "../../api/facts";
import type { Summary } from "../../api/summary";
import { useViewer } from "../../app/context";
import { Icon } from "../../parts/icon";
import { Empty, Failure } from "../../parts/states";
import { count } from "../../text/format";
import { t } from "../../text/text";

/** From how many statements on a page says that its figures are behind. */
const LAG_SHOWN = 1_000;

/** In place of figures where the server makes none. */
export function FactsOff() {
  return (
    <Empty icon={ChartNoAxesColumn} title={t("facts.off")}>
      {t("facts.off.try")} <code className="mono">ACTA_FACTS_ENABLED=true</code>
    </Empty>
  );
}

/** Shows figures only where the server makes them, and says how far they are behind. */
export function WithFacts({
  summary,
  isFollowed = false,
  children,
}: {
  summary?: Summary;
  /** Whether the summary says how far figures are, so that nothing else has to be asked. */
  isFollowed?: boolean;
  children: ReactNode;
}) {
  const { tenant } = useViewer();
  const state = useQuery({ ...factsStateQuery(tenant), enabled: !isFollowed, refetchInterval: 15_000 });
  const isOff = areFactsOff(state.error) || (isFollowed && summary?.facts === null);
  if (isOff || state.isError) {
    return <section className="sheet">{isOff ? <FactsOff /> : <Failure error={state.error} onRetry={() => void state.refetch()} />}</section>;
  }
  const lag = summary?.facts?.lag ?? state.data?.lag ?? 0;
  return (
    <>
      {lag >= LAG_SHOWN ? (
        <p className="note warn behind">
          <Icon of={Clock} />
          <span>
            <b>{t("facts.behind")}</b> {t("facts.behind.how", count(lag))}
          </span>
        </p>
      ) : null}
      {children}
    </>
  );
}
