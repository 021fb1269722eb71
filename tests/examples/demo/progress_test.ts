import { assertEquals } from "@std/assert";
import { progressBar } from "../../../examples/demo/progress.ts";

function written(isTerminal: boolean, total: number, steps: number): string[] {
  const texts: string[] = [];
  const show = progressBar(total, {
    isTerminal,
    write: (text) => void texts.push(text),
  });
  for (let i = 1; i <= steps; i++) show(Math.round(total * i / steps));
  return texts;
}

Deno.test("progressBar writes a line every 25 % where there is no terminal", () => {
  assertEquals(written(false, 1000, 1000), [
    " 25 %  250 of 1,000 events\n",
    " 50 %  500 of 1,000 events\n",
    " 75 %  750 of 1,000 events\n",
    "100 %  1,000 of 1,000 events\n",
  ]);
  assertEquals(written(false, 3, 1), ["100 %  3 of 3 events\n"]);
});

Deno.test("progressBar draws over one line of a terminal, and ends it", () => {
  const texts = written(true, 1000, 1000);
  assertEquals(texts.length, 100);
  const half = "█".repeat(20) + "░".repeat(20);
  assertEquals(texts[49], `\r${half}  50 %  500 of 1,000 events`);
  const whole = "█".repeat(40);
  assertEquals(texts[99], `\r${whole} 100 %  1,000 of 1,000 events\n`);
});
