import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take, takeWithHead, type Schemas } from "../../api/client";
import { faultAt } from "../../api/problem";
import { useViewer } from "../../app/context";
import { useTitle } from "../../app/title";
import { usageQuery } from "../../api/tenant";
import { CheckField, TextField } from "../../parts/field";
import { Failure, LoadingRows, NotPermitted, Refusal } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { bytes, count, date } from "../../text/format";
import { t } from "../../text/text";
import { QuestionSettings } from "./question-settings";

type Tenant = Schemas["Tenant"];

/** How the tenant is set, and what it has stored. */
export function SettingsPage() {
  const { tenant, role } = useViewer();
  useTitle(t("nav.settings"));
  const query = useQuery({
    queryKey: ["tenant", tenant],
    enabled: role !== undefined,
    queryFn: async ({ signal }) => {
      const { data, response } = await takeWithHead(api.GET("/tenants/{tenant}", { params: { path: { tenant } }, signal }));
      return { tenant: data, version: response.headers.get("ETag") ?? "*" };
    },
  });
  if (!role) return <NotPermitted role={undefined} right="read-statements" />;
  return (
    <>
      <div className="head">
        <h1>{t("nav.settings")}</h1>
      </div>
      {query.isPending ? (
        <section className="sheet">
          <LoadingRows rows={6} />
        </section>
      ) : null}
      {query.isError ? (
        <section className="sheet">
          <Failure error={query.error} onRetry={() => void query.refetch()} />
        </section>
      ) : null}
      {query.data ? (
        <div className="grid two-even">
          <Form key={query.data.version} tenant={query.data.tenant} version={query.data.version} />
          <Usage tenant={query.data.tenant} />
          <QuestionSettings key={`questions ${query.data.version}`} tenant={query.data.tenant} version={query.data.version} />
        </div>
      ) : null}
    </>
  );
}

function Form({ tenant, version }: { tenant: Tenant; version: string }) {
  const { may } = useViewer();
  const client = useQueryClient();
  const toast = useToast();
  const [name, setName] = useState(tenant.name);
  const [audits, setAudits] = useState(tenant.audits_reads);
  const save = useMutation({
    mutationFn: () => {
      const body: Schemas["TenantChange"] = {};
      if (name !== tenant.name) body.name = name;
      if (audits !== tenant.audits_reads) body.audits_reads = audits;
      return take(api.PATCH("/tenants/{tenant}", { params: { path: { tenant: tenant.id }, header: { "If-Match": version } }, body }));
    },
    onSuccess: () => toast({ text: t("settings.saved") }),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ["tenants"] });
      await client.invalidateQueries({ queryKey: ["tenant", tenant.id] });
    },
  });
  const isChanged = name !== tenant.name || audits !== tenant.audits_reads;
  return (
    <section className="sheet" aria-label={t("settings.tenant")}>
      <header>
        <h2>{t("settings.tenant")}</h2>
        <span className="sub">{t("settings.number", tenant.id)}</span>
      </header>
      <form
        className="pad form"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextField label={t("settings.name")} required maxLength={200} value={name} readOnly={!may("rename-tenant")} error={faultAt(save.error, "/name")} onChange={(event) => setName(event.target.value)} />
        <CheckField label={t("settings.audits")} hint={t("settings.audits.hint")} checked={audits} disabled={!may("set-tenant-audit")} onChange={(event) => setAudits(event.target.checked)} />
        <Refusal error={save.error} />
        {may("rename-tenant") ? (
          <div className="row">
            <button className="btn primary" type="submit" disabled={!isChanged || save.isPending}>
              {t("action.save")}
            </button>
          </div>
        ) : null}
      </form>
    </section>
  );
}

function Usage({ tenant }: { tenant: Tenant }) {
  const viewer = useViewer();
  // An operator of the server has no role here, and may read it too.
  const isShown = viewer.role === undefined || viewer.may("read-usage");
  const usage = useQuery({ ...usageQuery(tenant.id), enabled: isShown });
  const limit = (value: number | null, show: (value: number) => string) => (value === null ? t("settings.noLimit") : show(value));
  const used: [string, string][] = [
    [t("settings.stored"), usage.data ? count(usage.data.statements) : "…"],
    [t("settings.today"), usage.data ? t("settings.todayOf", count(usage.data.today.statements), bytes(usage.data.today.bytes)) : "…"],
  ];
  const rows: [string, string][] = [
    ...(isShown ? used : []),
    [t("settings.statementsDay"), limit(tenant.limits.statements_per_day, count)],
    [t("settings.bytesDay"), limit(tenant.limits.bytes_per_day, bytes)],
    [t("settings.requests"), limit(tenant.limits.requests_per_second, count)],
    [t("settings.weight"), count(tenant.limits.weight)],
    [t("source.created"), date(tenant.created)],
  ];
  return (
    <section className="sheet" aria-label={t("settings.usage")}>
      <header>
        <h2>{t("settings.usage")}</h2>
      </header>
      <dl className="meta wide">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <footer>{t("settings.limits")}</footer>
    </section>
  );
}
