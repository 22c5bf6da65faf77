export type Theme = "light" | "dark";

const CHOSEN = "acta.theme";

/** Applies the stored choice; without one, the system decides. */
export function applyTheme(): void {
  const chosen = localStorage.getItem(CHOSEN);
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}

export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function toggleTheme(): void {
  const theme = currentTheme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(CHOSEN, theme);
}
