/** A line plot as an SVG document that needs nothing beside it. */

/** One line of a plot. */
export interface Series {
  readonly name: string;
  /** In the order of x. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** What is drawn. */
export interface LinePlot {
  readonly title: string;
  /** With the unit. */
  readonly xLabel: string;
  readonly yLabel: string;
  /** Steps of x that double are equally wide. */
  readonly doubling?: boolean;
  readonly series: readonly Series[];
}

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 64;
const TOP = 44;
const BOTTOM = 56;
/** The legend stands on the right. */
const RIGHT = 190;
const TICKS = 6;
/** Colours that differ in lightness too, so that they can be told apart in print. */
const COLOURS = ['#1b6ca8', '#d1495b', '#2e8b57', '#e08e0b', '#6a4c93', '#3d3d3d', '#00a6a6', '#a0522d'];
const DASHES = ['', '6 4', '2 3'];

/** Draws the plot; the y axis begins at 0. */
export function linePlot({ title, xLabel, yLabel, doubling = false, series }: LinePlot): string {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const scale = (x: number) => (doubling ? Math.log2(x) : x);
  const first = scale(xs[0] ?? 0);
  const span = scale(xs[xs.length - 1] ?? 1) - first || 1;
  const step = niceStep(Math.max(0, ...series.flatMap(({ points }) => points.map(({ y }) => y))) / TICKS);
  const top = step * Math.ceil(Math.max(1e-9, ...series.flatMap(({ points }) => points.map(({ y }) => y))) / step);
  const right = WIDTH - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const toX = (x: number) => round(LEFT + ((scale(x) - first) / span) * (right - LEFT));
  const toY = (y: number) => round(bottom - (y / top) * (bottom - TOP));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${quoted(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text((LEFT + right) / 2, 24, title, 'text-anchor="middle" font-size="15"'),
  ];
  for (let tick = 0; tick <= Math.round(top / step); tick++) {
    const y = toY(tick * step);
    parts.push(`<line x1="${LEFT}" y1="${y}" x2="${right}" y2="${y}" stroke="#dddddd"/>`);
    parts.push(text(LEFT - 8, y + 4, String(round(tick * step)), 'text-anchor="end"'));
  }
  for (const x of xs) {
    parts.push(`<line x1="${toX(x)}" y1="${bottom}" x2="${toX(x)}" y2="${bottom + 5}" stroke="#333333"/>`);
    parts.push(text(toX(x), bottom + 19, String(x), 'text-anchor="middle"'));
  }
  parts.push(`<path d="M${LEFT} ${TOP}V${bottom}H${right}" fill="none" stroke="#333333"/>`);
  parts.push(text((LEFT + right) / 2, HEIGHT - 14, xLabel, 'text-anchor="middle"'));
  const middle = (TOP + bottom) / 2;
  parts.push(text(18, middle, yLabel, `text-anchor="middle" transform="rotate(-90 18 ${middle})"`));
  series.forEach(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const dash = DASHES[Math.floor(i / COLOURS.length) % DASHES.length];
    const stroke = `stroke="${colour}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`;
    parts.push(
      `<polyline points="${points.map(({ x, y }) => `${toX(x)},${toY(y)}`).join(' ')}" fill="none" ${stroke}/>`,
    );
    for (const { x, y } of points) parts.push(`<circle cx="${toX(x)}" cy="${toY(y)}" r="3" fill="${colour}"/>`);
    const y = TOP + 10 + i * 20;
    parts.push(`<line x1="${right + 16}" y1="${y}" x2="${right + 40}" y2="${y}" ${stroke}/>`);
    parts.push(text(right + 46, y + 4, name));
  });
  return `${[...parts, '</svg>'].join('\n')}\n`;
}

/** 1, 2 or 5 times a power of ten, not below `least`. */
function niceStep(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function text(x: number, y: number, words: string, attributes = ''): string {
  return `<text x="${x}" y="${y}"${attributes === '' ? '' : ` ${attributes}`}>${quoted(words)}</text>`;
}

function quoted(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
