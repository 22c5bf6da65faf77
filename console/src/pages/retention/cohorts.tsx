import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { retentionQuery } from "../../api/analyses";
import type { Condition } from "../../api/facts";
import { useViewer } from "../../app/context";
import { COHORTS, type RetentionSearch } from "../../app/search";
import { CsvButton } from "../../parts/csv-button";
import { Failure, LoadingRows } from "../../parts/states";
import { PictureButton } from "../../picture/picture-button";
import { HeatTable } from "../../sheets/heat-table";
import { count, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { cohortName } from "./cohort-name";

type By = NonNullable<RetentionSearch["by"]>;

/** The most cohorts and periods that are shown; the file has all. */
const ROWS_MAX = 16;
const COLUMNS_MAX = 13;

/** How many come again, by when they came first. */
export function Cohorts({ by, where, onChange }: { by: By; where: Condition | undefined; onChange: (by: By) => void }) {
  const { tenant } = useViewer();
  const shown = useRef<HTMLDivElement>(null);
  const query = useQuery({ ...retentionQuery(tenant, by, where, zone()), placeholderData: keepPreviousData });
  const cohorts = query.data?.cohorts ?? [];
  const all = query.data?.retention ?? [];
  const newest = cohorts.slice(-ROWS_MAX);
  const columns = Array.from({ length: Math.min(COLUMNS_MAX, Math.max(0, ...newest.map((cohort) => cohort.retention.length))) }, (_, index) => count(index));
  const title = tf("cohorts.title");
  const csv = () => [
    [tf(`cohorts.by.${by}`), tf("cohorts.size"), ...all.map((_, index) => index)],
    ...cohorts.map((cohort) => [cohort.period, cohort.learners, ...cohort.active]),
  ];
  return (
    <section className={`sheet ${query.isPlaceholderData ? "dimmed" : ""}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <span className="sub">{tf("cohorts.sub")}</span>
        <div className="tools">
          <select className="btn sm period" aria-label={tf("cohorts.by")} value={by} onChange={(event) => onChange(event.target.value as By)}>
            {COHORTS.map((name) => (
              <option key={name} value={name}>
                {tf(`cohorts.by.${name}`)}
              </option>
            ))}
          </select>
          {cohorts.length > 0 ? (
            <>
              <PictureButton title={title} file="retention.png" of={shown} />
              <CsvButton title={title} file="retention.csv" rows={csv} />
            </>
          ) : null}
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={8} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && cohorts.length === 0 ? <p className="pad faint">{tf("list.none")}</p> : null}
      {newest.length > 0 ? (
        <div className="pad" ref={shown}>
          <HeatTable
            caption={title}
            head={tf("cohorts.first")}
            sizeHead={tf("cohorts.size")}
            columns={columns}
            rows={[
              { key: "all", name: <b>{tf("cohorts.all")}</b>, size: "", cells: all.map((value) => value ?? undefined) },
              ...newest.map((cohort) => ({
                key: cohort.period,
                name: cohortName(cohort.period, by),
                size: count(cohort.learners),
                cells: cohort.retention.map((value) => value ?? undefined),
              })),
            ]}
          />
        </div>
      ) : null}
      {newest.length > 0 ? (
        <footer>
          {tf("cohorts.how")}
          {cohorts.length > newest.length ? ` ${tf("cohorts.cut", newest.length, cohorts.length)}` : ""}
        </footer>
      ) : null}
    </section>
  );
}
