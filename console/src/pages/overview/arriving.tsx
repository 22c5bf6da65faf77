import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronRight, List, Pause, Play } from "lucide-react";
import type { Summary } from "../../api/summary";
import { filterOf, readPage } from "../../api/statements";
import { useViewer } from "../../app/context";
import { Icon } from "../../parts/icon";
import { Empty, Failure, LoadingRows } from "../../parts/states";
import { sentenceOf } from "../../statement/sentence";
import { clock } from "../../text/format";
import { readingLanguages, t } from "../../text/text";
import { MarkView } from "../statements/mark";
import { SentenceView } from "../statements/sentence-view";
import { useTail } from "../statements/tail";

const ROWS = 8;
const EVERYTHING = filterOf({});

/** The newest statements, live. */
export function Arriving({ summary }: { summary: Summary | undefined }) {
  const { tenant } = useViewer();
  const query = useQuery({
    queryKey: ["arriving", tenant],
    staleTime: 0,
    queryFn: ({ signal }) => readPage(tenant, { ...EVERYTHING, limit: ROWS }, signal),
  });
  const tail = useTail(tenant, EVERYTHING, { isReady: query.isSuccess, newest: query.data?.entries[0] });
  const known = query.data?.entries ?? [];
  const ids = new Set(tail.fresh.map((entry) => entry.id));
  const entries = [...tail.fresh, ...known.filter((entry) => !ids.has(entry.id))].slice(0, ROWS);
  const languages = readingLanguages();
  return (
    <section className="sheet" aria-label={t("arriving.title")}>
      <header>
        <span className={`dot ${tail.pausedAt || tail.lost ? "off" : "pulse"}`} />
        <h2>{t("arriving.title")}</h2>
        <span className="sub">{summary?.last_minute_count ? t("arriving.minute", summary.last_minute_count) : ""}</span>
        <div className="tools">
          <button
            className="btn quiet icon sm"
            type="button"
            aria-label={tail.pausedAt ? t("live.resume") : t("arriving.pause")}
            onClick={tail.pausedAt ? tail.resume : tail.pause}
          >
            <Icon of={tail.pausedAt ? Play : Pause} />
          </button>
          <Link className="btn quiet sm" to="/t/$tenant/statements" params={{ tenant: String(tenant) }}>
            {t("arriving.open")}
            <Icon of={ChevronRight} />
          </Link>
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={ROWS} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && entries.length === 0 ? <Empty icon={List} title={t("statements.none")} /> : null}
      {tail.lost ? <p className="note bad">{t("live.lost")}</p> : null}
      <ol className="reg arriving">
        {entries.map((entry) => {
          const sentence = sentenceOf(entry.statement, languages);
          return (
            <li key={entry.id}>
              <time dateTime={entry.stored}>{clock(entry.stored)}</time>
              <div>
                <Link className="row-link" to="/t/$tenant/statements" params={{ tenant: String(tenant) }} search={{ s: entry.id }} preload={false}>
                  <SentenceView sentence={sentence} max={80} />
                </Link>{" "}
                <MarkView mark={sentence.mark} />
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
