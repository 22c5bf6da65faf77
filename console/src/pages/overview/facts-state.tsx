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

/** Shows figures only where the server makes them, and says how far they are behind. */
export function WithFacts({ summary, children }: { summary?: Summary; children: ReactNode }) {
  const { tenant } = useViewer();
  const state = useQuery({ ...factsStateQuery(tenant), refetchInterval: summary ? false : 15_000 });
  if (state.isError) {
    return (
      <section className="sheet">
        {areFactsOff(state.error) ? (
          <Empty icon={ChartNoAxesColumn} title={t("facts.off")}>
            {t("facts.off.try")} <code className="mono">ACTA_FACTS_ENABLED=true</code>
          </Empty>
        ) : (
          <Failure error={state.error} onRetry={() => void state.refetch()} />
        )}
      </section>
    );
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
