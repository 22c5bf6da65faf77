import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, Navigate, useNavigate, useSearch } from "@tanstack/react-router";
import { Eye, UserRound } from "lucide-react";
import { useMemo } from "react";
import { timeQuery } from "../../api/analyses";
import { credentialsQuery } from "../../api/credentials";
import { factsQuery, labelIn, numberIn, rowsOf, totalsOf, withheldOf, type Row } from "../../api/facts";
import { personQuery, type Person } from "../../api/persons";
import { useViewer } from "../../app/context";
import { ownIdentifier } from "../../app/rights";
import type { LearnerSearch, PeriodName } from "../../app/search";
import { useTitle } from "../../app/title";
import { CopyButton } from "../../parts/copy";
import { FigureStrip, type Figure } from "../../parts/figures";
import { Icon } from "../../parts/icon";
import { Later } from "../../parts/later";
import { AllWithheld } from "../../parts/partial";
import { Empty, Failure, LoadingRows, NotPermitted } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { plainly, shorten } from "../../statement/visible";
import { count, length, percent, zone } from "../../text/format";
import { t } from "../../text/text";
import { WithFacts } from "../overview/facts-state";
import { rangeOf } from "../overview/overview";
import { all, periodOf, within, type Period } from "../overview/period";
import { PeriodChoice } from "../overview/period-choice";
import { CoursesOf } from "./courses-of";
import { ExportRecord } from "./export-record";
import { JourneySheets } from "./journey-sheet";
import { KnownAs, type Known } from "./known-as";
import { identifierText } from "./link";
import { isLearner, profileQuestion } from "./questions";
import { Register } from "./register";
import { Years } from "./years/years";

/** Where do they stand, and why? One learner, by all their identifiers. */
export function LearnerPage() {
  const viewer = useViewer();
  const search = useSearch({ from: "/shell/t/$tenant/learner" });
  const isOwn = viewer.may("see-own-record");
  useTitle(t(isOwn ? "nav.ownRecord" : "nav.learners"));
  if (!viewer.may("ask-questions")) return <NotPermitted role={viewer.role} right="ask-questions" />;
  if (search.id) return <Learner key={search.id} id={search.id} />;
  const own = isOwn ? ownIdentifier(viewer.session) : undefined;
  // The address says whose record it is, so that it means the same to somebody who gets it.
  return own ? <Navigate to="/t/$tenant/learner" params={{ tenant: String(viewer.tenant) }} search={{ ...search, id: own }} replace /> : <NoLearner />;
}

function NoLearner() {
  const { tenant, may } = useViewer();
  return (
    <section className="sheet page-failure">
      <Empty
        icon={UserRound}
        title={t("learner.noId")}
        actions={
          may("list-learners") ? (
            <Link className="btn" to="/t/$tenant/learners" params={{ tenant: String(tenant) }}>
              {t("nav.learners")}
            </Link>
          ) : null
        }
      />
    </section>
  );
}

/** An identifier out of a text of the facts; undefined for what is none. */
function parseIdentifier(text: string): Known["agent"] | undefined {
  try {
    return JSON.parse(text) as Known["agent"];
  } catch {
    return undefined;
  }
}

function knownOf(rows: readonly Row[]): Known[] {
  return rows.flatMap((row) => {
    const agent = parseIdentifier(String(row.actor));
    return agent ? [{ agent, text: String(row.actor), statements: numberIn(row, "statements") ?? 0 }] : [];
  });
}

function Learner({ id }: { id: string }) {
  const { tenant, may } = useViewer();
  const search = useSearch({ from: "/shell/t/$tenant/learner" });
  const navigate = useNavigate({ from: "/t/$tenant/learner" });
  const name: PeriodName = search.period ?? "all";
  const period = useMemo(() => periodOf(name), [name]);
  const profile = useQuery({ ...factsQuery(tenant, profileQuestion(id, period)), placeholderData: keepPreviousData });
  const credentials = useQuery(credentialsQuery(tenant, may("read-credentials")));
  const sources = useMemo(() => new Map(credentials.data?.map((credential) => [credential.key, credential.label])), [credentials.data]);
  const rows = useMemo(() => (profile.data ? rowsOf(profile.data) : []), [profile.data]);
  const known = useMemo(() => knownOf(rows), [rows]);
  const joined = personQuery(tenant, known.map((identifier) => identifier.agent));
  const person = useQuery({ ...joined, enabled: may("read-persons") && known.length > 0 });
  const first = String(rows[0]?.person ?? id);
  const title = person.data?.name ?? labelIn(profile.data, "person", first) ?? identifierText(first);
  useTitle(plainly(shorten(title, 80)));
  const change = (changed: Partial<LearnerSearch>) => void navigate({ search: (old) => ({ ...old, ...changed }), replace: true, resetScroll: false });
  const isAllWithheld = rows.length === 0 && withheldOf(profile.data) !== undefined;
  const isEmpty = profile.data?.fact_count === 0 && !isAllWithheld && !profile.isPlaceholderData;
  return (
    <>
      <div className="head lh">
        {may("list-learners") ? (
          <p className="crumb">
            <Link to="/t/$tenant/learners" params={{ tenant: String(tenant) }}>
              {t("nav.learners")}
            </Link>
          </p>
        ) : null}
        <span className="av lg" aria-hidden="true">
          {initialsOf(title)}
        </span>
        <div className="who">
          <h1>
            <Untrusted said={title} max={120} />
          </h1>
          <p className="sub">
            <About person={person.data ?? undefined} known={known} />
          </p>
        </div>
        <div className="tools">
          <PeriodChoice period={name} onChoose={(chosen) => change({ period: chosen === "all" ? undefined : chosen })} />
          {may("read-statements") ? <ExportRecord known={known} /> : null}
          <CopyButton label={t("drawer.copyLink")} text={() => window.location.href} big />
        </div>
      </div>
      <p className="under-head">
        {rangeOf(period)}
        <span className="rd hide-s">
          <Icon of={Eye} />
          {t("learner.audited")}
        </span>
      </p>
      <WithFacts>
        {profile.isPending ? (
          <section className="sheet">
            <LoadingRows rows={8} />
          </section>
        ) : null}
        {profile.isError ? (
          <section className="sheet">
            <Failure error={profile.error} onRetry={() => void profile.refetch()} />
          </section>
        ) : null}
        {profile.data && isAllWithheld ? (
          <section className="sheet">
            <AllWithheld answer={profile.data} />
          </section>
        ) : null}
        {isEmpty ? (
          <section className="sheet">
            <Empty
              icon={UserRound}
              title={t("learner.none")}
              actions={
                name === "all" ? null : (
                  <button className="btn" type="button" onClick={() => change({ period: undefined })}>
                    {t("overview.showAll")}
                  </button>
                )
              }
            >
              {t("learner.none.try")}
            </Empty>
          </section>
        ) : null}
        {profile.data && !isEmpty && !isAllWithheld ? (
          <div className={profile.isPlaceholderData ? "dimmed" : undefined}>
            <JourneySheets id={id} period={period} sources={sources} />
            <Figures id={id} period={period} totals={totalsOf(profile.data)} />
            {may("read-statements") ? (
              <div className="grid two-one learner">
                <Register known={known} sources={sources} name={plainly(shorten(title, 60))} />
                <div className="grid">
                  <CoursesOf id={id} period={period} />
                  <KnownAs known={known} person={person.data ?? undefined} />
                </div>
              </div>
            ) : (
              <div className="grid two-even halves">
                <CoursesOf id={id} period={period} />
                <KnownAs known={known} person={person.data ?? undefined} />
              </div>
            )}
            {known[0] ? (
              <Later height={280}>
                <Years agent={known[0].agent} period={period} />
              </Later>
            ) : null}
          </div>
        ) : null}
      </WithFacts>
    </>
  );
}

function initialsOf(name: string): string {
  const words = name.split(/[\s.@_-]+/u).filter(Boolean);
  return words.map((word) => [...word][0] ?? "").slice(0, 2).join("").toUpperCase();
}

/** What is known of a person, or how many identifiers there are. */
function About({ person, known }: { person: Person | undefined; known: readonly Known[] }) {
  const attributes = Object.entries(person?.attributes ?? {}).slice(0, 6);
  if (attributes.length === 0) return <>{known.length > 0 ? t("learner.identifiers", Math.max(known.length, person?.identifiers.length ?? 0)) : "\u00A0"}</>;
  return (
    <>
      {attributes.map(([name, value], index) => (
        <span key={name} title={name}>
          {index > 0 ? " · " : ""}
          <Untrusted said={value} max={60} />
        </span>
      ))}
    </>
  );
}

function Figures({ id, period, totals }: { id: string; period: Period; totals: Row }) {
  const { tenant } = useViewer();
  const time = useQuery(timeQuery(tenant, "person", all(isLearner(id), within(period)), zone()));
  const spent = time.data?.rows.reduce((sum, row) => sum + row.seconds, 0);
  const sessions = time.data?.rows.reduce((sum, row) => sum + row.sessions, 0) ?? 0;
  const score = numberIn(totals, "score");
  const figures: Figure[] = [
    { name: t("nav.statements"), value: count(numberIn(totals, "statements") ?? 0), text: "" },
    { name: t("courses.title"), value: count(numberIn(totals, "courses") ?? 0), text: "" },
    { name: t("figure.finished"), value: count(numberIn(totals, "finished") ?? 0), text: t("learner.finished") },
    { name: t("figure.score"), value: score === undefined ? undefined : percent(score), text: "" },
    { name: t("learner.time"), value: spent === undefined ? undefined : length(spent), text: sessions > 0 ? t("activity.sessions", count(sessions)) : "" },
  ];
  return <FigureStrip label={t("overview.figures")} figures={figures} />;
}
