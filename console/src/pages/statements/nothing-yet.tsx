import { Link } from "@tanstack/react-router";
import { Plug } from "lucide-react";
import { useViewer } from "../../app/context";
import { Empty } from "../../parts/states";
import { t } from "../../text/text";

/** Says that nothing was ever stored, and leads those who may connect a source to that page. */
export function NothingYet({ hint }: { hint: string }) {
  const { tenant, may } = useViewer();
  return (
    <Empty
      icon={Plug}
      title={t("statements.none")}
      actions={
        may("write-credentials") ? (
          <Link className="btn primary" to="/t/$tenant/sources/connect" params={{ tenant: String(tenant) }}>
            {t("sources.connect")}
          </Link>
        ) : null
      }
    >
      {hint}
    </Empty>
  );
}
