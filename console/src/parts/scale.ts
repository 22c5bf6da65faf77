/** Round steps for an axis from zero: at most `steps` above it. */
export function ticks(most: number, steps = 4): number[] {
  if (!(most > 0)) return [0, 1];
  const raw = most / steps;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw) ?? 10 * power;
  const values: number[] = [];
  for (let value = 0; value < most + step * 0.999; value += step) values.push(Number(value.toPrecision(12)));
  return values;
}

/** Which of `total` positions get a label, so that at most `most` do. */
export function labelled(total: number, most: number): number[] {
  const step = Math.max(1, Math.ceil(total / most));
  return Array.from({ length: Math.ceil(total / step) }, (_, index) => index * step);
}
