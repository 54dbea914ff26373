import assert from "node:assert/strict";
import { Questions, until } from "./questions.ts";

Deno.test("a question waits for the answer to the one before, and not for what follows that answer", async () => {
  const questions = new Questions(new AbortController().signal);
  const said: string[] = [];
  const first = Promise.withResolvers<void>();
  const signing = Promise.withResolvers<void>();
  questions.add(async (answered) => {
    said.push("first is asked");
    await first.promise;
    answered();
    await signing.promise;
    said.push("first is signed");
  });
  questions.add(() => {
    said.push("second is asked");
    signing.resolve();
    return Promise.resolve();
  });
  await Promise.resolve();
  said.push("yes");
  first.resolve();
  await questions.settled();
  await signing.promise;
  assert.deepEqual(said, ["first is asked", "yes", "second is asked", "first is signed"]);
});

Deno.test("one that is never answered by its work holds up no other, and none is asked after the end", async () => {
  const ending = new AbortController();
  const questions = new Questions(ending.signal);
  const said: string[] = [];
  const add = (name: string, then = () => {}) =>
    questions.add(() => {
      said.push(name);
      then();
      return Promise.resolve();
    });
  add("one");
  add("two", () => ending.abort());
  add("three");
  await questions.settled();
  assert.deepEqual(said, ["one", "two"]);
});

Deno.test("until() ends its work at the time, and with the signal", async () => {
  const ended = (signal: AbortSignal) =>
    new Promise<string>((resolve) => {
      if (signal.aborted) resolve("ended");
      signal.addEventListener("abort", () => resolve("ended"));
    });
  const ending = new AbortController();
  assert.equal(await until(Date.now() - 1, ending.signal, ended), "ended");
  const waiting = until(Date.now() + 3_600_000, ending.signal, ended);
  ending.abort();
  assert.equal(await waiting, "ended");
  assert.equal(await until(Date.now() + 3_600_000, ending.signal, ended), "ended");
});
