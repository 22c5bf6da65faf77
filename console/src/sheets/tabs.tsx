import type { ReactNode } from "react";

/** What a page is divided into; the links in it lead there. */
export function Tabs({ label, children }: { label: string; children: ReactNode }) {
  return (
    <nav className="tabs" aria-label={label}>
      {children}
    </nav>
  );
}
