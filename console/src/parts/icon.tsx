import type { LucideIcon } from "lucide-react";

/** An icon beside a word, which says the same. */
export function Icon({ of: Glyph, className = "" }: { of: LucideIcon; className?: string }) {
  return <Glyph className={`i ${className}`} strokeWidth={1.5} aria-hidden="true" />;
}

/** The mark of Acta: an A whose bar runs on as a line of the record. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="2.4" strokeLinecap="square">
      <path d="M4 20L10.5 4.5 17 20M7.6 14.5H22" />
    </svg>
  );
}
