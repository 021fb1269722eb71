/** What is printed meanwhile, a line each, with everything put back afterwards. */
export async function printed(
  print: () => void | Promise<void>,
): Promise<string[]> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (text: string) => void lines.push(...text.split("\n"));
  try {
    await print();
  } finally {
    console.log = log;
  }
  return lines;
}
