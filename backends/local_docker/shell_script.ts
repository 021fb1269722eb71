/** A word that a shell takes literally, whatever is in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The lines that have a shell run a command, and then say on both of its outputs
 * that it has ended.
 *
 * Each word is quoted, so that none is a keyword, an alias or a redirection.
 */
export function commandScript(argv: readonly string[], mark: string): string {
  return `${argv.map(quoted).join(" ")} </dev/null
zu_status=$?; printf '\\n%s %s\\n' ${mark} $zu_status; printf '\\n%s\\n' ${mark} >&2
`;
}
