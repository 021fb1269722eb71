/** How often a text is tried in another form at most. */
const TRIES_MAX = 3000;

/**
 * Takes pieces out of a text for as long as what is wrong with it stays so.
 *
 * @param isWrong Whether a text still shows it.
 */
export async function shrunk(
  text: string,
  isWrong: (text: string) => Promise<boolean>,
): Promise<string> {
  let tries = 0;
  for (let before = Infinity; text.length < before;) {
    before = text.length;
    for (let size = text.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at < text.length && tries < TRIES_MAX;) {
        const shorter = text.slice(0, at) + text.slice(at + size);
        tries++;
        if (await isWrong(shorter)) text = shorter;
        else at += size;
      }
    }
  }
  return text;
}
