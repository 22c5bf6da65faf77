import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { BookOpen } from "lucide-react";
import { useMemo } from "react";
import { itemsQuery, timeQuery } from "../../api/analyses";
import { factsQuery, isTotalWithheld, labelIn, numberIn, rowsOf, totalsOf, withheldOf, type Answer, type Row } from "../../api/facts";
import { useViewer } from "../../app/context";
import type { ActivitySearch, PeriodName, TabName } from "../../app/search";
import { useTitle } from "../../app/title";
import { CopyButton } from "../../parts/copy";
import { FigureStrip, type Figure } from "../../parts/figures";
import { AllWithheld, notesOf } from "../../parts/partial";
import { Empty, Failure, LoadingRows, NotPermitted } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { isCourseType, lastPart } from "../../statement/sentence";
import { plainly, shorten } from "../../statement/visible";
import { count, length, percent, ratio, zone } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { Tabs } from "../../sheets/tabs";
import { Groups } from "../course/groups";
import { Help } from "../course/help";
import { Progress } from "../course/progress";
import { Time } from "../course/time";
import { Videos } from "../course/video";
import { WithFacts } from "../overview/facts-state";
import { rangeOf } from "../overview/overview";
import { all, periodOf, within, type Period } from "../overview/period";
import { PeriodChoice } from "../overview/period-choice";
import { Funnel } from "./funnel";
import { Items } from "./items";
import { LearnersOf } from "./learners-of";
import { headQuestion, scopeOf, structureQuestion } from "./questions";
import { partsOf, quizzesOf, stepsOf, type Part } from "./structure";
import { Structure } from "./structure-sheet";

/** Where do people stop, and which question fails? A course, or anything else that is learned. */
export function ActivityPage() {
  const viewer = useViewer();
  const { id } = useSearch({ from: "/shell/t/$tenant/activity" });
  useTitle(t("nav.activities"));
  if (!viewer.may("ask-questions")) return <NotPermitted role={viewer.role} right="ask-questions" />;
  return id ? <Activity key={id} id={id} /> : <NoActivity />;
}

function NoActivity() {
  const { tenant } = useViewer();
  return (
    <section className="sheet page-failure">
      <Empty
        icon={BookOpen}
        title={t("activity.noId")}
        actions={
          <Link className="btn" to="/t/$tenant/activities" params={{ tenant: String(tenant) }}>
            {t("nav.activities")}
          </Link>
        }
      />
    </section>
  );
}

function Activity({ id }: { id: string }) {
  const { tenant } = useViewer();
  const search = useSearch({ from: "/shell/t/$tenant/activity" });
  const navigate = useNavigate({ from: "/t/$tenant/activity" });
  const name: PeriodName = search.period ?? "all";
  const period = useMemo(() => periodOf(name), [name]);
  const head = useQuery({ ...factsQuery(tenant, headQuestion(id, period)), placeholderData: keepPreviousData });
  const structure = useQuery({ ...factsQuery(tenant, structureQuestion(id, period)), placeholderData: keepPreviousData });
  const parts = useMemo(() => (structure.data ? partsOf(structure.data) : []), [structure.data]);
  const own = parts.find((part) => part.id === id);
  const title = titleOf(id, head.data, structure.data);
  useTitle(plainly(shorten(title, 80)));
  const change = (changed: Partial<ActivitySearch>) =>
    void navigate({ search: (known) => ({ ...known, ...changed }), replace: true, resetScroll: false });
  const isAllWithheld = withheldOf(head.data)?.isAll === true;
  const isEmpty = head.data?.fact_count === 0 && !isAllWithheld && !head.isPlaceholderData;
  return (
    <>
      <div className="head">
        <p className="crumb">
          <Link to="/t/$tenant/activities" params={{ tenant: String(tenant) }}>
            {t("nav.activities")}
          </Link>
        </p>
        <h1>
          <Untrusted said={title} max={160} />
        </h1>
        {own?.type ? (
          <span className="sub hide-s">
            <Untrusted said={lastPart(own.type)} max={40} />
          </span>
        ) : null}
        <div className="tools">
          <PeriodChoice period={name} onChoose={(chosen) => change({ period: chosen === "all" ? undefined : chosen })} />
          <CopyButton label={t("drawer.copyLink")} text={() => window.location.href} big />
        </div>
      </div>
      <p className="under-head clip">
        {rangeOf(period)} · <Untrusted said={id} max={120} />
      </p>
      <WithFacts>
        {head.isError ? (
          <section className="sheet">
            <Failure error={head.error} onRetry={() => void head.refetch()} />
          </section>
        ) : head.data && isAllWithheld ? (
          <section className="sheet">
            <AllWithheld answer={head.data} />
          </section>
        ) : isEmpty ? (
          <section className="sheet">
            <Empty
              icon={BookOpen}
              title={t("activity.none")}
              actions={
                name === "all" ? null : (
                  <button className="btn" type="button" onClick={() => change({ period: undefined })}>
                    {t("overview.showAll")}
                  </button>
                )
              }
            >
              {t("activity.none.try")}
            </Empty>
          </section>
        ) : (
          <div className={head.isPlaceholderData || structure.isPlaceholderData ? "dimmed" : undefined}>
            <Content id={id} head={head.data} structure={structure.data} parts={parts} own={own} search={search} period={period} onChange={change} />
          </div>
        )}
      </WithFacts>
    </>
  );
}

function titleOf(id: string, head: Answer | undefined, structure: Answer | undefined): string {
  return labelIn(structure, "object", id) ?? labelIn(head, "course", id) ?? labelIn(structure, "parent", id) ?? lastPart(id);
}

function Content({
  id,
  head,
  structure,
  parts,
  own,
  search,
  period,
  onChange,
}: {
  id: string;
  head: Answer | undefined;
  structure: Answer | undefined;
  parts: readonly Part[];
  own: Part | undefined;
  search: ActivitySearch;
  period: Period;
  onChange: (change: Partial<ActivitySearch>) => void;
}) {
  const { may } = useViewer();
  if (!head || !structure) {
    return (
      <section className="sheet">
        <LoadingRows rows={8} />
      </section>
    );
  }
  const totals = totalsOf(head);
  const quizzes = quizzesOf(structure, parts).filter((quiz) => quiz.id !== id);
  const hasQuestions = parts.some((part) => part.isQuestion);
  const steps = stepsOf(id, parts);
  // Not every source says who is enrolled.
  const hasEnrolments = (numberIn(totals, "enrolled") ?? 0) >= (numberIn(totals, "began") ?? 0) / 2 && (numberIn(totals, "enrolled") ?? 0) > 0;
  const isOne = own?.isQuestion === true;
  const isCourse = isCourseType(own?.type) || rowsOf(head).some((row) => row.course === id);
  const hasVideo = parts.some((part) => /\/video$/iu.test(part.type ?? ""));
  const hasLearners = may("list-learners");
  const possible: [TabName, boolean][] = [
    ["progress", isCourse],
    ["learners", hasLearners],
    ["time", true],
    ["video", hasVideo],
    ["groups", isCourse && hasLearners],
    ["structure", true],
  ];
  const tabs = isOne ? [] : possible.flatMap(([name, isThere]) => (isThere ? [name] : []));
  const tab = tabs.find((name) => name === search.tab);
  const notes = notesOf(head);
  const bar = tabs.length > 0 ? <ActivityTabs tabs={tabs} tab={tab} search={search} /> : null;
  if (tab) {
    return (
      <>
        {bar}
        {tab === "progress" ? <Progress id={id} period={period} search={search} /> : null}
        {tab === "learners" ? <Learners id={id} period={period} isCourse={isCourse} search={search} onChange={onChange} /> : null}
        {tab === "time" ? <Time id={id} period={period} parts={parts} /> : null}
        {tab === "video" ? <Videos id={id} period={period} search={search} /> : null}
        {tab === "groups" ? <Groups id={id} period={period} parts={parts} search={search} onChange={onChange} /> : null}
        {tab === "structure" ? <Structure id={id} parts={parts} period={search.period} answer={structure} /> : null}
      </>
    );
  }
  return (
    <>
      {bar}
      <Figures id={id} period={period} head={head} />
      {notes.length > 0 ? <p className="under-foot faint t12">{notes.join(" ")}</p> : null}
      {isOne ? null : (
        <div className={hasLearners ? "grid two-even halves" : "grid halves"}>
          <Funnel id={id} parts={steps} hasEnrolments={hasEnrolments} period={period} />
          {hasLearners ? <LearnersOf id={id} period={period} /> : null}
        </div>
      )}
      {hasQuestions ? <Items id={id} quizzes={isOne ? [] : quizzes} search={search} period={period} onChange={onChange} /> : null}
      {!hasQuestions && own && isCourseType(own.type) ? <p className="under-foot faint t12">{t("items.none.try")}</p> : null}
    </>
  );
}

/** What the page of an activity is divided into. */
function ActivityTabs({ tabs, tab, search }: { tabs: readonly TabName[]; tab: TabName | undefined; search: ActivitySearch }) {
  const { tenant } = useViewer();
  return (
    <Tabs label={tf("tab.label")}>
      {[undefined, ...tabs].map((name) => (
        <Link
          key={name ?? "summary"}
          to="/t/$tenant/activity"
          params={{ tenant: String(tenant) }}
          search={{ id: search.id, period: search.period, tab: name }}
          resetScroll={false}
          // Without it, the summary would be the page of every tab.
          activeOptions={{ explicitUndefined: true }}
          aria-current={tab === name ? "page" : undefined}
        >
          {tf(`tab.${name ?? "summary"}`)}
        </Link>
      ))}
    </Tabs>
  );
}

/** Everybody who learns in it; in a course, those who may need help first. */
function Learners({ id, period, isCourse, search, onChange }: { id: string; period: Period; isCourse: boolean; search: ActivitySearch; onChange: (change: Partial<ActivitySearch>) => void }) {
  return (
    <>
      {isCourse ? <Help id={id} due={search.due} onChange={onChange} /> : null}
      <div className={isCourse ? "grid gap-before" : "grid"}>
        <LearnersOf id={id} period={period} isPage />
      </div>
    </>
  );
}

/** The key figures of an activity. */
function Figures({ id, period, head }: { id: string; period: Period; head: Answer | undefined }) {
  const { tenant } = useViewer();
  const time = useQuery(timeQuery(tenant, "course", all(scopeOf(id), within(period)), zone()));
  const items = useQuery(itemsQuery(tenant, { activity: id, attempts: "first", where: within(period), zone: zone() }));
  const totals: Row = head ? totalsOf(head) : {};
  const learners = numberIn(totals, "learners");
  const enrolled = numberIn(totals, "enrolled") ?? 0;
  const began = numberIn(totals, "began") ?? 0;
  const done = numberIn(totals, "finished") ?? 0;
  const score = numberIn(totals, "score");
  const isHidden = isTotalWithheld(head, "began") || isTotalWithheld(head, "finished");
  const spent = time.data?.rows[0];
  const questions = items.data?.questions.length ?? 0;
  const suspicious = items.data?.questions.filter((question) => question.flags.includes("key_may_be_wrong")).length ?? 0;
  const figures: Figure[] = [
    { name: t("nav.learners"), value: isTotalWithheld(head, "learners") ? t("withheld.word") : learners === undefined ? undefined : count(learners), text: !head || isHidden ? "" : enrolled > began ? t("activity.enrolled", count(enrolled - began)) : t("activity.began", began) },
    { name: t("courses.finished"), value: isHidden ? t("withheld.word") : began > 0 ? percent(done / began) : undefined, text: head && !isHidden ? t("activity.finishedOf", count(done), count(began)) : "" },
    { name: t("figure.score"), value: isTotalWithheld(head, "score") ? t("withheld.word") : score === undefined ? undefined : percent(score), text: t("activity.score") },
    {
      name: t("activity.time"),
      value: spent?.seconds_per_learner ? length(spent.seconds_per_learner.median) : undefined,
      text: spent ? t("activity.sessions", count(spent.sessions)) : "",
    },
    {
      name: t("activity.questions"),
      value: items.data ? count(questions) : undefined,
      text: suspicious > 0 ? t("activity.suspicious", suspicious) : reliability(items.data?.test.internal_consistency),
    },
  ];
  return <FigureStrip label={t("overview.figures")} figures={figures} />;
}

function reliability(alpha: number | null | undefined): string {
  return typeof alpha === "number" ? t("activity.reliability", ratio(alpha / 100)) : "";
}
