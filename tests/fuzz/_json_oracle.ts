// docs/formats.md in Python, on the modules that the predecessor's text comes
// from: json reads and writes, float and int are its own, hashlib digests.
import { Peer } from "./_peer.ts";
import { pythonPeer } from "./_python.ts";

const PROGRAM = `
import datetime, hashlib, json, re

# Limits of Python's own: digits without end are no error of JSON, nor are levels
# that an equal key behind them replaces.
sys.set_int_max_str_digits(0)
sys.setrecursionlimit(100_000)

class Refused(Exception):
    pass

def refuse(why):
    raise Refused(why)

LEVELS_MAX = 200

def check(value, level=1):
    if isinstance(value, str):
        if any(0xd800 <= ord(c) <= 0xdfff for c in value):
            refuse("surrogate")
    elif isinstance(value, bool) or value is None:
        pass
    elif isinstance(value, float):
        if value - value != 0:
            refuse("not finite")
    elif isinstance(value, int):
        try:
            float(value)
        except OverflowError:
            refuse("beyond a double")
    else:
        if level > LEVELS_MAX:
            refuse("too deep")
        if isinstance(value, dict):
            for key, member in value.items():
                check(key)
                check(member, level + 1)
        else:
            for item in value:
                check(item, level + 1)

HEX = "[0-9a-fA-F]"
UUID = re.compile("(?:[uU][rR][nN]:[uU][uU][iI][dD]:)?(\\\\{)?" + "-?".join(
    "(" + HEX + "{%d})" % n for n in (8, 4, 4, 4, 12)) + "(\\\\})?")
DIGEST = re.compile("[0-9a-f]{64}")
TS = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:[.,]([0-9]{1,9}))?(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?")

def text(value, name):
    if not isinstance(value, str) or "\\x1f" in value:
        refuse(name)
    return value

def uuid(value, name):
    found = UUID.fullmatch(text(value, name)) or refuse(name)
    if (found[1] is None) != (found[7] is None):
        refuse(name)
    return "-".join(found.groups()[1:6]).lower()

def digest(value, name):
    if value is not None and not DIGEST.fullmatch(text(value, name)):
        refuse(name)
    return value

def kind(value):
    if not text(value, "type").startswith(("data.", "harness.")):
        refuse("type")
    return value

def ts(value):
    found = TS.fullmatch(text(value, "ts")) or refuse("ts")
    y, mo, d, h, mi, s = (int(part) for part in found.groups()[:6])
    micros = ((found[7] or "") + "000000")[:6]
    try:
        datetime.datetime(y, mo, d, h, mi, s, int(micros))
    except ValueError:
        refuse("ts")
    zone = ""
    if found[8]:
        zone = "Z"
    elif found[9]:
        if int(found[10]) > 23 or int(found[11]) > 59:
            refuse("ts")
        zone = found[9] + found[10] + ":" + found[11]
        if zone in ("+00:00", "-00:00"):
            zone = "Z"
    return value[:10] + "T" + value[11:19] + ("" if int(micros) == 0 else "." + micros) + zone

def version(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse("schema_version")
    if value != int(value) or abs(value) > 2**53 - 1:
        refuse("schema_version")
    return int(value)

def constant(word):
    refuse(word)

def read(source):
    fields = json.loads(source, parse_constant=constant)
    if not isinstance(fields, dict):
        refuse("no object")
    check(fields)
    if not isinstance(fields.get("payload"), dict):
        refuse("payload")
    parent = fields.get("parent_id")
    return {
        "event_id": uuid(fields.get("event_id"), "event_id"),
        "trace_id": uuid(fields.get("trace_id"), "trace_id"),
        "task_id": uuid(fields.get("task_id"), "task_id"),
        "parent_id": None if parent is None else uuid(parent, "parent_id"),
        "type": kind(fields.get("type")),
        "ts": ts(fields.get("ts")),
        "source": text(fields.get("source"), "source"),
        "payload": fields["payload"],
        "schema_version": version(fields.get("schema_version", 1)),
        "prev_hash": digest(fields.get("prev_hash"), "prev_hash"),
    }, [digest(fields.get("hash"), "hash"), digest(fields.get("sig"), "sig")]

def ordered(event):
    return json.dumps(event, separators=(",", ":"))

def answer(question):
    source, _, stored = question.decode("utf-16-le", "surrogatepass").partition("\\ue001\\ue002\\ue003")
    try:
        if any(0xd800 <= ord(c) <= 0xdfff for c in source):
            refuse("not well-formed")
        event, seals = read(source)
        canonical = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    except (Refused, json.JSONDecodeError) as error:
        return "-" + ascii(str(error))[:60]
    sha256 = hashlib.sha256(canonical.encode()).hexdigest()
    if stored:
        # What was stored must say the same, in the same order.
        try:
            again = read(stored)
        except (Refused, json.JSONDecodeError) as error:
            return "!the stored text is refused: " + ascii(str(error))
        if ordered(again) != ordered((event, seals)):
            return "!the stored text says something else: " + ordered(again)
    return "+" + sha256 + " " + canonical
`;

const SEPARATOR = "\ue001\ue002\ue003";

/** What Python makes of a text. */
export type Verdict =
  | { readonly canonical: string; readonly sha256: string }
  | { readonly refused: string }
  | { readonly wrong: string };

/** UTF-16, in which a text can be sent that UTF-8 has no bytes for. */
function utf16(text: string): Uint8Array {
  const units = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) units[at] = text.charCodeAt(at);
  return new Uint8Array(units.buffer);
}

/** Python as the one that knows what an event's text means. */
export class JsonOracle implements AsyncDisposable {
  readonly #peer = new Peer(pythonPeer(PROGRAM));

  /**
   * What the texts of events mean.
   *
   * @param questions Each a text, and the text that was stored for it, if any.
   */
  async ask(
    questions: readonly { text: string; stored?: string }[],
  ): Promise<Verdict[]> {
    const answers = await this.#peer.ask(
      questions.map(({ text, stored = "" }) =>
        utf16(text + SEPARATOR + stored)
      ),
    );
    return answers.map((answer) => {
      const rest = answer.slice(1);
      if (answer.startsWith("-")) return { refused: rest };
      if (answer.startsWith("!")) return { wrong: rest };
      return { sha256: rest.slice(0, 64), canonical: rest.slice(65) };
    });
  }

  /** Ends Python. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }
}
