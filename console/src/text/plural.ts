const rules = new Map<string, Intl.PluralRules>();

/** A text by the number in it, which replaces `#`. */
export function counted(language: string, value: number, texts: { one: string; other: string }): string {
  let rule = rules.get(language);
  if (!rule) rules.set(language, (rule = new Intl.PluralRules(language)));
  const text = rule.select(value) === "one" ? texts.one : texts.other;
  return text.replace("#", new Intl.NumberFormat(language).format(value));
}
