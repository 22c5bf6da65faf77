/**
 * Paints what an element shows onto a canvas, without asking the page for anything that its
 * policy does not allow: shapes of SVG, backgrounds, lines and texts, where they stand.
 */

/** Pixels of the picture for each of the page. */
const SCALE = 2;

/** Around what is shown. */
const MARGIN = 20;

/** The most elements that are painted. */
const ELEMENTS_MAX = 20_000;

export interface PictureHead {
  readonly title: string;
  /** What the picture is of: the period, the date. */
  readonly lines: readonly string[];
}

interface Place {
  readonly context: CanvasRenderingContext2D;
  /** What is added to a place on the page. */
  readonly left: number;
  readonly top: number;
  count: number;
}

/** A picture as PNG; undefined if the browser cannot make one. */
export function pictureOf(element: Element, head: PictureHead): Promise<Blob | null> {
  const bounds = element.getBoundingClientRect();
  const headHeight = 26 + head.lines.length * 18 + 12;
  const canvas = document.createElement("canvas");
  canvas.width = (bounds.width + MARGIN * 2) * SCALE;
  canvas.height = (bounds.height + MARGIN * 2 + headHeight) * SCALE;
  const context = canvas.getContext("2d");
  if (!context) return Promise.resolve(null);
  context.scale(SCALE, SCALE);
  const style = getComputedStyle(element.closest(".sheet") ?? element);
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  paintHead(context, head, style, bounds.width);
  const place = { context, left: MARGIN - bounds.left, top: MARGIN + headHeight - bounds.top, count: 0 };
  paint(element, place);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function paintHead(context: CanvasRenderingContext2D, head: PictureHead, style: CSSStyleDeclaration, width: number): void {
  context.fillStyle = style.color;
  context.textBaseline = "top";
  context.font = `600 16px ${style.fontFamily}`;
  context.fillText(head.title, MARGIN, MARGIN, width);
  context.font = `400 12px ${style.fontFamily}`;
  head.lines.forEach((line, index) => context.fillText(line, MARGIN, MARGIN + 26 + index * 18, width));
}

function paint(element: Element, place: Place): void {
  place.count += 1;
  if (place.count > ELEMENTS_MAX) return;
  const style = getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden" || style.clipPath !== "none") return;
  if (element instanceof HTMLButtonElement || element instanceof HTMLSelectElement) return;
  place.context.globalAlpha = Number(style.opacity);
  if (element instanceof SVGGeometryElement) paintShape(element, style, place);
  else if (element instanceof SVGTextElement) paintLabel(element, style, place);
  else if (element instanceof HTMLElement) paintBox(element, style, place);
  if (element instanceof SVGTextElement || element instanceof SVGTitleElement) return;
  for (const child of element.childNodes) {
    if (child instanceof Element) paint(child, place);
    else if (child instanceof Text && !(element instanceof SVGElement)) paintText(child, style, place);
  }
}

function isSeen(color: string): boolean {
  return color !== "none" && color !== "transparent" && !/^url|, 0\)$|\/ 0\)$/u.test(color);
}

/** The outline of a shape in its own units. */
function outlineOf(shape: SVGGeometryElement): Path2D {
  const path = new Path2D();
  if (shape instanceof SVGPathElement) return new Path2D(shape.getAttribute("d") ?? "");
  if (shape instanceof SVGRectElement) {
    path.rect(shape.x.baseVal.value, shape.y.baseVal.value, shape.width.baseVal.value, shape.height.baseVal.value);
  } else if (shape instanceof SVGCircleElement) {
    path.arc(shape.cx.baseVal.value, shape.cy.baseVal.value, shape.r.baseVal.value, 0, Math.PI * 2);
  } else if (shape instanceof SVGLineElement) {
    path.moveTo(shape.x1.baseVal.value, shape.y1.baseVal.value);
    path.lineTo(shape.x2.baseVal.value, shape.y2.baseVal.value);
  } else if (shape instanceof SVGPolylineElement || shape instanceof SVGPolygonElement) {
    [...shape.points].forEach((point, index) => (index === 0 ? path.moveTo(point.x, point.y) : path.lineTo(point.x, point.y)));
  }
  return path;
}

function paintShape(shape: SVGGeometryElement, style: CSSStyleDeclaration, { context, left, top }: Place): void {
  const onPage = shape.getScreenCTM();
  if (!onPage) return;
  const path = new Path2D();
  path.addPath(outlineOf(shape), new DOMMatrix([1, 0, 0, 1, left, top]).multiply(onPage));
  if (isSeen(style.fill)) {
    context.fillStyle = style.fill;
    context.globalAlpha = Number(style.opacity) * Number(style.fillOpacity);
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- It is a canvas.
    context.fill(path);
    context.globalAlpha = Number(style.opacity);
  }
  if (isSeen(style.stroke)) {
    context.strokeStyle = style.stroke;
    context.lineWidth = Number.parseFloat(style.strokeWidth) || 1;
    context.setLineDash(style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(/[\s,]+/u).map((part) => Number.parseFloat(part) || 0));
    context.stroke(path);
  }
}

function fontOf(style: CSSStyleDeclaration): string {
  return `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
}

function paintLabel(label: SVGTextElement, style: CSSStyleDeclaration, { context, left, top }: Place): void {
  const bounds = label.getBoundingClientRect();
  context.font = fontOf(style);
  context.fillStyle = style.fill;
  context.textBaseline = "middle";
  context.fillText(label.textContent ?? "", bounds.left + left, bounds.top + top + bounds.height / 2);
}

const SIDES = ["Top", "Right", "Bottom", "Left"] as const;

function paintBox(element: HTMLElement, style: CSSStyleDeclaration, { context, left, top }: Place): void {
  const bounds = element.getBoundingClientRect();
  const [x, y] = [bounds.left + left, bounds.top + top];
  if (isSeen(style.backgroundColor)) {
    context.fillStyle = style.backgroundColor;
    context.beginPath();
    context.roundRect(x, y, bounds.width, bounds.height, Math.min(Number.parseFloat(style.borderTopLeftRadius) || 0, bounds.height / 2));
    context.fill();
  }
  for (const side of SIDES) {
    const width = Number.parseFloat(style[`border${side}Width`]);
    if (!(width > 0) || style[`border${side}Style`] === "none" || !isSeen(style[`border${side}Color`])) continue;
    context.fillStyle = style[`border${side}Color`];
    const isLevel = side === "Top" || side === "Bottom";
    context.fillRect(
      side === "Right" ? x + bounds.width - width : x,
      side === "Bottom" ? y + bounds.height - width : y,
      isLevel ? bounds.width : width,
      isLevel ? width : bounds.height,
    );
  }
}

/** Paints a text word by word, since it may go over several lines. */
function paintText(node: Text, style: CSSStyleDeclaration, { context, left, top }: Place): void {
  const range = document.createRange();
  context.font = fontOf(style);
  context.fillStyle = style.color;
  context.textBaseline = "middle";
  for (const word of node.data.matchAll(/\S+/gu)) {
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const bounds = range.getBoundingClientRect();
    if (bounds.width > 0) context.fillText(word[0], bounds.left + left, bounds.top + top + bounds.height / 2);
  }
}
