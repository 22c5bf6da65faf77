import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, Send } from "lucide-react";
import { useMemo, useState } from "react";
import type { Credential } from "../../api/credentials";
import { ApiError } from "../../api/problem";
import { filterOf } from "../../api/statements";
import { useViewer } from "../../app/context";
import { Icon, Mark } from "../../parts/icon";
import { explain, titleOf } from "../../parts/states";
import { Untrusted } from "../../parts/untrusted";
import { sentenceOf } from "../../statement/sentence";
import { member, textOf, type Entry } from "../../statement/types";
import { clock } from "../../text/format";
import { readingLanguages, t } from "../../text/text";
import { SentenceView } from "../statements/sentence-view";
import { useTail } from "../statements/tail";
import { basicOf } from "./products";
import { send, testStatement, tokenFor } from "./sending";

interface Test {
  readonly at: Date;
  readonly error?: unknown;
}

const NO_FILTER = filterOf({});

/** Whether a statement was written with a credential. */
function isFrom(entry: Entry, credential: Credential): boolean {
  const authority = member(entry.statement, "authority");
  if (credential.authority) {
    return JSON.stringify(authority ?? null).includes(JSON.stringify(Object.values(credential.authority)[0]));
  }
  return textOf(member(authority, "account"), "name") === credential.key;
}

/** What arrives from a credential, live, and the button that sends a test. */
export function Arrivals({ credential, secret }: { credential: Credential; secret: string | undefined }) {
  const { tenant, may } = useViewer();
  const maySee = may("read-statements");
  const tail = useTail(tenant, NO_FILTER, { isReady: maySee, isFromNow: true });
  const [tests, setTests] = useState<readonly Test[]>([]);
  const [isSending, setIsSending] = useState(false);
  const arrived = useMemo(() => tail.fresh.filter((entry) => isFrom(entry, credential)), [tail.fresh, credential]);
  const first = arrived.at(-1);
  const test = async () => {
    setIsSending(true);
    try {
      const authorization = secret
        ? basicOf({ endpoint: "", key: credential.key, secret })
        : await tokenFor(tenant, credential.key);
      await send(testStatement(credential), authorization);
      setTests((known) => [...known, { at: new Date() }]);
    } catch (error) {
      setTests((known) => [...known, { at: new Date(), error }]);
    } finally {
      setIsSending(false);
    }
  };
  return (
    <section className="sheet arrivals" aria-label={t("arrivals.title")}>
      <header>
        <span className="dot pulse" />
        <h2>{t("arrivals.title")}</h2>
      </header>
      <ol className="reg" aria-live="polite">
        {tests.map((done) => (
          <li key={done.at.getTime()}>
            <time>{clock(done.at)}</time>
            <div>{done.error ? <Refused error={done.error} /> : <Fact text={t("arrivals.letIn")} small={credential.key} />}</div>
          </li>
        ))}
        {first ? (
          <li>
            <time>{clock(first.stored)}</time>
            <div>
              <Fact text={t("arrivals.stored")} small={t("arrivals.count", arrived.length)} />
            </div>
          </li>
        ) : (
          <li>
            <time />
            <div className="faint">{t("arrivals.waiting")}</div>
          </li>
        )}
      </ol>
      {first ? <First entry={first} /> : null}
      <footer>
        <button className="btn" type="button" disabled={isSending || (maySee && !tail.isOpen && !tail.lost)} onClick={() => void test()}>
          <Icon of={Send} />
          {t("arrivals.test")}
        </button>
        {first && maySee ? (
          <Link className="btn primary end" to="/t/$tenant/statements" params={{ tenant: String(tenant) }}>
            {t("arrivals.watch")}
          </Link>
        ) : null}
      </footer>
    </section>
  );
}

function Fact({ text, small }: { text: string; small: string }) {
  return (
    <>
      <span className="st good">
        <Icon of={CircleCheck} />
        {text}
      </span>
      <small>{small}</small>
    </>
  );
}

/** What was refused: where, and what to change. */
function Refused({ error }: { error: unknown }) {
  const faults = error instanceof ApiError ? (error.problem?.faults ?? []) : [];
  return (
    <>
      <span className="st bad">
        <Icon of={CircleAlert} />
        {titleOf(error)}
      </span>
      <div className="refused">
        {faults.length > 0
          ? faults.map((fault) => (
              <p key={`${fault.pointer ?? fault.parameter ?? ""} ${fault.message}`}>
                <span className="mono">{fault.pointer ?? fault.parameter}</span> {fault.message}
              </p>
            ))
          : explain(error)}
      </div>
    </>
  );
}

/** The first statement, on record. */
function First({ entry }: { entry: Entry }) {
  const languages = readingLanguages();
  return (
    <div className="first">
      <p className="big">
        <SentenceView sentence={sentenceOf(entry.statement, languages)} max={200} />
      </p>
      <span className="stamp">
        <Mark />
        {t("arrivals.onRecord")}
      </span>{" "}
      <small className="mono">
        <Untrusted said={entry.id} max={40} />
      </small>
    </div>
  );
}
