import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { CircleAlert, CircleCheck } from "lucide-react";
import { useMemo } from "react";
import { qualityQuery, sourcesQuery } from "../../api/analyses";
import { useViewer } from "../../app/context";
import type { PeriodName } from "../../app/search";
import { useTitle } from "../../app/title";
import { Icon } from "../../parts/icon";
import { NotPermitted } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { ListSheet } from "../../sheets/list-sheet";
import { lastPart } from "../../statement/sentence";
import { ago, count, length, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { WithFacts } from "../overview/facts-state";
import { rangeOf } from "../overview/overview";
import { periodOf, within, type Period } from "../overview/period";
import { PeriodChoice } from "../overview/period-choice";
import { QualitySheet } from "./quality-sheet";

/** The most rows of a list of words. */
const WORDS_MAX = 20;

/** Are the statements of each source good, and does it still send? */
export function QualityPage() {
  const viewer = useViewer();
  useTitle(tf("quality.title"));
  if (!viewer.may("ask-questions")) return <NotPermitted role={viewer.role} right="ask-questions" />;
  return <Quality />;
}

function Quality() {
  const { tenant } = useViewer();
  const search = useSearch({ from: "/shell/t/$tenant/quality" });
  const navigate = useNavigate({ from: "/t/$tenant/quality" });
  const name: PeriodName = search.period ?? "30d";
  const period = useMemo(() => periodOf(name), [name]);
  return (
    <>
      <div className="head">
        <p className="crumb">
          <Link to="/t/$tenant/overview" params={{ tenant: String(tenant) }}>
            {t("nav.overview")}
          </Link>
        </p>
        <h1>{tf("quality.title")}</h1>
        <div className="tools">
          <PeriodChoice period={name} onChoose={(chosen) => void navigate({ search: { period: chosen === "30d" ? undefined : chosen } })} />
        </div>
      </div>
      <p className="under-head">{rangeOf(period)}</p>
      <WithFacts>
        <QualitySheet period={period} isPage />
        <div className="grid gap-before">
          <Platforms />
        </div>
        <div className="grid two-even halves">
          <Clocks period={period} />
          <Words period={period} />
        </div>
      </WithFacts>
    </>
  );
}

/** The platforms: since when, how often, how long silent. */
function Platforms() {
  const { tenant } = useViewer();
  const query = useQuery(sourcesQuery(tenant, undefined, zone()));
  const sources = query.data?.sources ?? [];
  return (
    <ListSheet
      title={tf("platforms.title")}
      sub={tf("platforms.sub")}
      query={query}
      csv={() => [
        [tf("platforms.platform"), t("nav.statements"), t("nav.learners"), tf("platforms.first"), tf("platforms.last"), tf("platforms.quiet"), tf("platforms.usual"), tf("platforms.longest")],
        ...sources.map((one) => [one.source, one.statements, one.learners, one.first_day, one.last_seen, one.quiet_days, one.usual_days, one.longest_days]),
      ]}
      head={
        <tr>
          <th scope="col">{tf("platforms.platform")}</th>
          <th scope="col">{tf("platforms.state")}</th>
          <th scope="col" className="num">
            {t("nav.statements")}
          </th>
          <th scope="col" className="num hide-s">
            {t("nav.learners")}
          </th>
          <th scope="col" className="num hide-s">
            {tf("platforms.verbs")}
          </th>
          <th scope="col" className="num hide-s">
            {tf("platforms.usual")}
          </th>
          <th scope="col" className="num hide-s">
            {tf("platforms.last")}
          </th>
        </tr>
      }
    >
      {sources.map((one) => (
        <tr key={one.source ?? ""}>
          <td className="name">
            <Untrusted said={one.source ?? tf("quality.noPlatform")} max={60} />
          </td>
          <td>
            {one.is_silent ? (
              <span className="st bad">
                <Icon of={CircleAlert} />
                {t("strips.silent", one.quiet_days)}
              </span>
            ) : (
              <span className="st good">
                <Icon of={CircleCheck} />
                {one.quiet_days === 0 ? t("strips.sending") : t("strips.quiet", one.quiet_days)}
              </span>
            )}
          </td>
          <td className="num">{count(one.statements)}</td>
          <td className="num hide-s">{count(one.learners)}</td>
          <td className="num hide-s">{count(one.verbs)}</td>
          <td className="num hide-s">{typeof one.usual_days === "number" ? tf("platforms.every", one.usual_days) : "–"}</td>
          <td className="num hide-s">{one.last_seen ? ago(one.last_seen) : "–"}</td>
        </tr>
      ))}
    </ListSheet>
  );
}

/** How long statements take from when something happened until they are stored. */
function Clocks({ period }: { period: Period }) {
  const { tenant } = useViewer();
  const query = useQuery({ ...qualityQuery(tenant, within(period), zone()), placeholderData: keepPreviousData });
  const clocks = query.data?.clocks ?? [];
  const delay = (seconds: number) => (seconds < 0 ? tf("clocks.ahead", length(-seconds)) : length(seconds));
  return (
    <ListSheet
      title={tf("clocks.title")}
      sub={tf("clocks.sub")}
      query={query}
      csv={() => [
        [tf("platforms.platform"), t("nav.statements"), "p10", tf("clocks.median"), "p90"],
        ...clocks.map((clock) => [clock.platform, clock.statements, clock.delay_seconds?.p10, clock.delay_seconds?.median, clock.delay_seconds?.p90]),
      ]}
      head={
        <tr>
          <th scope="col">{tf("platforms.platform")}</th>
          <th scope="col" className="num">
            {t("nav.statements")}
          </th>
          <th scope="col" className="num">
            {tf("clocks.median")}
          </th>
          <th scope="col" className="num hide-s">
            {tf("clocks.most")}
          </th>
        </tr>
      }
    >
      {clocks.map((clock) => (
        <tr key={clock.platform ?? ""}>
          <td className="name">
            <Untrusted said={clock.platform ?? tf("quality.noPlatform")} max={60} />
          </td>
          <td className="num">{count(clock.statements)}</td>
          <td className="num">{clock.delay_seconds ? delay(clock.delay_seconds.median) : "–"}</td>
          <td className="num hide-s">{clock.delay_seconds ? delay(clock.delay_seconds.p90) : "–"}</td>
        </tr>
      ))}
    </ListSheet>
  );
}

/** Verbs that others do not understand, or that are said in several ways. */
function Words({ period }: { period: Period }) {
  const { tenant } = useViewer();
  const query = useQuery({ ...qualityQuery(tenant, within(period), zone()), placeholderData: keepPreviousData });
  const unknown = query.data?.unknown_verbs ?? [];
  const several = query.data?.verbs_of_one_word ?? [];
  const rows = [
    ...unknown.slice(0, WORDS_MAX).map((verb) => ({ ids: [verb.id], why: tf("words.unknown", verb.statements) })),
    ...several.slice(0, WORDS_MAX).map((word) => ({ ids: word.verbs, why: tf("words.several", word.verbs.length) })),
  ];
  return (
    <ListSheet
      title={tf("words.title")}
      sub={tf("words.sub")}
      query={query}
      empty={tf("words.none")}
      csv={() => [[t("filter.verb"), "id", tf("quality.finding")], ...rows.map((row) => [lastPart(row.ids[0] ?? ""), row.ids.join("; "), row.why])]}
      head={
        <tr>
          <th scope="col">{t("filter.verb")}</th>
          <th scope="col">{tf("quality.finding")}</th>
        </tr>
      }
    >
      {rows.map((row) => (
        <tr key={row.ids.join(" ")}>
          <td className="name">
            <Untrusted said={lastPart(row.ids[0] ?? "")} max={40} />
            {row.ids.slice(0, 3).map((id) => (
              <small key={id} className="link-of">
                <Untrusted said={id} max={120} />
              </small>
            ))}
          </td>
          <td className="reasons">{row.why}</td>
        </tr>
      ))}
    </ListSheet>
  );
}
