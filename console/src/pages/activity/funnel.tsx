import { useQuery } from "@tanstack/react-query";
import { ListChecks } from "lucide-react";
import { funnelQuery, type FunnelAnalysis, type FunnelStep } from "../../api/analyses";
import { useViewer } from "../../app/context";
import { CsvButton } from "../../parts/csv-button";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { plainly, shorten } from "../../statement/visible";
import { count, length, percent, widthOf, zone } from "../../text/format";
import { t } from "../../text/text";
import { within, type Period } from "../overview/period";
import { FINISHED } from "../overview/questions";
import { BEGAN, enrolled, finished, scopeOf } from "./questions";
import type { Part } from "./structure";

/** Where learners stop: who has reached each step, after all the steps before it. */
export function Funnel({ id, parts, hasEnrolments, period }: { id: string; parts: readonly Part[]; hasEnrolments: boolean; period: Period }) {
  const { tenant } = useViewer();
  const steps: FunnelStep[] = [
    ...(hasEnrolments ? [{ name: t("funnel.enrolled"), where: enrolled(id) }] : []),
    { name: t("funnel.began"), where: { and: [scopeOf(id), BEGAN] } },
    ...parts.map((part) => ({ name: shorten(part.name, 200), where: { and: [FINISHED, { field: "object", is: part.id }] } })),
    { name: t("funnel.finished"), where: finished(id) },
  ];
  const query = useQuery(funnelQuery(tenant, steps, within(period), zone()));
  const isEmpty = query.data?.steps[0]?.reached === 0;
  return (
    <section className="sheet" aria-label={t("funnel.title")}>
      <header>
        <h2>{t("funnel.title")}</h2>
        <span className="sub">{t("funnel.sub")}</span>
        <div className="tools">
          {query.data ? <CsvButton title={t("funnel.title")} file="funnel.csv" rows={() => csvRows(query.data)} /> : null}
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={6} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && isEmpty ? (
        <Empty icon={ListChecks} title={t("funnel.none")}>
          {t("funnel.none.try")}
        </Empty>
      ) : null}
      {query.data && !isEmpty ? <Steps analysis={query.data} /> : null}
    </section>
  );
}

function csvRows({ steps }: FunnelAnalysis): (string | number | null | undefined)[][] {
  const head = [t("funnel.step"), t("funnel.reached"), t("funnel.ofAll"), t("funnel.lost"), t("funnel.wait")];
  const rows = steps.map((step, index) => [step.name, step.reached, step.share_of_first, lostAt(steps, index), step.waiting_seconds?.median]);
  return [head, ...rows];
}

/** How many reached the step before, and not this one; null if one of both is withheld. */
function lostAt(steps: FunnelAnalysis["steps"], index: number): number | null {
  const [before, own] = [steps[index - 1], steps[index]];
  if (!before || !own) {
    return 0;
  }
  return before.reached === null || own.reached === null ? null : before.reached - own.reached;
}

function Steps({ analysis }: { analysis: FunnelAnalysis }) {
  const { steps } = analysis;
  const lost = steps.map((_, index) => lostAt(steps, index));
  const most = Math.max(0, ...lost.map((one) => one ?? 0));
  const worst = most > 0 ? lost.indexOf(most) : -1;
  const before = steps[worst - 1]?.reached ?? 0;
  return (
    <>
      <table className="tbl fun">
        <thead>
          <tr>
            <th scope="col">{t("funnel.step")}</th>
            <th scope="col" className="num">
              {t("funnel.reached")}
            </th>
            <th scope="col" className="num hide-s">
              {t("funnel.ofAll")}
            </th>
            <th scope="col" className="num">
              {t("funnel.lost")}
            </th>
            <th scope="col" className="num hide-s">
              {t("funnel.wait")}
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step, index) => (
            <tr key={index} className={index === worst ? "worst" : ""}>
              <td className="what">
                <Untrusted said={step.name} max={80} />
              </td>
              <td className="num">
                <b>{step.reached === null ? t("withheld.sign") : count(step.reached)}</b>
              </td>
              <td className="num dim hide-s">
                <span className="with-meter">
                  {percent((step.share_of_first ?? 0) / 100)}
                  <span className="meter" aria-hidden="true">
                    <i style={{ inlineSize: widthOf((step.share_of_first ?? 0) / 100) }} />
                  </span>
                </span>
              </td>
              <td className="num">
                {(lost[index] ?? 0) > 0 ? (
                  <span className="with-lost">
                    {`−${count(lost[index] ?? 0)}`}
                    <span className="lost" aria-hidden="true">
                      <i style={{ inlineSize: widthOf((lost[index] ?? 0) / most) }} />
                    </span>
                  </span>
                ) : null}
              </td>
              <td className="num faint hide-s">{step.waiting_seconds && index > 0 ? length(step.waiting_seconds.median) : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <footer>
        {worst > 0 && before > 0
          ? t("funnel.worst", plainly(shorten(steps[worst]?.name ?? "", 60)), count(most), count(before), percent(most / before))
          : analysis.withheld
            ? null
            : t("funnel.nobodyStops")}
        {analysis.withheld ? <p className="faint">{t("withheld.some")}</p> : null}
      </footer>
    </>
  );
}
