import type { ReactNode } from "react";
import { CsvButton } from "../parts/csv-button";
import { Failure, LoadingRows } from "../parts/states";
import { tf } from "../text/figures/text";

interface Asked {
  readonly isPending: boolean;
  readonly isError: boolean;
  readonly error: unknown;
  readonly data: unknown;
  readonly refetch: () => Promise<unknown>;
}

/** A sheet with a table of what an analysis has found. */
export function ListSheet({
  title,
  sub,
  query,
  csv,
  head,
  empty,
  tools,
  foot,
  children,
}: {
  title: string;
  sub: string;
  query: Asked;
  csv: () => readonly (readonly unknown[])[];
  head: ReactNode;
  empty?: string;
  tools?: ReactNode;
  foot?: ReactNode;
  children: readonly ReactNode[];
}) {
  return (
    <section className="sheet" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <span className="sub">{sub}</span>
        <div className="tools">
          {tools}
          {children.length > 0 ? <CsvButton title={title} file={`${title.toLowerCase().replaceAll(/\s+/gu, "-")}.csv`} rows={csv} /> : null}
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={4} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && children.length === 0 ? <p className="pad faint">{empty ?? tf("list.none")}</p> : null}
      {children.length > 0 ? (
        <div className="wide-table">
          <table className="tbl">
            <thead>{head}</thead>
            <tbody>{children}</tbody>
          </table>
        </div>
      ) : null}
      {foot ? <footer>{foot}</footer> : null}
    </section>
  );
}
