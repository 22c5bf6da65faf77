import { currentLanguage, type Language } from "./text";

type Values<Text> = Text extends (...values: infer V) => string ? V : [];

/**
 * Texts that are loaded together with the pages that show them: `withTexts` loads them before a
 * page is shown, and `text` is the text with a name; the name itself before they are there.
 */
export function lateTexts<C extends object>(load: Record<Language, () => Promise<C>>) {
  let catalogue: C | undefined;
  const loadTexts = async () => {
    catalogue ??= await load[currentLanguage()]();
  };
  return {
    withTexts:
      <T>(loadPage: () => Promise<T>): (() => Promise<T>) =>
      async () => {
        const [page] = await Promise.all([loadPage(), loadTexts()]);
        return page;
      },
    text<K extends keyof C & string>(key: K, ...values: Values<C[K]>): string {
      const found = catalogue?.[key] as string | ((...values: unknown[]) => string) | undefined;
      if (found === undefined) return key;
      return typeof found === "string" ? found : found(...values);
    },
  };
}
