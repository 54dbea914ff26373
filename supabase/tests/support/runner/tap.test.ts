import assert from "node:assert/strict";
import { readJunit } from "./deno_tests.ts";
import { readTap } from "./tap.ts";

Deno.test("readTap() counts what passed, failed and was skipped", () => {
  const report = readTap([
    "1..5",
    "ok 1 - one",
    "not ok 2 - two",
    '# Failed test 2: "two"',
    "#         have: 1",
    "ok 3 # SKIP not here",
    "not ok 4 - four # TODO later",
    "ok 5 - five",
    "# Looks like you failed 1 test of 5",
  ]);
  assert.deepEqual([report.passed, report.failed, report.skipped], [2, 1, 2]);
  assert.deepEqual(report.failures, [
    'not ok 2 - two\n# Failed test 2: "two"\n#         have: 1',
  ]);
});

Deno.test("readTap() fails a file with another number of tests than it planned, or without a plan", () => {
  assert.match(readTap(["1..2", "ok 1"]).failures[0], /plan was 2 tests, but 1 ran/);
  assert.match(readTap(["1..1", "ok 1", "ok 2"]).failures[0], /plan was 1 tests, but 2 ran/);
  assert.match(readTap(["ok 1"]).failures[0], /no plan/);
  assert.match(readTap([]).failures[0], /no plan/);
});

Deno.test("readTap() fails a file that stopped, whatever it said before", () => {
  const report = readTap(["1..1", "ok 1"], "The file stopped");
  assert.deepEqual([report.passed, report.failed], [1, 1]);
  assert.deepEqual(report.failures, ["The file stopped"]);
});

Deno.test("readTap() is not misled by words that merely look like results", () => {
  const report = readTap(["okay", "note: not ok", "1..1", "ok 1 - # TODO is only a word if ok"]);
  assert.deepEqual([report.passed, report.failed, report.skipped], [1, 0, 0]);
});

Deno.test("readJunit() adds up the suites", () => {
  const counts = readJunit(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="2" errors="0" time="1.2">
    <testsuite name="./a.test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="x"/>
    </testsuite>
    <testsuite name="./b.test.ts" tests="2" disabled="0" errors="1" failures="0"></testsuite>
</testsuites>`);
  assert.deepEqual(counts, { passed: 3, failed: 2, skipped: 1 });
});
