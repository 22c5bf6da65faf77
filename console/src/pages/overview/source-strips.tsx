import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, CircleDashed } from "lucide-react";
import { credentialsQuery } from "../../api/credentials";
import { factsQuery, numberIn, rowsOf, type Answer } from "../../api/facts";
import { useViewer } from "../../app/context";
import { Icon } from "../../parts/icon";
import { Strip } from "../../parts/strip";
import { Untrusted } from "../../parts/untrusted";
import { dayKey } from "../../text/format";
import { t } from "../../text/text";
import { sourcesQuestion } from "./questions";

/** Days that the strips show. */
const DAYS = 30;

/** The most sources that are shown. */
const SOURCES_MAX = 8;

function lastDays(total: number): string[] {
  return Array.from({ length: total }, (_, index) => {
    const day = new Date();
    day.setDate(day.getDate() - (total - 1 - index));
    return dayKey(day);
  });
}

/** What a source has sent on each day. */
export interface SourceDays {
  readonly source: string;
  readonly days: ReadonlyMap<string, number>;
  readonly total: number;
  /** Days since it last sent: 0 for today. */
  readonly silentDays: number;
  /** On how many days of the week it usually sends, from 0 to 7. */
  readonly usual: number;
}

export function sourceDaysOf(answer: Answer, days: readonly string[]): SourceDays[] {
  const bySource = new Map<string, Map<string, number>>();
  for (const row of rowsOf(answer)) {
    if (typeof row.source !== "string") continue;
    const found = bySource.get(row.source) ?? new Map<string, number>();
    found.set(String(row.day).slice(0, 10), numberIn(row, "statements") ?? 0);
    bySource.set(row.source, found);
  }
  return [...bySource]
    .map(([source, found]) => {
      const values = days.map((day) => found.get(day) ?? 0);
      const last = values.findLastIndex((value) => value > 0);
      const first = values.findIndex((value) => value > 0);
      const active = values.slice(first, last + 1).filter((value) => value > 0).length;
      return {
        source,
        days: found,
        total: values.reduce((sum, value) => sum + value, 0),
        silentDays: last === -1 ? days.length : days.length - 1 - last,
        usual: first === -1 ? 0 : (active / (last + 1 - first)) * 7,
      };
    })
    .toSorted((one, other) => other.total - one.total);
}

/** Whether a source is silent for longer than is usual for it: two days beyond its longest pause. */
export function isSilent(source: SourceDays): boolean {
  const pause = source.usual > 0 ? Math.ceil(7 / source.usual) : Number.POSITIVE_INFINITY;
  return source.silentDays > pause + 2;
}

/** The sources, as far as somebody reads everything: others cannot tell whether one is silent. */
export function useSourceDays(): { sources: SourceDays[]; days: string[]; labels: Map<string, string>; isPending: boolean } {
  const { tenant, may } = useViewer();
  const days = lastDays(DAYS);
  const query = useQuery({ ...factsQuery(tenant, sourcesQuestion(days[0] ?? "")), enabled: may("read-statements"), refetchInterval: 60_000 });
  const credentials = useQuery(credentialsQuery(tenant, may("read-credentials")));
  const labels = new Map(credentials.data?.map((credential) => [credential.key, credential.label]));
  return { sources: query.data ? sourceDaysOf(query.data, days) : [], days, labels, isPending: query.isPending };
}

/** A strip for each source: is it sending? */
export function SourceStrips() {
  const { sources, days, labels, isPending } = useSourceDays();
  if (isPending) return <div className="strips waiting" />;
  if (sources.length === 0) return null;
  return (
    <div className="strips">
      <h3>{t("strips.title", DAYS)}</h3>
      <ul>
        {sources.slice(0, SOURCES_MAX).map((source) => (
          <li key={source.source}>
            <span className="clip">
              <Untrusted said={labels.get(source.source) ?? source.source} max={40} />
            </span>
            <Strip days={days} counts={source.days} />
            <SourceState source={source} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function SourceState({ source }: { source: SourceDays }) {
  if (isSilent(source)) {
    return (
      <span className="st bad">
        <Icon of={CircleAlert} />
        {t("strips.silent", source.silentDays)}
      </span>
    );
  }
  return source.silentDays === 0 ? (
    <span className="st good">
      <Icon of={CircleCheck} />
      {t("strips.sending")}
    </span>
  ) : (
    <span className="st none">
      <Icon of={CircleDashed} />
      {t("strips.quiet", source.silentDays)}
    </span>
  );
}
