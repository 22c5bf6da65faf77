import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, Clock } from "lucide-react";
import { credentialsQuery } from "../../api/credentials";
import { factsStateQuery } from "../../api/facts";
import { useViewer } from "../../app/context";
import { Icon } from "../../parts/icon";
import { ago, count } from "../../text/format";
import { t } from "../../text/text";
import { isSilent, useSourceDays } from "./source-strips";

/** Credentials that expire within this time are named. */
const EXPIRES_MS = 14 * 86_400_000;

interface Notice {
  readonly id: string;
  readonly kind: "bad" | "warn";
  readonly who: string;
  readonly text: string;
  readonly key?: string;
}

/** What needs somebody, by fixed rules: silent sources, credentials that expire, figures behind. */
export function Attention() {
  const { tenant, may } = useViewer();
  const { sources, labels } = useSourceDays();
  const credentials = useQuery(credentialsQuery(tenant, may("read-credentials")));
  const facts = useQuery(factsStateQuery(tenant));
  const silent: Notice[] = sources.filter(isSilent).map((source) => ({
    id: `silent ${source.source}`,
    kind: "bad",
    who: labels.get(source.source) ?? source.source,
    text: t("attention.silent", source.silentDays, Math.round(source.usual)),
    key: source.source,
  }));
  const soon = new Date().getTime() + EXPIRES_MS;
  const expiring: Notice[] = (credentials.data ?? [])
    .filter((credential) => credential.expires && new Date(credential.expires).getTime() < soon)
    .map((credential) => ({
      id: `expires ${credential.key}`,
      kind: "warn",
      who: credential.label,
      text: t("attention.expires", ago(credential.expires ?? "")),
      key: credential.key,
    }));
  const behind: Notice[] =
    (facts.data?.lag ?? 0) > 10_000
      ? [{ id: "lag", kind: "warn", who: t("facts.behind"), text: t("facts.behind.how", count(facts.data?.lag ?? 0)) }]
      : [];
  const notices = [...silent, ...expiring, ...behind];
  return (
    <section className="sheet" aria-label={t("attention.title")}>
      <header>
        <h2>{t("attention.title")}</h2>
        <span className="sub">{notices.length > 0 ? count(notices.length) : ""}</span>
      </header>
      {notices.length === 0 ? (
        <p className="pad all-well">
          <span className="st good">
            <Icon of={CircleCheck} />
            {t("attention.none")}
          </span>
        </p>
      ) : null}
      <ul className="notices">
        {notices.map((notice) => (
          <li key={notice.id}>
            <Icon of={notice.kind === "bad" ? CircleAlert : Clock} className={notice.kind} />
            <div>
              <b>
                <bdi>{notice.who}</bdi>
              </b>{" "}
              {notice.text}
              {notice.key && may("read-credentials") ? (
                <p>
                  <Link to="/t/$tenant/sources" params={{ tenant: String(tenant) }} search={{ c: notice.key }}>
                    {t("attention.check")}
                  </Link>
                </p>
              ) : null}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
