// Random text of whole events: mostly valid, in stored form or in any other.
import type { Random } from "./_form.ts";
import {
  deepText,
  mutated,
  nameText,
  objectText,
  space,
  stringText,
  type TextRandom,
  valueText,
} from "./_json_text.ts";
import { numberText } from "./_number_text.ts";

const HEX = [..."0123456789abcdef"];

function hex(length: number, random: Random): string {
  let text = "";
  while (text.length < length) text += random.pick(HEX);
  return text;
}

function uuidText(random: Random): string {
  const id = [8, 4, 4, 4, 12].map((n) => hex(n, random)).join("-");
  if (!random.oneIn(12)) return `"${id}"`;
  const compact = id.replaceAll("-", "");
  return JSON.stringify(random.pick(
    random.oneIn(20)
      ? [`${id} `, `{${id}`, `${id}}`, id.slice(1), `urn:${id}`, `\0${id}`, ""]
      : [id.toUpperCase(), compact, `{${id}}`, `urn:uuid:${id}`],
  ));
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

function timestampText(random: Random): string {
  const year = String(random.below(10_000)).padStart(4, "0");
  const month = 1 + random.below(random.oneIn(60) ? 14 : 12);
  const day = random.below(random.oneIn(60) ? 34 : 28) + 1;
  const hour = random.below(random.oneIn(60) ? 26 : 24);
  const clock = [hour, random.below(60), random.below(60)].map(two).join(":");
  const fraction = random.oneIn(2)
    ? ""
    : random.pick([".", ","]) + random.below(10 ** random.below(10));
  const zone = random.oneIn(90)
    ? random.pick(["+24:00", "+01:60", "+1", "ZZ", "+010", "Zulu"])
    : random.pick(["Z", "Z", "z", "", "+05:30", "-0830", "+00:00", "-00:00"]);
  const t = random.oneIn(20) ? random.pick([" ", "t"]) : "T";
  return `"${year}-${two(month)}-${two(day)}${t}${clock}${fraction}${zone}"`;
}

function digestText(random: Random): string {
  if (random.oneIn(2)) return "null";
  if (!random.oneIn(200)) return `"${hex(64, random)}"`;
  return random.pick(['""', `"${"A".repeat(64)}"`, `"${"0".repeat(63)}"`]);
}

function payloadText(random: TextRandom): string {
  if (random.oneIn(300)) return deepText(random);
  if (random.oneIn(200)) return valueText(random, 2);
  return objectText(random, 1 + random.below(5));
}

/** The fields of an event, each with a text for its value. */
function fieldsOf(random: TextRandom): [name: string, value: string][] {
  const name = () =>
    JSON.stringify(random.pick(["data.", "harness."])) +
    nameText(random);
  const fields: [string, string][] = [
    ["event_id", uuidText(random)],
    ["trace_id", uuidText(random)],
    ["task_id", uuidText(random)],
    ["parent_id", random.oneIn(2) ? "null" : uuidText(random)],
    ["type", random.oneIn(200) ? stringText(random) : name().replace('""', "")],
    ["ts", timestampText(random)],
    ["source", nameText(random)],
    ["payload", payloadText(random)],
    ["schema_version", random.oneIn(30) ? numberText(random) : "1"],
  ];
  if (random.oneIn(5)) return fields;
  return [
    ...fields,
    ["prev_hash", digestText(random)],
    ["hash", digestText(random)],
    ["sig", digestText(random)],
  ];
}

/** Fields in any order, some twice, some missing, some unknown, with space. */
function looseText(fields: [string, string][], random: TextRandom): string {
  const all = [...fields];
  if (random.oneIn(4)) {
    const [key] = random.pick(fields);
    all.push([key, valueText(random, 2)], random.pick(fields));
  }
  if (random.oneIn(4)) {
    all.push([
      random.pick(["more", "__proto__", "Payload"]),
      payloadText(random),
    ]);
  }
  for (let n = all.length - 1; n > 0; n--) {
    const other = random.below(n + 1);
    [all[n], all[other]] = [all[other]!, all[n]!];
  }
  if (random.oneIn(40)) all.pop();
  const members = all.map(([key, value]) =>
    `${space(random)}"${key}"${space(random)}:${space(random)}${value}`
  );
  return `${space(random)}{${members.join(",")}${space(random)}}${
    space(random)
  }`;
}

/** The text of an event, or of what is nearly one. */
export function eventJson(random: TextRandom): string {
  // Half of them are in stored form, or nearly, which is read by other ways.
  random.isCompact = random.oneIn(2);
  const fields = fieldsOf(random);
  const text = !random.isCompact
    ? looseText(fields, random)
    : `{${fields.map(([key, value]) => `"${key}":${value}`).join(",")}}`;
  return random.oneIn(5) ? mutated(text, random) : text;
}
