import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowDown, ArrowUp, Check, ListFilter, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { beforeQuery, identifierOf, recordQuery, statementQuery } from "../../../api/statements";
import { voidingQuery } from "../../../api/voiding";
import { useViewer } from "../../../app/context";
import type { StatementSearch } from "../../../app/search";
import { CopyButton } from "../../../parts/copy";
import { Icon } from "../../../parts/icon";
import { Failure, LoadingRows } from "../../../parts/states";
import { Untrusted, UntrustedLink } from "../../../parts/untrusted";
import { curlOf } from "../../../statement/curl";
import { choicesOf } from "../../../statement/choices";
import { secondsOf, sentenceOf } from "../../../statement/sentence";
import { member, numberOf, textOf, type Entry, type JsonObject } from "../../../statement/types";
import { piecesOf, shorten } from "../../../statement/visible";
import { isVoiding } from "../../../statement/voiding";
import { clock, count, exact, length, percent } from "../../../text/format";
import { tp } from "../../../text/pages/text";
import { readingLanguages, t } from "../../../text/text";
import { LearnerLink } from "../../learner/link";
import { MarkView } from "../mark";
import { SentenceView } from "../sentence-view";
import { Attachments } from "./attachments";
import { ContextView } from "./context";
import { Tree } from "./tree";
import { VoidButton, VoidedNote } from "./voiding";

/** The most characters of JSON that are shown; copying takes all of it. */
const JSON_CHARS_MAX = 100_000;

type Change = (change: Partial<StatementSearch>) => void;

/** One statement: as a text, as a tree, as JSON. */
export function StatementDrawer({
  id,
  known,
  view,
  source,
  onChange,
  onWalk,
  onVoided,
}: {
  id: string;
  known: Entry | undefined;
  view: StatementSearch["view"];
  source: string | undefined;
  onChange: Change;
  onWalk: (step: 1 | -1) => void;
  /** It was voided just now. */
  onVoided: (id: string) => void;
}) {
  const { tenant, may } = useViewer();
  const query = useQuery(statementQuery(tenant, id));
  const record = useQuery(recordQuery(tenant, id, may("ask-questions"))).data;
  const statement = query.data?.statement ?? known?.statement;
  const voiding = useQuery(voidingQuery(tenant, id, (record?.is_voided ?? false) && may("read-audit"))).data;
  const isVoided = (record?.is_voided ?? false) || Boolean(voiding);
  const mayVoid = may("void-statements") && !isVoided && statement !== undefined && !isVoiding(statement);
  const drawer = useRef<HTMLElement>(null);
  useEffect(() => {
    drawer.current?.focus({ preventScroll: true });
    if (window.innerWidth <= 1180) window.scrollTo(0, 0);
  }, [id]);
  return (
    <aside className="drawer" aria-label={t("drawer.statement")} tabIndex={-1} ref={drawer}>
      <header>
        <span className="faint t12 nowrap">{record ? tp("record.number", count(record.sequence)) : t("drawer.statement")}</span>
        <span className="mono t12 clip">{id.slice(0, 8)}</span>
        <div className="tools">
          <IconButton icon={ArrowUp} label={t("drawer.newer")} onPress={() => onWalk(-1)} />
          <IconButton icon={ArrowDown} label={t("drawer.older")} onPress={() => onWalk(1)} />
          <IconButton icon={X} label={t("drawer.close")} onPress={() => onChange({ s: undefined, view: undefined })} />
        </div>
      </header>
      {isVoided ? <VoidedNote voiding={voiding} /> : null}
      {statement ? (
        <Content id={id} statement={statement} text={query.data?.text} view={view} source={source} onChange={onChange}>
          {mayVoid ? <VoidButton id={id} onDone={() => onVoided(id)} /> : null}
        </Content>
      ) : query.isError ? (
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <LoadingRows rows={6} />
      )}
    </aside>
  );
}

function IconButton({ icon, label, onPress }: { icon: typeof X; label: string; onPress: () => void }) {
  return (
    <button className="btn quiet icon sm" type="button" aria-label={label} title={label} onClick={onPress}>
      <Icon of={icon} />
    </button>
  );
}

function Content({
  id,
  statement,
  text,
  view,
  source,
  onChange,
  children,
}: {
  id: string;
  statement: JsonObject;
  text: string | undefined;
  view: StatementSearch["view"];
  source: string | undefined;
  onChange: Change;
  children: React.ReactNode;
}) {
  const sentence = sentenceOf(statement, readingLanguages());
  const json = JSON.stringify(statement, null, 2);
  return (
    <>
      <h2 className="big">
        <SentenceView sentence={sentence} max={300} /> <MarkView mark={sentence.mark} />
      </h2>
      <Choices statement={statement} />
      <Tabs
        selectedKey={view ?? "reading"}
        onSelectionChange={(chosen) => onChange({ view: chosen === "reading" ? undefined : (chosen as "tree" | "json") })}
      >
        <TabList className="tabs" aria-label={t("drawer.views")}>
          <Tab id="reading">{t("drawer.reading")}</Tab>
          <Tab id="tree">{t("drawer.tree")}</Tab>
          <Tab id="json">JSON</Tab>
        </TabList>
        <TabPanel id="reading">
          <Reading id={id} statement={statement} source={source} onChange={onChange} />
        </TabPanel>
        <TabPanel id="tree" className="tree-panel">
          <Tree value={statement} />
        </TabPanel>
        <TabPanel id="json">
          <pre className="js" tabIndex={0} role="region" aria-label={t("drawer.json")}>
            {escaped(shorten(json, JSON_CHARS_MAX))}
          </pre>
        </TabPanel>
      </Tabs>
      <footer>
        {view === "json" ? <CopyButton label={t("drawer.copyJson")} text={() => text ?? json} /> : null}
        <CopyButton label={t("drawer.copyCurl")} text={() => curlOf(statement, `${window.location.origin}/xapi`)} />
        <CopyButton label={t("drawer.copyLink")} text={() => linkTo(id)} />
        {children}
      </footer>
    </>
  );
}

function linkTo(id: string): string {
  return `${window.location.origin}${window.location.pathname}?s=${id}`;
}

/** JSON with the characters escaped that cannot be seen. */
function escaped(json: string): string {
  const escape = (text: string) =>
    [...text].map((one) => Array.from({ length: one.length }, (_, at) => `\\u${one.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")).join("");
  return piecesOf(json)
    .map((piece) => (piece.hidden ? escape(piece.text) : piece.text))
    .join("");
}

/** The choices of a question, with what was answered and what is right. */
function Choices({ statement }: { statement: JsonObject }) {
  const choices = choicesOf(statement, readingLanguages());
  if (choices.length === 0) return null;
  return (
    <ul className="opts">
      {choices.map((choice) => (
        <li key={choice.id} className={choice.isKey ? "good" : choice.isChosen ? "bad" : ""}>
          {choice.isKey ? <Icon of={Check} className="good" /> : choice.isChosen ? <Icon of={X} className="bad" /> : <span />}
          <span>
            <Untrusted said={choice.name} max={200} />
            <small>{[choice.isChosen ? t("choice.answered") : "", choice.isKey ? t("choice.key") : ""].filter(Boolean).join(", ")}</small>
          </span>
        </li>
      ))}
    </ul>
  );
}

function Reading({
  id,
  statement,
  source,
  onChange,
}: {
  id: string;
  statement: JsonObject;
  source: string | undefined;
  onChange: Change;
}) {
  const sentence = sentenceOf(statement, readingLanguages());
  const context = member(statement, "context");
  const agent = identifierOf(member(statement, "actor"));
  const verb = textOf(member(statement, "verb"), "id");
  const activity = textOf(member(statement, "object"), "id");
  const objectType = textOf(member(statement, "object"), "objectType") ?? "Activity";
  const registration = textOf(context, "registration");
  const timestamp = textOf(statement, "timestamp");
  const stored = textOf(statement, "stored");
  const only = (change: Partial<StatementSearch>) => onChange({ ...change, s: undefined });
  return (
    <>
      <dl className="meta">
        <Line name={t("meta.actor")} onOnly={agent ? () => only({ agent }) : undefined}>
          {agent ? <LearnerLink id={agent} name={sentence.actor.text} /> : <Untrusted said={sentence.actor} max={200} />}
        </Line>
        <Line name={t("meta.verb")} onOnly={verb ? () => only({ verb }) : undefined}>
          {verb ? <UntrustedLink address={verb} /> : null}
        </Line>
        {objectType === "StatementRef" && activity ? (
          <Line name={t("meta.statement")}>
            <OtherStatement id={activity} />
          </Line>
        ) : (
          <Line name={t("meta.object")} onOnly={objectType === "Activity" && activity ? () => only({ activity }) : undefined}>
            {objectType === "Activity" && activity ? <ActivityLink id={activity} name={sentence.object.text} /> : null}{" "}
            {activity ? <UntrustedLink address={activity} /> : <Untrusted said={sentence.object} max={300} />}
          </Line>
        )}
        {timestamp ? <Happened timestamp={timestamp} /> : null}
        {stored ? (
          <Line name={t("meta.stored")}>
            <time dateTime={stored}>{exact(stored)}</time> <Delay from={timestamp} to={stored} />
          </Line>
        ) : null}
        <Result statement={statement} />
        {sentence.within ? (
          <Line name={t("meta.within")}>
            <Untrusted said={sentence.within} max={300} />
          </Line>
        ) : null}
        {registration ? (
          <Line name={t("meta.registration")} onOnly={() => only({ registration })}>
            <span className="mono">{registration}</span>
          </Line>
        ) : null}
        {source ? (
          <Line name={t("meta.source")}>
            <Untrusted said={source} max={200} />
          </Line>
        ) : null}
        <Line name={t("meta.version")}>{textOf(statement, "version") ?? "1.0.3"}</Line>
        <Line name={t("meta.id")}>
          <span className="mono">{id}</span> <CopyButton iconOnly quiet label={t("meta.copyId")} text={id} />
        </Line>
      </dl>
      <ContextView statement={statement} />
      <Attachments id={id} statement={statement} />
      {agent && stored ? <Before agent={agent} stored={stored} id={id} /> : null}
    </>
  );
}

function ActivityLink({ id, name }: { id: string; name: string }) {
  const { tenant } = useViewer();
  return (
    <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id }} preload={false}>
      <Untrusted said={name} max={120} />
    </Link>
  );
}

function OtherStatement({ id }: { id: string }) {
  return (
    <Link
      className="mono"
      from="/t/$tenant/statements"
      to="/t/$tenant/statements"
      search={(known) => ({ ...known, s: id })}
      preload={false}
    >
      <Untrusted said={id} max={60} />
    </Link>
  );
}

function Line({ name, onOnly, children }: { name: string; onOnly?: () => void; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        {onOnly ? (
          <button className="btn quiet icon sm" type="button" aria-label={t("meta.only", name)} title={t("meta.only", name)} onClick={onOnly}>
            <Icon of={ListFilter} />
          </button>
        ) : null}
      </dd>
    </div>
  );
}

function Happened({ timestamp }: { timestamp: string }) {
  const isTime = !Number.isNaN(new Date(timestamp).getTime());
  return (
    <Line name={t("meta.happened")}>
      {isTime ? <time dateTime={timestamp}>{exact(timestamp)}</time> : <Untrusted said={timestamp} max={60} />}
    </Line>
  );
}

function Delay({ from, to }: { from: string | undefined; to: string }) {
  const seconds = from ? (new Date(to).getTime() - new Date(from).getTime()) / 1000 : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 1 ? <small>{t("meta.later", length(seconds))}</small> : null;
}

function Result({ statement }: { statement: JsonObject }) {
  const result = member(statement, "result");
  if (!result) return null;
  const score = member(result, "score");
  const [scaled, raw, max] = [numberOf(score, "scaled"), numberOf(score, "raw"), numberOf(score, "max")];
  const success = member(result, "success");
  const completion = member(result, "completion");
  const response = textOf(result, "response");
  const duration = textOf(result, "duration");
  const seconds = duration ? secondsOf(duration) : undefined;
  const parts = [
    success === true ? t("result.success") : success === false ? t("result.failure") : undefined,
    completion === true ? t("result.completed") : completion === false ? t("result.notCompleted") : undefined,
    raw === undefined ? undefined : max === undefined ? t("result.score", count(raw)) : t("result.scoreOf", count(raw), count(max)),
    scaled === undefined ? undefined : percent(scaled, 1),
    seconds === undefined ? undefined : t("result.took", length(seconds)),
  ].filter((part) => part !== undefined);
  return (
    <>
      {parts.length > 0 ? <Line name={t("meta.result")}>{parts.join(", ")}</Line> : null}
      {response ? (
        <Line name={t("meta.response")}>
          <Untrusted said={response} max={600} />
        </Line>
      ) : null}
    </>
  );
}

/** What the same learner did just before. */
function Before({ agent, stored, id }: { agent: string; stored: string; id: string }) {
  const { tenant } = useViewer();
  const navigate = useNavigate();
  const query = useQuery(beforeQuery(tenant, agent, stored, id));
  if (!query.data || query.data.length === 0) return null;
  const languages = readingLanguages();
  return (
    <>
      <h3>{t("drawer.before")}</h3>
      <ol className="reg">
        {query.data.map((entry) => {
          const sentence = sentenceOf(entry.statement, languages);
          return (
            <li key={entry.id}>
              <time dateTime={entry.stored}>{clock(textOf(entry.statement, "timestamp") ?? entry.stored)}</time>
              <div className="clip">
                <span className="verb">
                  <Untrusted said={sentence.verb} max={60} />
                </span>{" "}
                <button
                  className="ent link"
                  type="button"
                  onClick={() => void navigate({ from: "/t/$tenant/statements", to: "/t/$tenant/statements", search: (known) => ({ ...known, s: entry.id }) })}
                >
                  <Untrusted said={sentence.object} max={120} />
                </button>{" "}
                <MarkView mark={sentence.mark} />
              </div>
            </li>
          );
        })}
      </ol>
    </>
  );
}

