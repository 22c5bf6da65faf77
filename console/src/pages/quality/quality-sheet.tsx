import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { qualityQuery } from "../../api/analyses";
import type { Schemas } from "../../api/client";
import { useViewer } from "../../app/context";
import { CsvButton } from "../../parts/csv-button";
import { Icon } from "../../parts/icon";
import { Failure, LoadingRows } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { count, percent, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { within, type Period } from "../overview/period";

type Rules = Schemas["QualityAnalysis"]["rules"];

/** What statements lack, contradict or repeat: rule by rule. */
export function QualitySheet({ period, isPage = false }: { period: Period; isPage?: boolean }) {
  const { tenant } = useViewer();
  const query = useQuery({ ...qualityQuery(tenant, within(period), zone()), placeholderData: keepPreviousData });
  const rules = query.data?.rules ?? [];
  // The page explains every rule; elsewhere, only what was found is listed.
  const shown = isPage ? rules : rules.filter((rule) => rule.statements > 0);
  return (
    <section className={`sheet ${query.isPlaceholderData ? "dimmed" : ""}`} aria-label={tf("quality.title")}>
      <header>
        <h2>{tf("quality.title")}</h2>
        <span className="sub">{query.data ? tf("quality.of", count(query.data.statements)) : ""}</span>
        <div className="tools">
          {isPage ? null : (
            <Link className="btn quiet sm" to="/t/$tenant/quality" params={{ tenant: String(tenant) }} search={{ period: period.name === "30d" ? undefined : period.name }}>
              {tf("quality.open")}
              <Icon of={ChevronRight} />
            </Link>
          )}
          {rules.length > 0 ? <CsvButton title={tf("quality.title")} file="quality.csv" rows={() => csvRows(rules)} /> : null}
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={5} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && shown.length === 0 ? <p className="pad faint">{tf("quality.none")}</p> : null}
      {shown.length > 0 ? (
        <table className="tbl">
          <thead>
            <tr>
              <th scope="col">{tf("quality.finding")}</th>
              <th scope="col" className="num">
                {t("nav.statements")}
              </th>
              <th scope="col" className="num">
                {tf("quality.share")}
              </th>
              <th scope="col" className="hide-s">
                {tf("quality.from")}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((rule) => (
              <tr key={rule.rule}>
                <td className={isPage ? "name two" : "name"}>
                  {tf(`rule.${rule.rule}`)}
                  {isPage ? <small className="wrap">{tf(`rule.${rule.rule}.try`)}</small> : null}
                </td>
                <td className="num">{count(rule.statements)}</td>
                <td className="num">{rule.statements > 0 && typeof rule.share === "number" ? percent(rule.share / 100, 1) : "–"}</td>
                <td className="hide-s">
                  {rule.platforms[0] ? <Untrusted said={rule.platforms[0].platform ?? tf("quality.noPlatform")} max={40} /> : "–"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </section>
  );
}

function csvRows(rules: Rules): unknown[][] {
  const head = [tf("quality.finding"), t("nav.statements"), tf("quality.share"), tf("quality.from")];
  return [head, ...rules.map((rule) => [tf(`rule.${rule.rule}`), rule.statements, rule.share, rule.platforms.map((known) => known.platform ?? "").join("; ")])];
}
