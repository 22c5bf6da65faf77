import { Download } from "lucide-react";
import { useState } from "react";
import { filterOf, identifierOf } from "../../api/statements";
import { useViewer } from "../../app/context";
import { saveFile } from "../../parts/copy";
import { Icon } from "../../parts/icon";
import { useToast } from "../../parts/toast";
import { count } from "../../text/format";
import { tf } from "../../text/figures/text";
import { t } from "../../text/text";
import { exportCsv, EXPORT_ROWS_MAX } from "../statements/export";
import type { Known } from "./known-as";

/** Saves every statement of a learner, by all of their identifiers, as one file. */
export function ExportRecord({ known }: { known: readonly Known[] }) {
  const { tenant } = useViewer();
  const toast = useToast();
  const [rows, setRows] = useState<number>();
  const run = async () => {
    setRows(0);
    try {
      const texts: string[] = [];
      let before = 0;
      let isAnyCut = false;
      for (const { agent } of known) {
        const start = before;
        const { text, isCut } = await exportCsv(tenant, filterOf({ agent: identifierOf(agent) }), (own) => {
          before = start + own;
          setRows(before);
        });
        // The head of the columns stands once.
        texts.push(texts.length === 0 ? text : text.slice(text.indexOf("\r\n") + 2));
        isAnyCut ||= isCut;
      }
      saveFile("record.csv", "text/csv;charset=utf-8", texts.join(""));
      if (isAnyCut) toast({ text: t("export.cut", count(EXPORT_ROWS_MAX)) });
    } catch {
      toast({ text: t("export.failed"), isBad: true });
    } finally {
      setRows(undefined);
    }
  };
  return (
    <button className="btn hide-s" type="button" disabled={rows !== undefined || known.length === 0} onClick={() => void run()}>
      <Icon of={Download} />
      {rows === undefined ? tf("learner.export") : t("export.running", count(rows))}
    </button>
  );
}
