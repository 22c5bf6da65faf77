import { X } from "lucide-react";
import { useEffect, useId, useRef, type ReactNode } from "react";
import { t } from "../text/text";
import { Icon } from "./icon";

/**
 * A dialog over the page. The browser keeps the focus in it, closes it with Escape, and gives the
 * focus back.
 */
export function Dialog({
  title,
  onClose,
  children,
  wide = false,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const shown = dialog.current;
    if (shown && !shown.open) {
      shown.showModal();
      // The browser has chosen the button that closes it.
      shown.querySelector<HTMLElement>("input, select, textarea, .primary, .solid-bad")?.focus();
    }
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`dialog ${wide ? "wide" : ""}`}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={heading}>{title}</h2>
        <button className="btn quiet icon sm" type="button" aria-label={t("action.close")} onClick={onClose}>
          <Icon of={X} />
        </button>
      </header>
      {children}
    </dialog>
  );
}
