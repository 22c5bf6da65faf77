import { useNavigate } from "@tanstack/react-router";
import { Search } from "lucide-react";
import type { ReactNode } from "react";
import type { PeriodSearch } from "../../app/search";
import { Icon } from "../../parts/icon";
import { t } from "../../text/text";
import { WithFacts } from "../overview/facts-state";
import { rangeOf } from "../overview/overview";
import { periodOf } from "../overview/period";
import { PeriodChoice } from "../overview/period-choice";
import { ActivityTabs } from "./activity-tabs";

/** The head of a list of activities that an analysis makes: period, tabs, search. */
export function Analysed({ search, nameTitle, children }: { search: PeriodSearch; nameTitle: string; children: ReactNode }) {
  const navigate = useNavigate({ from: "/t/$tenant/activities" });
  const name = search.period ?? "30d";
  const change = (changed: Partial<PeriodSearch>) => void navigate({ search: (known) => ({ ...known, ...changed }), replace: true });
  return (
    <>
      <div className="head">
        <h1>{t("nav.activities")}</h1>
        <div className="tools">
          <PeriodChoice period={name} onChoose={(chosen) => change({ period: chosen === "30d" ? undefined : chosen })} />
        </div>
      </div>
      <p className="under-head">{rangeOf(periodOf(name))}</p>
      <ActivityTabs search={search} />
      <WithFacts>
        <div className="filters">
          <div className="find">
            <Icon of={Search} />
            <input
              className="input"
              type="search"
              aria-label={t("ranking.search", nameTitle)}
              placeholder={t("ranking.search", nameTitle)}
              value={search.q ?? ""}
              onChange={(event) => change({ q: event.target.value || undefined })}
            />
          </div>
        </div>
        {children}
      </WithFacts>
    </>
  );
}

/** Whether a name or an id has a text in it, in any case of letters. */
export function isFound(text: string | undefined, ...names: (string | null | undefined)[]): boolean {
  const wanted = text?.trim().toLocaleLowerCase() ?? "";
  return wanted === "" || names.some((name) => name?.toLocaleLowerCase().includes(wanted));
}
