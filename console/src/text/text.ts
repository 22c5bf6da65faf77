import type { Catalogue } from "./en";
import { en } from "./en";

export type { Catalogue };

const CHOSEN = "acta.language";

/** The languages of the console. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

let language: Language = "en";
let catalogue: Catalogue = en;

function isLanguage(text: string | null | undefined): text is Language {
  return text !== null && text !== undefined && Object.hasOwn(LANGUAGES, text);
}

/** Chooses the language: the stored choice, then what the browser asks for. */
export async function loadTexts(): Promise<void> {
  const stored = localStorage.getItem(CHOSEN);
  const asked = navigator.languages.map((tag) => tag.split("-")[0]).find(isLanguage);
  language = isLanguage(stored) ? stored : (asked ?? "en");
  if (language === "de") catalogue = (await import("./de")).de;
  document.documentElement.lang = language;
}

export function chooseLanguage(chosen: Language): void {
  localStorage.setItem(CHOSEN, chosen);
  window.location.reload();
}

export function currentLanguage(): Language {
  return language;
}

type Key = keyof Catalogue;
type Values<K extends Key> = Catalogue[K] extends (...values: infer V) => string ? V : [];

/** The text of the console with this name. */
export function t<K extends Key>(key: K, ...values: Values<K>): string {
  const text = catalogue[key] as string | ((...values: unknown[]) => string);
  return typeof text === "string" ? text : text(...values);
}

/** The locale of numbers and dates: the browser's own, if it is of the language of the console. */
export function locale(): string {
  return navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;
}

/** The languages that statements are read in: that of the console, then those of the browser. */
export function readingLanguages(): string[] {
  return [...new Set([locale(), language, ...navigator.languages])];
}
