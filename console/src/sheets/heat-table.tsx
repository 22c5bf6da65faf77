import type { CSSProperties, ReactNode } from "react";
import { Withheld } from "../parts/partial";
import { tf } from "../text/figures/text";
import { percent } from "../text/format";

export interface HeatRow {
  readonly key: string;
  readonly name: ReactNode;
  /** How many the row is about. */
  readonly size: ReactNode;
  /** Percent; undefined where there is nothing, null where it is withheld. */
  readonly cells: readonly (number | null | undefined)[];
}

/** The darkness of a share: one of seven levels. */
export function levelOf(share: number): number {
  return share <= 0 ? 0 : Math.min(6, 1 + Math.floor(share / 17));
}

/** Who got how far, or came again: one hue, with the numbers in the cells. */
export function HeatTable({ caption, head, sizeHead, columns, rows }: { caption: string; head: string; sizeHead: string; columns: readonly string[]; rows: readonly HeatRow[] }) {
  return (
    <div className="wide-table" tabIndex={0} role="region" aria-label={tf("heat.region", caption)}>
      <table className="heat-table" style={{ "--n": columns.length } as CSSProperties}>
        <thead>
          <tr>
            <th scope="col">{head}</th>
            <th scope="col" className="num">
              {sizeHead}
            </th>
            {columns.map((column, index) => (
              <th key={index} scope="col">
                <bdi>{column}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">{row.name}</th>
              <td className="num size">{row.size}</td>
              {columns.map((column, index) => (
                <HeatCell key={column + String(index)} value={row.cells[index]} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function HeatCell({ value }: { value: number | null | undefined }) {
  if (value === undefined) return <td className="nothing" />;
  if (value === null) {
    return (
      <td className="cell q0">
        <Withheld />
      </td>
    );
  }
  return <td className={`cell q${levelOf(value)}`}>{percent(value / 100)}</td>;
}
