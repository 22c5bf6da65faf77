import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { t } from "../text/text";
import { Icon } from "./icon";

/** Copies a text, and says that it did. */
export function CopyButton({
  text,
  label = t("action.copy"),
  name,
  quiet = false,
  iconOnly = false,
  big = false,
}: {
  text: string | (() => string);
  label?: string;
  /** The name for those who do not see what stands beside the button. */
  name?: string;
  quiet?: boolean;
  iconOnly?: boolean;
  /** Whether it is as high as the other buttons of a page's head. */
  big?: boolean;
}) {
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setIsCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async () => {
    await navigator.clipboard.writeText(typeof text === "string" ? text : text());
    setIsCopied(true);
  };
  const shown = isCopied ? t("action.copied") : label;
  return (
    <button
      className={`btn ${big ? "" : "sm"} ${quiet ? "quiet" : ""} ${iconOnly ? "icon" : ""}`}
      type="button"
      aria-label={isCopied ? t("action.copied") : (name ?? (iconOnly ? label : undefined))}
      title={iconOnly ? label : undefined}
      onClick={() => void copy()}
    >
      <Icon of={isCopied ? Check : Copy} />
      {iconOnly ? null : shown}
    </button>
  );
}

/** Saves a text or a picture as a file. */
export function saveFile(name: string, type: string, content: string | Blob): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
