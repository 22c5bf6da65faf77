import { Link } from "@tanstack/react-router";
import { useViewer } from "../../app/context";
import { Tabs } from "../../sheets/tabs";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";

/** The pages about all learners. */
export function LearnerTabs({ isReturning = false }: { isReturning?: boolean }) {
  const { tenant } = useViewer();
  const params = { tenant: String(tenant) };
  return (
    <Tabs label={t("nav.learners")}>
      <Link to="/t/$tenant/learners" params={params} aria-current={isReturning ? undefined : "page"}>
        {tf("learners.all")}
      </Link>
      <Link to="/t/$tenant/retention" params={params} aria-current={isReturning ? "page" : undefined}>
        {tf("retention.title")}
      </Link>
    </Tabs>
  );
}
