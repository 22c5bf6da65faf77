import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, RotateCw } from "lucide-react";
import { refusalsQuery, type Credential, type Refusal, type Scope } from "../../api/credentials";
import { useViewer } from "../../app/context";
import { CopyButton } from "../../parts/copy";
import { Icon } from "../../parts/icon";
import { Failure, LoadingRows } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { clock, dayMark, length, moment } from "../../text/format";
import { tp } from "../../text/pages/text";
import { t } from "../../text/text";
import { reasonOf, restrictionOf } from "./refused";
import { SCOPES } from "./restrict";

/** Why requests of a credential were refused: where, what is needed, and what to change. */
export function RefusalList({ credential }: { credential: Credential }) {
  const { tenant } = useViewer();
  const query = useQuery(refusalsQuery(tenant, credential.key));
  const refusals = query.data?.refusals ?? [];
  return (
    <section className="sheet arrivals" aria-label={tp("refusals.title")}>
      <header>
        <h2>{tp("refusals.title")}</h2>
        <div className="tools">
          <button
            className="btn quiet icon sm"
            type="button"
            aria-label={tp("refusals.refresh")}
            title={tp("refusals.refresh")}
            disabled={query.isFetching}
            onClick={() => void query.refetch()}
          >
            <Icon of={RotateCw} />
          </button>
        </div>
      </header>
      {query.isPending ? <LoadingRows rows={2} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && refusals.length === 0 ? (
        <p className="pad-2">
          <span className="st good">
            <Icon of={CircleCheck} />
            {tp("refusals.none")}
          </span>
        </p>
      ) : null}
      {refusals.length > 0 ? (
        <ol className="reg">
          {refusals.map((refusal) => (
            <Refused key={`${refusal.first} ${refusal.request_id}`} refusal={refusal} />
          ))}
        </ol>
      ) : null}
      {query.data ? <p className="pad-2 faint t12">{tp("refusals.since", moment(query.data.since))}</p> : null}
    </section>
  );
}

function Refused({ refusal }: { refusal: Refusal }) {
  const reason = reasonOf(refusal);
  const last = new Date(refusal.last);
  const restriction = restrictionOf(refusal);
  return (
    <li>
      <time dateTime={refusal.last} title={moment(refusal.last)}>
        {dayMark(last)}
        <br />
        {clock(last)}
      </time>
      <div>
        <span className="st bad">
          <Icon of={CircleAlert} />
          {tp(`refused.${reason}`)}
        </span>
        <small>
          {tp("refused.request", refusal.method, refusal.route, refusal.status)}, {times(refusal)}
        </small>
        {refusal.faults.length > 0 ? (
          <div className="refused">
            {refusal.faults.map((fault, index) => (
              <p key={index}>
                <Place pointer={fault.pointer} parameter={fault.parameter} /> <Untrusted said={fault.message ?? tp("refused.rule")} max={300} />
                {fault.rule ? (
                  <small>
                    <Untrusted said={[fault.rule, fault.section].filter(Boolean).join(" · ")} max={200} />
                  </small>
                ) : null}
              </p>
            ))}
          </div>
        ) : null}
        {refusal.scopes.length > 0 ? <p className="refused">{tp("refused.scopes", scopesIn(refusal.scopes))}</p> : null}
        {restriction ? <p className="refused">{tp(restriction)}</p> : null}
        <small>{tp(`refused.${reason}.try`)}</small>
        <small>
          {tp("refused.id")} <span className="mono">{refusal.request_id}</span>{" "}
          <CopyButton iconOnly quiet label={tp("refused.copyId")} text={refusal.request_id} />
        </small>
      </div>
    </li>
  );
}

/** How often it was, and since when if that is longer. */
function times({ count: total, first, last }: Refusal): string {
  const seconds = (new Date(last).getTime() - new Date(first).getTime()) / 1000;
  const often = tp("refused.times", total);
  return seconds >= 60 ? tp("refused.within", often, length(seconds)) : often;
}

function Place({ pointer, parameter }: { pointer: string | null; parameter: string | null }) {
  const place = pointer ?? (parameter ? tp("refused.parameter", parameter) : undefined);
  return place === undefined ? null : (
    <b className="mono">
      <Untrusted said={place === "" ? "/" : place} max={120} />
    </b>
  );
}

/** Scopes in the words of the page; one that it does not know by its name. */
function scopesIn(scopes: readonly string[]): string {
  const words = scopes.map((scope) => {
    const known = SCOPES.find((one): one is Scope => one === scope);
    return known ? t(`scope.${known}`) : scope;
  });
  return new Intl.ListFormat(document.documentElement.lang, { type: "disjunction" }).format(words);
}
