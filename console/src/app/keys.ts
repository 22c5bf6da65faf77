import { useEffect, useEffectEvent } from "react";

const OFF = "acta.keys";

/** Whether keys without a modifier do something: they can be switched off. */
export function areKeysOn(): boolean {
  return localStorage.getItem(OFF) !== "off";
}

export function setKeysOn(isOn: boolean): void {
  localStorage.setItem(OFF, isOn ? "on" : "off");
}

/** Whether somebody types into what has the focus. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/**
 * Handles keys while the view is shown, but not while somebody types or a dialog is open. A name
 * is that of the key, or two after one another as in `g s`.
 */
export function useKeys(handlers: Record<string, (event: KeyboardEvent) => void>): void {
  const find = useEffectEvent((name: string) => handlers[name]);
  useEffect(() => {
    let first = "";
    let firstAt = 0;
    const listen = (event: KeyboardEvent) => {
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
      if (event.defaultPrevented || hasModifier || !areKeysOn() || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      const isButton = event.target instanceof HTMLElement && event.target.closest("button, a, summary, [role=tab]");
      if (isButton && (event.key === " " || event.key === "Enter")) return;
      const key = event.key.toLowerCase();
      // What follows a G is a place, and nothing else.
      const isPlace = first === "g" && event.timeStamp - firstAt < 1_000;
      const handler = find(isPlace ? `g ${key}` : key);
      first = key;
      firstAt = event.timeStamp;
      if (!handler) return;
      event.preventDefault();
      handler(event);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
