import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  fromStored,
  textArray,
  toStored,
} from "../../../sinks/postgres/text.ts";
import { postgresTest, withDatabase } from "../../postgres/_postgres.ts";
import { ask } from "../../postgres/_programs.ts";

const texts = fc.array(
  fc.constantFrom("\0", "\x1f", "0", "1", "a", '"', "\\", ",", "{", "ü", "𝄞"),
).map((characters) => characters.join(""));

Deno.test("toStored leaves no NUL, keeps texts apart, and fromStored undoes it", () => {
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      assert(!toStored(one).includes("\0"));
      assertEquals(fromStored(toStored(one)), one);
      assertEquals(toStored(one) === toStored(other), one === other);
    }),
  );
});

postgresTest(
  "textArray is read by the server as the texts that it was made of",
  async () => {
    await withDatabase(async (url) => {
      const samples = [...fc.sample(texts, 50).map(toStored), "", "NULL", null];
      // psql's literal takes the array as it is, but for the quote.
      const literal = textArray(samples).replaceAll("'", "''");
      const read = await ask(
        url,
        `SELECT array_to_json('${literal}'::text[])::text`,
      );
      assertEquals(JSON.parse(read), samples);
    });
  },
);
