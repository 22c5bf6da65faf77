import type { Credential, Scope } from "../../api/credentials";
import { date } from "../../text/format";
import { t } from "../../text/text";

/** What a credential may do, as a sentence. */
export function RightsSentence({ credential }: { credential: Pick<Credential, "label" | "scopes" | "is_read_only" | "activity_prefixes" | "origins" | "expires"> }) {
  const scopes = credential.scopes.map((scope: Scope) => t(`scope.${scope}`));
  const list = new Intl.ListFormat(document.documentElement.lang).format(scopes);
  return (
    <p className="rights">
      <b>
        <bdi>{credential.label}</bdi>
      </b>{" "}
      {t("rights.may")} <b>{list}</b>
      {credential.is_read_only ? `, ${t("rights.readOnly")}` : ""}
      {credential.activity_prefixes.length > 0 ? (
        <>
          , {t("rights.about")} {credential.activity_prefixes.map((prefix) => (
            <code key={prefix} className="mono">
              {prefix}{" "}
            </code>
          ))}
        </>
      ) : null}
      {credential.origins.length > 0 ? (
        <>
          , {t("rights.pages")} {credential.origins.map((origin) => (
            <code key={origin} className="mono">
              {origin}{" "}
            </code>
          ))}
        </>
      ) : null}
      {credential.expires ? `, ${t("rights.until", date(credential.expires))}` : ""}.
    </p>
  );
}
