import { plainly } from "../statement/visible";
import { t } from "../text/text";
import { labelled, ticks } from "./scale";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The same of the period before. */
  readonly before?: number;
  /** Whether its period is not over. */
  readonly isRunning?: boolean;
  /** Whether the value is withheld. */
  readonly isWithheld?: boolean;
  readonly title: string;
}

/** How much, over time or by group: bars from zero, the period before as a tick on each. */
export function Bars({
  bars,
  label,
  format,
  height = 180,
}: {
  bars: readonly Bar[];
  /** A summary for those who do not see the chart. */
  label: string;
  format: (value: number) => string;
  height?: number;
}) {
  const most = Math.max(0, ...bars.map((bar) => Math.max(bar.value, bar.before ?? 0)));
  const steps = ticks(most);
  const top = steps.at(-1) ?? 1;
  const width = 100 / Math.max(bars.length, 1);
  const y = (value: number) => `${100 - (value / top) * 100}%`;
  return (
    <div className="chart">
      <div className="y" aria-hidden="true">
        {steps.map((step) => (
          <span key={step} style={{ top: y(step) }}>
            {format(step)}
          </span>
        ))}
      </div>
      <svg height={height} role="img" aria-label={label}>
        {steps.map((step) => (
          <line key={step} className={step === 0 ? "ax" : "gl"} x1="0" x2="100%" y1={y(step)} y2={y(step)} />
        ))}
        {bars.map((bar, index) => (
          <g key={index}>
            <title>{bar.title}</title>
            <rect className="hit" x={`${index * width}%`} y="0" width={`${width}%`} height="100%" />
            <rect
              className={bar.isRunning ? "f1 part-bar l1" : "f1"}
              x={`${index * width + width * 0.12}%`}
              y={y(bar.value)}
              width={`${width * 0.76}%`}
              height={`${(bar.value / top) * 100}%`}
            />
            {bar.isWithheld ? (
              <text className="lb" x={`${(index + 0.5) * width}%`} y="100%" dy="-5" textAnchor="middle">
                {t("withheld.sign")}
              </text>
            ) : null}
            {bar.before === undefined ? null : (
              <>
                <line className="halo" x1={`${index * width + width * 0.06}%`} x2={`${(index + 1) * width - width * 0.06}%`} y1={y(bar.before)} y2={y(bar.before)} />
                <line className="past" x1={`${index * width + width * 0.06}%`} x2={`${(index + 1) * width - width * 0.06}%`} y1={y(bar.before)} y2={y(bar.before)} />
              </>
            )}
          </g>
        ))}
      </svg>
      <div className="x" aria-hidden="true">
        {labelled(bars.length, 8).map((index) => (
          <span key={index} style={{ insetInlineStart: `${(index + 0.5) * width}%` }}>
            {bars[index]?.label}
          </span>
        ))}
      </div>
    </div>
  );
}

/** A trend beside a figure. */
export function Spark({ values }: { values: readonly (number | undefined)[] }) {
  const known = values.filter((value) => value !== undefined);
  if (known.length < 2) return null;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const range = most - least || 1;
  const points = values.flatMap((value, index) =>
    value === undefined ? [] : [`${(index / (values.length - 1)) * 62 + 1},${23 - ((value - least) / range) * 20}`],
  );
  const last = points.at(-1)?.split(",") ?? [];
  return (
    <svg width="66" height="26" aria-hidden="true" className="spark">
      <polyline className="ln thin l1" points={points.join(" ")} />
      <circle className="f1" cx={last[0]} cy={last[1]} r="2.2" />
    </svg>
  );
}

export interface Series {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
  /** At which places the value is of a period that is not over, or not whole. */
  readonly partial?: readonly boolean[];
}

/** Levels over time: at most six lines, named in the key. A gap is a gap. */
export function Lines({
  series,
  labels,
  label,
  format,
  height = 220,
}: {
  series: readonly Series[];
  labels: readonly string[];
  label: string;
  format: (value: number) => string;
  height?: number;
}) {
  const most = Math.max(0, ...series.flatMap((one) => one.values.map((value) => value ?? 0)));
  const steps = ticks(most);
  const top = steps.at(-1) ?? 1;
  const y = (value: number) => 100 - (value / top) * 100;
  const x = (index: number) => (labels.length < 2 ? 50 : (index / (labels.length - 1)) * 100);
  return (
    <div className="chart">
      <div className="y" aria-hidden="true">
        {steps.map((step) => (
          <span key={step} style={{ top: `${y(step)}%` }}>
            {format(step)}
          </span>
        ))}
      </div>
      <svg height={height} role="img" aria-label={label} viewBox="0 0 100 100" preserveAspectRatio="none">
        {steps.map((step) => (
          <line key={step} className={step === 0 ? "ax thin-line" : "gl thin-line"} x1="0" x2="100" y1={y(step)} y2={y(step)} />
        ))}
        {(labels.length <= PLACES_MAX ? labels : []).map((name, index) => (
          <g key={index}>
            <title>{`${name}: ${series.map((one) => valueAt(one, index, format)).join(", ")}`}</title>
            <rect className="hit" x={x(index - 0.5)} y="0" width={x(1) - x(0) || 100} height="100" />
          </g>
        ))}
        {series.slice(0, 6).map((one, at) => (
          <g key={one.name} pointerEvents="none">
            <title>{one.name}</title>
            <path className={`ln l${at + 1}`} d={pathOf(one.values, x, y, (index) => !isPartial(one, index))} />
            {one.partial ? <path className={`ln l${at + 1} part`} d={pathOf(one.values, x, y, (index) => isPartial(one, index))} /> : null}
          </g>
        ))}
      </svg>
      <div className="x" aria-hidden="true">
        {labelled(labels.length, 8).map((index) => (
          <span key={index} style={{ insetInlineStart: `${x(index)}%` }}>
            {labels[index]}
          </span>
        ))}
      </div>
    </div>
  );
}

/** The most places whose values are said when somebody points at them; the table has all. */
const PLACES_MAX = 400;

function valueAt({ name, values }: Series, index: number, format: (value: number) => string): string {
  const value = values[index];
  return `${plainly(name)} ${value === undefined ? "–" : format(value)}`;
}

/** Whether the line to a place begins or ends at a period that is not whole. */
function isPartial({ partial }: Series, index: number): boolean {
  return partial?.[index] === true || partial?.[index - 1] === true;
}

/** The lines from each value to the next that are wanted, each by where it ends. A gap is a gap. */
function pathOf(
  values: readonly (number | undefined)[],
  x: (index: number) => number,
  y: (value: number) => number,
  isWanted: (index: number) => boolean,
): string {
  let path = "";
  values.forEach((value, index) => {
    if (value === undefined) return;
    const before = values[index - 1];
    const hasLine = before !== undefined && isWanted(index);
    path += `${hasLine ? "L" : "M"}${x(index).toFixed(2)} ${y(value).toFixed(2)}`;
    // A value between gaps is a dot.
    if (before === undefined && values[index + 1] === undefined && isWanted(index)) path += "h0";
  });
  return path;
}
