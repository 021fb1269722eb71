// Charts as small SVG: bars that lie, and lines over a logarithmic axis. They
// bring their own background, so that they can be read on any page.
const WIDTH = 720;
const STYLE = `<style>
text{font:12px system-ui,sans-serif;fill:#24292f}
.b{fill:#fff}.g{stroke:#d0d7de}.s0{fill:#0969da;stroke:#0969da}
.s1{fill:#8c959f;stroke:#8c959f}.s2{fill:#bf8700;stroke:#bf8700}
.s3{fill:#1a7f37;stroke:#1a7f37}.l{fill:none;stroke-width:2}.t{font-weight:600}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.b{fill:#0d1117}
.g{stroke:#30363d}.s0{fill:#4493f8;stroke:#4493f8}.s1{fill:#768390;stroke:#768390}
.s2{fill:#d29922;stroke:#d29922}.s3{fill:#3fb950;stroke:#3fb950}}
</style>`;

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function svg(height: number, title: string, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escape(title)}</title>
${STYLE}
<rect class="b" width="${WIDTH}" height="${height}" rx="6"/>
<text class="t" x="16" y="24">${escape(title)}</text>
${body}
</svg>
`;
}

/** A bar: ours or a peer's. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The value as it is written. */
  readonly text: string;
  readonly isOurs: boolean;
}

const BAR_LEFT = 300;
const BAR_RIGHT = WIDTH - 90;
const BAR_PITCH = 22;

/** Bars from the top down, as long as their values. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const body = bars.map(({ label, value, text, isOurs }, n) => {
    const y = 42 + n * BAR_PITCH;
    const width = Math.max(1, (value / most) * (BAR_RIGHT - BAR_LEFT));
    return `<text x="${BAR_LEFT - 8}" y="${y + 12}" text-anchor="end">${
      escape(label)
    }</text>` +
      `<rect class="${isOurs ? "s0" : "s1"}" x="${BAR_LEFT}" y="${y}" width="${
        width.toFixed(1)
      }" height="15" rx="2"/>` +
      `<text x="${(BAR_LEFT + width + 6).toFixed(1)}" y="${y + 12}">${
        escape(text)
      }</text>`;
  });
  return svg(52 + bars.length * BAR_PITCH, title, body.join("\n"));
}

/** A line: a value for each of the chart's places, or none. */
export interface Line {
  readonly label: string;
  readonly values: readonly number[];
}

const PLOT = { left: 70, right: WIDTH - 24, top: 66, bottom: 250 };

/** Round numbers for an axis from 0 to somewhat above the most. */
function ticks(most: number): number[] {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((n) => n * power >= rough)! * power;
  const count = Math.ceil(most / step);
  return Array.from({ length: count + 1 }, (_, n) => n * step);
}

/** A number on an axis. */
export function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  if (value >= 1e3) return `${value / 1e3}k`;
  return `${Number(value.toPrecision(3))}`;
}

/** Lines over places that are spread by their logarithm. */
export function lineChart(
  title: string,
  places: readonly number[],
  lines: readonly Line[],
): string {
  const { left, right, top, bottom } = PLOT;
  const marks = ticks(Math.max(...lines.flatMap(({ values }) => values)));
  const [first, last] = [Math.log(places[0]!), Math.log(places.at(-1)!)];
  const x = (place: number) =>
    left + (Math.log(place) - first) / (last - first) * (right - left);
  const y = (value: number) =>
    Math.round(bottom - value / marks.at(-1)! * (bottom - top));
  const grid = marks.map((mark) =>
    `<line class="g" x1="${left}" x2="${right}" y1="${y(mark)}" y2="${
      y(mark)
    }"/>` +
    `<text x="${left - 8}" y="${y(mark) + 4}" text-anchor="end">${
      short(mark)
    }</text>`
  );
  const foot = places.map((place) =>
    `<text x="${x(place).toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${
      short(place)
    }</text>`
  );
  const drawn = lines.map(({ label, values }, n) => {
    const points = values.map((value, at) =>
      `${x(places[at]!).toFixed(1)},${y(value)}`
    );
    const dots = points.map((point) => {
      const [cx, cy] = point.split(",");
      return `<circle class="s${n}" cx="${cx}" cy="${cy}" r="3"/>`;
    });
    return `<polyline class="l s${n}" style="fill:none" points="${
      points.join(" ")
    }"/>${dots.join("")}<circle class="s${n}" cx="${
      22 + n * 170
    }" cy="46" r="4"/><text x="${32 + n * 170}" y="50">${escape(label)}</text>`;
  });
  return svg(284, title, [...grid, ...foot, ...drawn].join("\n"));
}
