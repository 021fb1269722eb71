// A file of tests with one test, which needs a server, for tests of that.
//
//   deno test … one_test_program.ts
import { postgresTest, withDatabase } from "./_postgres.ts";

postgresTest("it", () => withDatabase(() => Promise.resolve()));
