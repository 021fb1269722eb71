import { assertEquals } from "@std/assert";
import { hasWalResetBug } from "../../../sinks/sqlite/wal_reset_bug.ts";

const VERSIONS: Record<string, boolean> = {
  "2.8.17": true,
  "3.6.23": false,
  "3.7.0": true,
  "3.40.1": true,
  "3.43.2": true,
  "3.44.0": true,
  "3.44.5": true,
  "3.44.6": false,
  "3.44.12": false,
  "3.45.0": true,
  "3.46.0": true,
  "3.49.2": true,
  "3.50.0": true,
  "3.50.6": true,
  "3.50.7": false,
  "3.51.0": true,
  "3.51.2": true,
  "3.51.3": false,
  "3.52.0": false,
  "3.53.2": false,
  "3.100.0": false,
  "4.0.0": false,
  "": true,
  "unknown": true,
  "3.x": true,
};

for (const [version, has] of Object.entries(VERSIONS)) {
  Deno.test(`lesson 1: hasWalResetBug says ${has} for SQLite ${version || "without a version"}`, () => {
    assertEquals(hasWalResetBug(version), has);
  });
}
