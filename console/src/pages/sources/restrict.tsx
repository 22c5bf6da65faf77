import { useState } from "react";
import type { Credential, Scope } from "../../api/credentials";
import { faultAt } from "../../api/problem";
import { CheckField, TextField } from "../../parts/field";
import { t } from "../../text/text";

export const SCOPES: readonly Scope[] = [
  "statements/write",
  "statements/read/mine",
  "statements/read",
  "define",
  "state",
  "profile",
  "all/read",
  "all",
  "admin/read",
  "admin",
  "audit/read",
];

export interface Restrictions {
  label: string;
  scopes: Scope[];
  is_read_only: boolean;
  activity_prefixes: string[];
  origins: string[];
  expires: string | null;
}

export function restrictionsOf(credential: Credential): Restrictions {
  const { label, scopes, is_read_only, activity_prefixes, origins, expires } = credential;
  return { label, scopes, is_read_only, activity_prefixes, origins, expires };
}

/** The lines of a text that are not empty. */
export function linesOf(text: string): string[] {
  return text.split(/[\n,]+/u).map((line) => line.trim()).filter((line) => line !== "");
}

/** The fields with what a credential may do. */
export function RestrictFields({
  value,
  error,
  onChange,
}: {
  value: Restrictions;
  error: unknown;
  onChange: (value: Restrictions) => void;
}) {
  const [prefixes, setPrefixes] = useState(value.activity_prefixes.join(", "));
  const [origins, setOrigins] = useState(value.origins.join(", "));
  return (
    <>
      <TextField
        label={t("source.name")}
        required
        maxLength={200}
        value={value.label}
        error={faultAt(error, "/label")}
        onChange={(event) => onChange({ ...value, label: event.target.value })}
      />
      <fieldset className="scopes">
        <legend>{t("source.scopes")}</legend>
        {SCOPES.map((scope) => (
          <CheckField
            key={scope}
            label={t(`scope.${scope}`)}
            checked={value.scopes.includes(scope)}
            onChange={(event) =>
              onChange({
                ...value,
                scopes: event.target.checked ? [...value.scopes, scope] : value.scopes.filter((known) => known !== scope),
              })
            }
          />
        ))}
      </fieldset>
      <TextField
        label={t("source.prefixes")}
        hint={t("source.prefixes.hint")}
        placeholder="https://courses.example.org/"
        value={prefixes}
        error={faultAt(error, "/activity_prefixes")}
        onChange={(event) => {
          setPrefixes(event.target.value);
          onChange({ ...value, activity_prefixes: linesOf(event.target.value) });
        }}
      />
      <TextField
        label={t("source.origins")}
        hint={t("source.origins.hint")}
        placeholder="https://app.example.org"
        value={origins}
        error={faultAt(error, "/origins")}
        onChange={(event) => {
          setOrigins(event.target.value);
          onChange({ ...value, origins: linesOf(event.target.value) });
        }}
      />
      <TextField
        label={t("source.expires")}
        hint={t("source.expires.hint")}
        type="date"
        value={value.expires?.slice(0, 10) ?? ""}
        error={faultAt(error, "/expires")}
        onChange={(event) =>
          onChange({ ...value, expires: event.target.value ? `${event.target.value}T00:00:00Z` : null })
        }
      />
      <CheckField
        label={t("source.readOnly")}
        hint={t("source.readOnly.hint")}
        checked={value.is_read_only}
        onChange={(event) => onChange({ ...value, is_read_only: event.target.checked })}
      />
    </>
  );
}
