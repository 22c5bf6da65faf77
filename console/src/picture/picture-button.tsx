import { ImageDown } from "lucide-react";
import type { RefObject } from "react";
import { saveFile } from "../parts/copy";
import { Icon } from "../parts/icon";
import { plainly } from "../statement/visible";
import { moment } from "../text/format";
import { t } from "../text/text";

/** Saves what a sheet shows as a picture, with its title, what the page is of, and the date. */
export function PictureButton({ title, file, of }: { title: string; file: string; of: RefObject<Element | null> }) {
  const save = async () => {
    if (!of.current) return;
    const { pictureOf } = await import("./paint");
    const about = document.querySelector(".under-head")?.textContent ?? "";
    const page = document.querySelector("h1")?.textContent ?? "";
    const picture = await pictureOf(of.current, { title, lines: [plainly(`${page}. ${about}`), moment(new Date())] });
    if (picture) saveFile(file, "image/png", picture);
  };
  return (
    <button className="btn quiet icon sm" type="button" aria-label={t("chart.png", title)} title={t("export.png")} onClick={() => void save()}>
      <Icon of={ImageDown} />
    </button>
  );
}
