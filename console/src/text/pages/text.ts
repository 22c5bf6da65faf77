import { lateTexts } from "../late";
import type { PageCatalogue } from "./en";

/** Texts of the pages of statements, sources, people and groups, which are loaded with these pages. */
export const { withTexts: withPageTexts, text: tp } = lateTexts<PageCatalogue>({
  en: async () => (await import("./en")).en,
  de: async () => (await import("./de")).de,
});
