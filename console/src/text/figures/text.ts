import { lateTexts } from "../late";
import type { FigureCatalogue } from "./en";

/** Texts of the pages with analyses, which are loaded with these pages. */
export const { withTexts: withFigureTexts, text: tf } = lateTexts<FigureCatalogue>({
  en: async () => (await import("./en")).en,
  de: async () => (await import("./de")).de,
});
