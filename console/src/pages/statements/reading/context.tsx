import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { identifierOf } from "../../../api/statements";
import { useViewer } from "../../../app/context";
import { Untrusted, UntrustedLink } from "../../../parts/untrusted";
import { activityName, agentName } from "../../../statement/sentence";
import { isObject, listOf, member, textOf, type Json, type JsonObject } from "../../../statement/types";
import { shorten } from "../../../statement/visible";
import { tp } from "../../../text/pages/text";
import { readingLanguages, t } from "../../../text/text";
import { LearnerLink } from "../../learner/link";

/** The most activities of one kind, and extensions, that are listed. */
const LISTED_MAX = 20;

const KINDS = ["parent", "grouping", "category", "other"] as const;
const AGENTS = ["instructor", "team"] as const;
const TEXTS = ["platform", "language", "revision"] as const;

/** In which circumstances it happened: activities around it, who else took part, and extensions. */
export function ContextView({ statement }: { statement: JsonObject }) {
  const context = member(statement, "context");
  const activities = member(context, "contextActivities");
  const lines: ReactNode[] = [
    ...KINDS.flatMap((kind) => {
      const known = listOf(activities, kind);
      return known.length === 0 ? [] : [<Line key={kind} name={tp(`context.${kind}`)}>{<Activities activities={known} />}</Line>];
    }),
    ...AGENTS.flatMap((name) => {
      const agent = member(context, name);
      return agent === undefined ? [] : [<Line key={name} name={tp(`context.${name}`)}>{<AgentOf agent={agent} />}</Line>];
    }),
    ...TEXTS.flatMap((name) => {
      const text = textOf(context, name);
      return text === undefined ? [] : [<Line key={name} name={tp(`context.${name}`)}>{<Untrusted said={text} max={200} />}</Line>];
    }),
    ...extensionLines(member(context, "extensions"), "context"),
    ...extensionLines(member(member(statement, "result"), "extensions"), "result"),
  ];
  if (lines.length === 0) return null;
  return (
    <details className="more context-of">
      <summary>{tp("context.title", lines.length)}</summary>
      <dl className="meta">{lines}</dl>
    </details>
  );
}

function Line({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Activities({ activities }: { activities: readonly Json[] }) {
  const { tenant } = useViewer();
  const languages = readingLanguages();
  return (
    <>
      {activities.slice(0, LISTED_MAX).map((activity, index) => {
        const id = textOf(activity, "id");
        const name = activityName(activity, languages);
        return (
          <div key={index}>
            {id ? (
              <Link className="ent" to="/t/$tenant/activity" params={{ tenant: String(tenant) }} search={{ id }} preload={false}>
                <Untrusted said={name} max={120} />
              </Link>
            ) : (
              <Untrusted said={name} max={120} />
            )}
          </div>
        );
      })}
      {activities.length > LISTED_MAX ? <small>{t("tree.more", activities.length - LISTED_MAX)}</small> : null}
    </>
  );
}

function AgentOf({ agent }: { agent: Json }) {
  const id = identifierOf(agent);
  const name = agentName(agent);
  return id && textOf(agent, "objectType") !== "Group" ? <LearnerLink id={id} name={name} /> : <Untrusted said={name} max={120} />;
}

/** Extensions, each by its IRI; what is no text is written as JSON. */
function extensionLines(extensions: Json | undefined, of: "context" | "result"): ReactNode[] {
  if (!isObject(extensions)) return [];
  return Object.entries(extensions)
    .slice(0, LISTED_MAX)
    .map(([iri, value]) => (
      <Line key={`${of} ${iri}`} name={of === "context" ? tp("context.extension") : tp("context.resultExtension")}>
        <UntrustedLink address={iri} />
        <br />
        <Untrusted said={typeof value === "string" ? value : shorten(JSON.stringify(value))} max={300} />
      </Line>
    ));
}
