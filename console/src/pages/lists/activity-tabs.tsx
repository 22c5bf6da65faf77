import { Link } from "@tanstack/react-router";
import { useViewer } from "../../app/context";
import type { PeriodSearch } from "../../app/search";
import { Tabs } from "../../sheets/tabs";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";

/** The lists of activities. */
export function ActivityTabs({ search }: { search: PeriodSearch }) {
  const { tenant } = useViewer();
  const params = { tenant: String(tenant) };
  return (
    <Tabs label={t("nav.activities")}>
      {([undefined, "courses", "videos"] as const).map((name) => (
        <Link
          key={name ?? "all"}
          to="/t/$tenant/activities"
          params={params}
          search={{ period: search.period, view: name }}
          activeOptions={{ explicitUndefined: true }}
          aria-current={search.view === name ? "page" : undefined}
        >
          {name === "courses" ? t("courses.title") : name === "videos" ? tf("videos.title") : tf("activities.all")}
        </Link>
      ))}
    </Tabs>
  );
}
