import { assert, assertEquals } from "@std/assert";
import { SqliteSink, verifyLog } from "../../../sinks/mod.ts";
import { DRIVERS, numbers, sample, uuid, withFolder } from "./_helpers.ts";

/** Python's own sqlite3 and json at work on a log, as formats.md has it. */
const CHECK = `
import hashlib, json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
KEYS = "event_id trace_id task_id parent_id type ts source payload " \\
       "schema_version prev_hash hash sig".split()
rows = db.execute("SELECT seq, event_id, trace_id, task_id, parent_id, type, "
                  "source, data FROM events ORDER BY seq").fetchall()
heads = {}
for seq, *columns, data in rows:
    assert data[:1] == b"\\0", (seq, data[:1])
    text = data[1:].decode()
    event = json.loads(text)
    assert list(event) == KEYS, (seq, list(event))
    named = "event_id trace_id task_id parent_id type source".split()
    assert [event[name] for name in named] == columns, seq
    compact = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    assert compact == text, (seq, compact, text)
    assert event["prev_hash"] == heads.get(event["trace_id"]), seq
    body = {k: v for k, v in event.items() if k not in ("hash", "sig")}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert digest == event["hash"], (seq, canonical)
    heads[event["trace_id"]] = digest
index = db.execute("SELECT event_id, field, value FROM event_index ORDER BY 1, 2")
print(json.dumps([len(rows), index.fetchall()]))
`;

/** Appends as the predecessor does: an event of Python's making, and its ctx. */
const APPEND = `
import hashlib, json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
(last,) = db.execute("SELECT data FROM events ORDER BY seq DESC LIMIT 1").fetchone()
event = json.loads(last[1:])
event.update(event_id=sys.argv[2], prev_hash=event["hash"], payload={
    "one": 1.0, "minus": -0.0, "huge": 10**30, "tiny": 1e-7, "text": "\\u00e9\\x7f",
    "ctx": {"team": "red"}})
body = {k: v for k, v in event.items() if k not in ("hash", "sig")}
canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
event["hash"] = hashlib.sha256(canonical.encode()).hexdigest()
text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
with db:
    db.execute("INSERT INTO events(event_id, trace_id, task_id, parent_id, type, "
               "source, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
               [event[k] for k in "event_id trace_id task_id parent_id type "
                "source".split()] + [b"\\0" + text.encode()])
    db.execute("INSERT INTO event_index VALUES (?, 'team', 'red')",
               (event["event_id"],))
`;

async function python(script: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("python3", {
    args: ["-c", script, ...args],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0, text(stderr));
  return text(stdout);
}

const hasPython = await python("import sqlite3").then(() => true, () => false);

for (const driver of DRIVERS) {
  Deno.test({
    name:
      `Python reads what SqliteSink writes, and SqliteSink what Python adds (${driver})`,
    // Where there is no Python, the fixtures have to do.
    ignore: !hasPython,
    fn: () =>
      withFolder(async (log) => {
        const options = { driver, ctxFields: ["team", "role"] };
        const payloads = [
          {},
          { z: 1, a: [1.5, -2, 0, true, null, { deep: {} }], "": "" },
          { text: '\u0000\b\t\n\f\r\u001f\u007f\u0080\u2028\ud83d\ude00/"\\' },
          { "\ufffd": 1, "\u{10000}": 2, "10": 3, "9": 4 },
          { float: 0.1, small: 0.0001, large: 123456789012345 },
          { ctx: { team: "red", role: null } },
          { ctx: { team: 7, role: false } },
        ];
        {
          await using sink = await SqliteSink.open(log, options);
          for (const [n, payload] of payloads.entries()) {
            await sink.append(sample(n + 1, {
              payload,
              trace_id: uuid(100 + n % 2),
              parent_id: n === 3 ? uuid(1) : null,
              source: n === 4 ? "a\0b \u00e9" : "",
              ts: n === 5
                ? "2024-01-02T03:04:05.678900+05:30"
                : "2024-01-02T03:04:05Z",
            }));
          }
        }
        assertEquals(JSON.parse(await python(CHECK, log)), [7, [
          [uuid(6), "role", null],
          [uuid(6), "team", "red"],
          [uuid(7), "role", "false"],
          [uuid(7), "team", "7"],
        ]]);
        await python(APPEND, log, uuid(8));
        await using sink = await SqliteSink.open(log, options);
        assertEquals((await verifyLog(sink)).violations, []);
        assertEquals(numbers(await sink.query({ team: "red" })), [6, 8]);
        const [added] = await sink.query({ event_id: uuid(8) });
        const { trace_id, hash } = added!.event;
        const next = await sink.append(sample(9, { trace_id }));
        assertEquals(next.event.prev_hash, hash);
        // The same again, although JavaScript's numbers are not Python's.
        assertEquals(await sink.append(added!.event), added);
        await sink.close();
        assert((await python(CHECK, log)).startsWith("[9,"));
      }),
  });
}
