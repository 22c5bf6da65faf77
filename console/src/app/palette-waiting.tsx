import { Search } from "lucide-react";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icon";
import { t } from "../text/text";

/** The search box while its code is on its way: what is typed meanwhile is kept. */
export function PaletteWaiting({
  kind,
  typed,
  onType,
  onClose,
}: {
  kind: "search" | "tenants";
  typed: string;
  onType: (text: string) => void;
  onClose: () => void;
}) {
  return (
    <Dialog title={kind === "tenants" ? t("palette.tenants") : t("palette.title")} onClose={onClose}>
      <div className="palette-input">
        <Icon of={Search} />
        <input
          type="text"
          aria-label={t("nav.search")}
          placeholder={t("palette.hint")}
          autoComplete="off"
          value={typed}
          onChange={(event) => onType(event.target.value)}
        />
      </div>
      <p className="faint pad-2" role="status">
        {t("state.loading")}
      </p>
    </Dialog>
  );
}
