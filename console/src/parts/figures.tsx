import type { CSSProperties } from "react";

/** A key figure, and what it is of. */
export interface Figure {
  readonly name: string;
  /** Undefined where there is none, or not yet. */
  readonly value: string | undefined;
  readonly text: string;
}

/** Key figures in one strip. */
export function FigureStrip({ label, figures }: { label: string; figures: readonly Figure[] }) {
  return (
    <section className="sheet" aria-label={label}>
      <div className="figures" style={{ "--n": figures.length } as CSSProperties}>
        {figures.map((figure) => (
          <div key={figure.name}>
            <span className="k">{figure.name}</span>
            <span className="v">{figure.value ?? "–"}</span>
            <span className="d">{figure.text || "\u00A0"}</span>
          </div>
        ))}
      </div>
    </section>
  );
}
