import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api, take, type Schemas } from "../../api/client";
import { faultAt } from "../../api/problem";
import { useViewer } from "../../app/context";
import { TextField } from "../../parts/field";
import { Refusal } from "../../parts/states";
import { useToast } from "../../parts/toast";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";

type Tenant = Schemas["Tenant"];

/** The most learners that the smallest group can have. */
const GROUP_MAX = 1_000;

/** How the tenant is set for questions: days, names, and which figures are withheld. */
export function QuestionSettings({ tenant, version }: { tenant: Tenant; version: string }) {
  const { may } = useViewer();
  const client = useQueryClient();
  const toast = useToast();
  const zones = useId();
  const { settings } = tenant;
  const [zone, setZone] = useState(settings.zone ?? "");
  const [language, setLanguage] = useState(settings.language ?? "");
  const [group, setGroup] = useState(settings.smallest_group === null ? "" : String(settings.smallest_group));
  const changed: Schemas["SettingsChange"] = {};
  if (zone !== (settings.zone ?? "")) changed.zone = zone || null;
  if (language !== (settings.language ?? "")) changed.language = language || null;
  if (group !== String(settings.smallest_group ?? "")) changed.smallest_group = group === "" ? null : Number(group);
  const save = useMutation({
    mutationFn: () => take(api.PATCH("/tenants/{tenant}", { params: { path: { tenant: tenant.id }, header: { "If-Match": version } }, body: { settings: changed } })),
    onSuccess: () => toast({ text: t("settings.saved") }),
    // Every figure may be another one now.
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <section className="sheet" aria-label={tf("settings.questions")}>
      <header>
        <h2>{tf("settings.questions")}</h2>
      </header>
      <form
        className="pad form"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextField
          label={tf("settings.zone")}
          hint={tf("settings.zone.hint")}
          list={zones}
          placeholder="UTC"
          value={zone}
          readOnly={!may("change-settings")}
          error={faultAt(save.error, "/settings/zone")}
          onChange={(event) => setZone(event.target.value.trim())}
        />
        <datalist id={zones}>
          {Intl.supportedValuesOf("timeZone").map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <TextField
          label={tf("settings.language")}
          hint={tf("settings.language.hint")}
          placeholder="en"
          value={language}
          readOnly={!may("change-settings")}
          error={faultAt(save.error, "/settings/language")}
          onChange={(event) => setLanguage(event.target.value.trim())}
        />
        <TextField
          label={tf("settings.group")}
          hint={tf("settings.group.hint")}
          type="number"
          min={2}
          max={GROUP_MAX}
          value={group}
          readOnly={!may("set-smallest-group")}
          error={faultAt(save.error, "/settings/smallest_group")}
          onChange={(event) => setGroup(event.target.value)}
        />
        <Refusal error={save.error} />
        {may("change-settings") ? (
          <div className="row">
            <button className="btn primary" type="submit" disabled={Object.keys(changed).length === 0 || save.isPending}>
              {tf("settings.questions.save")}
            </button>
          </div>
        ) : null}
      </form>
    </section>
  );
}
