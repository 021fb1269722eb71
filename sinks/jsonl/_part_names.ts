// The names of the files that belong to a log. For a log `run.jsonl`:
//
//   run.jsonl                                    the live part
//   run.jsonl.000000000001-000000000042          a part that was rotated
//   run.jsonl.000000000001-000000000042.gz       the same, compressed
//   run.jsonl.index                              heads and ids of rotated parts
//   run.jsonl.lock                               held by the one writer
//   run.jsonl.torn-1                             what repair has cut off
//   *.tmp                                        not finished; removed at open

const DIGITS = 12;

/** A part that was rotated, and in which forms it is there. */
export interface Part {
  /** The seq of its first line. */
  readonly first: number;
  /** The seq of its last line. */
  readonly last: number;
  /** Whether the plain file is there; it is read as long as it is. */
  plain: boolean;
  /** Whether the compressed file is there. */
  gzip: boolean;
}

/** The path of a part's plain file. */
export function partPath(
  log: string,
  part: { readonly first: number; readonly last: number },
): string {
  const name = [part.first, part.last]
    .map((seq) => String(seq).padStart(DIGITS, "0"))
    .join("-");
  return `${log}.${name}`;
}

/** The folder and the name of a path. */
export function splitPath(path: string): { folder: string; name: string } {
  const name = path.slice(
    Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1,
  );
  return { folder: path.slice(0, path.length - name.length) || ".", name };
}

/** What the names in a log's folder say about the log. */
export interface LogFiles {
  /** The rotated parts, in order. */
  readonly parts: Part[];
  /** Names of files that were being written when the writer ended. */
  readonly unfinished: string[];
  /** The highest number of a file with torn bytes; 0 where there is none. */
  readonly lastTorn: number;
}

/** Reads the names in a log's folder. */
export function readNames(logName: string, names: Iterable<string>): LogFiles {
  const parts = new Map<string, Part>();
  const unfinished: string[] = [];
  let lastTorn = 0;
  for (const name of names) {
    if (!name.startsWith(`${logName}.`)) continue;
    const rest = name.slice(logName.length + 1);
    const torn = /^torn-(\d{1,9})$/.exec(rest);
    if (torn !== null) lastTorn = Math.max(lastTorn, Number(torn[1]));
    if (/^(?:index|\d{12,16}-\d{12,16}\.gz)\.tmp$/.test(rest)) {
      unfinished.push(name);
    }
    const found = /^(\d{12,16})-(\d{12,16})(\.gz)?$/.exec(rest);
    if (found === null) continue;
    const first = Number(found[1]);
    const last = Number(found[2]);
    if (first < 1 || last < first || !Number.isSafeInteger(last)) continue;
    const key = `${first}-${last}`;
    const part = parts.get(key) ?? { first, last, plain: false, gzip: false };
    if (found[3] === undefined) part.plain = true;
    else part.gzip = true;
    parts.set(key, part);
  }
  const ordered = [...parts.values()].sort((a, b) => a.first - b.first);
  return { parts: ordered, unfinished, lastTorn };
}
