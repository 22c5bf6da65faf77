import { Download } from "lucide-react";
import { csvOf } from "../statement/visible";
import { t } from "../text/text";
import { saveFile } from "./copy";
import { Icon } from "./icon";

/** Saves the rows of a sheet as CSV. */
export function CsvButton({ title, file, rows }: { title: string; file: string; rows: () => readonly (readonly unknown[])[] }) {
  return (
    <button
      className="btn quiet icon sm"
      type="button"
      aria-label={t("chart.csv", title)}
      title={t("export.csv")}
      onClick={() => saveFile(file, "text/csv;charset=utf-8", csvOf(rows()))}
    >
      <Icon of={Download} />
    </button>
  );
}
